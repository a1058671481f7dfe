//! What ends a reading of records, a comparison, a verification or a zip early.

use crate::atomic::{WriteError, is_of_machine};
use crate::record::RecordError;

/// An error with everything a person needs: what is wrong, where, what was expected, what to do. Options go by the names of
/// the program's flags in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Options, files or folders that cannot be used as they are.
    #[error("{0}")]
    Input(String),
    /// Something failed that the input is not to blame for.
    #[error("{0}")]
    Failure(String),
    /// A record that cannot be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Error {
    /// An [`Error::Input`] that says what `error` says.
    pub fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// An [`Error::Failure`] that says what `error` says.
    pub fn failure(error: impl std::fmt::Display) -> Self {
        Self::Failure(error.to_string())
    }

    /// Whether whoever gave the input can help it: all but [`Error::Failure`], and a machine without room.
    #[must_use]
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Failure(_)) && !is_of_machine(self)
    }
}
