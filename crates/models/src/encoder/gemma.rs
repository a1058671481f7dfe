//! Gemma 1 to 3 (text) as classifiers: scaled embeddings, norms of 1 + weight, gates of GELU; from 2 on norms before and after each part
//! and windows in turn.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/gemma/modeling_gemma.py>
//! and `models/gemma2`, `models/gemma3` there.

use super::architecture::{Architecture, Block, SelfAttention};
use super::checks::only;
use super::llama_like::{LlamaDefaults, llama_like, llama_names, sliding_layers};
use super::registration::{DropoutFields, Family};
use super::rope::{RopeDefaults, rope, unscaled_rope};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::NormForm;
use crate::parameter_specs::{Init, ParameterSpec};

/// Gemma's registration.
pub(super) const GEMMA: Family = Family {
    model_type: "gemma",
    classifier_architecture: "GemmaForSequenceClassification",
    tokenizer_class: "GemmaTokenizer",
    architecture: gemma,
    parameter_specs: |config| Ok(names(&gemma(config)?)),
    config_defaults: GEMMA_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &[], attention: &["attention_dropout"], classifier: &[] },
    prefix: "model.",
};

/// Gemma 2's.
pub(super) const GEMMA2: Family = Family {
    model_type: "gemma2",
    classifier_architecture: "Gemma2ForSequenceClassification",
    architecture: gemma2,
    parameter_specs: |config| Ok(names(&gemma2(config)?)),
    config_defaults: GEMMA2_DEFAULTS,
    ..GEMMA
};

/// Gemma 3's, of texts alone.
pub(super) const GEMMA3_TEXT: Family = Family {
    model_type: "gemma3_text",
    classifier_architecture: "Gemma3TextForSequenceClassification",
    architecture: gemma3,
    parameter_specs: |config| Ok(names(&gemma3(config)?)),
    config_defaults: GEMMA3_DEFAULTS,
    ..GEMMA
};

