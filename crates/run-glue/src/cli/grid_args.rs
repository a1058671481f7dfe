//! Flags of a sweep: many runs in one.

use std::path::PathBuf;

use clap::Args;

use super::value_parsers::{BoolFlag, choice, whole};
use crate::grid::{Gpus, TableFormat};

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct GridArgs {
    /// N seeds, from --seed on; or the seeds themselves with commas
    #[arg(long, value_parser = parse_seeds, value_name = "N", help_heading = "Many runs")]
    pub seeds: Option<Seeds>,
    /// Settings where no flag is given: one of `run-glue recipes`, auto (by the model), a file ending in .toml, none [default: published
    /// for several runs, none for one]
    #[arg(long, value_name = "NAME", help_heading = "Many runs")]
    pub recipe: Option<String>,
    /// Of several runs, do again those whose results are there already [default: false]
    #[arg(long, bool_flag(), help_heading = "Many runs")]
    pub rerun: Option<bool>,
    /// Run another seed in place of each run that predicts one class only, at most N for a model and task [default: 0]
    #[arg(long, num_args = 0..=1, default_missing_value = "3", value_parser = whole::<usize>, value_name = "N", help_heading = "Many runs")]
    pub retry_collapsed: Option<usize>,
    /// Part I of N of the runs, I from 0; auto takes both from SLURM_ARRAY_TASK_ID, auto/N from JOB_COMPLETION_INDEX too
    #[arg(long, value_name = "I/N", help_heading = "Many runs")]
    pub shard: Option<String>,
    /// Do N of several runs at a time, each in a process of its own [default: 1, or one a GPU of --gpus]
    #[arg(long, value_parser = workers, value_name = "N", help_heading = "Many runs")]
    pub workers: Option<usize>,
    /// Do several runs at a time, one on each of these GPUs: numbers with commas from 0, or all
    #[arg(long, value_parser = gpus, value_name = "N,N,..", help_heading = "Many runs")]
    pub gpus: Option<Gpus>,
    /// The page with tables and charts of all runs; none: no page [default: comparison.html in --results_dir]
    #[arg(long, value_name = "FILE", help_heading = "Many runs")]
    pub report_html: Option<PathBuf>,
    /// The form of the tables at the end: text, or tsv with all digits for programs [default: text]
    #[arg(long, value_parser = choice::<TableFormat>, value_name = "FORMAT", help_heading = "Many runs")]
    pub format: Option<TableFormat>,
    /// Of several runs, end after the first that fails [default: false]
    #[arg(long, bool_flag(), help_heading = "Many runs")]
    pub stop_on_failure: Option<bool>,
    /// Say what would be run, what is done already, how long it takes, and the room that it needs [default: false]
    #[arg(long, bool_flag(), help_heading = "Many runs")]
    pub dry_run: Option<bool>,
}

/// Which seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// So many, from `--seed` on.
    Count(usize),
    /// These.
    These(Vec<u64>),
}

fn workers(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=1024).contains(n))
        .ok_or_else(|| "expected a whole number from 1 to 1024".to_owned())
}

fn gpus(text: &str) -> Result<Gpus, String> {
    if text == "all" {
        return Ok(Gpus::All);
    }
    let mut numbers = Vec::new();
    for part in text.split(',') {
        match part.trim().parse() {
            Ok(number) if !numbers.contains(&number) => numbers.push(number),
            _ => return Err("expected the numbers of GPUs with commas, each once, such as 0,1; or all".to_owned()),
        }
    }
    Ok(Gpus::These(numbers))
}

/// More would be a mistake.
const MOST_SEEDS: usize = 1000;

/// How many seeds, or which.
///
/// # Errors
/// What was expected.
pub(super) fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let wrong = || format!("expected how many seeds (1 to {MOST_SEEDS}), or the seeds with commas, such as 42,43,44");
    if !text.contains(',') {
        let count = text.trim().parse().ok().filter(|count| (1..=MOST_SEEDS).contains(count));
        return count.map(Seeds::Count).ok_or_else(wrong);
    }
    let mut seeds = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let seed = part.trim().parse().map_err(|_| wrong())?;
        if !seeds.contains(&seed) {
            seeds.push(seed);
        }
    }
    if seeds.is_empty() || seeds.len() > MOST_SEEDS { Err(wrong()) } else { Ok(Seeds::These(seeds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_listed_once_each_or_all() {
        assert_eq!(gpus("all"), Ok(Gpus::All));
        assert_eq!(gpus("2, 0"), Ok(Gpus::These(vec![2, 0])));
        for wrong in ["", "0,0", "a", "-1", "1,"] {
            assert!(gpus(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_counted_or_listed() {
        assert_eq!(parse_seeds("5"), Ok(Seeds::Count(5)));
        assert_eq!(parse_seeds("7,9, 7"), Ok(Seeds::These(vec![7, 9])));
        assert_eq!(parse_seeds("7,"), Ok(Seeds::These(vec![7])));
        for wrong in ["0", "1001", "-1", "a", ",", "1,b", ""] {
            assert!(parse_seeds(wrong).is_err(), "{wrong}");
        }
    }
}
