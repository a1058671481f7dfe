//! DeBERTa v2 and v3 (He et al. 2021, 2023): attention between contents and relative positions, which may be buckets of
//! distances, and in the largest models a convolution beside the first layer.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/deberta_v2/modeling_deberta_v2.py>

use super::architecture::{Architecture, Convolution, Disentangled, Distances};
use super::checks::only;
use super::deberta_like::{
    checked_span, deberta_like, embedding_names, max_relative_positions, names_behind_attention, relative_terms,
};
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

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
    ("max_position_embeddings", FieldDefault::Count(512)),
    ("max_relative_positions", FieldDefault::Signed(-1)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("pooler_dropout", FieldDefault::Number(0.0)),
    ("pooler_hidden_act", FieldDefault::Text("gelu")),
    ("position_biased_input", FieldDefault::Bool(true)),
    ("relative_attention", FieldDefault::Bool(false)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(0)),
];

fn disentangled(config: &Config) -> Result<Option<Disentangled>, ConfigError> {
    let Some(terms) = relative_terms(config)? else { return Ok(None) };
    let max_relative_positions = max_relative_positions(config)?;
    let buckets = Some(config.number("position_buckets", -1.0)?).filter(|&n| n > 0.0).map(|n| n as usize);
    let field = if buckets.is_some() { "position_buckets" } else { "max_relative_positions" };
    let span = checked_span(field, buckets.unwrap_or(max_relative_positions))?;
    if let Some(buckets) = buckets.filter(|buckets| max_relative_positions <= buckets / 2 + 1) {
        // The logarithm by which transformers finds their buckets would be of 1 or less, and distances would fold back.
        return Err(ConfigError::Value {
            field: "position_buckets".to_owned(),
            value: buckets.to_string(),
            expected: format!(
                "at most {} for {max_relative_positions} relative positions",
                2 * max_relative_positions.saturating_sub(2)
            ),
        });
    }
    Ok(Some(Disentangled {
        span,
        buckets,
        max_relative_positions,
        terms,
        share_att_key: config.undeclared_switch("share_att_key")?,
        key_bias: true,
        norm: config.text("norm_rel_ebd", "none")?.to_lowercase().split('|').any(|part| part.trim() == "layer_norm"),
    }))
}

