//! Whether results reproduce numbers: those of a reference, a published table, or other runs. Of each number it is shown that it is
//! reproduced, or that it is not, or it cannot be told; docs/verify.md says when.

mod checked;
mod done_again;
mod judge;
mod margins;
mod metric_name;
mod of_runs;
mod outcome;
mod reference;
mod same_class;
mod same_origin;
mod same_rows;
mod summary;
mod table;
mod unanswered;
mod wanted;

#[cfg(test)]
mod error_rates;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use self::margins::{Margin, Margins};
pub use self::outcome::Outcome;

use self::checked::{Checked, Verdict};
use self::judge::{Rule, judge};
use self::of_runs::OfRuns;
use self::same_class::OtherClass;
use self::same_origin::OtherOrigin;
use self::wanted::Wanted;
use crate::compare::published::UNSTATED;
use crate::compare::{Columns, Row, check_task_names, is_same_model, is_same_name, rows, start_of};
use crate::credible::check_metrics;
use crate::scored_rows::may_be_trained_on;
use crate::statistics::{DEFAULT_LEVEL, Sample, Summary};
use records::Error;
use records::record::{RecordFile, RunRecord, read_paths};

/// What is verified against what.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// Folders of run records, or records.
    pub paths: Vec<PathBuf>,
    /// Numbers to reproduce: reference files, published tables, folders of either, or run records.
    pub against: Vec<PathBuf>,
    /// The model's name in the tables, where it is another one than in the records.
    pub reference_model: Option<String>,
    /// Whether what is better than the reference, by however much, is reproduced too.
    pub one_sided: bool,
    /// Whether numbers that no run answers are not reproduced: of models and tasks that were not run, of other splits or classes, of
    /// metrics that are not stated.
    pub complete: bool,
    /// How far two means may lie apart and count as the same, in place of the references' tolerances and the defaults.
    pub margins: Margins,
    /// Whether runs on other rows than the reference's are compared all the same.
    pub allow_partial: bool,
    /// Whether runs of other weights, or trained on other rows or by other methods, than the runs of a reference are compared all the same, and
    /// such as began from something else than a reference.
    pub allow_other: bool,
    /// How sure a verdict is, above 0.5 and below 1: a wrong one comes of chance in at most the rest to 1.
    pub level: f64,
}

impl Default for VerifyOptions {
    /// No paths, both sides of the margins, on the references' rows and of their model, at a level of 95 %.
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            against: Vec::new(),
            reference_model: None,
            one_sided: false,
            complete: false,
            margins: Margins::default(),
            allow_partial: false,
            allow_other: false,
            level: DEFAULT_LEVEL,
        }
    }
}

/// What came of all numbers.
pub struct Verification {
    checked: Vec<Checked>,
    outcome: Outcome,
    summary: String,
    /// Of the intervals.
    level: f64,
}

impl Verification {
    /// A table for people, a line a number, and a sentence that sums up as the last line.
    #[must_use]
    pub fn as_text(&self) -> String {
        self.as_text_within(None)
    }

    /// The same within the width of a terminal.
    #[must_use]
    pub fn as_text_within(&self, width: Option<usize>) -> String {
        table::as_text(&self.checked, &self.summary, width)
    }

    /// The same for programs: a JSON object with the verdict, the sentence, and an object a number.
    #[must_use]
    pub fn as_json(&self) -> String {
        table::as_json(&self.checked, self.outcome, &self.summary, self.level)
    }

    /// Of all numbers together: not reproduced where one is not, else cannot tell where one cannot be told.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// A sentence that sums up.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }
}

/// Holds results against numbers; files among them that cannot be read are warned of (`log`).
///
/// # Errors
/// When a file cannot be read, nothing can be compared, or a run was scored on other rows than the reference, or is of another model or
/// training than its runs.
pub fn run(options: &VerifyOptions) -> Result<Verification, Error> {
    check(options)?;
    let mut found = read_paths(&options.paths)?.warned();
    found.retain(|(_, record)| !record.is_trial());
    let names = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        return Err(Error::input(format!("{}: there are no run records", names(&options.paths))));
    }
    check_metrics(&found)?;
    let all = options.against.iter().map(|path| reference::read(path, &found)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<Wanted> = all.into_iter().flatten().collect();
    check_task_names(all.iter().map(|wanted| (wanted.task.as_str(), wanted.source.as_str())), &found)?;
    let known: BTreeSet<String> = all.iter().filter_map(|wanted| wanted.model.clone()).collect();
    let rows = rows(&found, DEFAULT_LEVEL);
    let columns = Columns::of(&found).of_record;
    let mut checked = Vec::new();
    for wanted in all {
        checked.extend(of_each_row(&wanted, &rows, &columns, &found, options)?);
    }
    if !checked.iter().any(|checked| checked.verdict.outcome().is_some()) {
        return Err(unanswered::nothing_compared(&checked, &found, &names(&options.against), &known));
    }
    let (outcome, summary) = summary::sum_up(&checked, options.complete, options.level);
    Ok(Verification { checked, outcome, summary, level: options.level })
}

