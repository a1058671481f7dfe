//! What can go wrong with records.

use super::version::{FIRST_VERSION, FORMAT_VERSION};
use crate::atomic::WriteError;
use std::path::PathBuf;

/// A record could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It could not be turned into JSON.
    #[error("cannot turn the record of {task} into JSON: {source}")]
    Encode {
        /// The record's task.
        task: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// A file or folder cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is no record.
    #[error("{} is no run record: {source}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The record is of a format that this program does not know.
    #[error("{} has record format {found}; this program reads formats {FIRST_VERSION} to {FORMAT_VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// Both names that the record may take belong to other files.
    #[error("{} is another run's record or no record at all; it is left alone, so move it away", path.display())]
    Taken {
        /// The file in the way.
        path: PathBuf,
    },
}
