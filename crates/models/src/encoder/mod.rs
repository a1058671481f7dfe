//! Encoders: one file a family, registered here.

mod albert;
pub mod architecture;
mod bert;
mod data2vec_text;
mod deberta_v2;
mod distilbert;
mod electra;
pub mod model;
mod modernbert;
mod mpnet;
pub(crate) mod relative;
mod roberta;
mod size;

use self::architecture::Architecture;
pub use self::size::Parameters;
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
    /// What precedes an encoder's tensor names in a classifier's checkpoint.
    pub prefix: &'static str,
}

/// The families, one row each.
pub static FAMILIES: &[Family] = &[
    bert::FAMILY,
    distilbert::FAMILY,
    roberta::FAMILY,
    roberta::XLM_ROBERTA,
    roberta::CAMEMBERT,
    electra::FAMILY,
    albert::FAMILY,
    mpnet::FAMILY,
    data2vec_text::FAMILY,
    deberta_v2::FAMILY,
    modernbert::FAMILY,
];

/// The family of a config.json.
///
/// # Errors
/// When its `model_type` is not among [`FAMILIES`].
pub fn family(config: &Config) -> Result<&'static Family, ConfigError> {
    let supported = || FAMILIES.iter().map(|f| f.model_type).collect::<Vec<_>>().join(", ");
    FAMILIES.iter().find(|family| family.model_type == config.model_type()).ok_or_else(|| {
        match config.get("model_type") {
            None => ConfigError::Value {
                field: "model_type".to_owned(),
                value: "absent".to_owned(),
                expected: format!("one of: {}", supported()),
            },
            Some(value) => ConfigError::Unsupported {
                field: "model_type",
                value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
                supported: supported(),
            },
        }
    })
}
