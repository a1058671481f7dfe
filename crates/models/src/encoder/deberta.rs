//! DeBERTa (He et al. 2021): attention between contents and relative positions, each distance with a row of its own.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/deberta/modeling_deberta.py>

use super::architecture::{Architecture, Disentangled, Distances};
use super::deberta_like::{
    checked_span, deberta_like, embedding_names, max_relative_positions, names_behind_attention, position_types,
    relative_terms, scale_of,
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
    const TALKING: &str = "talking_head";
    let config = &config.with_defaults(FAMILY.config_defaults);
    if config.undeclared_switch(TALKING)? {
        let value = config.get(TALKING).map(ToString::to_string).unwrap_or_default();
        return Err(ConfigError::Unsupported { field: TALKING, value, supported: "false".to_owned() });
    }
    let mut architecture = deberta_like(config)?;
    let attention = &mut architecture.attention;
    // Here each one that is named counts, twice where it is named twice, and also one that is no term.
    attention.scale = scale_of(position_types(config)?.len(), attention.head_dim);
    (attention.bias, attention.query_value_bias, attention.by_head) = (false, true, true);
    if let Some(disentangled) = disentangled(config)? {
        attention.distances = Distances::Disentangled(disentangled);
    }
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let config = &config.with_defaults(FAMILY.config_defaults);
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(changes: &[(&str, Value)]) -> Config {
        let fields = json!({
            "model_type": "deberta", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 8, "relative_attention": true, "pos_att_type": ["c2p", "p2c"],
        });
        let mut fields = fields.as_object().unwrap().clone();
        fields.extend(changes.iter().map(|(field, value)| ((*field).to_owned(), value.clone())));
        Config::from_fields(fields)
    }

    /// `scale_factor = 1 + len(self.pos_att_type)`, and of a text one part is there always.
    #[test]
    fn scores_are_divided_by_as_many_types_as_are_named() {
        for (types, terms) in [
            (Value::Null, 1.0),
            (json!([]), 1.0),
            (json!(""), 2.0),
            (json!(["p2p"]), 2.0),
            (json!(["C2P", "p2c"]), 3.0),
            (json!(["c2p", "c2p", "p2c"]), 4.0),
            (json!("c2p|p2c"), 3.0),
        ] {
            let scale = architecture(&config(&[("pos_att_type", types.clone())])).unwrap().attention.scale;
            assert!((scale - (2.0f64 * terms).powf(-0.5)).abs() < 1e-12, "{types}: {scale}");
        }
    }

    #[test]
    fn heads_that_talk_are_refused_and_others_are_not() {
        for silent in [Value::Null, json!(false), json!(0)] {
            assert!(architecture(&config(&[("talking_head", silent.clone())])).is_ok(), "{silent}");
        }
        for talking in [json!(true), json!(1)] {
            let said = architecture(&config(&[("talking_head", talking)])).unwrap_err().to_string();
            assert!(said.contains("`talking_head`") && said.contains("supported: false"), "{said}");
        }
    }

    #[test]
    fn positions_are_those_of_the_class_where_nothing_is_said() {
        let specs = parameter_specs(&config(&[])).unwrap();
        assert!(specs.iter().any(|spec| spec.parameter == "encoder.relative_embeddings"));
        let found = architecture(&config(&[])).unwrap();
        assert!(matches!(found.attention.distances, Distances::Disentangled(table) if table.span == 512));
    }
}
