//! Reading all records of a folder.

use super::error::RecordError;
use super::json_files::json_files;
use super::predictions::EXTENSION;
use super::run_record::{RunRecord, without_mark};
use crate::python_json::{self, Value};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

/// A record and where it lies.
pub type RecordFile = (PathBuf, RunRecord);

/// What a results folder holds.
#[derive(Debug, Default)]
pub struct Records {
    /// The records with their paths, sorted by path.
    pub records: Vec<RecordFile>,
    /// Files that look like records but cannot be read.
    pub problems: Vec<RecordError>,
}

impl Records {
    /// The records, each run once, when every problem was warned of (`log`), and so was what was left out.
    pub fn warned(self) -> Vec<RecordFile> {
        self.problems.iter().for_each(|problem| log::warn!("{problem}"));
        let all = self.records.len();
        let records = each_run_once(self.records);
        match all - records.len() {
            0 => {}
            1 => log::warn!("one record is of the same run as another, and counts once"),
            repeated => log::warn!("{repeated} records are of the same runs as others, and count once"),
        }
        records
    }
}

/// Leaves out records of a run that another one is of: the same file given twice, a copy in another folder, or the same run done
/// again, of which the last counts, and the role in a search that counts for more ([`RunRecord::keep_role`]). Two records are of one run
/// where its [`RunKey`](super::RunKey) is the same, and the names of model and task, which stand in tables. Where the numbers of such
/// records differ all the same, that is warned of.
fn each_run_once(records: Vec<RecordFile>) -> Vec<RecordFile> {
    let run = |record: &RunRecord| (record.task.clone(), record.model.id.clone(), record.run_key());
    let mut places = HashMap::new();
    let mut kept: Vec<RecordFile> = Vec::new();
    for (path, record) in records {
        match places.entry(run(&record)) {
            Entry::Vacant(entry) => {
                entry.insert(kept.len());
                kept.push((path, record));
            }
            Entry::Occupied(entry) => {
                let before = &mut kept[*entry.get()];
                if !before.1.agrees_with(&record) {
                    let (one, other) = (before.0.display(), path.display());
                    log::warn!("{one} and {other} are of one run and have other numbers; the last one counts");
                }
                let mut other = (path, record);
                if other.1.started_at > before.1.started_at {
                    std::mem::swap(before, &mut other);
                }
                before.1.keep_role(&other.1);
            }
        }
    }
    kept
}

/// Read all records in `folder` and the folders under it, links to folders among them. JSON files without a `format_version` are no
/// records and are passed over, as are hidden files; what is no JSON, and may have been a record, is a problem.
///
/// # Errors
/// [`RecordError::Read`] where `folder` itself cannot be read.
pub fn read_folder(folder: &Path) -> Result<Records, RecordError> {
    let mut found = Records::default();
    let paths = json_files(folder, &mut found.problems)
        .map_err(|source| RecordError::Read { path: folder.to_path_buf(), source })?;
    for path in paths {
        match RunRecord::read(&path) {
            Ok(record) => found.records.push((path, record)),
            Err(RecordError::Shape { .. }) if is_something_else(&path) => {}
            Err(problem) => found.problems.push(problem),
        }
    }
    Ok(found)
}

/// Reads the records of folders, and single ones, in the order of `paths`, the trials of searches among them.
///
/// # Errors
/// [`RecordError`] where a folder or a single file cannot be read; files in folders that cannot be are among the problems.
pub fn read_paths(paths: &[PathBuf]) -> Result<Records, RecordError> {
    let mut all = Records::default();
    for path in paths {
        if path.is_dir() {
            let found = read_folder(path)?;
            all.records.extend(found.records);
            all.problems.extend(found.problems);
        } else if !path.to_string_lossy().ends_with(EXTENSION) {
            // What a shell makes of `*.json` has the predictions beside the records too.
            all.records.push((path.clone(), RunRecord::read(path)?));
        }
    }
    Ok(all)
}

/// Whether a file that is no record was never meant to be one: it is JSON, be it Python's with `NaN` in it, and names no version.
fn is_something_else(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    match python_json::parse(without_mark(&text)) {
        Ok(Value::Object(fields)) => !fields.contains_key("format_version"),
        Ok(_) => true,
        Err(_) => false,
    }
}
