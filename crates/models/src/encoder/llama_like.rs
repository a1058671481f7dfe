//! What Llama and its kin have in common in config.json and in their names of tensors.

use super::architecture::{
    Architecture, Block, Dropouts, Embeddings, FeedForward, Head, LayerAttention, SelfAttention,
};
use super::checks::padding;
use super::rope::{RopeDefaults, rope};
use crate::activation::Activation;
use crate::config::{Config, ConfigError};
use crate::layers::NormForm;
use crate::parameter_specs::{ParameterSpec, ParameterSpecs};

/// What a family has where config.json says nothing.
#[derive(Clone, Copy)]
pub(super) struct LlamaDefaults {
    /// `num_key_value_heads`; `None`: as many as there are of queries.
    pub(super) key_value_heads: Option<usize>,
    /// `head_dim`; `None`: the width over the heads.
    pub(super) head_dim: Option<usize>,
    /// Whether `attention_bias` says that attention has biases; else it has none.
    pub(super) has_attention_bias: bool,
    /// Whether `mlp_bias` says it of the feed-forward layer.
    pub(super) has_mlp_bias: bool,
    /// The activation's field, and what it is.
    pub(super) activation: (&'static str, &'static str),
    /// `rms_norm_eps`.
    pub(super) eps: f64,
    /// `pad_token_id`.
    pub(super) padding: Option<u32>,
    /// Of rotary positions.
    pub(super) rope: RopeDefaults,
}

impl LlamaDefaults {
    /// Those of most.
    pub(super) const USUAL: Self = Self {
        key_value_heads: None,
        head_dim: None,
        has_attention_bias: true,
        has_mlp_bias: false,
        activation: ("hidden_act", "silu"),
        eps: 1e-6,
        padding: None,
        rope: RopeDefaults::theta(10_000.0),
    };
}

/// Heads of queries, heads of keys, and columns of a head.
pub(super) fn heads(config: &Config, defaults: &LlamaDefaults) -> Result<[usize; 3], ConfigError> {
    let heads = config.count("num_attention_heads")?;
    let or = |field: &'static str, default: Option<usize>, derived: usize| match config.fields().get(field) {
        Some(value) if value.is_null() => Ok(derived),
        Some(_) => config.count(field),
        None => Ok(default.unwrap_or(derived)),
    };
    let key_value_heads = or("num_key_value_heads", defaults.key_value_heads, heads)?;
    let head_dim = or("head_dim", defaults.head_dim, config.count("hidden_size")? / heads)?;
    if !heads.is_multiple_of(key_value_heads) {
        return Err(ConfigError::Value {
            field: "num_key_value_heads".to_owned(),
            value: key_value_heads.to_string(),
            expected: format!("a divisor of num_attention_heads ({heads})"),
        });
    }
    Ok([heads, key_value_heads, head_dim])
}

/// A decoder of Llama's shape; each family then changes what differs. All layers look at all tokens before them.
pub(super) fn llama_like(config: &Config, defaults: &LlamaDefaults) -> Result<Architecture, ConfigError> {
    let (hidden, layers) = (config.count("hidden_size")?, config.layers("num_hidden_layers")?);
    let [heads, key_value_heads, head_dim] = heads(config, defaults)?;
    let rotary = rope(config, Some("full_attention"), head_dim, defaults.rope)?;
    let (field, activation) = defaults.activation;
    let mlp_bias = defaults.has_mlp_bias && config.switch("mlp_bias", false)?;
    let attention_bias = defaults.has_attention_bias && config.switch("attention_bias", false)?;
    config.at_least_zero("initializer_range", 0.02)?;
    let padding = padding(config, defaults.padding)?;
    Ok(Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: hidden,
        intermediate_size: config.count("intermediate_size")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings::of_words(hidden, padding),
        attention: SelfAttention {
            key_value_heads,
            head_dim,
            scale: 1.0 / (head_dim as f64).sqrt(),
            causal: true,
            bias: attention_bias,
            output_bias: attention_bias,
            layers: vec![LayerAttention { rotary: Some(rotary), ..LayerAttention::default() }; layers],
            ..SelfAttention::usual(hidden, heads, 0)
        },
        feed_forward: FeedForward {
            activation: Activation::from_config(field, config.text(field, activation)?)?,
            gated: true,
            bias: mlp_bias,
            output_bias: mlp_bias,
        },
        block: Block::PreNorm { first_attention: true },
        convolution: None,
        dropout: Dropouts { attention: config.probability("attention_dropout", 0.0)?, ..Dropouts::default() },
        norm: NormForm::Rms,
        layer_norm_eps: config.at_least_zero("rms_norm_eps", defaults.eps)?,
        decoder: None,
        head: Head::score(padding),
    })
}

