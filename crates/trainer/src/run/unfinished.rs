//! A mark in an output folder until its run has ended: what a run left there that was killed or failed may be written over by the same
//! run, started again, and by no other; and whoever reads the folder can be told.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::identity::RunIdentity;
use crate::error::Error;
use crate::settings::said;
use crate::unfinished_mark::{FILE_NAME, is_marked};
use records::atomic::write_whole;

/// What the mark says: which run has not ended.
#[derive(Serialize, Deserialize)]
pub(super) struct Unfinished {
    /// The settings that decide the weights.
    pub(super) settings: BTreeMap<String, Value>,
    pub(super) identity: RunIdentity,
}

impl Unfinished {
    /// Finds out whether this run may write into `dir`: not where another one did not end.
    ///
    /// # Errors
    /// Says in what the other one differs.
    pub(super) fn check(&self, dir: &Path) -> Result<(), Error> {
        let difference = match std::fs::read(dir.join(FILE_NAME)) {
            Ok(text) => match serde_json::from_slice::<Self>(&text) {
                Ok(before) => before.difference(self),
                Err(_) => Some(format!("by another version of run-glue ({FILE_NAME} in it cannot be understood)")),
            },
            Err(_) if !is_marked(dir) => None,
            Err(error) => Some(format!("by whom cannot be told ({FILE_NAME} in it: {error})")),
        };
        match difference {
            None => Ok(()),
            Some(difference) => Err(Error::usage(format!(
                "--output_dir {} holds what a run left that did not end, made {difference}: give the same flags to start it \
                 again, another --output_dir, or --overwrite_output_dir true to write over it",
                dir.display()
            ))),
        }
    }

    /// In words that follow `made`.
    fn difference(&self, now: &Self) -> Option<String> {
        self.identity.difference(&now.identity).or_else(|| {
            let differs = |name: &&String| self.settings.get(*name) != now.settings.get(*name);
            let name = self.settings.keys().chain(now.settings.keys()).find(differs)?;
            let [before, now] = [self, now].map(|of| said(of.settings.get(name)));
            Some(format!("with {name} {before}, and this run has {now}"))
        })
    }

    /// Marks `dir`.
    ///
    /// # Errors
    /// When the mark cannot be written.
    pub(super) fn mark(&self, dir: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).map_err(Error::failure)?;
        Ok(write_whole(dir.join(FILE_NAME), text.as_bytes())?)
    }
}
