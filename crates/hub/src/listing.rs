//! The list of a commit's files, kept beside the cached files: a commit never changes, so it is asked for once.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::HubError;
use crate::repo::path_fault;
use crate::scratch::is_scratch;
use crate::write_whole::write_whole;

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// Bytes, where known.
    pub size: Option<u64>,
    /// Hash of a large file, where known.
    pub sha256: Option<String>,
}

/// Reads a stored list; one that is damaged counts as not there, because it can be had again.
pub(crate) fn read(path: &Path) -> Option<Vec<RemoteFile>> {
    let files: Vec<RemoteFile> = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some(files.into_iter().filter(|file| path_fault(&file.path).is_none()).collect())
}

/// Stores the list of a commit's files.
pub(crate) fn write(path: &Path, files: &[RemoteFile]) -> Result<(), HubError> {
    let failed = |source| HubError::Disk { doing: "cannot write", path: path.to_path_buf(), source };
    let bytes = serde_json::to_vec_pretty(files).map_err(|error| failed(error.into()))?;
    write_whole(path, &bytes).map_err(failed)
}

/// The files below `folder`; links that lead nowhere are no files, and neither is what another run is about to rename.
pub(crate) fn walk(folder: &Path) -> Vec<RemoteFile> {
    let mut files = Vec::new();
    let mut waiting = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        // What cannot be read is not held.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{prefix}{name}");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push((entry.path(), format!("{path}/")));
            } else if let Ok(found) = std::fs::metadata(entry.path())
                && found.is_file()
                && !is_scratch(&name)
            {
                files.push(RemoteFile { path, size: Some(found.len()), sha256: None });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
