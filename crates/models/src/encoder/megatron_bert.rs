//! Megatron-BERT (Shoeybi et al. 2019): BERT with norms first.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/megatron_bert/modeling_megatron_bert.py>

use super::architecture::{Architecture, Block};
use super::bert::LAYER;
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::{LayerNames, ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "megatron-bert",
    classifier_architecture: "MegatronBertForSequenceClassification",
    tokenizer_class: "BertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { classifier: &[], ..DropoutFields::BERT },
    prefix: "bert.",
};

/// `MegatronBertConfig` of `configuration_megatron_bert.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("add_cross_attention", FieldDefault::Bool(false)),
    ("attention_probs_dropout_prob", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Null),
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

const NAMES: LayerNames =
    LayerNames { attention_norm: "encoder.layer.{}.attention.ln", output_norm: "encoder.layer.{}.ln", ..LAYER };

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (mut architecture, fields) = bert_like(config, 1e-12)?;
    architecture.embeddings.norm = false;
    architecture.block = Block::PreNorm { first_attention: true };
    architecture.head.dropout = fields.hidden_dropout_prob;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = ParameterSpecs::default();
    names
        .table("word_embeddings", "embeddings.word_embeddings")
        .table("position_embeddings", "embeddings.position_embeddings")
        .table("token_type_embeddings", "embeddings.token_type_embeddings");
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &NAMES);
    }
    names.norm("encoder.final_norm", "encoder.ln", true);
    Ok(names.head("pooler.dense", true, "classifier"))
}