fn convolution(config: &Config) -> Result<Option<Convolution>, ConfigError> {
    const SIZE: &str = "conv_kernel_size";
    // transformers asks whether it is above 0.
    if config.get(SIZE).is_none_or(|size| size.as_i64().is_some_and(|size| size <= 0)) {
        return Ok(None);
    }
    let kernel_size = config.count(SIZE)?;
    let wrong = |field: &str, value: usize, expected: String| {
        Err(ConfigError::Value { field: field.to_owned(), value: value.to_string(), expected })
    };
    if kernel_size.is_multiple_of(2) {
        // transformers' would give a token less than goes in.
        return wrong(SIZE, kernel_size, "an odd number".to_owned());
    }
    let groups = if config.get("conv_groups").is_some() { config.count("conv_groups")? } else { 1 };
    let hidden = config.count("hidden_size")?;
    if !hidden.is_multiple_of(groups) {
        return wrong("conv_groups", groups, format!("a divisor of hidden_size ({hidden})"));
    }
    let activation = Activation::from_config("conv_act", config.text("conv_act", "tanh")?)?;
    Ok(Some(Convolution { kernel_size, groups, activation }))
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let config = &config.with_defaults(CONFIG_DEFAULTS);
    if let Some(size) = config.get("attention_head_size") {
        let expected = config.count("hidden_size")? / config.count("num_attention_heads")?;
        only(config, "attention_head_size", &expected.into()).map_err(|_| ConfigError::Unsupported {
            field: "attention_head_size",
            value: size.to_string(),
            supported: expected.to_string(),
        })?;
    }
    let mut architecture = deberta_like(config)?;
    if let Some(disentangled) = disentangled(config)? {
        architecture.attention.distances = Distances::Disentangled(disentangled);
    }
    architecture.convolution = convolution(config)?;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let config = &config.with_defaults(CONFIG_DEFAULTS);
    let mut names = embedding_names(config)?;
    let disentangled = disentangled(config)?;
    let [own_queries, own_keys] = disentangled.map_or([false; 2], |d| d.own_projections());
    for layer in 0..config.layers("num_hidden_layers")? {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("encoder.layer.{layer}.attention.self.{part}");
        names.linear(
            &path("qkv"),
            &["query_proj", "key_proj", "value_proj"].map(name).each_ref().map(String::as_str),
            true,
        );
        if own_keys {
            names.linear(&path("position_keys"), &[&name("pos_key_proj")], true);
        }
        if own_queries {
            names.linear(&path("position_queries"), &[&name("pos_query_proj")], true);
        }
        names_behind_attention(&mut names, layer);
    }
    if let Some(disentangled) = disentangled {
        names.table("relative_embeddings", "encoder.rel_embeddings");
        if disentangled.norm {
            names.norm("encoder.relative_embedding_norm", "encoder.LayerNorm", true);
        }
    }
    if convolution(config)?.is_some() {
        names.convolution("encoder.layers.0.convolution", "encoder.conv.conv").norm(
            "encoder.layers.0.convolution.norm",
            "encoder.conv.LayerNorm",
            true,
        );
    }
    Ok(names.head("pooler.dense", false, "classifier"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::encoder::architecture::PositionTerms;

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
        let values =
            [(Value::Null, false), (json!(false), false), (json!(0), false), (json!(true), true), (json!(1), true)];
        for (value, is_shared) in values {
            let config = config("share_att_key", value);
            assert_eq!(disentangled(&config).unwrap().map(|table| table.share_att_key), Some(is_shared));
            let specs = parameter_specs(&config).unwrap();
            let is_own = specs.iter().any(|spec| spec.parameter.ends_with("position_keys.weight"));
            assert_eq!(is_own, !is_shared);
        }
        let said = disentangled(&config("share_att_key", json!("no"))).unwrap_err().to_string();
        assert!(said.contains("`share_att_key` is \"no\", expected true or false"), "{said}");
    }

    /// transformers asks `conv_kernel_size > 0`.
    #[test]
    fn a_kernel_of_no_tokens_is_none() {
        for none in [Value::Null, json!(0), json!(-1)] {
            assert_eq!(convolution(&config("conv_kernel_size", none)).unwrap(), None);
        }
        assert_eq!(convolution(&config("conv_kernel_size", json!(3))).unwrap().map(|conv| conv.kernel_size), Some(3));
        for (wrong, expected) in
            [(json!(2), "an odd number"), (json!("3"), "a whole number"), (json!(1.5), "a whole number")]
        {
            let said = convolution(&config("conv_kernel_size", wrong)).unwrap_err().to_string();
            assert!(said.contains("`conv_kernel_size`") && said.contains(expected), "{said}");
        }
    }

    /// transformers looks for `c2p` and `p2c` in a list, as they are, and in the parts of a text in lower case.
    #[test]
    fn terms_are_those_that_are_named() {
        let head_dim = 2.0f64;
        for (types, expected, terms) in [
            (Value::Null, PositionTerms::Neither, 1.0),
            (json!([]), PositionTerms::Neither, 1.0),
            (json!(""), PositionTerms::Neither, 1.0),
            (json!(["p2p"]), PositionTerms::Neither, 1.0),
            (json!(["C2P", "p2c"]), PositionTerms::PositionToContent, 2.0),
            (json!("C2P | P2C"), PositionTerms::Both, 3.0),
            (json!(["c2p", "c2p"]), PositionTerms::ContentToPosition, 2.0),
            (json!(["c2p", "p2c", "p2p"]), PositionTerms::Both, 3.0),
        ] {
            let config = config("pos_att_type", types.clone());
            assert_eq!(disentangled(&config).unwrap().map(|table| table.terms), Some(expected), "{types}");
            let scale = architecture(&config).unwrap().attention.scale;
            assert!((scale - (head_dim * terms).powf(-0.5)).abs() < 1e-12, "{types}: {scale}");
        }
        for wrong in [json!(2), json!(["c2p", 2])] {
            let said = disentangled(&config("pos_att_type", wrong)).unwrap_err().to_string();
            assert!(said.contains("`pos_att_type`"), "{said}");
        }
    }

    #[test]
    fn positions_are_those_of_the_class_where_nothing_is_said() {
        let mut fields = config("position_buckets", json!(-1)).fields().clone();
        fields.remove("max_position_embeddings");
        let architecture = architecture(&Config::from_fields(fields)).unwrap();
        assert_eq!(architecture.longest_input(), Some(512));
        assert!(matches!(architecture.attention.distances, Distances::Disentangled(table) if table.span == 512));
    }

    #[test]
    fn tables_of_positions_are_no_larger_than_memory() {
        for (field, value) in [("position_buckets", json!(1e9)), ("max_relative_positions", json!(100_001))] {
            let said = disentangled(&config(field, value)).unwrap_err().to_string();
            assert!(said.contains(field) && said.contains("expected at most 100000"), "{said}");
        }
    }

    /// transformers runs these, with buckets that fold back.
    #[test]
    fn buckets_that_the_positions_do_not_reach_are_refused() {
        for (most, is_taken) in [(16, false), (17, false), (18, true), (512, true)] {
            let mut fields = config("position_buckets", json!(32)).fields().clone();
            fields.insert("max_relative_positions".to_owned(), json!(most));
            let found = disentangled(&Config::from_fields(fields));
            assert_eq!(found.is_ok(), is_taken, "{most}: {found:?}");
        }
    }
}
