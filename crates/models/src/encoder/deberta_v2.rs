//! DeBERTa v2 and v3 (He et al. 2021, 2023): attention between contents and relative positions, in both directions.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/deberta_v2/modeling_deberta_v2.py>

use super::architecture::{Architecture, Dense, Disentangled, Distances, Projection, TokenTypes};
use super::bert_like::bert_like_without_token_types;
use super::checks::only;
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::{LayerNames, ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "deberta-v2",
    classifier_architecture: "DebertaV2ForSequenceClassification",
    tokenizer_class: "DebertaV2Tokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { classifier: &["cls_dropout"], ..DropoutFields::BERT },
    prefix: "deberta.",
};

/// `DebertaV2Config` of `configuration_deberta_v2.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_probs_dropout_prob", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Null),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.1)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("layer_norm_eps", FieldDefault::Number(1e-7)),
    ("legacy", FieldDefault::Bool(true)),
    ("max_relative_positions", FieldDefault::Signed(-1)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("pooler_dropout", FieldDefault::Number(0.0)),
    ("pooler_hidden_act", FieldDefault::Text("gelu")),
    ("position_biased_input", FieldDefault::Bool(true)),
    ("relative_attention", FieldDefault::Bool(false)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(0)),
];

const LAYER: LayerNames = LayerNames {
    qkv: &[
        "encoder.layer.{}.attention.self.query_proj",
        "encoder.layer.{}.attention.self.key_proj",
        "encoder.layer.{}.attention.self.value_proj",
    ],
    attention_output: "encoder.layer.{}.attention.output.dense",
    attention_norm: "encoder.layer.{}.attention.output.LayerNorm",
    intermediate: "encoder.layer.{}.intermediate.dense",
    output: "encoder.layer.{}.output.dense",
    output_norm: "encoder.layer.{}.output.LayerNorm",
};

/// Far more relative positions than any table has, and few enough that one of them takes little memory before its tensor is looked at.
const MOST_POSITIONS: usize = 100_000;

fn disentangled(config: &Config) -> Result<Option<Disentangled>, ConfigError> {
    if !config.switch("relative_attention", false)? {
        return Ok(None);
    }
    let kinds: Vec<String> = match config.get("pos_att_type") {
        Some(serde_json::Value::Array(kinds)) => kinds.iter().filter_map(|k| k.as_str().map(str::to_owned)).collect(),
        Some(text) => text.as_str().unwrap_or_default().split('|').map(|kind| kind.trim().to_owned()).collect(),
        None => Vec::new(),
    };
    let both = kinds.len() == 2 && ["c2p", "p2c"].iter().all(|kind| kinds.iter().any(|k| k == kind));
    if !both {
        return Err(ConfigError::Unsupported {
            field: "pos_att_type",
            value: kinds.join("|"),
            supported: "c2p|p2c".to_owned(),
        });
    }
    let positions = config.count("max_position_embeddings")?;
    let most = config.number("max_relative_positions", -1.0)?;
    let max_relative_positions = if most < 1.0 { positions } else { most as usize };
    let buckets = Some(config.number("position_buckets", -1.0)?).filter(|&n| n > 0.0).map(|n| n as usize);
    let span = buckets.unwrap_or(max_relative_positions);
    if span > MOST_POSITIONS {
        let field = if buckets.is_some() { "position_buckets" } else { "max_relative_positions" };
        let expected = format!("at most {MOST_POSITIONS}");
        return Err(ConfigError::Value { field: field.to_owned(), value: span.to_string(), expected });
    }
    Ok(Some(Disentangled {
        span,
        buckets,
        max_relative_positions,
        share_att_key: config.undeclared_switch("share_att_key")?,
        norm: config.text("norm_rel_ebd", "none")?.to_lowercase().split('|').any(|part| part.trim() == "layer_norm"),
    }))
}

