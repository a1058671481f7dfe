//! The mark in an output folder whose run has not ended.

use std::path::Path;

/// The file's name; hidden, so that it is no part of what is uploaded.
pub(crate) const FILE_NAME: &str = ".run-glue.unfinished";

/// Whether a run in `dir` has not ended: it is going on, or was killed, or failed.
#[must_use]
pub fn is_marked(dir: &Path) -> bool {
    // Also where it cannot be read.
    dir.join(FILE_NAME).symlink_metadata().is_ok()
}

/// Takes the mark away.
pub(crate) fn remove_mark(dir: &Path) {
    let _ = std::fs::remove_file(dir.join(FILE_NAME));
}

/// What is to be said of a model that is read from `dir`, where it is marked.
#[must_use]
pub fn warning(dir: &Path) -> Option<String> {
    is_marked(dir).then(|| {
        format!("{}: a run in this folder has not ended; its model may be an earlier run's, or none that was meant to be kept", dir.display())
    })
}
