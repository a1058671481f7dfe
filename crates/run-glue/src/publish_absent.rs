//! In place of `publish` in a program without the feature `hub`: flags that would upload are refused before.

use std::path::Path;

use crate::error::Error;
use crate::settings::{HubAccess, PublishSettings, Settings};
use crate::task_run::hooks::CheckpointListener;

/// Never there.
pub enum Publisher {}

#[allow(missing_docs, clippy::missing_errors_doc, reason = "the signatures of `publish`")]
impl Publisher {
    pub fn open(_: &Settings) -> Result<Option<Self>, Error> {
        Ok(None)
    }
}

impl CheckpointListener for Publisher {
    fn checkpoint(&mut self, _: &Path, _: &str) {
        match *self {}
    }

    fn finished(self: Box<Self>, _: &Path) -> Result<(), Error> {
        match *self {}
    }
}

/// `run-glue push`.
///
/// # Errors
/// Always.
pub fn push(_: &Path, _: &PublishSettings, _: &HubAccess) -> Result<(), Error> {
    Err(Error::usage("push: this program was built without the feature `hub`; upload the folder by other means"))
}
