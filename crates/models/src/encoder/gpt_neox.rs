//! GPT-NeoX (Black et al. 2022) and Pythia as classifiers: both parts of a layer read its input, part of each head turns.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/gpt_neox/modeling_gpt_neox.py>

use super::architecture::{
    Architecture, Block, Dropouts, Embeddings, FeedForward, Head, LayerAttention, SelfAttention,
};
use super::checks::padding;
use super::registration::{DropoutFields, Family};
use super::rope::{RopeDefaults, rope};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::NormForm;
use crate::parameter_specs::{ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "gpt_neox",
    classifier_architecture: "GPTNeoXForSequenceClassification",
    tokenizer_class: "GPTNeoXTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    // `classifier_dropout` is of token classification alone.
    dropout_fields: DropoutFields { hidden: &["hidden_dropout"], attention: &["attention_dropout"], classifier: &[] },
    prefix: "gpt_neox.",
};

/// `GPTNeoXConfig` of `configuration_gpt_neox.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(true)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(0)),
    ("classifier_dropout", FieldDefault::Number(0.1)),
    ("eos_token_id", FieldDefault::Count(2)),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout", FieldDefault::Number(0.0)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("is_decoder", FieldDefault::Bool(false)),
    ("layer_norm_eps", FieldDefault::Number(1e-05)),
    ("pad_token_id", FieldDefault::Null),
    ("tie_word_embeddings", FieldDefault::Bool(false)),
    ("use_cache", FieldDefault::Bool(true)),
    ("use_parallel_residual", FieldDefault::Bool(true)),
];

const ROPE: RopeDefaults =
    RopeDefaults { theta: 10_000.0, theta_field: "rotary_emb_base", partial: 0.25, partial_field: "rotary_pct" };

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (hidden, layers) = (config.count("hidden_size")?, config.layers("num_hidden_layers")?);
    let heads = config.count("num_attention_heads")?;
    let rotary = rope(config, None, hidden / heads, ROPE)?;
    let (bias, dropped) = (config.switch("attention_bias", true)?, config.probability("hidden_dropout", 0.0)?);
    config.at_least_zero("initializer_range", 0.02)?;
    Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: hidden,
        intermediate_size: config.count("intermediate_size")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings::of_words(hidden, None),
        attention: SelfAttention {
            causal: true,
            bias,
            output_bias: bias,
            by_head: true,
            layers: vec![LayerAttention { rotary: Some(rotary), ..LayerAttention::default() }; layers],
            ..SelfAttention::usual(hidden, heads, 0)
        },
        feed_forward: FeedForward {
            activation: Activation::from_config("hidden_act", config.text("hidden_act", "gelu")?)?,
            gated: false,
            bias: true,
            output_bias: true,
        },
        block: match config.switch("use_parallel_residual", true)? {
            true => Block::Parallel,
            false => Block::PreNorm { first_attention: true },
        },
        convolution: None,
        dropout: Dropouts {
            embeddings: dropped,
            attention: config.probability("attention_dropout", 0.0)?,
            attention_output: dropped,
            inner: 0.0,
            output: dropped,
        },
        norm: NormForm::Layer { bias: true },
        layer_norm_eps: config.at_least_zero("layer_norm_eps", 1e-5)?,
        decoder: None,
        head: Head::score(padding(config, None)?),
    }
    .checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let bias = config.switch("attention_bias", true)?;
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "embed_in");
    for layer in 0..config.layers("num_hidden_layers")? {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("layers.{layer}.{part}");
        names
            .norm(&path("attention_norm"), &name("input_layernorm"), true)
            .norm(&path("output_norm"), &name("post_attention_layernorm"), true)
            .linear(&path("qkv"), &[&name("attention.query_key_value")], bias)
            .linear(&path("attention_output"), &[&name("attention.dense")], bias)
            .linear(&path("intermediate"), &[&name("mlp.dense_h_to_4h")], true)
            .linear(&path("output"), &[&name("mlp.dense_4h_to_h")], true);
    }
    names.norm("encoder.final_norm", "final_layer_norm", true);
    Ok(names.score())
}
