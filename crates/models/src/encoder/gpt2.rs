//! GPT-2 (Radford et al. 2019) as a classifier: learned positions, norms first, matrices stored as `[in, out]`.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/gpt2/modeling_gpt2.py>

use super::architecture::{Architecture, Block, Dropouts, Embeddings, FeedForward, Head, Positions, SelfAttention};
use super::checks::{only, padding};
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::NormForm;
use crate::parameter_specs::{ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "gpt2",
    classifier_architecture: "GPT2ForSequenceClassification",
    tokenizer_class: "GPT2Tokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields {
        hidden: &["embd_pdrop", "resid_pdrop"],
        attention: &["attn_pdrop"],
        classifier: &[],
    },
    prefix: "transformer.",
};

/// `GPT2Config` of `configuration_gpt2.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("activation_function", FieldDefault::Text("gelu_new")),
    ("add_cross_attention", FieldDefault::Bool(false)),
    ("attn_pdrop", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Count(50256)),
    ("embd_pdrop", FieldDefault::Number(0.1)),
    ("eos_token_id", FieldDefault::Count(50256)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("layer_norm_epsilon", FieldDefault::Number(1e-05)),
    ("n_inner", FieldDefault::Null),
    ("pad_token_id", FieldDefault::Null),
    ("reorder_and_upcast_attn", FieldDefault::Bool(false)),
    ("resid_pdrop", FieldDefault::Number(0.1)),
    ("scale_attn_by_inverse_layer_idx", FieldDefault::Bool(false)),
    ("scale_attn_weights", FieldDefault::Bool(true)),
    ("summary_activation", FieldDefault::Null),
    ("summary_first_dropout", FieldDefault::Number(0.1)),
    ("summary_proj_to_labels", FieldDefault::Bool(true)),
    ("summary_type", FieldDefault::Text("cls_index")),
    ("summary_use_proj", FieldDefault::Bool(true)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("use_cache", FieldDefault::Bool(true)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    only(config, "add_cross_attention", &false.into())?;
    only(config, "scale_attn_weights", &true.into())?;
    let (hidden, layers, heads) = (config.count("n_embd")?, config.layers("n_layer")?, config.count("n_head")?);
    config.at_least_zero("initializer_range", 0.02)?;
    let dropped = config.probability("resid_pdrop", 0.1)?;
    let mut attention = SelfAttention { causal: true, ..SelfAttention::usual(hidden, heads, layers) };
    if config.switch("scale_attn_by_inverse_layer_idx", false)? {
        let layers = (1..).zip(&mut attention.layers);
        layers.for_each(|(number, layer)| layer.scale = Some(attention.scale / f64::from(number)));
    }
    Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: hidden,
        intermediate_size: if config.get("n_inner").is_some() {
            config.count("n_inner")?
        } else {
            hidden.saturating_mul(4)
        },
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings {
            positions: Some(Positions::from_zero(config.count("n_positions")?)),
            ..Embeddings::of_words(hidden, None)
        },
        attention,
        feed_forward: FeedForward {
            activation: Activation::from_config(
                "activation_function",
                config.text("activation_function", "gelu_new")?,
            )?,
            gated: false,
            bias: true,
            output_bias: true,
        },
        block: Block::PreNorm { first_attention: true },
        convolution: None,
        dropout: Dropouts {
            embeddings: config.probability("embd_pdrop", 0.1)?,
            attention: config.probability("attn_pdrop", 0.1)?,
            attention_output: dropped,
            inner: 0.0,
            output: dropped,
        },
        norm: NormForm::Layer { bias: true },
        layer_norm_eps: config.at_least_zero("layer_norm_epsilon", 1e-5)?,
        decoder: None,
        head: Head::score(padding(config, None)?),
    }
    .checked("n_head")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "wte").table("position_embeddings", "wpe");
    for layer in 0..config.layers("n_layer")? {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("h.{layer}.{part}");
        names
            .norm(&path("attention_norm"), &name("ln_1"), true)
            .linear(&path("qkv"), &[&name("attn.c_attn")], true)
            .transposed()
            .linear(&path("attention_output"), &[&name("attn.c_proj")], true)
            .transposed()
            .norm(&path("output_norm"), &name("ln_2"), true)
            .linear(&path("intermediate"), &[&name("mlp.c_fc")], true)
            .transposed()
            .linear(&path("output"), &[&name("mlp.c_proj")], true)
            .transposed();
    }
    names.norm("encoder.final_norm", "ln_f", true);
    Ok(names.score())
}
