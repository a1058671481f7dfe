//! T5, mT5 and UMT5 (Raffel et al. 2020, Xue et al. 2021, Chung et al. 2023) as classifiers: an encoder, and a decoder that reads the same
//! text shifted by one token; the head looks at the decoder's last end of a text.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/t5/modeling_t5.py>
//! and `models/mt5`, `models/umt5` there.

use super::architecture::{
    Architecture, Block, Buckets, Decoder, Dense, Distances, Dropouts, Embeddings, FeedForward, Head, Pooling,
    SelfAttention,
};
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::NormForm;
use crate::parameter_specs::{Init, ParameterSpec, ParameterSpecs};

/// T5's registration.
pub(super) const T5: Family = Family {
    model_type: "t5",
    classifier_architecture: "T5ForSequenceClassification",
    tokenizer_class: "T5Tokenizer",
    architecture: |config| architecture(&completed(config, T5_DEFAULTS), false),
    parameter_specs: |config| parameter_specs(&completed(config, T5_DEFAULTS), false),
    config_defaults: T5_DEFAULTS,
    dropout_fields: DropoutFields { hidden: &["dropout_rate"], attention: &[], classifier: &["classifier_dropout"] },
    prefix: "transformer.",
};

/// mT5's.
pub(super) const MT5: Family = Family {
    model_type: "mt5",
    classifier_architecture: "MT5ForSequenceClassification",
    architecture: |config| architecture(&completed(config, MT5_DEFAULTS), false),
    parameter_specs: |config| parameter_specs(&completed(config, MT5_DEFAULTS), false),
    config_defaults: MT5_DEFAULTS,
    ..T5
};

/// UMT5's, of which each layer has a table of relative positions.
pub(super) const UMT5: Family = Family {
    model_type: "umt5",
    classifier_architecture: "UMT5ForSequenceClassification",
    architecture: |config| architecture(&completed(config, MT5_DEFAULTS), true),
    parameter_specs: |config| parameter_specs(&completed(config, MT5_DEFAULTS), true),
    ..MT5
};

/// The defaults of a class, what depends on other fields left out: those that all have, and its own.
macro_rules! defaults {
    ($($field:literal: $default:expr,)*) => {
        &[
            ("classifier_dropout", FieldDefault::Number(0.0)),
            ("d_kv", FieldDefault::Count(64)),
            ("d_model", FieldDefault::Count(512)),
            ("dropout_rate", FieldDefault::Number(0.1)),
            ("eos_token_id", FieldDefault::Count(1)),
            ("initializer_factor", FieldDefault::Number(1.0)),
            ("is_encoder_decoder", FieldDefault::Bool(true)),
            ("layer_norm_epsilon", FieldDefault::Number(1e-6)),
            ("pad_token_id", FieldDefault::Count(0)),
            ("relative_attention_max_distance", FieldDefault::Count(128)),
            ("relative_attention_num_buckets", FieldDefault::Count(32)),
            ("tie_word_embeddings", FieldDefault::Bool(true)),
            ("use_cache", FieldDefault::Bool(true)),
            $(($field, $default),)*
        ]
    };
}

/// `T5Config` of `configuration_t5.py`.
const T5_DEFAULTS: &[(&str, FieldDefault)] = defaults! {
    "d_ff": FieldDefault::Count(2048),
    "feed_forward_proj": FieldDefault::Text("relu"),
    "num_heads": FieldDefault::Count(8),
    "num_layers": FieldDefault::Count(6),
    "vocab_size": FieldDefault::Count(32_128),
};

/// `MT5Config` and `UMT5Config`, alike.
const MT5_DEFAULTS: &[(&str, FieldDefault)] = defaults! {
    "d_ff": FieldDefault::Count(1024),
    "decoder_start_token_id": FieldDefault::Count(0),
    "feed_forward_proj": FieldDefault::Text("gated-gelu"),
    "num_heads": FieldDefault::Count(6),
    "num_layers": FieldDefault::Count(8),
    "vocab_size": FieldDefault::Count(250_112),
};

/// `attribute_map` of all three.
const ALIASES: &[(&str, &str)] = &[
    ("hidden_size", "d_model"),
    ("num_attention_heads", "num_heads"),
    ("num_hidden_layers", "num_layers"),
    ("head_dim", "d_kv"),
];

