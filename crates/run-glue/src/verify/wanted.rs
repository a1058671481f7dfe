//! Numbers to reproduce, from a reference file, a published table, a folder of tables, or records of other runs.

use std::collections::BTreeMap;
use std::path::Path;

use glue_tasks::statistics::Summary;
use serde::Deserialize;
use serde_json::Value;

use super::interval::metric;
use crate::compare::rows::{Row, rows};
use crate::compare::{Found, published, read};
use crate::error::Error;

/// What a published table calls a metric that it does not state.
pub(super) const UNSTATED: &str = "unstated";
/// Numbers have at least so many digits; JSON drops the zeros at the end.
const LEAST_DIGITS: usize = 2;

/// A number to reproduce.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Whose it is; `None`: of whatever model was run.
    pub(super) model: Option<String>,
    pub(super) task: String,
    pub(super) metric: String,
    pub(super) value: f64,
    pub(super) tolerance: Option<f64>,
    /// Where it is the mean of other runs.
    pub(super) runs: Option<Summary>,
    /// The smallest step of the numbers as they were published, such as 0.0001.
    pub(super) last_digit: f64,
    /// The file or table.
    pub(super) source: String,
}

impl Wanted {
    /// Whether it lies from -1 to 1: all metrics but the errors of a regression.
    pub(super) fn is_fraction(&self) -> bool {
        metric(&self.metric).is_some_and(|metric| metric.higher_is_better()) || self.metric == UNSTATED
    }

    /// Whether less is better.
    pub(super) fn lower_is_better(&self) -> bool {
        metric(&self.metric).is_some_and(|metric| !metric.higher_is_better())
    }

    /// # Errors
    /// A number that is none of this metric.
    fn checked(self) -> Result<Self, Error> {
        let Self { task, metric, value, source, .. } = &self;
        if self.is_fraction() && !(-1.0..=1.0).contains(value) {
            let hint =
                if value.abs() <= 100.0 { format!(" (is {} meant?)", short(value / 100.0)) } else { String::new() };
            return Err(Error::usage(format!(
                "{source}: {metric} of {task} is {value}, expected a fraction, not percent{hint}"
            )));
        }
        if let Some(tolerance) = self.tolerance
            && (tolerance < 0.0 || self.is_fraction() && tolerance > 1.0)
        {
            return Err(Error::usage(format!(
                "{source}: the tolerance of {task} is {tolerance}, expected 0 to 1, such as 0.03 for three points"
            )));
        }
        Ok(self)
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A reference file: one number a task.
#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    model: Option<String>,
    runs: BTreeMap<String, ReferenceRun>,
}

#[derive(Deserialize)]
struct ReferenceRun {
    metric: String,
    value: f64,
    #[serde(default)]
    tolerance: Option<f64>,
}

/// The numbers of a file or folder, of whichever kind.
///
/// # Errors
/// When it cannot be read, is of no kind, or holds a number that cannot be.
pub(super) fn read_file(path: &Path) -> Result<Vec<Wanted>, Error> {
    let failed = |what: &dyn std::fmt::Display| {
        Error::input(format!(
            "{}: {what}; expected a reference ({{\"runs\": ...}}), a published table ({{\"format\": ...}}), run records, or a \
             folder of these: docs/verify.md",
            path.display()
        ))
    };
    let parse = |file: &Path| -> Result<Value, String> {
        let text = std::fs::read(file).map_err(|error| crate::report::atomic::reason(&error).to_string())?;
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    };
    let all = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| failed(&error))?.flatten();
        let mut files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
        if files.any(|file| parse(&file).is_ok_and(|json| json.get("format").is_some())) {
            of_tables(path)?
        } else {
            of_records(&read(&[path.to_owned()])?, path)?
        }
    } else {
        let json = parse(path).map_err(|error| failed(&error))?;
        if json.get("runs").is_some() {
            let reference: Reference = serde_json::from_value(json).map_err(|error| failed(&error))?;
            of_reference(reference, path)
        } else if json.get("format").is_some() {
            of_tables(path)?
        } else if json.get("format_version").is_some() {
            of_records(&read(&[path.to_owned()])?, path)?
        } else {
            return Err(failed(&"it is none of these"));
        }
    };
    if all.is_empty() {
        return Err(failed(&"there are no numbers in it"));
    }
    all.into_iter().map(Wanted::checked).collect()
}

fn of_reference(reference: Reference, path: &Path) -> Vec<Wanted> {
    let last_digit = last_digit(reference.runs.values().map(|run| run.value));
    let of_run = |(task, run): (String, ReferenceRun)| Wanted {
        model: reference.model.clone(),
        task,
        metric: run.metric,
        value: run.value,
        tolerance: run.tolerance,
        runs: None,
        last_digit,
        source: path.display().to_string(),
    };
    reference.runs.into_iter().map(of_run).collect()
}

fn of_tables(path: &Path) -> Result<Vec<Wanted>, Error> {
    let mut all = Vec::new();
    for table in published::read(path)? {
        let values = table.rows.iter().flat_map(|row| row.tasks.values().flat_map(BTreeMap::values));
        let last_digit = last_digit(values.copied());
        for row in &table.rows {
            for (task, metrics) in &row.tasks {
                all.extend(metrics.iter().map(|(metric, value)| Wanted {
                    model: Some(row.model.clone()),
                    task: task.clone(),
                    metric: metric.clone(),
                    value: *value,
                    tolerance: None,
                    runs: None,
                    last_digit,
                    source: table.name.clone(),
                }));
            }
        }
    }
    Ok(all)
}

/// The means of other runs, by model and task.
///
/// # Errors
/// When a model has runs of several settings, of which no mean can be taken.
fn of_records(found: &[Found], path: &Path) -> Result<Vec<Wanted>, Error> {
    let rows = rows(found, 0.95);
    let model = |row: &Row| row.records.first().map(|&at| found[at].1.model.id.clone());
    let mut all = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        if let Some(other) = rows[..place].iter().find(|other| model(other) == model(row)) {
            return Err(Error::usage(format!(
                "{}: the runs are of several settings, {} and {}: give the records of one",
                path.display(),
                other.name,
                row.name
            )));
        }
        for (task, entry) in &row.entries {
            let known = entry.metrics.iter().filter(|(name, _)| metric(name).is_some());
            all.extend(known.filter_map(|(metric, runs)| {
                let runs = (*runs)?;
                Some(Wanted {
                    model: model(row),
                    task: task.clone(),
                    metric: metric.clone(),
                    value: runs.mean,
                    tolerance: None,
                    runs: Some(runs),
                    last_digit: 0.0,
                    source: format!("{} runs of {}", runs.count, path.display()),
                })
            }));
        }
    }
    Ok(all)
}

/// All numbers of a table have as many digits as the one with the most.
fn last_digit(values: impl Iterator<Item = f64>) -> f64 {
    let digits = |value: f64| value.to_string().split_once('.').map_or(0, |(_, digits)| digits.len());
    10f64.powi(-(values.map(digits).max().unwrap_or(0).clamp(LEAST_DIGITS, 15) as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_is_that_of_the_whole_table() {
        for (values, expected) in [(&[0.9, 0.8407][..], 1e-4), (&[1.0], 1e-2), (&[0.5], 1e-2), (&[0.875], 1e-3)] {
            assert!((last_digit(values.iter().copied()) / expected - 1.0).abs() < 1e-12, "{values:?}");
        }
    }
}
