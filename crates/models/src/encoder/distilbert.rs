//! DistilBERT (Sanh et al. 2019): BERT's layers, half as many, without token types and pooler.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/distilbert/modeling_distilbert.py>

use super::architecture::{
    Architecture, Block, Dense, Dropouts, Embeddings, FeedForward, Head, Pooling, Positions, SelfAttention,
};
use super::checks::{only, padding};
use super::registration::{DropoutFields, Family};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::NormForm;
use crate::parameter_specs::{LayerNames, ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "distilbert",
    classifier_architecture: "DistilBertForSequenceClassification",
    tokenizer_class: "BertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields {
        hidden: &["dropout"],
        attention: &["attention_dropout"],
        classifier: &["seq_classif_dropout"],
    },
    prefix: "distilbert.",
};

/// `DistilBertConfig` of `configuration_distilbert.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("activation", FieldDefault::Text("gelu")),
    ("attention_dropout", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Null),
    ("dropout", FieldDefault::Number(0.1)),
    ("eos_token_id", FieldDefault::Null),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("qa_dropout", FieldDefault::Number(0.1)),
    ("seq_classif_dropout", FieldDefault::Number(0.2)),
    ("sinusoidal_pos_embds", FieldDefault::Bool(false)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
];

const LAYER: LayerNames = LayerNames {
    qkv: &[
        "transformer.layer.{}.attention.q_lin",
        "transformer.layer.{}.attention.k_lin",
        "transformer.layer.{}.attention.v_lin",
    ],
    attention_output: "transformer.layer.{}.attention.out_lin",
    attention_norm: "transformer.layer.{}.sa_layer_norm",
    intermediate: "transformer.layer.{}.ffn.lin1",
    output: "transformer.layer.{}.ffn.lin2",
    output_norm: "transformer.layer.{}.output_layer_norm",
};

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    // The tables of sines are stored with the checkpoint, and trained like others; only a new model needs the switch.
    only(config, "is_decoder", &false.into())?;
    let (dim, layers, dropout) =
        (config.count("dim")?, config.layers("n_layers")?, config.probability("dropout", 0.1)?);
    config.at_least_zero("initializer_range", 0.02)?;
    Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: dim,
        intermediate_size: config.count("hidden_dim")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings {
            positions: Some(Positions::from_zero(config.count("max_position_embeddings")?)),
            norm: true,
            ..Embeddings::of_words(dim, padding(config, Some(0))?)
        },
        attention: SelfAttention::usual(dim, config.count("n_heads")?, layers),
        feed_forward: FeedForward {
            activation: Activation::from_config("activation", config.text("activation", "gelu")?)?,
            gated: false,
            bias: true,
            output_bias: true,
        },
        block: Block::PostNorm,
        convolution: None,
        dropout: Dropouts {
            embeddings: dropout,
            attention: config.probability("attention_dropout", 0.1)?,
            output: dropout,
            ..Dropouts::default()
        },
        norm: NormForm::Layer { bias: true },
        // Written into the code, not into config.json.
        layer_norm_eps: 1e-12,
        decoder: None,
        head: Head {
            pooling: Pooling::First,
            dense: Some(Dense { dropout: 0.0, activation: Activation::Relu, bias: true, norm: false }),
            dropout: config.probability("seq_classif_dropout", 0.2)?,
            classifier_bias: true,
        },
    }
    .checked("n_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = ParameterSpecs::default();
    names
        .table("word_embeddings", "embeddings.word_embeddings")
        .table("position_embeddings", "embeddings.position_embeddings")
        .norm("encoder.embedding_norm", "embeddings.LayerNorm", true);
    for layer in 0..config.layers("n_layers")? {
        names.layer(layer, &layer.to_string(), &LAYER);
    }
    Ok(names.head("pre_classifier", false, "classifier"))
}
