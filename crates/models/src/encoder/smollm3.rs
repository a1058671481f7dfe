//! SmolLM3 as a classifier: Llama whose every fourth layer has no rotary positions.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/smollm3/modeling_smollm3.py>

use super::architecture::Architecture;
use super::llama_like::{LlamaDefaults, llama_like, llama_names, sliding_layers, sliding_window};
use super::registration::{DropoutFields, Family};
use super::rope::RopeDefaults;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "smollm3",
    classifier_architecture: "SmolLM3ForSequenceClassification",
    tokenizer_class: "TokenizersBackend",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &[], attention: &["attention_dropout"], classifier: &[] },
    prefix: "model.",
};

/// `SmolLM3Config` of `configuration_smollm3.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(128000)),
    ("eos_token_id", FieldDefault::Count(128001)),
    ("hidden_act", FieldDefault::Text("silu")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("mlp_bias", FieldDefault::Bool(false)),
    ("no_rope_layer_interval", FieldDefault::Count(4)),
];

/// Whether each layer has rotary positions.
fn rotary_layers(config: &Config, layers: usize) -> Result<Vec<bool>, ConfigError> {
    let Some(listed) = config.get("no_rope_layers") else {
        let every = config.whole("no_rope_layer_interval", 4)?.max(1);
        return Ok((0..layers).map(|layer| !(layer + 1).is_multiple_of(every)).collect());
    };
    let wrong = || ConfigError::Value {
        field: "no_rope_layers".to_owned(),
        value: listed.to_string(),
        expected: format!("{layers} times 0 or 1"),
    };
    let listed = listed.as_array().filter(|listed| listed.len() == layers).ok_or_else(wrong)?;
    listed.iter().map(|layer| layer.as_u64().map(|layer| layer != 0).ok_or_else(wrong)).collect()
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let defaults = LlamaDefaults {
        key_value_heads: Some(4),
        has_mlp_bias: true,
        padding: Some(128_004),
        rope: RopeDefaults::theta(2_000_000.0),
        ..LlamaDefaults::USUAL
    };
    let mut architecture = llama_like(config, &defaults)?;
    let rotary = rotary_layers(config, architecture.num_layers)?;
    for (layer, _) in architecture.attention.layers.iter_mut().zip(&rotary).filter(|(_, turns)| !**turns) {
        layer.rotary = None;
    }
    let window = if config.switch("use_sliding_window", false)? { sliding_window(config, None)? } else { None };
    let slides = sliding_layers(config, architecture.num_layers, |layer| window.is_some() && !rotary[layer])?;
    architecture.windowed(&slides, window)?.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(llama_names(&architecture(config)?))
}
