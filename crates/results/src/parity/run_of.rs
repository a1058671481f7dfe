//! Which run the Trainer's log is of: the script writes it beside the log.

use std::path::Path;

use records::record::RunRecord;
use serde::{Deserialize, Serialize};

/// The file beside trainer_state.json.
const FILE: &str = "run.json";

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunOf {
    settings_hash: String,
    seed: u64,
}

impl RunOf {
    pub(super) fn of(record: &RunRecord) -> Self {
        Self { settings_hash: record.settings_hash.clone(), seed: record.seed }
    }

    /// The run that a log is of, where the script made it.
    pub(super) fn of_log(state: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(state.with_file_name(FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }
}
