//! Numbers to reproduce, from a reference file, a published table, a folder of tables, or records of other runs.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::done_again::check_copies;
use super::metric_name::metric;
use super::same_rows::{row_count, row_hash};
use super::wanted::{Lacking, Wanted};
use crate::compare::published::{Circumstances, PublishedValue, Statistic, check_reference, last_digit};
use crate::compare::{Columns, published, rows, start_in_words, start_of};
use crate::credible::check_metrics;
use crate::statistics::{DEFAULT_LEVEL, Summary};
use records::Error;
use records::atomic::reason;
use records::counted;
use records::record::{RecordFile, RunRecord, read_folder, read_paths, without_mark};

/// A reference file: one number a task.
#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    model: Option<String>,
    runs: BTreeMap<String, ReferenceRun>,
}

/// A number and its metric. In its first version nothing but a tolerance stood beside the number.
#[derive(Deserialize)]
struct ReferenceRun {
    metric: String,
    #[serde(flatten)]
    theirs: PublishedValue,
}

/// What a JSON file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reference,
    Table,
    Record,
}

impl Kind {
    /// `has`: whether it has a field of this name.
    fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        match () {
            () if has("format") => Some(Self::Table),
            () if has("format_version") => Some(Self::Record),
            () if has("runs") => Some(Self::Reference),
            () => None,
        }
    }

    /// Whether people write it, and not a run.
    fn is_written(self) -> bool {
        self != Self::Record
    }
}

/// The numbers of a file or folder, of whichever kind.
///
/// # Errors
/// When it cannot be read, is of no kind, holds a number that cannot be, or a run of `ours`.
pub(super) fn read(path: &Path, ours: &[RecordFile]) -> Result<Vec<Wanted>, Error> {
    let kind =
        |json: &Value| Kind::of(|field| json.get(field).is_some()).ok_or_else(|| failed(path, &"it is none of these"));
    let all = if path.is_dir() {
        match written_files(path)? {
            files if files.is_empty() => of_records(&scored_runs(path)?, ours, path)?,
            files => {
                let each = files.iter().map(|file| read(file, ours)).collect::<Result<Vec<_>, _>>()?;
                return Ok(each.into_iter().flatten().collect());
            }
        }
    } else {
        let json = parse(path).map_err(|error| failed(path, &error))?;
        match kind(&json)? {
            Kind::Table => of_tables(path)?,
            Kind::Record => of_records(&scored_runs(path)?, ours, path)?,
            Kind::Reference => {
                check_reference(&json).map_err(|error| failed(path, &error))?;
                of_reference(serde_json::from_value(json).map_err(|error| failed(path, &error))?, path)
            }
        }
    };
    if all.is_empty() {
        return Err(failed(path, &"there are no numbers in it"));
    }
    all.into_iter().map(Wanted::checked).collect()
}

fn failed(path: &Path, what: &dyn std::fmt::Display) -> Error {
    Error::input(format!(
        "{}: {what}; expected a reference ({{\"runs\": ...}}), a published table ({{\"format\": ...}}), run records, or a \
         folder of these: docs/verify.md",
        path.display()
    ))
}

fn parse(file: &Path) -> Result<Value, String> {
    serde_json::from_str(without_mark(&text_of(file)?)).map_err(|error| error.to_string())
}

fn text_of(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| reason(&error))
}

/// What a file is, by the names of its fields; the rest of it, which may be large where it is something else, is not kept.
fn kind_of(file: &Path) -> Result<Option<Kind>, String> {
    match serde_json::from_str::<HashMap<String, IgnoredAny>>(without_mark(&text_of(file)?)) {
        Ok(fields) => Ok(Kind::of(|field| fields.contains_key(field))),
        // A list or a number.
        Err(error) if error.is_data() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The JSON files right in a folder of references and tables, sorted; none where it holds no such file, as the folders of records.
///
/// # Errors
/// When there is a file of another kind beside them, or there are run records too: which of them are meant is not known.
fn written_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, &error))?.flatten();
    let is_json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json") && path.is_file();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_json).collect();
    files.sort();
    let kinds: Vec<Result<Option<Kind>, String>> = files.iter().map(|file| kind_of(file)).collect();
    let is_written = |kind: &Result<Option<Kind>, String>| matches!(kind, Ok(Some(kind)) if kind.is_written());
    let Some(first) = kinds.iter().position(is_written) else { return Ok(Vec::new()) };
    if !read_folder(folder)?.records.is_empty() {
        return Err(failed(
            folder,
            &format!(
                "there are run records in it beside {}, so give the path of those that are meant",
                files[first].display()
            ),
        ));
    }
    for (file, kind) in files.iter().zip(&kinds) {
        match kind {
            Err(error) => return Err(failed(file, error)),
            Ok(None) => return Err(failed(file, &"it is none of these")),
            Ok(Some(_)) => {}
        }
    }
    Ok(files)
}

