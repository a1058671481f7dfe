//! Where a run's weights come from.

use std::path::PathBuf;

use models::config::Config;
use models::encoder::Family;
use serde_json::{Value, json};

use super::declared::{Changes, Counts, Setting, check};
use super::init_from::{self, InitFromSettings};
use crate::error::Error;

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
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Folder(folder) => json!({"folder": folder.display().to_string()}),
            Self::Hub { id, revision } => json!({"hub": id, "revision": revision}),
            Self::Embedded => json!("embedded"),
        }
    }
}

/// Where a run's weights come from.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// The checkpoint.
    pub choice: ModelChoice,
    /// The run whose weights it begins with, in place of the checkpoint's.
    pub init_from: Option<InitFromSettings>,
    /// Where its tokenizer comes from, if not from the same place.
    pub tokenizer: Option<ModelChoice>,
    /// Where its config.json comes from, if not from the same place.
    pub config: Option<ModelChoice>,
    /// Whether a head of another size is drawn anew rather than refused.
    pub ignore_mismatched_sizes: bool,
    /// Whether the second text of a pair is marked by token type 1; `None`: as the tokenizer's class has it.
    pub token_type_ids: Option<bool>,
    /// The token that short rows are filled with; `None`: the tokenizer's own.
    pub pad_token: Option<String>,
    /// What is dropped, where it is not as config.json has it.
    pub dropout: DropoutSettings,
}

/// Probabilities of dropout in place of those of config.json; `None`: as it has them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DropoutSettings {
    /// Of embeddings and of the outputs of layers.
    pub hidden_dropout_prob: Option<f64>,
    /// Of the probabilities of attention.
    pub attention_probs_dropout_prob: Option<f64>,
    /// Before the classifier.
    pub classifier_dropout: Option<f64>,
}

impl DropoutSettings {
    /// The same configuration with these probabilities, in the fields that the family has for them.
    ///
    /// # Errors
    /// When the family has no such field.
    pub(crate) fn applied(&self, config: Config, family: &Family) -> Result<Config, Error> {
        let fields = family.dropout_fields;
        let given = [
            ("hidden_dropout_prob", self.hidden_dropout_prob, fields.hidden),
            ("attention_probs_dropout_prob", self.attention_probs_dropout_prob, fields.attention),
            ("classifier_dropout", self.classifier_dropout, fields.classifier),
        ];
        given.into_iter().try_fold(config, |config, (flag, value, fields)| {
            let Some(value) = value else { return Ok(config) };
            if fields.is_empty() {
                return Err(Error::usage(format!(
                    "--{flag}: a {} model has no such dropout of its own; --hidden_dropout_prob is of that too",
                    family.model_type
                )));
            }
            Ok(fields.iter().fold(config, |config, field| config.with_number(field, value)))
        })
    }
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            choice: ModelChoice::Embedded,
            init_from: None,
            tokenizer: None,
            config: None,
            ignore_mismatched_sizes: false,
            token_type_ids: None,
            pad_token: None,
            dropout: DropoutSettings::default(),
        }
    }
}

impl ModelSettings {
    /// Whether the numbers can be.
    ///
    /// # Errors
    /// Names the first that is wrong.
    pub fn check(&self) -> Result<(), Error> {
        let DropoutSettings { hidden_dropout_prob, attention_probs_dropout_prob, classifier_dropout } = self.dropout;
        for (name, value) in [
            ("hidden_dropout_prob", hidden_dropout_prob),
            ("attention_probs_dropout_prob", attention_probs_dropout_prob),
            ("classifier_dropout", classifier_dropout),
        ] {
            let value = value.unwrap_or(0.0);
            check((0.0..1.0).contains(&value), name, value, "at least 0 and below 1")?;
        }
        Ok(())
    }

    pub(super) fn declare(&self, all: &mut Vec<Setting>) {
        let Self { choice, init_from, tokenizer, config, ignore_mismatched_sizes, token_type_ids, pad_token, dropout } =
            self;
        let DropoutSettings { hidden_dropout_prob, attention_probs_dropout_prob, classifier_dropout } = *dropout;
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
            Setting::new("pad_token", pad_token.clone(), Changes::Steps),
            Setting::new("hidden_dropout_prob", hidden_dropout_prob, Changes::Steps),
            Setting::new("attention_probs_dropout_prob", attention_probs_dropout_prob, Changes::Steps),
            Setting::new("classifier_dropout", classifier_dropout, Changes::Steps),
        ]);
        init_from::declare(init_from.as_ref(), all);
    }
}
