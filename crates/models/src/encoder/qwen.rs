//! Qwen 2 and 3 (Yang et al. 2024, 2025) as classifiers: Llama with biases of queries, keys and values, or with their norms.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen2/modeling_qwen2.py>
//! and `models/qwen3/modeling_qwen3.py` there.

use super::architecture::Architecture;
use super::llama_like::{LlamaDefaults, llama_like, llama_names, sliding_layers, sliding_window};
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// Qwen 2's registration.
pub(super) const QWEN2: Family = Family {
    model_type: "qwen2",
    classifier_architecture: "Qwen2ForSequenceClassification",
    tokenizer_class: "Qwen2Tokenizer",
    architecture: qwen2,
    parameter_specs: qwen2_specs,
    config_defaults: QWEN2_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &[], attention: &["attention_dropout"], classifier: &[] },
    prefix: "model.",
};

/// Qwen 3's.
pub(super) const QWEN3: Family = Family {
    model_type: "qwen3",
    classifier_architecture: "Qwen3ForSequenceClassification",
    architecture: qwen3,
    parameter_specs: qwen3_specs,
    config_defaults: QWEN3_DEFAULTS,
    ..QWEN2
};

/// `Qwen2Config` of `configuration_qwen2.py`; what depends on other fields is not among them.
const QWEN2_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Null),
    ("hidden_act", FieldDefault::Text("silu")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("max_window_layers", FieldDefault::Count(28)),
    ("pad_token_id", FieldDefault::Null),
    ("rms_norm_eps", FieldDefault::Number(1e-06)),
    ("tie_word_embeddings", FieldDefault::Bool(false)),
    ("use_cache", FieldDefault::Bool(true)),
    ("use_sliding_window", FieldDefault::Bool(false)),
];

/// `Qwen3Config` of `configuration_qwen3.py`.
const QWEN3_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Null),
    ("head_dim", FieldDefault::Count(128)),
    ("hidden_act", FieldDefault::Text("silu")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("max_window_layers", FieldDefault::Count(28)),
    ("pad_token_id", FieldDefault::Null),
    ("rms_norm_eps", FieldDefault::Number(1e-06)),
    ("tie_word_embeddings", FieldDefault::Bool(false)),
    ("use_cache", FieldDefault::Bool(true)),
    ("use_sliding_window", FieldDefault::Bool(false)),
];

/// With the window that layers from `max_window_layers` on look at, where it is switched on.
fn windowed(config: &Config, architecture: Architecture) -> Result<Architecture, ConfigError> {
    let window = match config.switch("use_sliding_window", false)? {
        true => sliding_window(config, Some(4096))?,
        false => None,
    };
    let first = config.whole("max_window_layers", 28)?;
    let slides = sliding_layers(config, architecture.num_layers, |layer| window.is_some() && layer >= first)?;
    architecture.windowed(&slides, window)?.checked("num_attention_heads")
}

fn qwen2(config: &Config) -> Result<Architecture, ConfigError> {
    let defaults = LlamaDefaults { key_value_heads: Some(32), has_attention_bias: false, ..LlamaDefaults::USUAL };
    let mut architecture = llama_like(config, &defaults)?;
    architecture.attention.bias = true;
    windowed(config, architecture)
}

fn qwen3(config: &Config) -> Result<Architecture, ConfigError> {
    let defaults = LlamaDefaults { key_value_heads: Some(32), head_dim: Some(128), ..LlamaDefaults::USUAL };
    let mut architecture = llama_like(config, &defaults)?;
    architecture.attention.query_key_norm = true;
    windowed(config, architecture)
}

fn qwen2_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(llama_names(&qwen2(config)?))
}

fn qwen3_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(llama_names(&qwen3(config)?))
}
