//! Reading all records of a folder.

use super::candidate::{is_something_else, may_be_record};
use super::error::RecordError;
use super::json_files::json_files;
use super::predictions::EXTENSION;
use super::run_record::RunRecord;
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

/// Read all records in `folder` and the folders under it, links to folders among them. Files that neither name a `format_version` nor
/// have a record's name are something else and passed over, as are hidden files; what cannot be read of the others is a problem.
///
/// # Errors
/// [`RecordError::Read`] where `folder` itself cannot be read.
pub fn read_folder(folder: &Path) -> Result<Records, RecordError> {
    let mut found = Records::default();
    let paths = json_files(folder, &mut found.problems)
        .map_err(|source| RecordError::Read { path: folder.to_path_buf(), source })?;
    for path in paths {
        match may_be_record(&path) {
            Ok(false) => {}
            Ok(true) => match RunRecord::read(&path) {
                Ok(record) => found.records.push((path, record)),
                Err(RecordError::Shape { .. }) if is_something_else(&path) => {}
                Err(problem) => found.problems.push(problem),
            },
            Err(source) => found.problems.push(RecordError::Read { path, source }),
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
