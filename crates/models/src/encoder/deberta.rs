//! DeBERTa (He et al. 2021): attention between contents and relative positions, each distance with a row of its own.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/deberta/modeling_deberta.py>

use super::architecture::{Architecture, Disentangled, Distances};
use super::checks::only;
use super::deberta_like::{
    checked_span, deberta_like, embedding_names, max_relative_positions, names_behind_attention, relative_terms,
};
use super::deberta_v2;
use super::registration::Family;
use crate::config::{Config, ConfigError};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "deberta",
    classifier_architecture: "DebertaForSequenceClassification",
    tokenizer_class: "DebertaTokenizer",
    architecture,
    parameter_specs,
    // The fields of `DebertaConfig` have the defaults of `DebertaV2Config`.
    ..deberta_v2::FAMILY
};

fn disentangled(config: &Config) -> Result<Option<Disentangled>, ConfigError> {
    let Some(terms) = relative_terms(config)? else { return Ok(None) };
    let span = checked_span("max_relative_positions", max_relative_positions(config)?)?;
    Ok(Some(Disentangled {
        span,
        buckets: None,
        max_relative_positions: span,
        terms,
        share_att_key: false,
        key_bias: false,
        norm: false,
    }))
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    only(config, "talking_head", &false.into())?;
    let mut architecture = deberta_like(config)?;
    let attention = &mut architecture.attention;
    (attention.bias, attention.query_value_bias, attention.by_head) = (false, true, true);
    if let Some(disentangled) = disentangled(config)? {
        attention.distances = Distances::Disentangled(disentangled);
    }
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = embedding_names(config)?;
    let terms = relative_terms(config)?;
    for layer in 0..config.layers("num_hidden_layers")? {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("encoder.layer.{layer}.attention.self.{part}");
        names.vector(&path("query_bias"), &name("q_bias")).vector(&path("value_bias"), &name("v_bias")).linear(
            &path("qkv"),
            &[&name("in_proj")],
            false,
        );
        if terms.is_some_and(|terms| terms.content_to_position()) {
            names.linear(&path("position_keys"), &[&name("pos_proj")], false);
        }
        if terms.is_some_and(|terms| terms.position_to_content()) {
            names.linear(&path("position_queries"), &[&name("pos_q_proj")], true);
        }
        names_behind_attention(&mut names, layer);
    }
    if terms.is_some() {
        names.table("relative_embeddings", "encoder.rel_embeddings");
    }
    Ok(names.head("pooler.dense", false, "classifier"))
}
