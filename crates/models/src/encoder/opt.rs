//! OPT (Zhang et al. 2022) as a classifier: learned positions from 2 on, norms first.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/opt/modeling_opt.py>

use super::architecture::{Architecture, Block, Dropouts, Embeddings, FeedForward, Head, Positions, SelfAttention};
use super::checks::{only, padding};
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::NormForm;
use crate::parameter_specs::{ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "opt",
    classifier_architecture: "OPTForSequenceClassification",
    tokenizer_class: "GPT2Tokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &["dropout"], attention: &["attention_dropout"], classifier: &[] },
    prefix: "model.",
};

/// `OPTConfig` of `configuration_opt.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("_remove_final_layer_norm", FieldDefault::Bool(false)),
    ("activation_function", FieldDefault::Text("relu")),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(2)),
    ("do_layer_norm_before", FieldDefault::Bool(true)),
    ("dropout", FieldDefault::Number(0.1)),
    ("enable_bias", FieldDefault::Bool(true)),
    ("eos_token_id", FieldDefault::Count(2)),
    ("init_std", FieldDefault::Number(0.02)),
    ("layer_norm_elementwise_affine", FieldDefault::Bool(true)),
    ("layerdrop", FieldDefault::Number(0.0)),
    ("pad_token_id", FieldDefault::Count(1)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("use_cache", FieldDefault::Bool(true)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    for (field, supported) in
        [("do_layer_norm_before", true), ("layer_norm_elementwise_affine", true), ("_remove_final_layer_norm", false)]
    {
        only(config, field, &supported.into())?;
    }
    let (hidden, layers) = (config.count("hidden_size")?, config.layers("num_hidden_layers")?);
    only(config, "word_embed_proj_dim", &hidden.into())?;
    if config.number("layerdrop", 0.0)? != 0.0 {
        only(config, "layerdrop", &0.0.into())?;
    }
    let (bias, dropped) = (config.switch("enable_bias", true)?, config.probability("dropout", 0.1)?);
    config.at_least_zero("init_std", 0.02)?;
    // Two rows come before the first position (`OPTLearnedPositionalEmbedding`).
    let rows = config.count("max_position_embeddings")?.saturating_add(2);
    Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: hidden,
        intermediate_size: config.count("ffn_dim")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings {
            positions: Some(Positions { rows, first: 2, skips_padding: false }),
            ..Embeddings::of_words(hidden, padding(config, Some(1))?)
        },
        attention: SelfAttention {
            causal: true,
            bias,
            output_bias: bias,
            ..SelfAttention::usual(hidden, config.count("num_attention_heads")?, layers)
        },
        feed_forward: FeedForward {
            activation: Activation::from_config("activation_function", config.text("activation_function", "relu")?)?,
            gated: false,
            bias,
            output_bias: bias,
        },
        block: Block::PreNorm { first_attention: true },
        convolution: None,
        dropout: Dropouts {
            embeddings: 0.0,
            attention: config.probability("attention_dropout", 0.0)?,
            attention_output: dropped,
            inner: 0.0,
            output: dropped,
        },
        norm: NormForm::Layer { bias: true },
        // Written into the code, not into config.json.
        layer_norm_eps: 1e-5,
        decoder: None,
        head: Head::score(padding(config, Some(1))?),
    }
    .checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let bias = config.switch("enable_bias", true)?;
    let mut names = ParameterSpecs::default();
    names
        .table("word_embeddings", "decoder.embed_tokens")
        .table("position_embeddings", "decoder.embed_positions")
        .norm("encoder.final_norm", "decoder.final_layer_norm", true);
    for layer in 0..config.layers("num_hidden_layers")? {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("decoder.layers.{layer}.{part}");
        let qkv = ["q_proj", "k_proj", "v_proj"].map(|part| name(&format!("self_attn.{part}")));
        names
            .linear(&path("qkv"), &qkv.each_ref().map(String::as_str), bias)
            .linear(&path("attention_output"), &[&name("self_attn.out_proj")], bias)
            .norm(&path("attention_norm"), &name("self_attn_layer_norm"), true)
            .linear(&path("intermediate"), &[&name("fc1")], bias)
            .linear(&path("output"), &[&name("fc2")], bias)
            .norm(&path("output_norm"), &name("final_layer_norm"), true);
    }
    Ok(names.score())
}
