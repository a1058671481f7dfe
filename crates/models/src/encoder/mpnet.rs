//! MPNet (Song et al. 2020): BERT's layers with biases for buckets of distances, without token types and pooler.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/mpnet/modeling_mpnet.py>

use super::architecture::{Architecture, Buckets, Dense, Distances, Positions, TokenTypes};
use super::bert_like::bert_like_without_token_types;
use super::checks::only;
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::{LayerNames, ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "mpnet",
    classifier_architecture: "MPNetForSequenceClassification",
    tokenizer_class: "MPNetTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { classifier: &[], ..DropoutFields::BERT },
    prefix: "mpnet.",
};

/// `MPNetConfig` of `configuration_mpnet.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_probs_dropout_prob", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Count(0)),
    ("eos_token_id", FieldDefault::Count(2)),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.1)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("pad_token_id", FieldDefault::Count(1)),
    ("relative_attention_num_buckets", FieldDefault::Count(32)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
];

const LAYER: LayerNames = LayerNames {
    qkv: &[
        "encoder.layer.{}.attention.attn.q",
        "encoder.layer.{}.attention.attn.k",
        "encoder.layer.{}.attention.attn.v",
    ],
    attention_output: "encoder.layer.{}.attention.attn.o",
    attention_norm: "encoder.layer.{}.attention.LayerNorm",
    intermediate: "encoder.layer.{}.intermediate.dense",
    output: "encoder.layer.{}.output.dense",
    output_norm: "encoder.layer.{}.output.LayerNorm",
};

/// What `compute_position_bias` counts with, whatever config.json says.
const BUCKETS: Buckets = Buckets { rows: 32, max_distance: 128, of_each_layer: false };

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    only(config, "relative_attention_num_buckets", &BUCKETS.rows.into())?;
    let (mut architecture, fields) = bert_like_without_token_types(config, 1e-12)?;
    // The padding's row is 1, whatever config.json says.
    let rows = config.count("max_position_embeddings")?;
    architecture.embeddings.positions = Some(Positions { rows, first: 2, skips_padding: true });
    // Written into the code, whatever config.json says.
    architecture.embeddings.padding = Some(1);
    architecture.embeddings.token_types = TokenTypes::None;
    architecture.attention.distances = Distances::Buckets(BUCKETS);
    architecture.head.dense = Some(Dense { dropout: fields.hidden_dropout_prob, ..fields.dense });
    architecture.head.dropout = fields.hidden_dropout_prob;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = ParameterSpecs::default();
    names
        .table("word_embeddings", "embeddings.word_embeddings")
        .table("position_embeddings", "embeddings.position_embeddings")
        .norm("encoder.embedding_norm", "embeddings.LayerNorm", true);
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &LAYER);
    }
    names.table("relative_embeddings", "encoder.relative_attention_bias");
    Ok(names.head("classifier.dense", false, "classifier.out_proj"))
}