fn check(options: &VerifyOptions) -> Result<(), Error> {
    let level = options.level;
    if !(level > 0.5 && level < 1.0) {
        return Err(Error::input(format!("--level is {level}, expected above 0.5 and below 1, such as 0.95")));
    }
    Ok(())
}

/// A number against each choice of settings of its model, and each set of rows (`columns`: of each record the name of its column).
/// Numbers of models that were not run are passed over, unless all are to be answered.
fn of_each_row(
    wanted: &Wanted,
    rows: &[Row],
    columns: &[String],
    found: &[RecordFile],
    options: &VerifyOptions,
) -> Result<Vec<Checked>, Error> {
    let of_model = rows.iter().filter(|row| {
        let is_theirs = |theirs: &str| {
            let has_name = row.spellings.iter().any(|spelling| is_same_name(spelling, theirs));
            let first = row.records.first().map(|&at| &found[at].1);
            let is_same = |theirs: &RunRecord| first.is_some_and(|ours| is_same_model(ours, theirs));
            has_name || wanted.one_of_the_runs().is_some_and(is_same)
        };
        match (&options.reference_model, wanted.model.as_deref()) {
            (Some(named), Some(theirs)) => is_same_name(named, theirs),
            (None, Some(theirs)) => is_theirs(theirs),
            (_, None) => true,
        }
    });
    let (mut checked, mut passed_over, mut by_other_method) = (Vec::new(), None, None);
    for row in of_model {
        // Runs on other rows are no seeds of the same number.
        let mut by_rows: BTreeMap<&String, Vec<&RecordFile>> = BTreeMap::new();
        for &at in row.records.iter().filter(|&&at| found[at].1.task == wanted.task) {
            // Predictions alone answer nothing.
            if !found[at].1.metrics.is_empty() {
                by_rows.entry(&columns[at]).or_default().push(&found[at]);
            }
        }
        if by_rows.is_empty() {
            passed_over.get_or_insert(row.name.clone());
        }
        // A model that was trained by another method is no answer either.
        let origin = by_rows.values().flatten().next().map(|(_, run)| OtherOrigin::of(run, wanted)).unwrap_or_default();
        if !options.allow_other && origin.is_of_other_method() {
            by_other_method.get_or_insert((row.name.clone(), origin));
            continue;
        }
        // Beside runs that began as the number's did, others are no answer to it.
        let is_other = |runs: &Vec<&RecordFile>| runs.iter().any(|(_, run)| start_of(run) != wanted.start());
        if !options.allow_other && by_rows.values().any(|runs| !is_other(runs)) {
            by_rows.retain(|_, runs| !is_other(runs));
        }
        let several = by_rows.len() > 1;
        for (column, runs) in by_rows {
            let name = if several { format!("{} on {column}", row.name) } else { row.name.clone() };
            checked.push(compare(wanted.clone(), name, &runs, found, options)?);
        }
    }
    if checked.is_empty() {
        if let Some((row, origin)) = by_other_method {
            return Ok(vec![Checked { origin, ..not_run(wanted.clone(), row, Verdict::OtherMethod) }]);
        }
        let of_task = passed_over.map(|row| (row, Verdict::NotRun));
        let is_asked = |theirs: &String| {
            let named = options.reference_model.as_ref();
            options.complete && named.is_none_or(|named| is_same_name(named, theirs))
        };
        let of_model = || wanted.model.clone().filter(is_asked).map(|model| (model, Verdict::ModelNotRun));
        checked.extend(of_task.or_else(of_model).map(|(row, verdict)| not_run(wanted.clone(), row, verdict)));
    }
    Ok(checked)
}

fn not_run(wanted: Wanted, row: String, verdict: Verdict) -> Checked {
    Checked {
        wanted,
        row,
        ours: None,
        runs: 0,
        verdict,
        other_start: None,
        other_class: None,
        other_rows: false,
        unknown_rows: None,
        may_be_trained_on: false,
        origin: OtherOrigin::default(),
        of_ours: OfRuns::default(),
        of_theirs: OfRuns::default(),
    }
}

