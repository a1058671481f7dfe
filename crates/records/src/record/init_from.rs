//! The run that another one began from: its weights, and how they came about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The file of an adapter's weights, as `peft` names it.
const ADAPTER: &str = "adapter_model.safetensors";

/// Which of a task's runs another run begins from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitSeed {
    /// The one of its own seed.
    #[default]
    Same,
    /// The one with the best score.
    Best,
}

/// The run that a run began from. The record's `model` is the one at the beginning of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InitFrom {
    /// Its task.
    pub task: String,
    /// Which of the task's runs it is.
    pub which: InitSeed,
    /// Its seed.
    pub seed: u64,
    /// The seeds among which it is the best; of those alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<u64>,
    /// Its score.
    pub score: Option<f64>,
    /// Its `settings_hash`, which all seeds share.
    pub settings_hash: String,
    /// SHA-256 of the weights files that it left, by their names, as they were read; in lower-case hexadecimal.
    pub weights_sha256: BTreeMap<String, String>,
    /// The same of the config.json there.
    pub config_sha256: String,
    /// The same of the files that the tokenizer was made of.
    pub tokenizer_sha256: BTreeMap<String, String>,
    /// The task of the chain whose flags said how much is dropped: the config.json that its run left says so since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout_from: Option<String>,
    /// What it began from itself, if not from the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_from: Option<Box<InitFrom>>,
}

impl InitFrom {
    /// The tasks of the chain, the last first: `rte, from mnli`.
    #[must_use]
    pub fn tasks(&self) -> String {
        let before = self.init_from.as_ref().map(|before| format!(", from {}", before.tasks()));
        format!("{}{}", self.task, before.unwrap_or_default())
    }

    /// All hashes, to be spelled alike.
    pub(super) fn hashes(&mut self) -> Vec<&mut String> {
        let own = [&mut self.settings_hash, &mut self.config_sha256];
        let files = self.weights_sha256.values_mut().chain(self.tokenizer_sha256.values_mut());
        let before = self.init_from.as_mut().map(|before| before.hashes()).unwrap_or_default();
        own.into_iter().chain(files).chain(before).collect()
    }

    /// What of it makes a run another one: one of the same seed has as many values as there are seeds, and is as little told apart by them. An
    /// adapter that is trained on is another start than the same one merged into its model.
    #[must_use]
    pub fn key(&self) -> String {
        let seed = if self.which == InitSeed::Best { format!(", seed {}", self.seed) } else { String::new() };
        let form = if self.weights_sha256.contains_key(ADAPTER) { ", adapter" } else { "" };
        format!("{} {}{seed}{form}", self.task, self.settings_hash)
    }
}
