//! RoBERTa with norms first (Ott et al. 2019, fairseq's `--encoder-normalize-before`).
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/roberta_prelayernorm/modeling_roberta_prelayernorm.py>

use super::architecture::{Architecture, Block};
use super::bert::{LAYER, embedding_names};
use super::registration::Family;
use super::roberta;
use crate::config::{Config, ConfigError};
use crate::parameter_specs::{LayerNames, ParameterSpec};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "roberta-prelayernorm",
    classifier_architecture: "RobertaPreLayerNormForSequenceClassification",
    architecture,
    parameter_specs,
    prefix: "roberta_prelayernorm.",
    ..roberta::FAMILY
};

const NAMES: LayerNames = LayerNames {
    attention_norm: "encoder.layer.{}.attention.LayerNorm",
    output_norm: "encoder.layer.{}.intermediate.LayerNorm",
    ..LAYER
};

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let mut architecture = (roberta::FAMILY.architecture)(config)?;
    architecture.block = Block::PreNorm { first_attention: true };
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = embedding_names();
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &NAMES);
    }
    names.norm("encoder.final_norm", "LayerNorm", true);
    let mut names = names.head("classifier.dense", false, "classifier.out_proj");
    // The Trainer spares what has `layernorm` in its name, and the encoder is called so itself.
    names.iter_mut().filter(|name| name.in_encoder).for_each(|name| name.decay = false);
    Ok(names)
}