/// The configuration with nothing left out. What follows reads no default but these.
fn completed(config: &Config, defaults: &[(&str, FieldDefault)]) -> Config {
    let config = config.with_defaults(defaults);
    // As many layers as `num_layers` says, before another name for that is looked at.
    let config = if config.get(DECODER_LAYERS).is_some() {
        config
    } else {
        config.with_aliases(&[("num_layers", DECODER_LAYERS)])
    };
    config.with_aliases(ALIASES)
}

const DECODER_LAYERS: &str = "num_decoder_layers";

/// Stands where a default is wanted, and all fields have a value.
const COMPLETED: f64 = f64::NAN;

/// The number of a token.
fn token(config: &Config, field: &'static str) -> Result<u32, ConfigError> {
    let missing = || ConfigError::Missing { field, model_type: config.model_type().to_owned() };
    let value = config.fields().get(field).ok_or_else(missing)?;
    let rows = config.count("vocab_size")? as u64;
    let id = value.as_u64().filter(|&id| id < rows).and_then(|id| u32::try_from(id).ok());
    let expected = format!("the id of a token, below vocab_size ({rows})");
    id.ok_or_else(|| ConfigError::Value { field: field.to_owned(), value: value.to_string(), expected })
}

/// `feed_forward_proj`: an activation, with `gated-` before it where there is a gate. transformers writes beside it what it made of that,
/// and goes by `dense_act_fn` where the two differ.
fn feed_forward(config: &Config) -> Result<FeedForward, ConfigError> {
    const FIELD: &str = "feed_forward_proj";
    let name = config.text(FIELD, "")?;
    let (gated, activation) = match name.strip_prefix("gated-") {
        // They said `gelu` and meant the other one (`configuration_t5.py`).
        Some("gelu") => (true, Activation::GeluTanh),
        Some(activation) => (true, Activation::from_config(FIELD, activation)?),
        None => (false, Activation::from_config(FIELD, name)?),
    };
    let activation = match config.get("dense_act_fn") {
        None => activation,
        Some(_) => Activation::from_config("dense_act_fn", config.text("dense_act_fn", "")?)?,
    };
    if config.switch("is_gated_act", gated)? != gated {
        // The layers' names go by one of the two, and their weights by the other.
        return Err(ConfigError::Value {
            field: "is_gated_act".to_owned(),
            value: (!gated).to_string(),
            expected: format!("{gated}, as `{FIELD}` has it (\"{name}\")"),
        });
    }
    Ok(FeedForward { activation, gated, bias: false, output_bias: false })
}

fn buckets(config: &Config, of_each_layer: bool) -> Result<Buckets, ConfigError> {
    let rows = config.whole("relative_attention_num_buckets", 0)?;
    let max_distance = config.whole("relative_attention_max_distance", 0)?;
    let wrong = |field: &str, value: usize, expected: String| {
        Err(ConfigError::Value { field: field.to_owned(), value: value.to_string(), expected })
    };
    if !(4..=1 << 20).contains(&rows) {
        return wrong("relative_attention_num_buckets", rows, "4 or more, and at most 1048576".to_owned());
    }
    if max_distance <= rows / 2 {
        let expected = format!("more than half of relative_attention_num_buckets ({rows})");
        return wrong("relative_attention_max_distance", max_distance, expected);
    }
    Ok(Buckets { rows, max_distance, of_each_layer })
}

/// Layers of the encoder, and of the decoder.
fn layers(config: &Config) -> Result<[usize; 2], ConfigError> {
    // A decoder without layers is one that transformers runs.
    let has_no_decoder = config.get(DECODER_LAYERS).and_then(serde_json::Value::as_u64) == Some(0);
    Ok([config.layers("num_layers")?, if has_no_decoder { 0 } else { config.layers(DECODER_LAYERS)? }])
}

