//! What a family's config.json comes down to: sizes, and which of the known parts the encoder is made of.
//!
//! A family is data. Its file turns config.json into an [`Architecture`] and names the tensors; `model.rs` runs it.

use crate::activation::Activation;
use crate::config::{Config, ConfigError};
use crate::ops::GeluForm;

/// Larger than any encoder that people fine-tune.
const MOST_PARAMETERS: f64 = 1e10;

/// An encoder with its head.
#[derive(Clone, Debug)]
pub struct Architecture {
    /// Rows of the word embeddings.
    pub vocab_size: usize,
    /// Width of the encoder.
    pub hidden_size: usize,
    /// Width of the feed-forward layer, after its gate where it has one.
    pub intermediate_size: usize,
    /// Heads of each attention.
    pub num_attention_heads: usize,
    /// Layers with parameters of their own.
    pub num_layers: usize,
    /// The layers in the order in which they are run; ALBERT runs one many times.
    pub layer_order: Vec<usize>,
    /// What a token's vector is made of.
    pub embeddings: Embeddings,
    /// The form of a layer, with what only that form applies.
    pub block: Block,
    /// Probabilities of dropout.
    pub dropout: Dropouts,
    /// Added to the variance.
    pub layer_norm_eps: f64,
    /// Whether normalisations have a shift.
    pub norm_bias: bool,
    /// What follows the encoder.
    pub head: Head,
}

/// What a token's vector is made of besides its word.
#[derive(Clone, Debug)]
pub struct Embeddings {
    /// Width of the tables.
    pub size: usize,
    /// Rows of the position embeddings, and the number of the first position.
    pub positions: Option<(usize, usize)>,
    /// Token type embeddings.
    pub token_types: TokenTypes,
    /// From `size` to the encoder's width.
    pub projection: Projection,
}

/// Token type embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTypes {
    /// There are none.
    None,
    /// A table of so many rows.
    Rows(usize),
    /// A table of so many rows, of which only the first is used.
    AllZero(usize),
}

impl TokenTypes {
    /// Rows of the table.
    #[must_use]
    pub fn rows(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Rows(rows) | Self::AllZero(rows) => Some(rows),
        }
    }
}

/// A linear layer from the embeddings to the encoder's width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// The widths are equal.
    None,
    /// Before the normalisation, without a bias.
    BeforeNorm,
    /// After normalisation and dropout.
    AfterNorm,
}

/// The form of a layer. Each form carries the positions, the activation and the dropout that it applies, so that none can be
/// asked for that would not be.
#[derive(Clone, Debug)]
pub enum Block {
    /// Normalisation after each residual sum (Vaswani et al. 2017).
    PostNorm(PostNorm),
    /// Normalisation before attention and feed-forward layer, which has a gate; one more at the end. The first layer's
    /// attention has none, because the embeddings are normalised.
    PreNormGated(PreNormGated),
}

impl Block {
    /// What attention knows of the distance of two tokens, beyond rotary positions.
    #[must_use]
    pub fn distances(&self) -> Distances {
        match self {
            Self::PostNorm(block) => block.distances,
            Self::PreNormGated(_) => Distances::None,
        }
    }
}

/// What layers with normalisation after each residual sum differ in. All their linear layers have biases.
#[derive(Clone, Copy, Debug)]
pub struct PostNorm {
    /// What attention knows of the distance of two tokens.
    pub distances: Distances,
    /// Of the feed-forward layer.
    pub activation: Activation,
    /// Probability of dropout after the feed-forward layer, and of the table of [`Disentangled`] positions.
    pub output_dropout: f64,
}

/// What layers with normalisation first and a gate differ in.
#[derive(Clone, Debug)]
pub struct PreNormGated {
    /// Rotary positions of each of the [`Architecture::num_layers`].
    pub rotary: Vec<RotaryLayer>,
    /// The gate's form of GELU.
    pub gelu: GeluForm,
    /// Whether the attention's linear layers have biases.
    pub attention_bias: bool,
    /// Whether the feed-forward layer's have.
    pub mlp_bias: bool,
    /// Probability of dropout behind the gate, before the second product.
    pub mlp_dropout: f64,
}

