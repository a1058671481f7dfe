//! Reading all records of a folder.

use super::error::RecordError;
use super::predictions::EXTENSION;
use super::run_record::RunRecord;
use super::version::Versioned;
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
    /// The records, once every problem has been warned of.
    pub fn warned(self) -> Vec<RecordFile> {
        self.problems.iter().for_each(|problem| log::warn!("{problem}"));
        self.records
    }
}

/// Read all records in `folder` and the folders under it. JSON files without a `format_version` are no records and
/// are passed over, as are hidden files and links to folders.
///
/// # Errors
/// [`RecordError::Read`] where `folder` itself cannot be read.
pub fn read_folder(folder: &Path) -> Result<Records, RecordError> {
    let mut paths = Vec::new();
    let mut found = Records::default();
    collect(folder, &mut paths, &mut found.problems)
        .map_err(|source| RecordError::Read { path: folder.to_path_buf(), source })?;
    paths.sort();
    for path in paths {
        match RunRecord::read(&path) {
            Ok(record) => found.records.push((path, record)),
            Err(RecordError::Shape { .. }) if !is_versioned(&path) => {}
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
        } else {
            all.records.push((path.clone(), RunRecord::read(path)?));
        }
    }
    Ok(all)
}

fn is_versioned(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| serde_json::from_str::<Versioned>(&text).is_ok())
}

/// The JSON files in `folder` and under it. A folder below that cannot be read is a problem, not the end.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>, problems: &mut Vec<RecordError>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link to a folder could lead back here; `file_type` does not follow it.
        if entry.file_type()?.is_dir() {
            if let Err(source) = collect(&path, paths, problems) {
                problems.push(RecordError::Read { path, source });
            }
        } else if path.extension().is_some_and(|extension| extension == "json")
            && !path.to_string_lossy().ends_with(EXTENSION)
            && path.is_file()
        {
            paths.push(path);
        }
    }
    Ok(())
}