/// `GemmaConfig` of `configuration_gemma.py`.
const GEMMA_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(2)),
    ("eos_token_id", FieldDefault::Count(1)),
    ("head_dim", FieldDefault::Count(256)),
    ("hidden_act", FieldDefault::Text("gelu_pytorch_tanh")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("num_key_value_heads", FieldDefault::Count(16)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("rms_norm_eps", FieldDefault::Number(1e-06)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("use_bidirectional_attention", FieldDefault::Null),
    ("use_cache", FieldDefault::Bool(true)),
];

/// `Gemma2Config` of `configuration_gemma2.py`.
const GEMMA2_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("attn_logit_softcapping", FieldDefault::Number(50.0)),
    ("bos_token_id", FieldDefault::Count(2)),
    ("eos_token_id", FieldDefault::Count(1)),
    ("final_logit_softcapping", FieldDefault::Number(30.0)),
    ("head_dim", FieldDefault::Count(256)),
    ("hidden_activation", FieldDefault::Text("gelu_pytorch_tanh")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("num_key_value_heads", FieldDefault::Count(4)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("query_pre_attn_scalar", FieldDefault::Count(256)),
    ("rms_norm_eps", FieldDefault::Number(1e-06)),
    ("sliding_window", FieldDefault::Count(4096)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("use_bidirectional_attention", FieldDefault::Null),
    ("use_cache", FieldDefault::Bool(true)),
];

/// `Gemma3TextConfig` of `configuration_gemma3.py`; what depends on other fields is not among them.
const GEMMA3_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("attn_logit_softcapping", FieldDefault::Null),
    ("bos_token_id", FieldDefault::Count(2)),
    ("eos_token_id", FieldDefault::Count(1)),
    ("final_logit_softcapping", FieldDefault::Null),
    ("head_dim", FieldDefault::Count(256)),
    ("hidden_activation", FieldDefault::Text("gelu_pytorch_tanh")),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("num_key_value_heads", FieldDefault::Count(4)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("query_pre_attn_scalar", FieldDefault::Count(256)),
    ("rms_norm_eps", FieldDefault::Number(1e-06)),
    ("sliding_window", FieldDefault::Count(4096)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("use_bidirectional_attention", FieldDefault::Bool(false)),
    ("use_cache", FieldDefault::Bool(true)),
];

const DEFAULTS: LlamaDefaults = LlamaDefaults {
    key_value_heads: Some(4),
    head_dim: Some(256),
    activation: ("hidden_activation", "gelu_pytorch_tanh"),
    padding: Some(0),
    ..LlamaDefaults::USUAL
};

/// What all three have in common.
fn gemma_like(config: &Config, defaults: &LlamaDefaults) -> Result<Architecture, ConfigError> {
    only(config, "use_bidirectional_attention", &false.into())?;
    let mut architecture = llama_like(config, defaults)?;
    // transformers multiplies with it in the weights' precision, f32.
    architecture.embeddings.scale = Some(f64::from((architecture.hidden_size as f64).sqrt() as f32));
    architecture.norm = NormForm::RmsOfOnePlus;
    Ok(architecture)
}

fn gemma(config: &Config) -> Result<Architecture, ConfigError> {
    let activation = ("hidden_act", "gelu_pytorch_tanh");
    let mut architecture = gemma_like(config, &LlamaDefaults { key_value_heads: Some(16), activation, ..DEFAULTS })?;
    // The first files said `gelu` and meant the other one (`configuration_gemma.py`).
    if architecture.feed_forward.activation == Activation::Gelu {
        architecture.feed_forward.activation = Activation::GeluTanh;
    }
    architecture.checked("num_attention_heads")
}

/// `query_pre_attn_scalar` in place of a head's columns.
fn scaled(config: &Config, attention: SelfAttention) -> Result<SelfAttention, ConfigError> {
    let columns = config.whole("query_pre_attn_scalar", 256)?.max(1);
    Ok(SelfAttention { scale: (columns as f64).powf(-0.5), ..attention })
}

fn gemma2(config: &Config) -> Result<Architecture, ConfigError> {
    let mut architecture = gemma_like(config, &DEFAULTS)?;
    architecture.block = Block::Sandwich;
    architecture.attention = scaled(config, architecture.attention)?;
    architecture.attention.softcap = match config.fields().get("attn_logit_softcapping") {
        Some(value) if value.is_null() => None,
        _ => Some(config.number("attn_logit_softcapping", 50.0)?),
    };
    let slides = sliding_layers(config, architecture.num_layers, |layer| layer.is_multiple_of(2))?;
    let tokens = config.whole("sliding_window", 4096)?;
    architecture.windowed(&slides, Some(tokens))?.checked("num_attention_heads")
}

fn gemma3(config: &Config) -> Result<Architecture, ConfigError> {
    let global = RopeDefaults::theta(1_000_000.0);
    let mut architecture = gemma_like(config, &LlamaDefaults { rope: global, ..DEFAULTS })?;
    only(config, "attn_logit_softcapping", &serde_json::Value::Null)?;
    architecture.block = Block::Sandwich;
    architecture.attention = scaled(config, architecture.attention)?;
    architecture.attention.query_key_norm = true;
    let every = config.whole("sliding_window_pattern", 6)?.max(1);
    let slides = sliding_layers(config, architecture.num_layers, |layer| !(layer + 1).is_multiple_of(every))?;
    let local = RopeDefaults { theta: 10_000.0, theta_field: "rope_local_base_freq", ..global };
    // Older files scale the positions of layers that look at all tokens, and only those.
    let local = match config.get("rope_parameters") {
        Some(_) => rope(config, Some("sliding_attention"), architecture.attention.head_dim, local)?,
        None => unscaled_rope(config, architecture.attention.head_dim, local)?,
    };
    let sliding = architecture.attention.layers.iter_mut().zip(&slides).filter(|(_, slides)| **slides);
    sliding.for_each(|(layer, _)| layer.rotary = Some(local.clone()));
    let tokens = config.whole("sliding_window", 4096)?;
    architecture.windowed(&slides, Some(tokens))?.checked("num_attention_heads")
}

/// Llama's names; a norm's weight begins with 0, since 1 is added to it.
fn names(architecture: &Architecture) -> Vec<ParameterSpec> {
    let mut names = llama_names(architecture);
    names.iter_mut().filter(|spec| spec.init == Init::Ones).for_each(|spec| spec.init = Init::Zeros);
    names
}
