//! EuroBERT (Boizard et al. 2025): Llama whose tokens look both ways.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/eurobert/modeling_eurobert.py>

use super::architecture::{Architecture, Dense, Head, Pooling};
use super::llama_like::{LlamaDefaults, llama_like, llama_names};
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "eurobert",
    classifier_architecture: "EuroBertForSequenceClassification",
    tokenizer_class: "TokenizersBackend",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &[], attention: &["attention_dropout"], classifier: &[] },
    prefix: "model.",
};

/// `EuroBertConfig` of `configuration_eurobert.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(128000)),
    ("classifier_pooling", FieldDefault::Text("late")),
    ("eos_token_id", FieldDefault::Count(128001)),
    ("hidden_act", FieldDefault::Text("silu")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("mask_token_id", FieldDefault::Count(128002)),
    ("mlp_bias", FieldDefault::Bool(false)),
    ("pad_token_id", FieldDefault::Count(128001)),
    ("pretraining_tp", FieldDefault::Count(1)),
    ("rms_norm_eps", FieldDefault::Number(1e-05)),
    ("tie_word_embeddings", FieldDefault::Bool(false)),
    ("use_cache", FieldDefault::Bool(true)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let defaults = LlamaDefaults { has_mlp_bias: true, eps: 1e-5, ..LlamaDefaults::USUAL };
    let mut architecture = llama_like(config, &defaults)?;
    architecture.attention.causal = false;
    let pooling = match config.text("classifier_pooling", "late")? {
        "late" => Pooling::MeanOfDense,
        "mean" => Pooling::Mean,
        "bos" => Pooling::First,
        other => {
            return Err(ConfigError::Unsupported {
                field: "classifier_pooling",
                value: other.to_owned(),
                supported: "late, mean, bos".to_owned(),
            });
        }
    };
    let dense = Dense { dropout: 0.0, activation: Activation::Gelu, bias: true, norm: false };
    architecture.head = Head { pooling, dense: Some(dense), dropout: 0.0, classifier_bias: true };
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(llama_names(&architecture(config)?))
}