/// `found`: all records, with those of other rows.
fn compare(
    wanted: Wanted,
    row: String,
    runs: &[&RecordFile],
    found: &[RecordFile],
    options: &VerifyOptions,
) -> Result<Checked, Error> {
    let mut checked = Checked {
        runs: runs.len(),
        unknown_rows: same_rows::unknown(&wanted, runs, found),
        may_be_trained_on: runs.iter().any(|(_, record)| may_be_trained_on(record)),
        of_ours: OfRuns::of(runs.iter().map(|found| &found.1)),
        of_theirs: OfRuns::of(wanted.runs.iter()),
        ..not_run(wanted, row, Verdict::Unstated)
    };
    let wanted = &checked.wanted;
    if wanted.metric == UNSTATED {
        return Ok(checked);
    }
    let of_other_split = same_rows::is_of_other_split(wanted);
    if of_other_split && !options.allow_partial {
        checked.verdict = Verdict::OtherSplit;
        return Ok(checked);
    }
    let other_start = runs.iter().map(|(_, run)| start_of(run)).find(|start| *start != wanted.start());
    if let Some(start) = other_start {
        checked.other_start = Some(start);
        if !options.allow_other {
            checked.verdict = Verdict::OtherStart;
            return Ok(checked);
        }
    }
    let wanted = &checked.wanted;
    let values = if wanted.lacking.is_some() { None } else { values(wanted, runs)? };
    if let Some(other) = OtherClass::of(runs, wanted) {
        (checked.verdict, checked.other_class) = (Verdict::OtherClass, Some(other));
        return Ok(checked);
    }
    let on_their_rows: Result<(), String> = runs.iter().try_for_each(|found| same_rows::check(found, wanted));
    match on_their_rows {
        Err(why) if !options.allow_partial => return Err(Error::input(why)),
        checked_rows => checked.other_rows = of_other_split || checked_rows.is_err(),
    }
    match runs.iter().try_for_each(|found| same_origin::check(found, wanted)) {
        Err(why) if !options.allow_other => return Err(Error::input(why)),
        _ => checked.origin = runs.first().map(|(_, run)| OtherOrigin::of(run, wanted)).unwrap_or_default(),
    }
    if wanted.lacking.is_some() {
        let is_same = done_again::has_same_numbers(runs, wanted).map_err(Error::input)?;
        checked.verdict = if is_same { Verdict::SameNumbers } else { Verdict::TheirsUndefined };
        return Ok(checked);
    }
    let Some(ours) = values.as_deref().and_then(Summary::of) else {
        checked.verdict = Verdict::Undefined;
        return Ok(checked);
    };
    if done_again::has_same_numbers(runs, wanted).map_err(Error::input)? {
        (checked.verdict, checked.ours) = (Verdict::SameNumbers, Some(ours));
        return Ok(checked);
    }
    let margin = wanted.margin(&options.margins)?;
    let rule = Rule { margin, alpha: 1.0 - options.level, one_sided: options.one_sided };
    let rows = runs.iter().filter_map(|(_, record)| same_rows::row_count(record, wanted)).min();
    checked.verdict = Verdict::Judged(judge(sample(&ours, wanted, rows), wanted, &rule), margin);
    checked.ours = Some(ours);
    Ok(checked)
}

/// The number of every run; `None` where it does not exist in one.
///
/// # Errors
/// When the runs have no such metric.
fn values(wanted: &Wanted, runs: &[&RecordFile]) -> Result<Option<Vec<f64>>, Error> {
    let values: Option<Vec<&Option<f64>>> = runs.iter().map(|(_, run)| run.metrics.get(&wanted.metric)).collect();
    let Some(values) = values else {
        let lacking: Vec<_> = runs.iter().filter(|(_, run)| !run.metrics.contains_key(&wanted.metric)).collect();
        if let Some((path, _)) = lacking.first().filter(|_| lacking.len() < runs.len()) {
            return Err(Error::input(format!(
                "{}: {} of {} is not in this record, and {} of {} runs have it; leave the record out, or evaluate all by the \
                 same metrics ({})",
                path.display(),
                wanted.metric,
                wanted.task,
                runs.len() - lacking.len(),
                runs.len(),
                wanted.source
            )));
        }
        let has: BTreeSet<&str> = runs.iter().flat_map(|(_, run)| run.metrics.keys().map(String::as_str)).collect();
        let has = match has.is_empty() {
            true => "they were not evaluated (--do_eval)".to_owned(),
            false => format!("expected one of {}", has.into_iter().collect::<Vec<_>>().join(", ")),
        };
        return Err(Error::input(format!(
            "{}: {} of {}: the runs have no such metric; {has}",
            wanted.source, wanted.metric, wanted.task
        )));
    };
    Ok(values.into_iter().map(|value| value.filter(|value| value.is_finite())).collect())
}

/// Our runs as they stand beside the number. Seeds that agree to the row may still differ by less than one: their spread counts as
/// at least that of rounding to a row, `1 / (rows sqrt(12))` (<https://en.wikipedia.org/wiki/Continuous_uniform_distribution>).
fn sample(ours: &Summary, wanted: &Wanted, rows: Option<u64>) -> Sample {
    let least = rows.filter(|_| wanted.is_fraction()).map_or(0.0, |rows| 1.0 / (rows as f64 * 12.0_f64.sqrt()));
    Sample {
        value: if wanted.is_median() { ours.median } else { ours.mean },
        runs: ours.count,
        std: ours.std.map(|std| std.max(least)),
        is_median: wanted.is_median(),
    }
}
