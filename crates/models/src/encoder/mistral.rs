//! Mistral (Jiang et al. 2023) as a classifier: Llama whose layers look at a window.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/mistral/modeling_mistral.py>

use super::architecture::Architecture;
use super::llama_like::{LlamaDefaults, llama_like, llama_names, sliding_window};
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "mistral",
    classifier_architecture: "MistralForSequenceClassification",
    tokenizer_class: "LlamaTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &[], attention: &["attention_dropout"], classifier: &[] },
    prefix: "model.",
};

/// `MistralConfig` of `configuration_mistral.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(1)),
    ("eos_token_id", FieldDefault::Count(2)),
    ("hidden_act", FieldDefault::Text("silu")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("pad_token_id", FieldDefault::Null),
    ("rms_norm_eps", FieldDefault::Number(1e-06)),
    ("sliding_window", FieldDefault::Count(4096)),
    ("tie_word_embeddings", FieldDefault::Bool(false)),
    ("use_cache", FieldDefault::Bool(true)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let defaults = LlamaDefaults { key_value_heads: Some(8), has_attention_bias: false, ..LlamaDefaults::USUAL };
    let architecture = llama_like(config, &defaults)?;
    let window = sliding_window(config, Some(4096))?;
    let slides = vec![window.is_some(); architecture.num_layers];
    architecture.windowed(&slides, window)?.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(llama_names(&architecture(config)?))
}
