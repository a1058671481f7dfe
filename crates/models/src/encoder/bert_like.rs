//! What BERT and its kin have in common in config.json.

use super::architecture::{
    Architecture, Block, Dense, Dropouts, Embeddings, FeedForward, Head, Pooling, Positions, SelfAttention, TokenTypes,
};
use super::checks::{only, padding};
use crate::activation::Activation;
use crate::config::{Config, ConfigError};
use crate::layers::NormForm;

/// The fields that a family may use again.
pub(super) struct BertFields {
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) hidden_dropout_prob: f64,
    pub(super) classifier_dropout: f64,
    /// Of the head; a family that changes a part of it puts the whole back into the architecture.
    pub(super) dense: Dense,
}

/// An architecture of BERT's shape from the fields that its kin share; each family then changes what differs.
pub(super) fn bert_like(config: &Config, layer_norm_eps: f64) -> Result<(Architecture, BertFields), ConfigError> {
    let (mut architecture, fields) = bert_like_without_token_types(config, layer_norm_eps)?;
    architecture.embeddings.token_types = TokenTypes::Rows(config.count("type_vocab_size")?);
    Ok((architecture, fields))
}

/// As [`bert_like`], for families that may have no token types.
pub(super) fn bert_like_without_token_types(
    config: &Config,
    layer_norm_eps: f64,
) -> Result<(Architecture, BertFields), ConfigError> {
    only(config, "position_embedding_type", &"absolute".into())?;
    only(config, "is_decoder", &false.into())?;
    only(config, "add_cross_attention", &false.into())?;
    let hidden_dropout_prob = config.probability("hidden_dropout_prob", 0.1)?;
    let fields = BertFields {
        hidden_size: config.count("hidden_size")?,
        num_hidden_layers: config.layers("num_hidden_layers")?,
        hidden_dropout_prob,
        classifier_dropout: config.optional_probability("classifier_dropout", hidden_dropout_prob)?,
        dense: Dense { dropout: 0.0, activation: Activation::Tanh, bias: true, norm: false },
    };
    config.at_least_zero("initializer_range", 0.02)?;
    let (heads, layers) = (config.count("num_attention_heads")?, fields.num_hidden_layers);
    let architecture = Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: fields.hidden_size,
        intermediate_size: config.count("intermediate_size")?,
        num_layers: layers,
        layer_order: (0..layers).collect(),
        embeddings: Embeddings {
            positions: Some(Positions::from_zero(config.count("max_position_embeddings")?)),
            norm: true,
            ..Embeddings::of_words(fields.hidden_size, padding(config, Some(0))?)
        },
        attention: SelfAttention::usual(fields.hidden_size, heads, layers),
        feed_forward: FeedForward {
            activation: Activation::from_config("hidden_act", config.text("hidden_act", "gelu")?)?,
            gated: false,
            bias: true,
            output_bias: true,
        },
        block: Block::PostNorm,
        convolution: None,
        dropout: Dropouts {
            embeddings: hidden_dropout_prob,
            attention: config.probability("attention_probs_dropout_prob", 0.1)?,
            attention_output: hidden_dropout_prob,
            inner: 0.0,
            output: hidden_dropout_prob,
        },
        norm: NormForm::Layer { bias: true },
        layer_norm_eps: config.at_least_zero("layer_norm_eps", layer_norm_eps)?,
        decoder: None,
        head: Head {
            pooling: Pooling::First,
            dense: Some(fields.dense),
            dropout: fields.classifier_dropout,
            classifier_bias: true,
        },
    };
    Ok((architecture, fields))
}
