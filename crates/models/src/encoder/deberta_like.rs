//! What the versions of DeBERTa have in common in config.json, and in the names of their tensors.

use super::architecture::{Architecture, Dense, PositionTerms, Projection, TokenTypes};
use super::bert_like::bert_like_without_token_types;
use crate::activation::Activation;
use crate::config::{Config, ConfigError};
use crate::parameter_specs::ParameterSpecs;

/// Far more relative positions than any table has, and few enough that one of them takes little memory before its tensor is looked at.
const MOST_POSITIONS: usize = 100_000;

/// An architecture of DeBERTa's shape without relative positions; each version then says what it knows of those.
pub(super) fn deberta_like(config: &Config) -> Result<Architecture, ConfigError> {
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
    // Scores are divided as if they had a term for each side that is named, relative positions or not.
    let terms = 1 + position_terms(config)?.map_or(0, PositionTerms::count);
    architecture.attention.scale = 1.0 / ((terms * architecture.attention.head_dim) as f64).sqrt();
    architecture.head.dense = Some(Dense {
        dropout: config.probability("pooler_dropout", 0.0)?,
        activation: Activation::from_config("pooler_hidden_act", config.text("pooler_hidden_act", "gelu")?)?,
        ..fields.dense
    });
    architecture.head.dropout = config.optional_probability("cls_dropout", fields.hidden_dropout_prob)?;
    Ok(architecture)
}

/// The terms that `pos_att_type` names; `None`: it names none.
fn position_terms(config: &Config) -> Result<Option<PositionTerms>, ConfigError> {
    let kinds: Vec<String> = match config.get("pos_att_type") {
        Some(serde_json::Value::Array(kinds)) => kinds.iter().filter_map(|k| k.as_str().map(str::to_owned)).collect(),
        Some(text) => {
            text.as_str().unwrap_or_default().to_lowercase().split('|').map(|k| k.trim().to_owned()).collect()
        }
        None => Vec::new(),
    };
    match kinds.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        ["c2p", "p2c"] | ["p2c", "c2p"] => Ok(Some(PositionTerms::Both)),
        ["c2p"] => Ok(Some(PositionTerms::ContentToPosition)),
        ["p2c"] => Ok(Some(PositionTerms::PositionToContent)),
        _ => Err(unsupported_terms(kinds.join("|"))),
    }
}

fn unsupported_terms(value: String) -> ConfigError {
    ConfigError::Unsupported { field: "pos_att_type", value, supported: "c2p|p2c, c2p, p2c".to_owned() }
}

/// The terms of attention with relative positions; `None`: it knows nothing of those.
pub(super) fn relative_terms(config: &Config) -> Result<Option<PositionTerms>, ConfigError> {
    if !config.switch("relative_attention", false)? {
        return Ok(None);
    }
    position_terms(config)?.map(Some).ok_or_else(|| unsupported_terms(String::new()))
}

/// Distances beyond are one.
pub(super) fn max_relative_positions(config: &Config) -> Result<usize, ConfigError> {
    let positions = config.count("max_position_embeddings")?;
    let most = config.number("max_relative_positions", -1.0)?;
    Ok(if most < 1.0 { positions } else { most as usize })
}

/// Half the rows of a table of relative positions, which `field` says, where there is memory for it.
pub(super) fn checked_span(field: &str, span: usize) -> Result<usize, ConfigError> {
    if span > MOST_POSITIONS {
        let expected = format!("at most {MOST_POSITIONS}");
        return Err(ConfigError::Value { field: field.to_owned(), value: span.to_string(), expected });
    }
    Ok(span)
}

/// Width of the tables, and whether a linear layer follows them.
fn embedding_size(config: &Config) -> Result<(usize, bool), ConfigError> {
    let hidden = config.count("hidden_size")?;
    let size = config.whole("embedding_size", hidden)?.max(1);
    Ok((size, size != hidden))
}

/// The names up to the first layer.
pub(super) fn embedding_names(config: &Config) -> Result<ParameterSpecs, ConfigError> {
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
    Ok(names)
}

/// The names of what follows a layer's queries, keys and values.
pub(super) fn names_behind_attention(names: &mut ParameterSpecs, layer: usize) {
    let path = |part: &str| format!("encoder.layers.{layer}.{part}");
    let name = |part: &str| format!("encoder.layer.{layer}.{part}");
    names
        .linear(&path("attention_output"), &[&name("attention.output.dense")], true)
        .norm(&path("attention_norm"), &name("attention.output.LayerNorm"), true)
        .linear(&path("intermediate"), &[&name("intermediate.dense")], true)
        .linear(&path("output"), &[&name("output.dense")], true)
        .norm(&path("output_norm"), &name("output.LayerNorm"), true);
}