fn architecture(config: &Config, table_in_each_layer: bool) -> Result<Architecture, ConfigError> {
    let [of_encoder, of_decoder] = layers(config)?;
    let (hidden, layers) = (config.count("d_model")?, of_encoder + of_decoder);
    let [dropped, of_head] = ["dropout_rate", "classifier_dropout"].map(|field| config.probability(field, COMPLETED));
    let (dropped, of_head) = (dropped?, of_head?);
    // Only whether there is one matters: no row of the table is the padding's.
    token(config, "pad_token_id")?;
    config.number("initializer_factor", COMPLETED)?;
    Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: hidden,
        intermediate_size: config.count("d_ff")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings::of_words(hidden, None),
        attention: SelfAttention {
            head_dim: config.count("d_kv")?,
            scale: 1.0,
            bias: false,
            output_bias: false,
            distances: Distances::Buckets(buckets(config, table_in_each_layer)?),
            ..SelfAttention::usual(hidden, config.count("num_heads")?, layers)
        },
        feed_forward: feed_forward(config)?,
        block: Block::PreNorm { first_attention: true },
        convolution: None,
        dropout: Dropouts {
            embeddings: dropped,
            attention: dropped,
            attention_output: dropped,
            inner: dropped,
            output: dropped,
        },
        norm: NormForm::Rms,
        layer_norm_eps: config.at_least_zero("layer_norm_epsilon", COMPLETED)?,
        decoder: Some(Decoder {
            first_layer: of_encoder,
            start: token(config, "decoder_start_token_id")?,
            output_dropout: dropped,
        }),
        head: Head {
            pooling: Pooling::LastOf { token: token(config, "eos_token_id")? },
            dense: Some(Dense { dropout: of_head, activation: Activation::Tanh, bias: true, norm: false }),
            dropout: of_head,
            classifier_bias: true,
        },
    }
    .fitting()
}