/// Width of the tables, and whether a linear layer follows them.
fn embedding_size(config: &Config) -> Result<(usize, bool), ConfigError> {
    let hidden = config.count("hidden_size")?;
    let size = config.whole("embedding_size", hidden)?.max(1);
    Ok((size, size != hidden))
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    only(config, "conv_kernel_size", &0.into())?;
    if let Some(size) = config.get("attention_head_size") {
        let expected = config.count("hidden_size")? / config.count("num_attention_heads")?;
        only(config, "attention_head_size", &expected.into()).map_err(|_| ConfigError::Unsupported {
            field: "attention_head_size",
            value: size.to_string(),
            supported: expected.to_string(),
        })?;
    }
    let (mut architecture, fields) = bert_like_without_token_types(config, 1e-7)?;
    let (size, projected) = embedding_size(config)?;
    architecture.embeddings.size = size;
    if projected {
        architecture.embeddings.projection = Projection::BeforeNorm;
    }
    if !config.switch("position_biased_input", true)? {
        architecture.embeddings.positions = None;
    }
    architecture.embeddings.token_types = match config.whole("type_vocab_size", 0)? {
        0 => TokenTypes::None,
        rows => TokenTypes::Rows(rows),
    };
    if let Some(disentangled) = disentangled(config)? {
        architecture.attention.distances = Distances::Disentangled(disentangled);
        // Three terms make a score: content with content, and each with positions.
        architecture.attention.scale = 1.0 / ((3 * architecture.attention.head_dim) as f64).sqrt();
    }
    architecture.head.dense = Some(Dense {
        dropout: config.probability("pooler_dropout", 0.0)?,
        activation: Activation::from_config("pooler_hidden_act", config.text("pooler_hidden_act", "gelu")?)?,
        ..fields.dense
    });
    architecture.head.dropout = config.optional_probability("cls_dropout", fields.hidden_dropout_prob)?;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "embeddings.word_embeddings");
    if config.switch("position_biased_input", true)? {
        names.table("position_embeddings", "embeddings.position_embeddings");
    }
    if config.whole("type_vocab_size", 0)? > 0 {
        names.table("token_type_embeddings", "embeddings.token_type_embeddings");
    }
    if embedding_size(config)?.1 {
        names.linear("encoder.embedding_projection", &["embeddings.embed_proj"], false);
    }
    names.norm("encoder.embedding_norm", "embeddings.LayerNorm", true);
    let disentangled = disentangled(config)?;
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &LAYER);
        if disentangled.is_some_and(|d| !d.share_att_key) {
            let name = |part: &str| format!("encoder.layer.{layer}.attention.self.{part}");
            let path = format!("encoder.layers.{layer}.position_projection");
            names.linear(&path, &[&name("pos_query_proj"), &name("pos_key_proj")], true);
        }
    }
    if let Some(disentangled) = disentangled {
        names.table("relative_embeddings", "encoder.rel_embeddings");
        if disentangled.norm {
            names.norm("encoder.relative_embedding_norm", "encoder.LayerNorm", true);
        }
    }
    Ok(names.head("pooler.dense", false, "classifier"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(field: &str, value: Value) -> Config {
        let mut fields = json!({
            "model_type": "deberta-v2", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 8, "max_position_embeddings": 16, "relative_attention": true, "pos_att_type": ["c2p", "p2c"],
        });
        fields[field] = value;
        Config::from_fields(fields.as_object().unwrap().clone())
    }

    /// transformers does not declare the field, and asks `if not self.share_att_key`.
    #[test]
    fn keys_are_not_shared_where_the_field_is_null() {
        for (value, is_shared) in [(Value::Null, false), (json!(false), false), (json!(true), true)] {
            let config = config("share_att_key", value);
            assert_eq!(disentangled(&config).unwrap().map(|table| table.share_att_key), Some(is_shared));
            let specs = parameter_specs(&config).unwrap();
            let is_own = specs.iter().any(|spec| spec.parameter.ends_with("position_projection.weight"));
            assert_eq!(is_own, !is_shared);
        }
        let said = disentangled(&config("share_att_key", json!("no"))).unwrap_err().to_string();
        assert!(said.contains("`share_att_key` is \"no\", expected true or false"), "{said}");
    }

    #[test]
    fn tables_of_positions_are_no_larger_than_memory() {
        for (field, value) in [("position_buckets", json!(1e9)), ("max_relative_positions", json!(100_001))] {
            let said = disentangled(&config(field, value)).unwrap_err().to_string();
            assert!(said.contains(field) && said.contains("expected at most 100000"), "{said}");
        }
    }
}
