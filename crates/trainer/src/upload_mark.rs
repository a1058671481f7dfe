//! The mark in the output folder of a run that is done and whose upload has not ended.

use std::path::Path;

use records::atomic::{WriteError, write_whole};

/// The file's name; hidden, so that it is no part of what is uploaded.
const FILE_NAME: &str = ".run-glue.not-uploaded";

/// Whether the upload of a run that is done is still to be made.
#[must_use]
pub fn is_marked(dir: &Path) -> bool {
    dir.join(FILE_NAME).symlink_metadata().is_ok()
}

/// Says that the upload begins.
///
/// # Errors
/// Names the file that cannot be written.
pub(crate) fn mark(dir: &Path) -> Result<(), WriteError> {
    write_whole(dir.join(FILE_NAME), b"")
}

/// Says that the folder is uploaded, or is not to be.
pub fn remove(dir: &Path) {
    let _ = std::fs::remove_file(dir.join(FILE_NAME));
}
