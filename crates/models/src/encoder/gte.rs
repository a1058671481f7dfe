//! GTE (Zhang et al. 2024, <https://arxiv.org/abs/2407.19669>): BERT with rotary positions and gated feed-forward layers.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/gte/modeling_gte.py>

use super::architecture::{Architecture, FeedForward, LayerAttention, TokenTypes};
use super::bert_like::bert_like_without_token_types;
use super::checks::only;
use super::registration::{DropoutFields, Family};
use super::rope::{RopeDefaults, rope};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::{ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "gte",
    classifier_architecture: "GteForSequenceClassification",
    tokenizer_class: "XLMRobertaTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields::BERT,
    prefix: "gte.",
};

/// `GteConfig` of `configuration_gte.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_probs_dropout_prob", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Null),
    ("classifier_dropout", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Null),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.1)),
    ("hidden_size", FieldDefault::Count(768)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("intermediate_size", FieldDefault::Count(3072)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("max_position_embeddings", FieldDefault::Count(8192)),
    ("num_attention_heads", FieldDefault::Count(12)),
    ("num_hidden_layers", FieldDefault::Count(12)),
    ("pad_token_id", FieldDefault::Count(1)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(1)),
    ("vocab_size", FieldDefault::Count(250_048)),
];

/// What the models' own code (`auto_map`) knows, and transformers' does not: it would run them as if it were not there.
fn check_own_fields(config: &Config) -> Result<(), ConfigError> {
    only(config, "position_embedding_type", &"rope".into())?;
    only(config, "layer_norm_type", &"layer_norm".into())?;
    only(config, "logn_attention_scale", &false.into())
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    check_own_fields(config)?;
    let config = &config.with_defaults(CONFIG_DEFAULTS).without("position_embedding_type");
    let (mut architecture, fields) = bert_like_without_token_types(config, 1e-12)?;
    architecture.embeddings.positions = None;
    architecture.embeddings.token_types = match config.whole("type_vocab_size", 1)? {
        0 => TokenTypes::None,
        rows => TokenTypes::Rows(rows),
    };
    let attention = &mut architecture.attention;
    if config.get("head_dim").is_some() {
        attention.head_dim = config.count("head_dim")?;
        attention.scale = 1.0 / (attention.head_dim as f64).sqrt();
    }
    let rotary = rope(config, None, attention.head_dim, RopeDefaults::theta(160_000.0))?;
    if 2 * rotary.frequencies.len() != attention.head_dim {
        // Of its kinds of positions some turn all columns whatever it says.
        let value = format!("{} of {} columns", 2 * rotary.frequencies.len(), attention.head_dim);
        return Err(ConfigError::Unsupported { field: "partial_rotary_factor", value, supported: "1.0".to_owned() });
    }
    attention.layers =
        vec![LayerAttention { rotary: Some(rotary), ..LayerAttention::default() }; fields.num_hidden_layers];
    architecture.feed_forward = FeedForward { gated: true, bias: false, ..architecture.feed_forward };
    architecture.dropout.inner = fields.hidden_dropout_prob;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let a = architecture(config)?;
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "embeddings.word_embeddings");
    if a.embeddings.token_types != TokenTypes::None {
        names.table("token_type_embeddings", "embeddings.token_type_embeddings");
    }
    names.norm("encoder.embedding_norm", "embeddings.LayerNorm", true).linear("dense", &["pooler.dense"], true);
    for layer in 0..a.num_layers {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("layers.{layer}.{part}");
        // transformers renames and divides what files have as their authors wrote it (`conversion_mapping.py`).
        let stored = |part: &str| format!("encoder.layer.{layer}.{part}");
        let qkv = ["q_proj", "k_proj", "v_proj"].map(|part| name(&format!("self_attn.{part}")));
        names
            .norm(&path("attention_norm"), &name("post_attention_layernorm"), true)
            .stored(&[&stored("attn_ln")])
            .linear(&path("intermediate"), &[&name("mlp.gate_proj"), &name("mlp.up_proj")], false)
            .stored_backwards(&stored("mlp.up_gate_proj"))
            .linear(&path("output"), &[&name("mlp.down_proj")], true)
            .stored(&[&stored("mlp.down_proj")])
            .linear(&path("qkv"), &qkv.each_ref().map(String::as_str), true)
            .stored(&[&stored("attention.qkv_proj")])
            .linear(&path("attention_output"), &[&name("self_attn.o_proj")], true)
            .stored(&[&stored("attention.o_proj")])
            .norm(&path("output_norm"), &name("post_mlp_layernorm"), true)
            .stored(&[&stored("mlp_ln")]);
    }
    let head = names.rows().len();
    names.linear("classifier", &["classifier"], true).outside_encoder(head);
    // So do the published files, which are of the models' own code, and what transformers saves of them.
    names.rows().iter_mut().for_each(|row| row.other_prefix = Some("new."));
    Ok(std::mem::take(names.rows()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(fields: Value) -> Config {
        Config::from_fields(fields.as_object().unwrap().clone())
    }

    #[test]
    fn what_is_left_out_is_the_classes() {
        let a = architecture(&config(json!({"model_type": "gte"}))).unwrap();
        assert_eq!([a.vocab_size, a.hidden_size, a.intermediate_size, a.num_layers], [250_048, 768, 3072, 12]);
        assert_eq!((a.embeddings.padding, a.dropout.attention, a.dropout.inner), (Some(1), 0.0, 0.1));
        assert_eq!(a.longest_input(), None);
    }

    /// The configuration of the models' own code, with what is the same there.
    #[test]
    fn what_only_the_models_own_code_knows_is_refused() {
        let own = json!({"model_type": "gte", "position_embedding_type": "rope", "layer_norm_type": "layer_norm",
                         "logn_attention_scale": false, "pack_qkv": true, "rope_theta": 20000});
        assert!(architecture(&config(own)).is_ok());
        for (field, value) in [
            ("position_embedding_type", json!("absolute")),
            ("layer_norm_type", json!("rms_norm")),
            ("logn_attention_scale", json!(true)),
            ("rope_scaling", json!({"type": "ntk", "factor": 8.0})),
            ("partial_rotary_factor", json!(0.5)),
        ] {
            let said = architecture(&config(json!({"model_type": "gte", field: value}))).unwrap_err().to_string();
            let named = if field == "rope_scaling" { "rope_type" } else { field };
            assert!(said.contains(&format!("`{named}`")), "{said}");
        }
    }
}
