//! ModernBERT (Warner et al. 2024): rotary positions, local and global attention in turn, gated feed-forward layers,
//! normalisation before each part.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/modernbert/modeling_modernbert.py>

use serde_json::Value;

use super::architecture::{
    Architecture, Block, Dropouts, Embeddings, Head, Pooling, PreNormGated, Projection, RotaryLayer, TokenTypes, only,
};
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::ops::GeluForm;
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

/// `rope_theta` of a kind of layer: of `rope_parameters` (transformers 5), of a field of its own (4), or the default.
fn theta(config: &Config, kind: &str, old_field: &str, default: f64) -> Result<f64, ConfigError> {
    let parameters = config.get("rope_parameters").and_then(|p| p.get(kind)).filter(|p| !p.is_null());
    if let Some(rope_type) = parameters.and_then(|p| p.get("rope_type")).filter(|t| t.as_str() != Some("default")) {
        return Err(ConfigError::Unsupported {
            field: "rope_type",
            value: rope_type.as_str().map_or_else(|| rope_type.to_string(), str::to_owned),
            supported: "default".to_owned(),
        });
    }
    match parameters.and_then(|p| p.get("rope_theta")).and_then(Value::as_f64) {
        Some(theta) => Ok(theta),
        None => config.number(old_field, default),
    }
}

fn rotary_layers(config: &Config) -> Result<Vec<RotaryLayer>, ConfigError> {
    let layers = config.layers("num_hidden_layers")?;
    let global = RotaryLayer { theta: theta(config, "full_attention", "global_rope_theta", 160_000.0)?, window: None };
    let local = RotaryLayer {
        theta: theta(config, "sliding_attention", "local_rope_theta", 10_000.0)?,
        // `local_attention` counts both sides.
        window: Some(config.whole("local_attention", 128)? / 2),
    };
    let Some(types) = config.get("layer_types") else {
        let every = config.whole("global_attn_every_n_layers", 3)?.max(1);
        return Ok((0..layers).map(|i| if i.is_multiple_of(every) { global } else { local }).collect());
    };
    let expected = || ConfigError::Value {
        field: "layer_types".to_owned(),
        value: types.to_string(),
        expected: format!("{layers} times \"full_attention\" or \"sliding_attention\""),
    };
    let kinds = types.as_array().filter(|kinds| kinds.len() == layers).ok_or_else(expected)?;
    let kind = |kind: &Value| match kind.as_str() {
        Some("full_attention") => Ok(global),
        Some("sliding_attention") => Ok(local),
        _ => Err(expected()),
    };
    kinds.iter().map(kind).collect()
}

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    only(config, "hidden_activation", &"gelu".into())?;
    only(config, "rope_scaling", &Value::Null)?;
    let (hidden, layers) = (config.count("hidden_size")?, config.layers("num_hidden_layers")?);
    let attention_dropout = config.probability("attention_dropout", 0.0)?;
    config.at_least_zero("initializer_range", 0.02)?;
    let pooling = match config.text("classifier_pooling", "cls")? {
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
    let architecture = Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: hidden,
        intermediate_size: config.count("intermediate_size")?,
        num_attention_heads: config.count("num_attention_heads")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings {
            size: hidden,
            positions: None,
            token_types: TokenTypes::None,
            projection: Projection::None,
        },
        block: Block::PreNormGated(PreNormGated {
            rotary: rotary_layers(config)?,
            gelu: GeluForm::Erf,
            attention_bias: config.switch("attention_bias", false)?,
            mlp_bias: config.switch("mlp_bias", false)?,
            mlp_dropout: config.probability("mlp_dropout", 0.0)?,
        }),
        dropout: Dropouts {
            embeddings: config.probability("embedding_dropout", 0.0)?,
            attention: attention_dropout,
            attention_output: attention_dropout,
        },
        layer_norm_eps: config.at_least_zero("norm_eps", 1e-5)?,
        norm_bias: config.switch("norm_bias", false)?,
        head: Head {
            pooling,
            dense_dropout: 0.0,
            activation: Activation::from_config(
                "classifier_activation",
                config.text("classifier_activation", "gelu")?,
            )?,
            dense_bias: config.switch("classifier_bias", false)?,
            norm: true,
            dropout: config.probability("classifier_dropout", 0.0)?,
        },
    };
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let [norm_bias, attention_bias, mlp_bias, classifier_bias] =
        ["norm_bias", "attention_bias", "mlp_bias", "classifier_bias"].map(|field| config.switch(field, false));
    let (norm_bias, attention_bias, mlp_bias) = (norm_bias?, attention_bias?, mlp_bias?);
    let layers = config.layers("num_hidden_layers")?;
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "embeddings.tok_embeddings").norm(
        "encoder.embedding_norm",
        "embeddings.norm",
        norm_bias,
    );
    for layer in 0..layers {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("layers.{layer}.{part}");
        if layer > 0 {
            names.norm(&path("attention_norm"), &name("attn_norm"), norm_bias);
        }
        names
            .linear(&path("qkv"), &[&name("attn.Wqkv")], attention_bias)
            .linear(&path("attention_output"), &[&name("attn.Wo")], attention_bias)
            .norm(&path("output_norm"), &name("mlp_norm"), norm_bias)
            .linear(&path("intermediate"), &[&name("mlp.Wi")], mlp_bias)
            .linear(&path("output"), &[&name("mlp.Wo")], mlp_bias);
    }
    names.norm("encoder.final_norm", "final_norm", norm_bias);
    let head = names.rows().len();
    names
        .linear("dense", &["head.dense"], classifier_bias?)
        .norm("dense_norm", "head.norm", norm_bias)
        .linear("classifier", &["classifier"], true)
        .outside_encoder(head);
    // `_init_weights`: the head's layers have deviations of their own.
    let cutoff = config.number("initializer_cutoff_factor", 2.0)?;
    let out = config.number("initializer_range", 0.02)? / (2.0 * layers as f64).sqrt();
    let last = (config.count("hidden_size")? as f64).powf(-0.5);
    for row in &mut names.rows()[head..] {
        let std = match row.parameter.as_str() {
            "dense.weight" => out,
            "classifier.weight" => last,
            _ => continue,
        };
        row.init = Init::TruncatedNormal { std, cut: cutoff * std };
    }
    Ok(std::mem::take(names.rows()))
}
