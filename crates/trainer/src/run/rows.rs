//! Which rows of the dataset a run trains on, evaluates and predicts.

use std::collections::BTreeSet;
use std::path::PathBuf;

use glue_tasks::dataset::Example;
use glue_tasks::slices::Slice;
use glue_tasks::task::TaskSpec;
use models::torch_rng::TorchRng;

use super::final_rows::{self, FinalRows, OwnRows};
pub(super) use super::split_reader::Rows;
use super::split_reader::{SplitReader, diagnostic_of, shuffled, test_slices};
use crate::error::Error;
use crate::settings::{FinalSplit, Settings};
use crate::source::SourceFiles;
use records::files::submission::file_of;

/// All rows of a run.
pub(super) struct AllRows {
    pub(super) train: Option<Rows>,
    /// With the suffix of their keys.
    pub(super) eval: Vec<(Rows, String)>,
    /// With the name of their files.
    pub(super) test: Vec<(Rows, String)>,
    /// What is evaluated at the end beside these.
    pub(super) last: Vec<FinalRows<Rows>>,
    /// The files that they were read from.
    pub(super) files: BTreeSet<PathBuf>,
}

/// Reads what the settings ask for.
///
/// # Errors
/// A split that is not there or cannot be read, or a row without a label that needs one.
pub(super) fn read(
    settings: &Settings,
    task: &TaskSpec,
    dataset: &SourceFiles,
    warnings: &mut Vec<String>,
) -> Result<AllRows, Error> {
    let mut reader = SplitReader { settings, dataset, warnings, files: BTreeSet::new() };
    let choice = &settings.data.splits;
    let asks_at_the_end = |split: FinalSplit| choice.final_eval.contains(&split);
    let has_eval = settings.do_eval || asks_at_the_end(FinalSplit::Validation);
    let (mut train, mut eval) = (None, Vec::new());
    if settings.do_train || choice.held_out.is_some() || asks_at_the_end(FinalSplit::Train) {
        let slices = slices(&choice.train, task.train_split.as_ref().map_or("train", |split| &split.name));
        // Of rows that are held out or shuffled, any may be among the first.
        let limit = settings.data.max_train_samples.filter(|_| choice.held_out.is_none() && !choice.shuffle);
        let mut rows = reader.first_labelled(task, &slices, limit)?;
        if let Some(percent) = choice.held_out {
            let (kept, held_out) = hold_out(rows, percent, choice.shuffle_seed);
            rows = kept;
            if has_eval {
                eval.push((held_out.first(settings.data.max_eval_samples), String::new()));
            }
        }
        if choice.shuffle {
            rows.examples = shuffled(rows.examples, choice);
        }
        train = Some(rows.first(settings.data.max_train_samples));
    }
    if has_eval && choice.held_out.is_none() {
        let limit = settings.data.max_eval_samples;
        match &choice.validation {
            Some(slices) => eval.push((reader.first_labelled(task, slices, limit)?, String::new())),
            None => {
                for split in &task.eval_splits {
                    let rows = reader.first_labelled(task, &[Slice::all(&split.name)], limit)?;
                    eval.push((rows, split.key_suffix.clone()));
                }
                eval.extend(reader.diagnostic(task)?);
            }
        }
        eval = eval.into_iter().map(|(rows, suffix)| (rows.first(limit), suffix)).collect();
    }
    let mut test = Vec::new();
    if settings.do_predict {
        let suffixes = task.test_splits.iter().map(|split| split.key_suffix.replace('_', "-"));
        let suffixes: Vec<String> = if choice.test.is_some() { vec![String::new()] } else { suffixes.collect() };
        // The leaderboard's rows are counted.
        let limit = settings.data.max_predict_samples.filter(|_| !settings.places.glue_submission);
        for (slices, suffix) in test_slices(settings, task).iter().zip(suffixes) {
            test.push((reader.parts(task, slices, limit)?, format!("{}{suffix}", task.file_stem())));
        }
        // The leaderboard asks for it too.
        if let Some((set, split)) = diagnostic_of(task).filter(|_| choice.test.is_none()) {
            match reader.whole(set, split)? {
                Some(rows) => test.push((rows, set.file_stem())),
                None if settings.places.glue_submission => return Err(reader.no_split(set, split)),
                None => {}
            }
        }
        if settings.places.glue_submission {
            test.iter().try_for_each(|(rows, name)| complete(task, rows, name, &dataset.id))?;
        }
        test = test.into_iter().map(|(rows, name)| (rows.first(settings.data.max_predict_samples), name)).collect();
    }
    if let Some(rows) = train.iter().chain(eval.iter().map(|(rows, _)| rows)).find(|rows| rows.examples.is_empty()) {
        return Err(Error::usage(format!("{}: there is no row in {}", dataset.id, rows.split)));
    }
    // What is neither trained on nor evaluated in the run itself may still be asked for at its end.
    let (train, train_apart) = if settings.do_train { (train, None) } else { (None, train) };
    let (eval, eval_apart) = if settings.do_eval { (eval, Vec::new()) } else { (Vec::new(), eval) };
    let own = OwnRows { is_trained: train.is_some(), eval: &eval, test: &test };
    let last = final_rows::read(&mut reader, task, &own, train_apart, eval_apart)?;
    let files = reader.files;
    Ok(AllRows { train, eval, test, last, files })
}

