//! Whether results reproduce numbers: those of a reference, a published table, or other runs. Each has an interval.

mod checked;
mod interval;
mod reference;
mod table;
mod wanted;

use std::collections::BTreeSet;
use std::path::PathBuf;

use self::checked::{Checked, Verdict};
use self::interval::half_width;
use self::wanted::{UNSTATED, Wanted};
use crate::compare::{Row, rows};
use crate::statistics::{DEFAULT_LEVEL, Summary, is_level};
use records::Error;
use records::record::{RecordFile, RunRecord, read_paths};

/// Room for rounding: 0.66 and 0.64 lie 0.02 apart.
const ROUNDING: f64 = 1e-9;

/// What is verified against what.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// Folders of run records, or records.
    pub paths: Vec<PathBuf>,
    /// Numbers to reproduce: reference files, published tables, folders of either, or run records.
    pub against: Vec<PathBuf>,
    /// The model's name in the tables, where it is another one than in the records.
    pub reference_model: Option<String>,
    /// Whether a number that is better than its interval is right too.
    pub one_sided: bool,
    /// Whether numbers of tasks that were not run are missed.
    pub complete: bool,
    /// Level of the intervals, between 0 and 1.
    pub level: f64,
}

impl Default for VerifyOptions {
    /// No paths, both sides of the intervals, at a level of 95 %.
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            against: Vec::new(),
            reference_model: None,
            one_sided: false,
            complete: false,
            level: DEFAULT_LEVEL,
        }
    }
}

/// What came of all numbers.
pub struct Verification {
    checked: Vec<Checked>,
    faults: Vec<String>,
}

impl Verification {
    /// A table for people, a line a number.
    #[must_use]
    pub fn as_text(&self) -> String {
        table::as_text(&self.checked)
    }

    /// A JSON list for programs, an object a number.
    #[must_use]
    pub fn as_json(&self) -> String {
        table::as_json(&self.checked)
    }

    /// Why the results do not reproduce the numbers; empty where they do.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
}

/// Holds results against numbers; files among them that cannot be read are warned of (`log`).
///
/// # Errors
/// When a file cannot be read, or nothing can be compared. Numbers out of their intervals are [`Verification::faults`].
pub fn run(options: &VerifyOptions) -> Result<Verification, Error> {
    if !is_level(options.level) {
        return Err(Error::input(format!("--level is {}, expected between 0 and 1, such as 0.95", options.level)));
    }
    let mut found = read_paths(&options.paths)?.warned();
    found.retain(|(_, record)| !record.is_trial());
    let names = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        return Err(Error::input(format!("{}: there are no run records", names(&options.paths))));
    }
    let all = options.against.iter().map(|path| reference::read(path)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<Wanted> = all.into_iter().flatten().collect();
    let known: BTreeSet<String> = all.iter().filter_map(|wanted| wanted.model.clone()).collect();
    let rows = rows(&found, options.level);
    let mut checked = Vec::new();
    for wanted in all {
        checked.extend(check(&wanted, &rows, &found, options)?);
    }
    if !checked.iter().any(|checked| checked.half.is_some() || checked.verdict == Verdict::Undefined) {
        let models: BTreeSet<&str> = found.iter().map(|(_, record)| record.model.id.as_str()).collect();
        let models = models.into_iter().collect::<Vec<_>>().join(", ");
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let hint = if known.is_empty() {
            String::new()
        } else {
            format!("; where the model has another name there, give --reference_model, one of: {known}")
        };
        return Err(Error::input(format!(
            "{}: no number of the models {models} on the tasks that were run{hint}",
            names(&options.against)
        )));
    }
    let faults = faults(&checked, options.complete);
    Ok(Verification { checked, faults })
}

fn faults(checked: &[Checked], complete: bool) -> Vec<String> {
    let count = |is: fn(Verdict) -> bool| checked.iter().filter(|checked| is(checked.verdict)).count();
    let missed = count(|verdict| matches!(verdict, Verdict::Missed | Verdict::Undefined));
    let not_run = count(|verdict| verdict == Verdict::NotRun);
    let compared = checked.iter().filter(|checked| checked.runs > 0 && checked.verdict != Verdict::Unstated).count();
    let mut faults = Vec::new();
    if missed > 0 {
        faults.push(format!("{missed} of {compared} numbers are out of their intervals"));
    }
    if not_run > 0 && complete {
        faults.push(format!("{not_run} numbers are of tasks that were not run"));
    }
    faults
}

/// A number against each choice of settings of its model; none where the model was not run.
fn check(wanted: &Wanted, rows: &[Row], found: &[RecordFile], options: &VerifyOptions) -> Result<Vec<Checked>, Error> {
    let record = |at: &usize| &found[*at].1;
    let of_model = rows.iter().filter(|row| {
        let model = row.records.first().map(|at| record(at).model.id.as_str());
        match (&options.reference_model, wanted.model.as_deref()) {
            (Some(named), Some(theirs)) => named == theirs,
            (None, Some(theirs)) => model == Some(theirs),
            (_, None) => true,
        }
    });
    let (mut checked, mut passed_over) = (Vec::new(), None);
    for row in of_model {
        let runs: Vec<&RunRecord> = row.records.iter().map(record).filter(|r| r.task == wanted.task).collect();
        if runs.is_empty() {
            passed_over.get_or_insert(row.name.clone());
        } else {
            checked.push(compare(wanted.clone(), row.name.clone(), &runs, options)?);
        }
    }
    if checked.is_empty() {
        checked.extend(passed_over.map(|row| Checked {
            wanted: wanted.clone(),
            row,
            ours: None,
            runs: 0,
            half: None,
            verdict: Verdict::NotRun,
        }));
    }
    Ok(checked)
}

fn compare(wanted: Wanted, row: String, runs: &[&RunRecord], options: &VerifyOptions) -> Result<Checked, Error> {
    let mut checked = Checked { row, ours: None, runs: runs.len(), half: None, verdict: Verdict::Unstated, wanted };
    let wanted = &checked.wanted;
    if wanted.metric == UNSTATED {
        return Ok(checked);
    }
    let values: Option<Vec<&Option<f64>>> = runs.iter().map(|run| run.metrics.get(&wanted.metric)).collect();
    let Some(values) = values else {
        let has: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
        let has = has.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(Error::input(format!(
            "{}: {} of {}: the runs have no such metric, expected one of {has}",
            wanted.source, wanted.metric, wanted.task
        )));
    };
    let defined: Option<Vec<f64>> = values.into_iter().map(|value| value.filter(|value| value.is_finite())).collect();
    let Some(ours) = defined.as_deref().and_then(Summary::of) else {
        checked.verdict = Verdict::Undefined;
        return Ok(checked);
    };
    let half = half_width(wanted, &ours, runs, options.level)?;
    let mut difference = ours.mean - wanted.value;
    let within = difference.abs() <= half + ROUNDING;
    if wanted.lower_is_better() {
        difference = -difference;
    }
    let better = options.one_sided && difference > 0.0;
    checked.verdict = if within || better { Verdict::Within } else { Verdict::Missed };
    checked.ours = Some(ours);
    checked.half = Some(half);
    Ok(checked)
}
