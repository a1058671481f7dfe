//! What a family's config.json comes down to: sizes, and which of the known parts the encoder is made of.
//!
//! A family is data. Its file turns config.json into an [`Architecture`] and names the tensors; `model.rs` runs it.

pub use super::disentangled::{Disentangled, PositionTerms};
use crate::activation::Activation;
use crate::layers::NormForm;
use crate::ops::Rotary;

/// An encoder with its head.
#[derive(Clone, Debug)]
pub struct Architecture {
    /// Rows of the word embeddings.
    pub vocab_size: usize,
    /// Width of the encoder.
    pub hidden_size: usize,
    /// Width of the feed-forward layer, after its gate where it has one.
    pub intermediate_size: usize,
    /// Layers with parameters of their own.
    pub num_layers: usize,
    /// The layers in the order in which they are run; ALBERT runs one many times.
    pub layer_order: Vec<usize>,
    /// What a token's vector is made of.
    pub embeddings: Embeddings,
    /// Who looks at whom, and how.
    pub attention: SelfAttention,
    /// What follows attention.
    pub feed_forward: FeedForward,
    /// Where a layer normalises.
    pub block: Block,
    /// Over what goes into the first layer, added to what comes out of it.
    pub convolution: Option<Convolution>,
    /// Probabilities of dropout.
    pub dropout: Dropouts,
    /// The form of normalisations.
    pub norm: NormForm,
    /// Added to the variance.
    pub layer_norm_eps: f64,
    /// The second stack of layers, where there is one.
    pub decoder: Option<Decoder>,
    /// What follows the encoder.
    pub head: Head,
}

/// A second stack of layers, which reads the same tokens shifted by one and the output of the first stack (T5). Its layers look at no
/// tokens behind them, and then at all of the first stack's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decoder {
    /// The first of its layers among the [`Architecture::num_layers`]; as many as those are where it has none.
    pub first_layer: usize,
    /// The token before all others (`decoder_start_token_id`).
    pub start: u32,
    /// Dropout of what either stack puts out.
    pub output_dropout: f64,
}

/// What a token's vector is made of besides its word.
#[derive(Clone, Debug)]
pub struct Embeddings {
    /// Width of the tables.
    pub size: usize,
    /// The padding token, whose row does not learn where it stands in a text (`padding_idx` of `torch.nn.Embedding`).
    pub padding: Option<u32>,
    /// Position embeddings.
    pub positions: Option<Positions>,
    /// Token type embeddings.
    pub token_types: TokenTypes,
    /// Rows of the task embeddings, of which only the first is used.
    pub task_types: Option<usize>,
    /// Whether a normalisation follows their sum.
    pub norm: bool,
    /// What words are multiplied with.
    pub scale: Option<f64>,
    /// From `size` to the encoder's width.
    pub projection: Projection,
}

impl Embeddings {
    /// Of words alone, as they are.
    #[must_use]
    pub fn of_words(size: usize, padding: Option<u32>) -> Self {
        Self {
            size,
            padding,
            positions: None,
            token_types: TokenTypes::None,
            task_types: None,
            norm: false,
            scale: None,
            projection: Projection::None,
        }
    }

    /// The rows of tables that do not learn, by the parameter that they are of. PyTorch makes them 0 where it draws the table.
    #[must_use]
    pub fn padding_rows(&self) -> Vec<(&'static str, usize)> {
        let words = self.padding.map(|id| ("encoder.word_embeddings", id as usize));
        let positions = self.positions.and_then(Positions::padding_row).map(|row| ("encoder.position_embeddings", row));
        words.into_iter().chain(positions).collect()
    }
}

/// Position embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// Of the table.
    pub rows: usize,
    /// The number of the first position.
    pub first: usize,
    /// The id before the first position is the padding's: a token like it in a text has that position itself and is not counted
    /// (`create_position_ids_from_input_ids` of transformers), and its row does not learn.
    pub skips_padding: bool,
}

impl Positions {
    /// The row of the table that does not learn: the padding's.
    #[must_use]
    pub fn padding_row(self) -> Option<usize> {
        self.first.checked_sub(1).filter(|&row| self.skips_padding && row < self.rows)
    }

    /// From 0 on.
    #[must_use]
    pub fn from_zero(rows: usize) -> Self {
        Self { rows, first: 0, skips_padding: false }
    }
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

/// Where a layer normalises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// After each residual sum (Vaswani et al. 2017).
    PostNorm,
    /// Before attention and feed-forward layer; once more at the end.
    PreNorm {
        /// Whether the first layer's attention has one: not where the embeddings are normalised already.
        first_attention: bool,
    },
    /// As [`Block::PreNorm`], but both parts read the layer's input (GPT-J, GPT-NeoX).
    Parallel,
    /// Before and after each part; once more at the end (Gemma 2).
    Sandwich,
}

impl Block {
    /// Whether the last layer's output is normalised.
    #[must_use]
    pub fn has_final_norm(self) -> bool {
        self != Self::PostNorm
    }
}

