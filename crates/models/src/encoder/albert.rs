//! ALBERT (Lan et al. 2020): one layer run many times, and narrow embeddings.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/albert/modeling_albert.py>

use super::architecture::{Architecture, LayerAttention, Projection};
use super::bert::embedding_names;
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault, MOST_LAYERS};
use crate::parameter_specs::{LayerNames, ParameterSpec};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "albert",
    classifier_architecture: "AlbertForSequenceClassification",
    tokenizer_class: "AlbertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { classifier: &["classifier_dropout_prob"], ..DropoutFields::BERT },
    prefix: "albert.",
};

/// `AlbertConfig` of `configuration_albert.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_probs_dropout_prob", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(2)),
    ("classifier_dropout_prob", FieldDefault::Number(0.1)),
    ("embedding_size", FieldDefault::Count(128)),
    ("eos_token_id", FieldDefault::Count(3)),
    ("hidden_act", FieldDefault::Text("gelu_new")),
    ("hidden_dropout_prob", FieldDefault::Number(0.0)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("inner_group_num", FieldDefault::Count(1)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("num_hidden_groups", FieldDefault::Count(1)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(2)),
];

const LAYER: LayerNames = LayerNames {
    qkv: &[
        "encoder.albert_layer_groups.{}.attention.query",
        "encoder.albert_layer_groups.{}.attention.key",
        "encoder.albert_layer_groups.{}.attention.value",
    ],
    attention_output: "encoder.albert_layer_groups.{}.attention.dense",
    attention_norm: "encoder.albert_layer_groups.{}.attention.LayerNorm",
    intermediate: "encoder.albert_layer_groups.{}.ffn",
    output: "encoder.albert_layer_groups.{}.ffn_output",
    output_norm: "encoder.albert_layer_groups.{}.full_layer_layer_norm",
};

/// Groups of layers, and layers in each.
fn groups(config: &Config) -> Result<(usize, usize), ConfigError> {
    let count = |field| if config.get(field).is_some() { config.layers(field) } else { Ok(1) };
    let (groups, inner) = (count("num_hidden_groups")?, count("inner_group_num")?);
    let run = config.layers("num_hidden_layers")?.max(groups).saturating_mul(inner);
    if run > MOST_LAYERS {
        return Err(ConfigError::Value {
            field: "inner_group_num".to_owned(),
            value: inner.to_string(),
            expected: format!("at most {MOST_LAYERS} layers in all"),
        });
    }
    Ok((groups, inner))
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (mut architecture, fields) = bert_like(config, 1e-12)?;
    let ((groups, inner), runs) = (groups(config)?, fields.num_hidden_layers);
    // The group of the i-th run is int(i / (runs / groups)), and all of its layers are run.
    let group = |i: usize| ((i as f64 / (runs as f64 / groups as f64)) as usize).min(groups - 1);
    architecture.num_layers = groups * inner;
    architecture.attention.layers.resize(groups * inner, LayerAttention::default());
    architecture.layer_order = (0..runs).flat_map(|i| (0..inner).map(move |layer| group(i) * inner + layer)).collect();
    architecture.embeddings.size = config.whole("embedding_size", 128)?.max(1);
    // There also where the widths are equal.
    architecture.embeddings.projection = Projection::AfterNorm;
    let hidden_dropout = config.probability("hidden_dropout_prob", 0.0)?;
    architecture.dropout.embeddings = hidden_dropout;
    architecture.dropout.attention = config.probability("attention_probs_dropout_prob", 0.0)?;
    architecture.dropout.attention_output = hidden_dropout;
    // The feed-forward layer's result is not dropped.
    architecture.dropout.output = 0.0;
    architecture.feed_forward.activation =
        Activation::from_config("hidden_act", config.text("hidden_act", "gelu_new")?)?;
    architecture.head.dropout = config.probability("classifier_dropout_prob", 0.1)?;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let (groups, inner) = groups(config)?;
    let mut names = embedding_names();
    names.linear("encoder.embedding_projection", &["encoder.embedding_hidden_mapping_in"], true);
    for layer in 0..groups * inner {
        names.layer(layer, &format!("{}.albert_layers.{}", layer / inner, layer % inner), &LAYER);
    }
    Ok(names.head("pooler", true, "classifier"))
}
