//! Who made a file of results, and of what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use records::record::{RunRecord, SplitRows, SplitUse};

/// What an evaluation's numbers depend on beside weights and rows, by the names of the record: what a model reads of a text, and how
/// exactly it computes.
const OF_A_PASS: [&str; 6] = ["max_seq_length", "pad_to_max_length", "token_type_ids", "bf16", "fp16", "tf32"];

/// A run, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunName {
    pub(super) task: String,
    settings_hash: String,
    pub(super) seed: u64,
}

impl RunName {
    /// Its task.
    #[must_use]
    pub fn task(&self) -> &str {
        &self.task
    }

    /// The run of a record that was written.
    #[must_use]
    pub fn of(record: &RunRecord) -> Self {
        Self { task: record.task.clone(), settings_hash: record.settings_hash.clone(), seed: record.seed }
    }
}

/// A file of results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeFile {
    /// The run that wrote it.
    #[serde(flatten)]
    pub run: RunName,
    /// SHA-256 of the rows that it is about, a split each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
    /// How its model was evaluated.
    pub(crate) pass: Pass,
    /// Whether that was the model that lies in the folder, after its training.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) of_model: bool,
}

impl MadeFile {
    /// Whether a record's run would have written the same: it is the one, or it trained the model (`trained`), which was evaluated the
    /// way that it evaluates.
    #[must_use]
    pub fn is_of(&self, record: &RunRecord, trained: bool) -> bool {
        self.run == RunName::of(record) || trained && self.of_model && self.pass == Pass::of(record)
    }

    /// Whether it is about rows, among others, should their hash be known.
    #[must_use]
    pub fn has_rows(&self, rows: &SplitRows) -> bool {
        rows.sha256.as_ref().is_none_or(|sha256| self.rows.contains(sha256))
    }
}

/// How a run evaluates its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pass {
    backend: String,
    #[serde(flatten)]
    settings: BTreeMap<String, Value>,
}

impl Pass {
    /// How the run of a record did.
    pub(crate) fn of(record: &RunRecord) -> Self {
        let known = |name: &str| record.hyper_parameters.get(name).filter(|value| !value.is_null());
        let settings = OF_A_PASS.iter().filter_map(|name| Some(((*name).to_owned(), known(name)?.clone())));
        Self { backend: record.host.backend.clone(), settings: settings.collect() }
    }
}

/// The rows that a record's run predicted.
pub fn predicted_rows(record: &RunRecord) -> impl Iterator<Item = &SplitRows> {
    // A diagnostic set, which has a suffix, is predicted with every evaluation.
    record.dataset.used_for(SplitUse::Prediction).filter(|rows| rows.key_suffix.is_empty())
}
