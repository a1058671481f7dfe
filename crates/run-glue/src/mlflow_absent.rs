//! In place of `mlflow` in a program without the feature `hub`, which brings the client: the flag is refused.

use trainer::error::Error;
use trainer::run::hooks::TrackerStart;
use trainer::settings::Settings;

/// Never there.
pub enum Parent {}

#[allow(missing_docs, clippy::missing_errors_doc, reason = "the signatures of `mlflow`")]
impl Parent {
    pub fn begin(_: &Settings) -> Result<Option<Self>, Error> {
        Ok(None)
    }

    pub fn end(self, _: bool) {
        match self {}
    }
}

/// None is of use.
#[must_use]
pub fn is_server_named() -> bool {
    false
}

/// Whether it can be done.
///
/// # Errors
/// Always.
pub fn check() -> Result<(), Error> {
    Err(Error::usage("--report_to mlflow: this program was built without the feature `hub`; leave it out"))
}

/// None.
///
/// # Errors
/// Never.
pub fn tracker(_: &Settings) -> Result<Option<Box<dyn TrackerStart>>, Error> {
    Ok(None)
}
