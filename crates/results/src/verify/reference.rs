//! Numbers to reproduce, from a reference file, a published table, a folder of tables, or records of other runs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::wanted::{Wanted, metric};
use crate::compare::{Row, published, rows};
use crate::statistics::DEFAULT_LEVEL;
use records::Error;
use records::atomic::reason;
use records::record::{RecordFile, read_paths};

/// Numbers have at least so many digits; JSON drops the zeros at the end.
const LEAST_DIGITS: usize = 2;

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
pub(super) fn read(path: &Path) -> Result<Vec<Wanted>, Error> {
    let failed = |what: &dyn std::fmt::Display| {
        Error::input(format!(
            "{}: {what}; expected a reference ({{\"runs\": ...}}), a published table ({{\"format\": ...}}), run records, or a \
             folder of these: docs/verify.md",
            path.display()
        ))
    };
    let parse = |file: &Path| -> Result<Value, String> {
        let text = std::fs::read(file).map_err(|error| reason(&error))?;
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    };
    let all = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| failed(&error))?.flatten();
        let mut files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
        if files.any(|file| parse(&file).is_ok_and(|json| json.get("format").is_some())) {
            of_tables(path)?
        } else {
            of_records(&without_trials(path)?, path)?
        }
    } else {
        let json = parse(path).map_err(|error| failed(&error))?;
        if json.get("runs").is_some() {
            let reference: Reference = serde_json::from_value(json).map_err(|error| failed(&error))?;
            of_reference(reference, path)
        } else if json.get("format").is_some() {
            of_tables(path)?
        } else if json.get("format_version").is_some() {
            of_records(&without_trials(path)?, path)?
        } else {
            return Err(failed(&"it is none of these"));
        }
    };
    if all.is_empty() {
        return Err(failed(&"there are no numbers in it"));
    }
    all.into_iter().map(Wanted::checked).collect()
}

fn without_trials(path: &Path) -> Result<Vec<RecordFile>, Error> {
    let mut found = read_paths(&[path.to_owned()])?.warned();
    found.retain(|(_, record)| !record.is_trial());
    Ok(found)
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
fn of_records(found: &[RecordFile], path: &Path) -> Result<Vec<Wanted>, Error> {
    let rows = rows(found, DEFAULT_LEVEL);
    let model = |row: &Row| row.records.first().map(|&at| found[at].1.model.id.clone());
    let mut all = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        if let Some(other) = rows[..place].iter().find(|other| model(other) == model(row)) {
            return Err(Error::input(format!(
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
