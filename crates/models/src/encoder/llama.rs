//! Llama 1 to 3 (Touvron et al. 2023) as a classifier: rotary positions, keys shared by heads, SwiGLU, RMS norms.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/llama/modeling_llama.py>

use super::architecture::Architecture;
use super::llama_like::{LlamaDefaults, llama_like, llama_names};
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "llama",
    classifier_architecture: "LlamaForSequenceClassification",
    tokenizer_class: "LlamaTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &[], attention: &["attention_dropout"], classifier: &[] },
    prefix: "model.",
};

/// `LlamaConfig` of `configuration_llama.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(1)),
    ("eos_token_id", FieldDefault::Count(2)),
    ("hidden_act", FieldDefault::Text("silu")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("mlp_bias", FieldDefault::Bool(false)),
    ("pad_token_id", FieldDefault::Null),
    ("pretraining_tp", FieldDefault::Count(1)),
    ("rms_norm_eps", FieldDefault::Number(1e-06)),
    ("tie_word_embeddings", FieldDefault::Bool(false)),
    ("use_cache", FieldDefault::Bool(true)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    llama_like(config, &LlamaDefaults { has_mlp_bias: true, ..LlamaDefaults::USUAL })?.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(llama_names(&architecture(config)?))
}
