//! Whether results reproduce numbers: those of a reference, a published table, or other runs. Each has an interval.

mod interval;
mod table;
mod wanted;

use std::collections::BTreeSet;
use std::path::PathBuf;

use glue_tasks::statistics::Summary;

use self::interval::half_width;
use self::wanted::{UNSTATED, Wanted};
use crate::cli::compare_args::VerifyArgs;
use crate::compare::rows::{Row, rows};
use crate::compare::{Found, read};
use crate::error::Error;
use crate::report::record::RunRecord;

/// Room for rounding: 0.66 and 0.64 lie 0.02 apart.
const ROUNDING: f64 = 1e-9;

/// What came of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Within,
    Missed,
    /// Of a run this number does not exist, such as a correlation with predictions that are all alike.
    Undefined,
    /// There is no run of the task.
    NotRun,
    /// The table does not say of which metric it is.
    Unstated,
}

/// A number and what came of it.
struct Checked {
    wanted: Wanted,
    /// The model, with its settings where there are several.
    row: String,
    /// Of the runs.
    ours: Option<Summary>,
    runs: usize,
    half: Option<f64>,
    state: State,
}

/// `run-glue verify`.
///
/// # Errors
/// When a number is out of its interval (exit code 1), or files cannot be read, or nothing can be compared (2).
pub fn run(args: &VerifyArgs) -> Result<(), Error> {
    if !(args.level > 0.0 && args.level < 1.0) {
        return Err(Error::usage(format!("--level is {}, expected between 0 and 1, such as 0.95", args.level)));
    }
    let found = read(&args.paths)?;
    let names = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        return Err(Error::usage(format!("{}: there are no run records", names(&args.paths))));
    }
    let all = args.against.iter().map(|path| wanted::read_file(path)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<Wanted> = all.into_iter().flatten().collect();
    let known: BTreeSet<String> = all.iter().filter_map(|wanted| wanted.model.clone()).collect();
    let rows = rows(&found, args.level);
    let mut checked = Vec::new();
    for wanted in all {
        checked.extend(check(&wanted, &rows, &found, args)?);
    }
    if !checked.iter().any(|checked| checked.half.is_some() || checked.state == State::Undefined) {
        let models: BTreeSet<&str> = found.iter().map(|(_, record)| record.model.id.as_str()).collect();
        let models = models.into_iter().collect::<Vec<_>>().join(", ");
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let hint = if known.is_empty() {
            String::new()
        } else {
            format!("; where the model has another name there, give --reference_model, one of: {known}")
        };
        return Err(Error::usage(format!(
            "{}: no number of the models {models} on the tasks that were run{hint}",
            names(&args.against)
        )));
    }
    table::print(&if args.json.unwrap_or(false) { table::as_json(&checked) } else { table::as_text(&checked) });
    let count = |is: fn(State) -> bool| checked.iter().filter(|checked| is(checked.state)).count();
    let missed = count(|state| matches!(state, State::Missed | State::Undefined));
    let not_run = count(|state| state == State::NotRun);
    let compared = checked.iter().filter(|checked| checked.runs > 0 && checked.state != State::Unstated).count();
    let mut faults = Vec::new();
    if missed > 0 {
        faults.push(format!("{missed} of {compared} numbers are out of their intervals"));
    }
    if not_run > 0 && args.complete.unwrap_or(false) {
        faults.push(format!("{not_run} numbers are of tasks that were not run"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::failure(faults.join("; "))) }
}

/// A number against each choice of settings of its model; none where the model was not run.
fn check(wanted: &Wanted, rows: &[Row], found: &[Found], args: &VerifyArgs) -> Result<Vec<Checked>, Error> {
    let record = |at: &usize| &found[*at].1;
    let of_model = rows.iter().filter(|row| {
        let model = row.records.first().map(|at| record(at).model.id.as_str());
        match (&args.reference_model, wanted.model.as_deref()) {
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
            checked.push(compare(wanted.clone(), row.name.clone(), &runs, args)?);
        }
    }
    if checked.is_empty() {
        checked.extend(passed_over.map(|row| Checked {
            wanted: wanted.clone(),
            row,
            ours: None,
            runs: 0,
            half: None,
            state: State::NotRun,
        }));
    }
    Ok(checked)
}

fn compare(wanted: Wanted, row: String, runs: &[&RunRecord], args: &VerifyArgs) -> Result<Checked, Error> {
    let mut checked = Checked { row, ours: None, runs: runs.len(), half: None, state: State::Unstated, wanted };
    let wanted = &checked.wanted;
    if wanted.metric == UNSTATED {
        return Ok(checked);
    }
    let values: Option<Vec<&Option<f64>>> = runs.iter().map(|run| run.metrics.get(&wanted.metric)).collect();
    let Some(values) = values else {
        let has: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
        let has = has.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(format!(
            "{}: {} of {}: the runs have no such metric, expected one of {has}",
            wanted.source, wanted.metric, wanted.task
        )));
    };
    let defined: Option<Vec<f64>> = values.into_iter().map(|value| value.filter(|value| value.is_finite())).collect();
    let Some(ours) = defined.as_deref().and_then(Summary::of) else {
        checked.state = State::Undefined;
        return Ok(checked);
    };
    let half = half_width(wanted, &ours, runs, args.level)?;
    let mut difference = ours.mean - wanted.value;
    let within = difference.abs() <= half + ROUNDING;
    if wanted.lower_is_better() {
        difference = -difference;
    }
    let better = args.one_sided.unwrap_or(false) && difference > 0.0;
    checked.state = if within || better { State::Within } else { State::Missed };
    checked.ours = Some(ours);
    checked.half = Some(half);
    Ok(checked)
}
