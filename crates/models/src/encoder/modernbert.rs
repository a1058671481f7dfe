//! ModernBERT (Warner et al. 2024) and its decoder: rotary positions, local and global attention in turn, gated feed-forward layers,
//! normalisation before each part.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/modernbert/modeling_modernbert.py>

use super::architecture::{
    Architecture, Block, Dense, Dropouts, Embeddings, FeedForward, Head, LayerAttention, Pooling, SelfAttention,
};
use super::checks::padding;
use super::llama_like::sliding_layers;
use super::registration::{DropoutFields, Family};
use super::rope::{RopeDefaults, rope};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::NormForm;
use crate::parameter_specs::{Init, ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "modernbert",
    classifier_architecture: "ModernBertForSequenceClassification",
    tokenizer_class: "TokenizersBackend",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields {
        hidden: &["embedding_dropout", "mlp_dropout"],
        attention: &["attention_dropout"],
        classifier: &["classifier_dropout"],
    },
    prefix: "model.",
};

/// That of its decoder (Weller et al. 2025, Ettin): tokens look at none behind them.
pub(super) const DECODER: Family = Family {
    model_type: "modernbert-decoder",
    classifier_architecture: "ModernBertDecoderForSequenceClassification",
    architecture: decoder_architecture,
    parameter_specs: decoder_specs,
    config_defaults: DECODER_DEFAULTS,
    ..FAMILY
};

/// `ModernBertDecoderConfig` of `configuration_modernbert_decoder.py`; what depends on other fields is not among them.
const DECODER_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(50281)),
    ("classifier_activation", FieldDefault::Text("gelu")),
    ("classifier_bias", FieldDefault::Bool(false)),
    ("classifier_dropout", FieldDefault::Number(0.0)),
    ("cls_token_id", FieldDefault::Count(50281)),
    ("decoder_bias", FieldDefault::Bool(true)),
    ("embedding_dropout", FieldDefault::Number(0.0)),
    ("eos_token_id", FieldDefault::Count(50282)),
    ("hidden_activation", FieldDefault::Text("gelu")),
    ("initializer_cutoff_factor", FieldDefault::Number(2.0)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("local_attention", FieldDefault::Count(128)),
    ("mlp_bias", FieldDefault::Bool(false)),
    ("mlp_dropout", FieldDefault::Number(0.0)),
    ("norm_bias", FieldDefault::Bool(false)),
    ("norm_eps", FieldDefault::Number(1e-05)),
    ("pad_token_id", FieldDefault::Count(50283)),
    ("sep_token_id", FieldDefault::Count(50282)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("use_cache", FieldDefault::Bool(true)),
];

/// `ModernBertConfig` of `configuration_modernbert.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_bias", FieldDefault::Bool(false)),
    ("attention_dropout", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(50281)),
    ("classifier_activation", FieldDefault::Text("gelu")),
    ("classifier_bias", FieldDefault::Bool(false)),
    ("classifier_dropout", FieldDefault::Number(0.0)),
    ("classifier_pooling", FieldDefault::Text("cls")),
    ("cls_token_id", FieldDefault::Count(50281)),
    ("decoder_bias", FieldDefault::Bool(true)),
    ("deterministic_flash_attn", FieldDefault::Bool(false)),
    ("embedding_dropout", FieldDefault::Number(0.0)),
    ("eos_token_id", FieldDefault::Count(50282)),
    ("hidden_activation", FieldDefault::Text("gelu")),
    ("initializer_cutoff_factor", FieldDefault::Number(2.0)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("local_attention", FieldDefault::Count(128)),
    ("mlp_bias", FieldDefault::Bool(false)),
    ("mlp_dropout", FieldDefault::Number(0.0)),
    ("norm_bias", FieldDefault::Bool(false)),
    ("norm_eps", FieldDefault::Number(1e-5)),
    ("pad_token_id", FieldDefault::Count(50283)),
    ("sep_token_id", FieldDefault::Count(50282)),
    ("sparse_pred_ignore_index", FieldDefault::Signed(-100)),
    ("sparse_prediction", FieldDefault::Bool(false)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
];

const GLOBAL: RopeDefaults = RopeDefaults { theta_field: "global_rope_theta", ..RopeDefaults::theta(160_000.0) };
const LOCAL: RopeDefaults = RopeDefaults { theta_field: "local_rope_theta", ..RopeDefaults::theta(10_000.0) };

/// Positions of each layer, and how far those that look at a window do: `reach` positions, to either side.
fn layers(config: &Config, head_dim: usize, reach: usize) -> Result<Vec<LayerAttention>, ConfigError> {
    let every = config.whole("global_attn_every_n_layers", 3)?.max(1);
    let slides = sliding_layers(config, config.layers("num_hidden_layers")?, |layer| !layer.is_multiple_of(every))?;
    let layer = |kind, defaults, window| {
        Ok(LayerAttention { rotary: Some(rope(config, Some(kind), head_dim, defaults)?), window, scale: None })
    };
    let global = layer("full_attention", GLOBAL, None)?;
    let local = layer("sliding_attention", LOCAL, Some(reach))?;
    Ok(slides.into_iter().map(|slides| if slides { local.clone() } else { global.clone() }).collect())
}

/// What encoder and decoder have in common.
fn modernbert_like(config: &Config) -> Result<Architecture, ConfigError> {
    let (hidden, layers) = (config.count("hidden_size")?, config.layers("num_hidden_layers")?);
    let attention_dropout = config.probability("attention_dropout", 0.0)?;
    let [attention_bias, mlp_bias] = ["attention_bias", "mlp_bias"].map(|field| config.switch(field, false));
    let (attention_bias, mlp_bias) = (attention_bias?, mlp_bias?);
    config.at_least_zero("initializer_range", 0.02)?;
    Ok(Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: hidden,
        intermediate_size: config.count("intermediate_size")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings { norm: true, ..Embeddings::of_words(hidden, padding(config, Some(50_283))?) },
        attention: SelfAttention {
            bias: attention_bias,
            output_bias: attention_bias,
            ..SelfAttention::usual(hidden, config.count("num_attention_heads")?, 0)
        },
        feed_forward: FeedForward {
            activation: Activation::from_config("hidden_activation", config.text("hidden_activation", "gelu")?)?,
            gated: true,
            bias: mlp_bias,
            output_bias: mlp_bias,
        },
        block: Block::PreNorm { first_attention: false },
        convolution: None,
        dropout: Dropouts {
            embeddings: config.probability("embedding_dropout", 0.0)?,
            attention: attention_dropout,
            attention_output: attention_dropout,
            inner: config.probability("mlp_dropout", 0.0)?,
            output: 0.0,
        },
        norm: NormForm::Layer { bias: config.switch("norm_bias", false)? },
        layer_norm_eps: config.at_least_zero("norm_eps", 1e-5)?,
        decoder: None,
        head: Head {
            pooling: Pooling::First,
            dense: Some(Dense {
                dropout: 0.0,
                activation: Activation::from_config(
                    "classifier_activation",
                    config.text("classifier_activation", "gelu")?,
                )?,
                bias: config.switch("classifier_bias", false)?,
                norm: true,
            }),
            dropout: config.probability("classifier_dropout", 0.0)?,
            classifier_bias: true,
        },
    })
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let mut architecture = modernbert_like(config)?;
    // `local_attention` counts both sides.
    let reach = config.whole("local_attention", 128)? / 2;
    architecture.attention.layers = layers(config, architecture.attention.head_dim, reach)?;
    architecture.head.pooling = match config.text("classifier_pooling", "cls")? {
        "cls" => Pooling::First,
        "mean" => Pooling::Mean,
        other => {
            return Err(ConfigError::Unsupported {
                field: "classifier_pooling",
                value: other.to_owned(),
                supported: "cls, mean".to_owned(),
            });
        }
    };
    architecture.checked("num_attention_heads")
}

fn decoder_architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let mut architecture = modernbert_like(config)?;
    // A window of half of `local_attention` tokens, the one that looks among them.
    let reach = (config.whole("local_attention", 128)? / 2).saturating_sub(1);
    architecture.attention.layers = layers(config, architecture.attention.head_dim, reach)?;
    architecture.attention.causal = true;
    architecture.head.pooling = Pooling::Last { padding: padding(config, Some(50_283))? };
    architecture.head.classifier_bias = config.switch("classifier_bias", false)?;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    names(config, &architecture(config)?, &["attn.Wqkv"])
}

