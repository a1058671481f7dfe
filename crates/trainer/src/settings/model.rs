//! Where a run's weights come from.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::declared::{Changes, Counts, Setting};

/// A checkpoint's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// A folder.
    Folder(PathBuf),
    /// A repository and a revision of the Hub.
    Hub {
        /// `owner/name` or `name`.
        id: String,
        /// Branch, tag or commit.
        revision: String,
    },
    /// The tiny encoder inside the program.
    Embedded,
}

impl ModelChoice {
    fn to_json(&self) -> Value {
        match self {
            Self::Folder(folder) => json!({"folder": folder.display().to_string()}),
            Self::Hub { id, revision } => json!({"hub": id, "revision": revision}),
            Self::Embedded => json!("embedded"),
        }
    }
}

/// Where a run's weights come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSettings {
    /// The checkpoint.
    pub choice: ModelChoice,
    /// Where its tokenizer comes from, if not from the same place.
    pub tokenizer: Option<ModelChoice>,
    /// Where its config.json comes from, if not from the same place.
    pub config: Option<ModelChoice>,
    /// Whether a head of another size is drawn anew rather than refused.
    pub ignore_mismatched_sizes: bool,
    /// Whether the second text of a pair is marked by token type 1; `None`: as the tokenizer's class has it.
    pub token_type_ids: Option<bool>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            choice: ModelChoice::Embedded,
            tokenizer: None,
            config: None,
            ignore_mismatched_sizes: false,
            token_type_ids: None,
        }
    }
}

impl ModelSettings {
    pub(super) fn declare(&self, all: &mut Vec<Setting>) {
        let Self { choice, tokenizer, config, ignore_mismatched_sizes, token_type_ids } = self;
        // The record has their hashes, too.
        let part = |name, choice: &Option<ModelChoice>| {
            Setting::new(name, choice.as_ref().map(ModelChoice::to_json), Changes::Steps).counting(Counts::InRequest)
        };
        all.extend([
            // The record has the repository, the commit and the hashes of the weights.
            Setting::new("model_name_or_path", choice.to_json(), Changes::Steps).counting(Counts::InRequest),
            part("tokenizer_name", tokenizer),
            part("config_name", config),
            Setting::new("ignore_mismatched_sizes", ignore_mismatched_sizes.then_some(true), Changes::Steps),
            Setting::new("token_type_ids", *token_type_ids, Changes::Steps),
        ]);
    }
}
