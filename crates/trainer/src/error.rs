//! What ends a run early.

use records::atomic::is_of_machine;

/// An error with everything a person needs: what is wrong, where, what was expected, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    kind: ErrorKind,
}

/// What is to blame for an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Flags, files, data, or a machine that cannot do what was asked.
    Input,
    /// Something failed that the input is not to blame for.
    Failure,
    /// The user stopped the run.
    Interrupted,
}

impl Error {
    /// Wrong flags.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: ErrorKind::Input }
    }

    /// Wrong files or data.
    pub fn input(error: impl std::fmt::Display) -> Self {
        Self { message: error.to_string(), kind: ErrorKind::Input }
    }

    /// A failure of the program or of training.
    pub fn failure(error: impl std::fmt::Display) -> Self {
        Self { message: error.to_string(), kind: ErrorKind::Failure }
    }

    /// The user asked the run to stop.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: ErrorKind::Interrupted }
    }

    /// The same error with `context: ` in front.
    #[must_use]
    pub fn in_context(self, context: impl std::fmt::Display) -> Self {
        Self { message: format!("{context}: {}", self.message), kind: self.kind }
    }

    /// The same error with `place: ` in front, where its words do not name the place already.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        let file = format!("{}/", place.trim_end_matches('/'));
        let named = self.message.starts_with(&file) || self.message.contains(&format!(" {place} "));
        if named { self } else { self.in_context(place) }
    }

    /// An error of the same kind in other words.
    #[must_use]
    pub fn with_message(&self, message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: self.kind }
    }

    /// What is to blame.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// Errors of rooms whose every error is about what they were given. They are one line each, whatever a value that they name holds.
macro_rules! input_errors {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                let message = records::shown(&error.to_string()).into_owned();
                if is_of_machine(&error) { Self::failure(message) } else { Self::input(message) }
            }
        })*
    };
}

input_errors!(
    records::atomic::WriteError,
    records::files::logits::LogitsError,
    records::files::metrics_files::MetricsError,
    records::record::RecordError,
    glue_tasks::dataset::DataError,
    models::config::ConfigError,
);

impl From<models::checkpoint::CheckpointError> for Error {
    fn from(error: models::checkpoint::CheckpointError) -> Self {
        use models::checkpoint::CheckpointError::Write;
        let message = records::shown(&error.to_string()).into_owned();
        // Whether there is a place to write to is found out before any work.
        if matches!(error, Write { .. }) || is_of_machine(&error) {
            Self::failure(message)
        } else {
            Self::input(message)
        }
    }
}

impl From<records::Error> for Error {
    fn from(error: records::Error) -> Self {
        if error.is_input() { Self::input(error) } else { Self::failure(error) }
    }
}

#[cfg(feature = "hub")]
impl From<hub::HubError> for Error {
    fn from(error: hub::HubError) -> Self {
        if matches!(error, hub::HubError::Cancelled { .. }) {
            return Self::interrupted(error.to_string());
        }
        // A cache that may not be written to is one that the user can give another place.
        let is_input = error.is_usage() || matches!(error, hub::HubError::Disk { .. }) && !is_of_machine(&error);
        if is_input { Self::input(error) } else { Self::failure(error) }
    }
}
