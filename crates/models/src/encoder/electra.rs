//! ELECTRA's discriminator (Clark et al. 2020): BERT with narrower embeddings and another head.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/electra/modeling_electra.py>

use super::architecture::{Architecture, Dense, Projection};
use super::bert::{LAYER, embedding_names};
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "electra",
    classifier_architecture: "ElectraForSequenceClassification",
    tokenizer_class: "BertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields::BERT,
    prefix: "electra.",
};

/// `ElectraConfig` of `configuration_electra.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("add_cross_attention", FieldDefault::Bool(false)),
    ("attention_probs_dropout_prob", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Null),
    ("classifier_dropout", FieldDefault::Null),
    ("embedding_size", FieldDefault::Count(128)),
    ("eos_token_id", FieldDefault::Null),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.1)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("is_decoder", FieldDefault::Bool(false)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("summary_activation", FieldDefault::Text("gelu")),
    ("summary_last_dropout", FieldDefault::Number(0.1)),
    ("summary_type", FieldDefault::Text("first")),
    ("summary_use_proj", FieldDefault::Bool(true)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(2)),
    ("use_cache", FieldDefault::Bool(true)),
];

/// Width of the tables, and whether a linear layer follows them.
fn embedding_size(config: &Config) -> Result<(usize, bool), ConfigError> {
    let size = config.whole("embedding_size", 128)?.max(1);
    Ok((size, size != config.count("hidden_size")?))
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (mut architecture, fields) = bert_like(config, 1e-12)?;
    let (size, projected) = embedding_size(config)?;
    architecture.embeddings.size = size;
    if projected {
        architecture.embeddings.projection = Projection::AfterNorm;
    }
    architecture.head.dense =
        Some(Dense { dropout: fields.classifier_dropout, activation: Activation::Gelu, ..fields.dense });
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = embedding_names();
    if embedding_size(config)?.1 {
        names.linear("encoder.embedding_projection", &["embeddings_project"], true);
    }
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &LAYER);
    }
    Ok(names.head("classifier.dense", false, "classifier.out_proj"))
}
