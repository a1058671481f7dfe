//! What the versions of DeBERTa have in common in config.json, and in the names of their tensors.

use serde_json::Value;

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
    architecture.attention.scale = scale_of(position_terms(config)?.count(), architecture.attention.head_dim);
    architecture.head.dense = Some(Dense {
        dropout: config.probability("pooler_dropout", 0.0)?,
        activation: Activation::from_config("pooler_hidden_act", config.text("pooler_hidden_act", "gelu")?)?,
        ..fields.dense
    });
    architecture.head.dropout = config.optional_probability("cls_dropout", fields.hidden_dropout_prob)?;
    Ok(architecture)
}

/// What scores are multiplied with that have so many terms besides that of two contents.
pub(super) fn scale_of(terms: usize, head_dim: usize) -> f64 {
    1.0 / (((1 + terms) * head_dim) as f64).sqrt()
}

/// What `pos_att_type` names, as transformers reads it: of a text its parts in lower case, of a list the texts as they are.
pub(super) fn position_types(config: &Config) -> Result<Vec<String>, ConfigError> {
    const FIELD: &str = "pos_att_type";
    let Some(value) = config.get(FIELD) else { return Ok(Vec::new()) };
    let types = match value {
        Value::Array(types) => types.iter().map(|of_list| of_list.as_str().map(str::to_owned)).collect(),
        Value::String(text) => Some(text.to_lowercase().split('|').map(|part| part.trim().to_owned()).collect()),
        _ => None,
    };
    types.ok_or_else(|| ConfigError::Value {
        field: FIELD.to_owned(),
        value: value.to_string(),
        expected: "c2p and p2c, in a list or with | between them, or null".to_owned(),
    })
}

/// The terms that `pos_att_type` names: those whose names are there, and how often does not matter. Others are none.
fn position_terms(config: &Config) -> Result<PositionTerms, ConfigError> {
    let types = position_types(config)?;
    Ok(match ["c2p", "p2c"].map(|term| types.iter().any(|named| named == term)) {
        [true, true] => PositionTerms::Both,
        [true, false] => PositionTerms::ContentToPosition,
        [false, true] => PositionTerms::PositionToContent,
        [false, false] => PositionTerms::Neither,
    })
}

/// The terms of attention with relative positions; `None`: it knows nothing of those.
pub(super) fn relative_terms(config: &Config) -> Result<Option<PositionTerms>, ConfigError> {
    let is_relative = config.switch("relative_attention", false)?;
    is_relative.then(|| position_terms(config)).transpose()
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
