//! What a family registers itself with.

use super::architecture::Architecture;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// What the rest of the program has to know of a family.
pub struct Family {
    /// `model_type` in config.json.
    pub model_type: &'static str,
    /// Class name that transformers gives a classifier of the family.
    pub classifier_architecture: &'static str,
    /// The class of tokenizer that transformers takes for the family where the checkpoint names none.
    pub tokenizer_class: &'static str,
    /// What config.json comes down to; an error where it asks for something that is not implemented.
    pub architecture: fn(&Config) -> Result<Architecture, ConfigError>,
    /// The tensors of an encoder and its head, in the order in which transformers initialises them.
    pub parameter_specs: fn(&Config) -> Result<Vec<ParameterSpec>, ConfigError>,
    /// The fields that transformers writes into every config.json of the family, for files that lack them.
    pub config_defaults: &'static [(&'static str, FieldDefault)],
    /// The fields of config.json that say how much is dropped.
    pub dropout_fields: DropoutFields,
    /// What precedes an encoder's tensor names in a classifier's checkpoint.
    pub prefix: &'static str,
}

/// A family's fields of config.json that say how much is dropped, by what BERT calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutFields {
    /// `hidden_dropout_prob`.
    pub hidden: &'static [&'static str],
    /// `attention_probs_dropout_prob`.
    pub attention: &'static [&'static str],
    /// `classifier_dropout`; none where the head takes another one.
    pub classifier: &'static [&'static str],
}

impl DropoutFields {
    /// BERT's own.
    pub(super) const BERT: Self = Self {
        hidden: &["hidden_dropout_prob"],
        attention: &["attention_probs_dropout_prob"],
        classifier: &["classifier_dropout"],
    };
}