/// The records that have scores, but for trials of searches: those of predictions alone have no numbers to reproduce.
fn scored_runs(path: &Path) -> Result<Vec<RecordFile>, Error> {
    let mut found = read_paths(&[path.to_owned()])?.warned();
    found.retain(|(_, record)| !record.is_trial() && !record.metrics.is_empty());
    check_metrics(&found)?;
    Ok(found)
}

fn of_reference(reference: Reference, path: &Path) -> Vec<Wanted> {
    let last_digit = last_digit(reference.runs.values().map(|run| run.theirs.value));
    let of_run = |(task, run): (String, ReferenceRun)| Wanted {
        model: reference.model.clone(),
        task,
        metric: run.metric,
        theirs: run.theirs,
        last_digit,
        source: path.display().to_string(),
        runs: [].into(),
        lacking: None,
    };
    reference.runs.into_iter().map(of_run).collect()
}

fn of_tables(path: &Path) -> Result<Vec<Wanted>, Error> {
    let mut all = Vec::new();
    for table in published::read(path)? {
        let values = || table.rows.iter().flat_map(|row| row.tasks.values().flat_map(BTreeMap::values));
        let last_digit = last_digit(values().map(|value| value.value));
        for row in &table.rows {
            for (task, metrics) in &row.tasks {
                all.extend(metrics.iter().map(|(metric, value)| Wanted {
                    model: Some(row.model.clone()),
                    task: task.clone(),
                    metric: metric.clone(),
                    theirs: value.clone(),
                    last_digit,
                    source: table.name.clone(),
                    runs: [].into(),
                    lacking: None,
                }));
            }
        }
    }
    Ok(all)
}

/// The means of other runs, by model and task.
///
/// # Errors
/// When a model has runs of several settings, of which no mean can be taken, or a run is one of `ours`.
fn of_records(found: &[RecordFile], ours: &[RecordFile], path: &Path) -> Result<Vec<Wanted>, Error> {
    let rows = rows(found, DEFAULT_LEVEL);
    let columns = Columns::of(found).of_record;
    let mut all = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        if let Some(other) = rows[..place].iter().find(|other| other.model == row.model) {
            return Err(Error::input(format!(
                "{}: the runs are of several settings, {} and {}: give the records of one",
                path.display(),
                other.name,
                row.name
            )));
        }
        for (column, entry) in &row.entries {
            let known = entry.metrics.iter().filter(|(name, _)| metric(name).is_some());
            let there = row.records.iter().filter(|&&at| columns[at] == *column);
            let records: Vec<&RunRecord> = there.map(|&at| &found[at].1).collect();
            let Some(task) = records.first().map(|record| &record.task) else { continue };
            let theirs: Arc<[RunRecord]> = records.iter().map(|&record| record.clone()).collect();
            all.extend(
                known.filter_map(|(metric, runs)| of_runs(row.model.clone(), task, metric, *runs, &theirs, path)),
            );
        }
    }
    check_copies(found, ours)?;
    Ok(all)
}

/// The mean of runs of a task (`None`: a run has no such number), on the rows that they were scored on where all were scored on the same.
fn of_runs(
    model: Option<String>,
    task: &str,
    metric: &str,
    runs: Option<Summary>,
    records: &Arc<[RunRecord]>,
    path: &Path,
) -> Option<Wanted> {
    let count = records.len();
    let lacking = if runs.is_some() { None } else { Lacking::of(records, metric) };
    let made = Circumstances {
        statistic: Some(if count == 1 { Statistic::Single } else { Statistic::Mean }),
        runs: Some(count as u64),
        initialisation: records
            .first()
            .map(start_of)
            .filter(|start| !start.is_empty())
            .map(|start| start_in_words(&start)),
        ..Circumstances::default()
    };
    let theirs = PublishedValue {
        value: runs.map_or(f64::NAN, |runs| runs.mean),
        standard_deviation: runs.and_then(|runs| runs.std),
        made,
        ..PublishedValue::default()
    };
    let mut wanted = Wanted {
        model,
        task: task.to_owned(),
        metric: metric.to_owned(),
        theirs,
        last_digit: 0.0,
        source: format!("{} of {}", counted(count, "run"), path.display()),
        runs: Arc::clone(records),
        lacking,
    };
    let (first, others) = records.split_first()?;
    let rows =
        row_count(first, &wanted).filter(|rows| others.iter().all(|other| row_count(other, &wanted) == Some(*rows)));
    let hash = row_hash(first, &wanted)
        .filter(|hash| others.iter().all(|other| row_hash(other, &wanted).as_ref() == Some(hash)));
    wanted.theirs.rows = rows;
    wanted.theirs.rows_sha256 = hash;
    Some(wanted)
}