/// What attention knows of the distance of two tokens.
#[derive(Clone, Copy, Debug)]
pub enum Distances {
    /// Nothing: the embeddings hold all positions.
    None,
    /// One number for each bucket of distances and each head, shared by all layers (Raffel et al. 2020).
    Buckets {
        /// Rows of the table.
        num_buckets: usize,
        /// The table's row of a distance `query - key`.
        bucket_of: fn(i64, usize) -> u32,
    },
    /// Disentangled attention (He et al. 2021).
    Disentangled(Disentangled),
}

/// DeBERTa's table of relative positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disentangled {
    /// The table has twice as many rows.
    pub span: usize,
    /// Logarithmic buckets, where there are any.
    pub buckets: Option<usize>,
    /// Distances beyond fall into the last bucket.
    pub max_relative_positions: usize,
    /// Queries and keys of positions come from the layers' own projections.
    pub share_att_key: bool,
    /// The table is normalised.
    pub norm: bool,
}

/// One layer's rotary positions and how far its attention reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotaryLayer {
    /// Base of the wave lengths (`rope_theta`).
    pub theta: f64,
    /// Tokens look at those at most so many positions away, to either side; `None`: at all.
    pub window: Option<usize>,
}

/// Probabilities of dropout, 0 to below 1, where every form of a layer has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropouts {
    /// After the embeddings' normalisation.
    pub embeddings: f64,
    /// Of attention probabilities.
    pub attention: f64,
    /// After the attention's output layer.
    pub attention_output: f64,
}

/// What follows the encoder: a dense layer, then the classifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// What of the sequence is looked at.
    pub pooling: Pooling,
    /// Before the dense layer.
    pub dense_dropout: f64,
    /// After the dense layer.
    pub activation: Activation,
    /// Whether the dense layer has a bias.
    pub dense_bias: bool,
    /// Whether a normalisation follows it.
    pub norm: bool,
    /// Before the classifier.
    pub dropout: f64,
}

/// What of a sequence goes into the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The first token.
    First,
    /// The mean of all tokens.
    Mean,
}

impl Architecture {
    /// The same where its parts fit each other and memory. `heads_field` is what the family's config.json calls the number of
    /// heads.
    ///
    /// # Errors
    /// Names the field of config.json or the part of the architecture that is wrong.
    pub fn checked(self, heads_field: &'static str) -> Result<Self, ConfigError> {
        let (hidden, heads) = (self.hidden_size, self.num_attention_heads);
        let wrong = |value: String, expected: String| {
            Err(ConfigError::Value { field: "hidden_size".to_owned(), value, expected })
        };
        if !hidden.is_multiple_of(heads) {
            return wrong(hidden.to_string(), format!("a multiple of {heads_field} ({heads})"));
        }
        if matches!(self.block, Block::PreNormGated(_)) && !self.head_dim().is_multiple_of(2) {
            let expected = "an even number of columns for each head, since positions turn pairs";
            return wrong(hidden.to_string(), expected.to_owned());
        }
        // Memory for so many cannot be had, and asking for it would end the program without a message.
        if self.about_parameters() > MOST_PARAMETERS {
            let value = format!("{hidden} (with the other sizes {:.1e} parameters)", self.about_parameters());
            return wrong(value, format!("sizes that make at most {MOST_PARAMETERS:e} parameters"));
        }
        self.check_parts()?;
        Ok(self)
    }

