//! BERT (Devlin et al. 2019) and what shares its architecture: MiniLM, TinyBERT, BERTurk, multilingual BERT.
//!
//! Follows `src/transformers/models/bert/modeling_bert.py` of huggingface/transformers:
//! <https://github.com/huggingface/transformers/blob/main/src/transformers/models/bert/modeling_bert.py>

use super::architecture::Architecture;
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::{LayerNames, ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "bert",
    classifier_architecture: "BertForSequenceClassification",
    tokenizer_class: "BertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields::BERT,
    prefix: "bert.",
};

/// `BertConfig` of `configuration_bert.py`; fields without which no model can be made are not among them.
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
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(2)),
    ("use_cache", FieldDefault::Bool(true)),
];

/// A layer's names, which BERT's kin share.
pub(super) const LAYER: LayerNames = LayerNames {
    qkv: &[
        "encoder.layer.{}.attention.self.query",
        "encoder.layer.{}.attention.self.key",
        "encoder.layer.{}.attention.self.value",
    ],
    attention_output: "encoder.layer.{}.attention.output.dense",
    attention_norm: "encoder.layer.{}.attention.output.LayerNorm",
    intermediate: "encoder.layer.{}.intermediate.dense",
    output: "encoder.layer.{}.output.dense",
    output_norm: "encoder.layer.{}.output.LayerNorm",
};

/// ParameterSpecs of the three tables and their normalisation, which BERT's kin share.
pub(super) fn embedding_names() -> ParameterSpecs {
    let mut names = ParameterSpecs::default();
    names
        .table("word_embeddings", "embeddings.word_embeddings")
        .table("position_embeddings", "embeddings.position_embeddings")
        .table("token_type_embeddings", "embeddings.token_type_embeddings")
        .norm("encoder.embedding_norm", "embeddings.LayerNorm", true);
    names
}

/// [`embedding_names`] and all layers.
pub(super) fn encoder_names(config: &Config) -> Result<ParameterSpecs, ConfigError> {
    let mut names = embedding_names();
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &LAYER);
    }
    Ok(names)
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    bert_like(config, 1e-12)?.0.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(encoder_names(config)?.head("pooler.dense", true, "classifier"))
}