fn decoder_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    names(config, &decoder_architecture(config)?, &["attn.q_proj", "attn.k_proj", "attn.v_proj"])
}

fn names(config: &Config, a: &Architecture, qkv: &[&str]) -> Result<Vec<ParameterSpec>, ConfigError> {
    let (norm_bias, attention_bias, mlp_bias) =
        (a.norm == NormForm::Layer { bias: true }, a.attention.bias, a.feed_forward.bias);
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "embeddings.tok_embeddings").norm(
        "encoder.embedding_norm",
        "embeddings.norm",
        norm_bias,
    );
    for layer in 0..a.num_layers {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("layers.{layer}.{part}");
        if layer > 0 {
            names.norm(&path("attention_norm"), &name("attn_norm"), norm_bias);
        }
        let qkv: Vec<String> = qkv.iter().map(|part| name(part)).collect();
        names
            .linear(&path("qkv"), &qkv.iter().map(String::as_str).collect::<Vec<_>>(), attention_bias)
            .linear(&path("attention_output"), &[&name("attn.Wo")], attention_bias)
            .norm(&path("output_norm"), &name("mlp_norm"), norm_bias)
            .linear(&path("intermediate"), &[&name("mlp.Wi")], mlp_bias)
            .linear(&path("output"), &[&name("mlp.Wo")], mlp_bias);
    }
    names.norm("encoder.final_norm", "final_norm", norm_bias);
    let head = names.rows().len();
    names
        .linear("dense", &["head.dense"], a.head.dense.is_some_and(|dense| dense.bias))
        .norm("dense_norm", "head.norm", norm_bias)
        .linear("classifier", &["classifier"], a.head.classifier_bias)
        .outside_encoder(head);
    // `_init_weights`: words and the head's layers are cut, and these have deviations of their own.
    let cutoff = config.number("initializer_cutoff_factor", 2.0)?;
    let range = config.number("initializer_range", 0.02)?;
    let out = range / (2.0 * a.num_layers as f64).sqrt();
    let last = (a.hidden_size as f64).powf(-0.5);
    for row in names.rows() {
        let std = match row.parameter.as_str() {
            "encoder.word_embeddings" => range,
            "dense.weight" => out,
            "classifier.weight" => last,
            _ => continue,
        };
        row.init = Init::TruncatedNormal { std, cut: cutoff * std };
    }
    Ok(std::mem::take(names.rows()))
}