/// The kind of each layer, `layer_types`, or what `otherwise` says: whether it looks at a window.
pub(super) fn sliding_layers(
    config: &Config,
    layers: usize,
    otherwise: impl Fn(usize) -> bool,
) -> Result<Vec<bool>, ConfigError> {
    let Some(types) = config.get("layer_types") else { return Ok((0..layers).map(otherwise).collect()) };
    let expected = || ConfigError::Value {
        field: "layer_types".to_owned(),
        value: types.to_string(),
        expected: format!("{layers} times \"full_attention\" or \"sliding_attention\""),
    };
    let kinds = types.as_array().filter(|kinds| kinds.len() == layers).ok_or_else(expected)?;
    let slides = |kind: &serde_json::Value| match kind.as_str() {
        Some("full_attention") => Ok(false),
        Some("sliding_attention") => Ok(true),
        _ => Err(expected()),
    };
    kinds.iter().map(slides).collect()
}

impl Architecture {
    /// The same with a window of so many tokens, the one that looks among them, in the layers that slide.
    ///
    /// # Errors
    /// Where layers slide, and there is no window.
    pub(super) fn windowed(mut self, slides: &[bool], window: Option<usize>) -> Result<Self, ConfigError> {
        if window.is_none() && slides.contains(&true) {
            return Err(ConfigError::Unsupported {
                field: "layer_types",
                value: "sliding_attention".to_owned(),
                supported: "full_attention, where no sliding_window is in use".to_owned(),
            });
        }
        for (layer, slides) in self.attention.layers.iter_mut().zip(slides) {
            layer.window = window.filter(|_| *slides).map(|tokens| tokens.saturating_sub(1));
        }
        Ok(self)
    }
}

/// `sliding_window`, where there is one.
pub(super) fn sliding_window(config: &Config, default: Option<usize>) -> Result<Option<usize>, ConfigError> {
    match config.fields().get("sliding_window") {
        None => Ok(default),
        Some(value) if value.is_null() => Ok(None),
        Some(_) => config.count("sliding_window").map(Some),
    }
}

/// The tensors of a model of this shape and its head, in Llama's names and order.
pub(super) fn llama_names(a: &Architecture) -> Vec<ParameterSpec> {
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "embed_tokens");
    let attention = &a.attention;
    for layer in 0..a.num_layers {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("layers.{layer}.{part}");
        let qkv = ["q_proj", "k_proj", "v_proj"].map(|part| name(&format!("self_attn.{part}")));
        names
            .linear(&path("qkv"), &qkv.each_ref().map(String::as_str), attention.bias)
            .in_shares(&[attention.heads, attention.key_value_heads, attention.key_value_heads])
            .linear(&path("attention_output"), &[&name("self_attn.o_proj")], attention.output_bias);
        if attention.query_key_norm {
            names.norm(&path("query_norm"), &name("self_attn.q_norm"), false).norm(
                &path("key_norm"),
                &name("self_attn.k_norm"),
                false,
            );
        }
        let gate = ["gate_proj", "up_proj"].map(|part| name(&format!("mlp.{part}")));
        names
            .linear(&path("intermediate"), &gate.each_ref().map(String::as_str), a.feed_forward.bias)
            .linear(&path("output"), &[&name("mlp.down_proj")], a.feed_forward.output_bias)
            .norm(&path("attention_norm"), &name("input_layernorm"), false);
        if a.block == Block::Sandwich {
            names
                .norm(&path("after_attention_norm"), &name("post_attention_layernorm"), false)
                .norm(&path("output_norm"), &name("pre_feedforward_layernorm"), false)
                .norm(&path("after_output_norm"), &name("post_feedforward_layernorm"), false);
        } else {
            names.norm(&path("output_norm"), &name("post_attention_layernorm"), false);
        }
    }
    names.norm("encoder.final_norm", "norm", false);
    let head = names.rows().len();
    match a.head.dense {
        Some(dense) => {
            names.linear("dense", &["dense"], dense.bias).linear("classifier", &["classifier"], a.head.classifier_bias)
        }
        None => names.linear("classifier", &["score"], a.head.classifier_bias),
    };
    names.outside_encoder(head);
    std::mem::take(names.rows())
}