/// Attention, the same in each layer but for its [`LayerAttention`].
#[derive(Clone, Debug)]
pub struct SelfAttention {
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values.
    pub key_value_heads: usize,
    /// Columns of a head.
    pub head_dim: usize,
    /// What scores are multiplied with.
    pub scale: f64,
    /// Scaled scores are bent to at most so much.
    pub softcap: Option<f64>,
    /// Tokens look at none behind them.
    pub causal: bool,
    /// Whether queries, keys and values have biases.
    pub bias: bool,
    /// Whether queries and values alone have biases, apart from the matrix that makes them.
    pub query_value_bias: bool,
    /// Whether the linear layer after it has one.
    pub output_bias: bool,
    /// Queries and keys of each head are normalised before they turn.
    pub query_key_norm: bool,
    /// Of the one matrix that makes queries, keys and values, those of a head lie side by side (GPT-NeoX).
    pub by_head: bool,
    /// What it knows of the distance of two tokens, beyond rotary positions.
    pub distances: Distances,
    /// What differs between the [`Architecture::num_layers`].
    pub layers: Vec<LayerAttention>,
}

/// One layer's positions and how far its attention reaches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerAttention {
    /// How queries and keys turn.
    pub rotary: Option<Rotary>,
    /// Tokens look at those at most so many positions away, to either side; `None`: at all.
    pub window: Option<usize>,
    /// What scores are multiplied with, where it is another than [`SelfAttention::scale`].
    pub scale: Option<f64>,
}

/// Two linear layers with an activation between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedForward {
    /// Between them.
    pub activation: Activation,
    /// Half of the first one's columns is activated and multiplied with the other half (Shazeer 2020).
    pub gated: bool,
    /// Whether the first one has a bias.
    pub bias: bool,
    /// Whether the second one has.
    pub output_bias: bool,
}

/// What attention knows of the distance of two tokens.
#[derive(Clone, Copy, Debug)]
pub enum Distances {
    /// Nothing: the embeddings hold all positions.
    None,
    /// One number for each bucket of distances and each head (Raffel et al. 2020).
    Buckets(Buckets),
    /// Disentangled attention (He et al. 2021).
    Disentangled(Disentangled),
}

/// Which distances have one row of a table: half of the rows are for either direction, and half of those for one distance each; those of
/// the others grow. Where tokens look at none behind them, all rows are for one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// Of the table.
    pub rows: usize,
    /// Distances from here on share a row.
    pub max_distance: usize,
    /// Whether each layer has a table, not a stack of layers one (UMT5).
    pub of_each_layer: bool,
}

/// A convolution over tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Tokens that it sees at once, an odd number.
    pub kernel_size: usize,
    /// Of columns, which do not see each other.
    pub groups: usize,
    /// Of its output, before that is added.
    pub activation: Activation,
}

/// Probabilities of dropout, 0 to below 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dropouts {
    /// After the embeddings and their normalisation.
    pub embeddings: f64,
    /// Of attention probabilities.
    pub attention: f64,
    /// After the attention's output layer.
    pub attention_output: f64,
    /// Between the feed-forward layer's two.
    pub inner: f64,
    /// After the feed-forward layer, of the table of [`Disentangled`] positions, and of a [`Convolution`].
    pub output: f64,
}

/// What follows the encoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// What of the sequence is looked at.
    pub pooling: Pooling,
    /// A layer before the classifier.
    pub dense: Option<Dense>,
    /// Before the classifier.
    pub dropout: f64,
    /// Whether the classifier has a bias.
    pub classifier_bias: bool,
}

impl Head {
    /// That of `AutoModelForSequenceClassification` on a decoder: `score`, on the last token that is not `padding`.
    #[must_use]
    pub fn score(padding: Option<u32>) -> Self {
        Self { pooling: Pooling::Last { padding }, dense: None, dropout: 0.0, classifier_bias: false }
    }
}

/// The head's layer before its classifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// Before it.
    pub dropout: f64,
    /// After it.
    pub activation: Activation,
    /// Whether it has a bias.
    pub bias: bool,
    /// Whether a normalisation follows it.
    pub norm: bool,
}

/// What of a sequence goes into the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The first token.
    First,
    /// The last token that is not this one; the last of all where there is no padding token.
    Last {
        /// `pad_token_id`.
        padding: Option<u32>,
    },
    /// The last token that is this one; the last of all where there is none.
    LastOf {
        /// `eos_token_id`.
        token: u32,
    },
    /// The mean of all tokens.
    Mean,
    /// The mean of all tokens, behind the dense layer.
    MeanOfDense,
}

impl SelfAttention {
    /// Of so many layers, all alike: heads that divide the width, each with keys of its own, biases, and no positions.
    #[must_use]
    pub fn usual(hidden_size: usize, heads: usize, layers: usize) -> Self {
        let head_dim = hidden_size / heads;
        Self {
            heads,
            key_value_heads: heads,
            head_dim,
            scale: 1.0 / (head_dim as f64).sqrt(),
            softcap: None,
            causal: false,
            bias: true,
            query_value_bias: false,
            output_bias: true,
            query_key_norm: false,
            by_head: false,
            distances: Distances::None,
            layers: vec![LayerAttention::default(); layers],
        }
    }

    /// Columns of queries of all heads, and of keys.
    #[must_use]
    pub fn columns(&self) -> [usize; 2] {
        [self.heads, self.key_value_heads].map(|heads| heads * self.head_dim)
    }
}