    /// What no config.json decides, but the file of a family.
    fn check_parts(&self) -> Result<(), ConfigError> {
        let wrong = |part, value: String, expected: String| Err(ConfigError::Architecture { part, value, expected });
        let (layers, width, hidden) = (self.num_layers, self.embeddings.size, self.hidden_size);
        if self.layer_order.is_empty() || self.layer_order.iter().any(|&layer| layer >= layers) {
            let expected = format!("at least one, all from 0 to below num_layers ({layers})");
            return wrong("layer_order", format!("{:?}", self.layer_order), expected);
        }
        if self.embeddings.projection == Projection::None && width != hidden {
            let expected = format!("hidden_size ({hidden}) where no projection follows");
            return wrong("embeddings.size", width.to_string(), expected);
        }
        if let Block::PreNormGated(block) = &self.block {
            if block.rotary.len() != layers {
                let value = format!("{} layers long", block.rotary.len());
                return wrong("block.rotary", value, format!("num_layers ({layers})"));
            }
            // The first layer has no normalisation before its attention, so it can stand nowhere else.
            if !self.layer_order.iter().copied().eq(0..layers) {
                let expected = format!("each of the {layers} layers once, in order");
                return wrong("layer_order", format!("{:?}", self.layer_order), expected);
            }
        }
        Ok(())
    }

    /// About how many numbers the encoder has; sizes out of a file may be beyond any integer's range.
    fn about_parameters(&self) -> f64 {
        let rows = self.vocab_size as f64
            + self.embeddings.positions.map_or(0.0, |(rows, _)| rows as f64)
            + self.embeddings.token_types.rows().unwrap_or(0) as f64;
        let [hidden, ffn, layers] = [self.hidden_size as f64, self.intermediate_size as f64, self.num_layers as f64];
        rows * self.embeddings.size as f64 + layers * (4.0 * hidden * hidden + 3.0 * hidden * ffn)
    }

    /// The longest input in tokens, where the model has a limit.
    #[must_use]
    pub fn longest_input(&self) -> Option<usize> {
        self.embeddings.positions.map(|(rows, first)| rows.saturating_sub(first))
    }

    /// Columns of a head.
    #[must_use]
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }
}

/// Refuses a config.json in which `field` asks for something else than `expected`; absent, it is taken as expected.
pub(super) fn only(config: &Config, field: &'static str, expected: &serde_json::Value) -> Result<(), ConfigError> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match config.get(field) {
        Some(value) if value != expected => {
            Err(ConfigError::Unsupported { field, value: text(value), supported: text(expected) })
        }
        _ => Ok(()),
    }
}

/// What BERT and its kin have in common in config.json.
pub(super) struct BertFields {
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) hidden_dropout_prob: f64,
    pub(super) classifier_dropout: f64,
    /// The form of the layers; a family that changes a part of it puts the whole back into the architecture.
    pub(super) block: PostNorm,
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
        block: PostNorm {
            distances: Distances::None,
            activation: Activation::from_config("hidden_act", config.text("hidden_act", "gelu")?)?,
            output_dropout: hidden_dropout_prob,
        },
    };
    config.at_least_zero("initializer_range", 0.02)?;
    let architecture = Architecture {
        vocab_size: config.count("vocab_size")?,
        hidden_size: fields.hidden_size,
        intermediate_size: config.count("intermediate_size")?,
        num_attention_heads: config.count("num_attention_heads")?,
        num_layers: fields.num_hidden_layers,
        layer_order: (0..fields.num_hidden_layers).collect(),
        embeddings: Embeddings {
            size: fields.hidden_size,
            positions: Some((config.count("max_position_embeddings")?, 0)),
            token_types: TokenTypes::None,
            projection: Projection::None,
        },
        block: Block::PostNorm(fields.block),
        dropout: Dropouts {
            embeddings: hidden_dropout_prob,
            attention: config.probability("attention_probs_dropout_prob", 0.1)?,
            attention_output: hidden_dropout_prob,
        },
        layer_norm_eps: config.at_least_zero("layer_norm_eps", layer_norm_eps)?,
        norm_bias: true,
        head: Head {
            pooling: Pooling::First,
            dense_dropout: 0.0,
            activation: Activation::Tanh,
            dense_bias: true,
            norm: false,
            dropout: fields.classifier_dropout,
        },
    };
    Ok((architecture, fields))
}