fn parameter_specs(config: &Config, table_in_each_layer: bool) -> Result<Vec<ParameterSpec>, ConfigError> {
    let (gated, [of_encoder, of_decoder]) = (feed_forward(config)?.gated, layers(config)?);
    let mut names = ParameterSpecs::default();
    names.table("word_embeddings", "shared");
    let tied = ["encoder", "decoder"].map(|stack| format!("{stack}.embed_tokens.weight"));
    names.rows().iter_mut().for_each(|words| words.tied = tied.to_vec());
    for (stack, first, count) in [("encoder", 0, of_encoder), ("decoder", of_encoder, of_decoder)] {
        let is_decoder = stack == "decoder";
        for layer in 0..count {
            let path = |part: &str| format!("encoder.layers.{}.{part}", first + layer);
            let name = |part: usize, what: &str| format!("{stack}.block.{layer}.layer.{part}.{what}");
            let linear = |names: &mut ParameterSpecs, parameter: &str, part: usize, layers: &[&str]| {
                let tensors: Vec<String> = layers.iter().map(|layer| name(part, layer)).collect();
                names.linear(&path(parameter), &tensors.iter().map(String::as_str).collect::<Vec<_>>(), false);
            };
            linear(&mut names, "qkv", 0, &["SelfAttention.q", "SelfAttention.k", "SelfAttention.v"]);
            linear(&mut names, "attention_output", 0, &["SelfAttention.o"]);
            let table = name(0, "SelfAttention.relative_attention_bias");
            match (table_in_each_layer, layer, is_decoder) {
                (true, ..) => names.table(&format!("layers.{}.relative_embeddings", first + layer), &table),
                (false, 0, false) => names.table("relative_embeddings", &table),
                (false, 0, true) => names.table("second_stack.relative_embeddings", &table),
                (false, ..) => &mut names,
            };
            names.norm(&path("attention_norm"), &name(0, "layer_norm"), false);
            if is_decoder {
                linear(&mut names, "cross.queries", 1, &["EncDecAttention.q"]);
                linear(&mut names, "cross.keys_values", 1, &["EncDecAttention.k", "EncDecAttention.v"]);
                linear(&mut names, "cross.output", 1, &["EncDecAttention.o"]);
                names.norm(&path("cross.norm"), &name(1, "layer_norm"), false);
            }
            let last = 1 + usize::from(is_decoder);
            match gated {
                true => linear(&mut names, "intermediate", last, &["DenseReluDense.wi_0", "DenseReluDense.wi_1"]),
                false => linear(&mut names, "intermediate", last, &["DenseReluDense.wi"]),
            }
            linear(&mut names, "output", last, &["DenseReluDense.wo"]);
            names.norm(&path("output_norm"), &name(last, "layer_norm"), false);
        }
        let norm = if is_decoder { "encoder.second_stack.final_norm" } else { "encoder.final_norm" };
        names.norm(norm, &format!("{stack}.final_layer_norm"), false);
    }
    // A model without its stacks is no T5, and what they are drawn by is not followed.
    names.rows().iter_mut().filter(|spec| spec.init == Init::Normal).for_each(|spec| spec.init = Init::Given);
    let mut names = names.head("classification_head.dense", false, "classification_head.out_proj");
    let std = config.number("initializer_factor", COMPLETED)? * (config.count("d_model")? as f64).powf(-0.5);
    names.iter_mut().filter(|spec| spec.init == Init::Normal).for_each(|spec| spec.init = Init::NormalAgain { std });
    Ok(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(fields: &serde_json::Value) -> Config {
        Config::from_fields(fields.as_object().unwrap().clone())
    }

    /// transformers reads both what it made of `feed_forward_proj` and what it made it of, and goes by the first.
    #[test]
    fn what_transformers_made_of_the_activation_goes_before_its_name() {
        let of = |fields: serde_json::Value| {
            feed_forward(&completed(&config(&fields), T5_DEFAULTS)).map(|found| (found.activation, found.gated))
        };
        assert_eq!(of(json!({})).unwrap(), (Activation::Relu, false));
        assert_eq!(of(json!({"feed_forward_proj": "gated-gelu"})).unwrap(), (Activation::GeluTanh, true));
        assert_eq!(of(json!({"feed_forward_proj": "gated-tanh"})).unwrap(), (Activation::Tanh, true));
        let edited = json!({"feed_forward_proj": "gelu", "dense_act_fn": "relu", "is_gated_act": false});
        assert_eq!(of(edited).unwrap(), (Activation::Relu, false));
        let said = of(json!({"feed_forward_proj": "relu", "is_gated_act": true})).unwrap_err().to_string();
        assert!(said.contains("`is_gated_act` is true, expected false"), "{said}");
        let said = of(json!({"feed_forward_proj": "gated-prelu"})).unwrap_err().to_string();
        assert!(said.contains("`feed_forward_proj` is \"prelu\""), "{said}");
    }

    /// Width, columns of a head, of the feed-forward layer, heads, words, and layers of either stack.
    fn sizes(family: &Family, fields: &serde_json::Value) -> [usize; 7] {
        let config = config(fields);
        let a = (family.architecture)(&config).unwrap();
        let first = a.decoder.unwrap().first_layer;
        let layers = |stack: &str| {
            let specs = (family.parameter_specs)(&config).unwrap();
            specs
                .iter()
                .filter(|spec| {
                    spec.tensors[0].starts_with(stack) && spec.tensors[0].ends_with("SelfAttention.q.weight")
                })
                .count()
        };
        assert_eq!([layers("encoder"), layers("decoder")], [first, a.num_layers - first]);
        let SelfAttention { heads, head_dim, .. } = a.attention;
        [a.hidden_size, head_dim, a.intermediate_size, heads, a.vocab_size, first, a.num_layers - first]
    }

    /// Against `T5Config(...)`, `MT5Config(...)` and `UMT5Config(...)` of transformers 5.23.
    #[test]
    fn what_is_left_out_is_the_classes() {
        let start = json!({"decoder_start_token_id": 0});
        assert_eq!(sizes(&T5, &start), [512, 64, 2048, 8, 32_128, 6, 6]);
        assert_eq!(sizes(&MT5, &json!({})), [512, 64, 1024, 6, 250_112, 8, 8]);
        assert_eq!(sizes(&UMT5, &json!({})), [512, 64, 1024, 6, 250_112, 8, 8]);
        assert_eq!(sizes(&MT5, &json!({"num_layers": 2}))[5..], [2, 2]);
        assert_eq!(sizes(&MT5, &json!({"num_layers": 2, "num_decoder_layers": null}))[5..], [2, 2]);
        let said = (T5.architecture)(&config(&json!({}))).unwrap_err().to_string();
        assert!(said.contains("no field `decoder_start_token_id`"), "{said}");
    }

    /// The same, of which `hidden_size` is `d_model`, and the decoder has as many layers as `num_layers` says before that is another name.
    #[test]
    fn other_names_of_sizes_are_read() {
        let others = json!({"hidden_size": 20, "num_attention_heads": 3, "num_hidden_layers": 3, "head_dim": 5, "d_ff": 7, "vocab_size": 9});
        assert_eq!(sizes(&MT5, &others), [20, 5, 7, 3, 9, 3, 8]);
        let both = json!({"hidden_size": 20, "d_model": 16, "num_hidden_layers": 3, "num_layers": 2});
        let found = sizes(&UMT5, &both);
        assert_eq!((found[0], &found[5..]), (20, &[3, 2][..]));
    }

    /// `d_kv` says how wide a head is, so the width need not be a multiple of their number, whatever `d_kv` is.
    #[test]
    fn heads_need_not_divide_the_width() {
        for d_kv in [6, 7] {
            assert_eq!(sizes(&MT5, &json!({"d_model": 20, "num_heads": 3, "d_kv": d_kv}))[..2], [20, d_kv]);
        }
    }
}
