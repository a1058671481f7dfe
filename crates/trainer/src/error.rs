//! What ends a run early.

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
                Self::input(records::shown(&error.to_string()))
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
    models::checkpoint::CheckpointError,
    models::config::ConfigError,
);

impl From<records::Error> for Error {
    fn from(error: records::Error) -> Self {
        if error.is_input() { Self::input(error) } else { Self::failure(error) }
    }
}

#[cfg(feature = "hub")]
impl From<hub::HubError> for Error {
    fn from(error: hub::HubError) -> Self {
        use hub::HubError::{Cancelled, Disk, Network};
        if matches!(error, Cancelled { .. }) {
            return Self::interrupted(error.to_string());
        }
        // A machine without a network or without room is not the program's failure.
        let input = error.is_usage() || matches!(error, Network { .. } | Disk { .. });
        if input { Self::input(error) } else { Self::failure(error) }
    }
}