/// The task that the predictions in a file of this name are of: the diagnostic set, or the task itself.
pub(super) fn task_of_file<'a>(task: &'a TaskSpec, name: &str) -> &'a TaskSpec {
    task.diagnostic.as_deref().filter(|set| set.file_stem() == name).unwrap_or(task)
}

/// The leaderboard refuses a file with another number of rows, which is better known before the training.
fn complete(task: &TaskSpec, rows: &Rows, name: &str, dataset: &str) -> Result<(), Error> {
    let task = task_of_file(task, name);
    match file_of(task, &rows.split) {
        None => Err(Error::usage(format!(
            "--glue_submission writes files of the GLUE leaderboard, which has none for {}: leave it out",
            task.name
        ))),
        Some(expected) if expected.rows != rows.examples.len() => Err(Error::usage(format!(
            "{dataset}: split {} of {} has {} rows, and the leaderboard expects {}; --glue_submission needs GLUE's own test splits",
            rows.split,
            task.config,
            rows.examples.len(),
            expected.rows
        ))),
        _ => Ok(()),
    }
}

fn slices(given: &Option<Vec<Slice>>, usual: &str) -> Vec<Slice> {
    given.clone().unwrap_or_else(|| vec![Slice::all(usual)])
}

/// The rows but a share of them, and that share; both in the order of the rows.
fn hold_out(rows: Rows, percent: f64, seed: u64) -> (Rows, Rows) {
    let n = rows.examples.len();
    let count = ((n as f64 * percent / 100.0).round() as usize).clamp(usize::from(n > 1), n.saturating_sub(1));
    let mut is_out = vec![false; n];
    TorchRng::new(seed).randperm(n).into_iter().take(count).for_each(|row| is_out[row as usize] = true);
    let (out, kept): (Vec<_>, Vec<_>) = rows.examples.into_iter().zip(is_out).partition(|(_, out)| *out);
    let plain = |rows: Vec<(Example, bool)>| rows.into_iter().map(|(example, _)| example).collect();
    let held_out = format!("{} ({percent} % held out)", rows.split);
    (
        Rows {
            split: rows.split,
            examples: plain(kept),
            of_split: rows.of_split,
            limit: None,
            files: rows.files.clone(),
        },
        Rows { split: held_out, examples: plain(out), of_split: rows.of_split, limit: None, files: rows.files },
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn rows(n: usize) -> Rows {
        let examples = (0..n).map(|i| Example { text: i.to_string(), text_pair: None, label: None }).collect();
        Rows { split: "train".to_owned(), of_split: n, examples, limit: None, files: Vec::new() }
    }

    fn texts(rows: &Rows) -> Vec<usize> {
        rows.examples.iter().map(|example| example.text.parse().expect("a number")).collect()
    }

    /// Rows, seed and order, as torch gave them (scripts/fixtures/order.py).
    fn torch_orders() -> Vec<(usize, u64, Vec<usize>)> {
        #[derive(Deserialize)]
        struct Case {
            n: usize,
            seed: u64,
            /// Of small `n` alone.
            order: Option<Vec<usize>>,
        }
        #[derive(Deserialize)]
        struct Fixture {
            cases: Vec<Case>,
        }
        let text = include_str!("../../../run-glue/tests/fixtures/order.json");
        let fixture: Fixture = serde_json::from_str(text).expect("the fixture");
        let orders = fixture.cases.into_iter().filter_map(|case| Some((case.n, case.seed, case.order?)));
        let orders: Vec<_> = orders.collect();
        assert!(orders.iter().any(|(n, ..)| *n > 600) && orders.len() >= 40, "{}", orders.len());
        orders
    }

    #[test]
    fn every_row_is_kept_or_held_out() {
        for (n, percent, expected) in [(10, 20.0, 2), (10, 1.0, 1), (3, 99.0, 2), (1, 50.0, 0), (0, 50.0, 0)] {
            let (kept, out) = hold_out(rows(n), percent, 42);
            assert_eq!(out.examples.len(), expected, "{percent} % of {n}");
            let mut all = [texts(&kept), texts(&out)].concat();
            assert!(texts(&kept).is_sorted() && texts(&out).is_sorted());
            all.sort_unstable();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
        }
        assert_eq!(hold_out(rows(10), 20.0, 42).1.split, "train (20 % held out)");
    }

    #[test]
    fn the_rows_held_out_are_the_first_of_torch_randperm() {
        for (n, seed, order) in torch_orders().into_iter().filter(|(n, ..)| *n > 1) {
            let (_, out) = hold_out(rows(n), 40.0, seed);
            let mut first = order[..out.examples.len()].to_vec();
            first.sort_unstable();
            assert_eq!(texts(&out), first, "{n} rows, seed {seed}");
        }
    }
}
