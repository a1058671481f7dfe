//! ERNIE 2.0 and 3.0 (Sun et al. 2019): BERT, with embeddings of tasks.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/ernie/modeling_ernie.py>

use super::architecture::Architecture;
use super::bert::{LAYER, embedding_names};
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "ernie",
    classifier_architecture: "ErnieForSequenceClassification",
    tokenizer_class: "BertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields::BERT,
    prefix: "ernie.",
};

/// `ErnieConfig` of `configuration_ernie.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("add_cross_attention", FieldDefault::Bool(false)),
    ("attention_probs_dropout_prob", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Null),
    ("classifier_dropout", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Null),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.1)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("is_decoder", FieldDefault::Bool(false)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("task_type_vocab_size", FieldDefault::Count(3)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(2)),
    ("use_cache", FieldDefault::Bool(true)),
    ("use_task_id", FieldDefault::Bool(false)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (mut architecture, _) = bert_like(config, 1e-12)?;
    if config.switch("use_task_id", false)? {
        architecture.embeddings.task_types = Some(config.whole("task_type_vocab_size", 3)?.max(1));
    }
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = embedding_names();
    if config.switch("use_task_id", false)? {
        names.table("task_type_embeddings", "embeddings.task_type_embeddings");
    }
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &LAYER);
    }
    Ok(names.head("pooler.dense", true, "classifier"))
}
