//! Which run of a server a folder's belongs to, so that a later start goes on in it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use records::atomic::write_whole;

/// The file's name; hidden, so that it is no part of what is uploaded.
const FILE_NAME: &str = ".run-glue.mlflow";

/// A run of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptRun {
    pub(super) tracking_uri: String,
    pub(super) experiment_id: String,
    pub(super) run_id: String,
}

impl KeptRun {
    /// What `dir` says, where it is about this server.
    pub(super) fn read(dir: &Path, uri: &str) -> Option<Self> {
        let text = std::fs::read(dir.join(FILE_NAME)).ok()?;
        serde_json::from_slice::<Self>(&text).ok().filter(|kept| kept.tracking_uri == uri)
    }

    /// Writes it; without it a later start begins a run of its own.
    pub(super) fn write(&self, dir: &Path) {
        let written = std::fs::create_dir_all(dir).map_err(|error| error.to_string()).and_then(|()| {
            let text = serde_json::to_vec_pretty(self).map_err(|error| error.to_string())?;
            write_whole(dir.join(FILE_NAME), &text).map_err(|error| error.to_string())
        });
        if let Err(error) = written {
            log::warn!("MLflow: which run this is cannot be kept, and a later start begins another: {error}");
        }
    }
}

/// Forgets it.
pub(super) fn remove(dir: &Path) {
    let _ = std::fs::remove_file(dir.join(FILE_NAME));
}
