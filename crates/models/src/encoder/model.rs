//! The encoder of any family: its parameters, and its forward pass as the [`Architecture`] says.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::architecture::{
    Architecture, Block, Distances, Pooling, PostNorm, PreNormGated, Projection, RotaryLayer, TokenTypes,
};
use super::relative::RelativePositions;
use crate::batch::{Sequences, TokenBatch};
use crate::layers::{LayerNorm, Linear, RowPass, zeros};
use crate::ops::{self, AttentionSpec, DropoutPlan, EncoderOps, Place, Precision, RotarySpec, RowDropout};

/// One encoder layer.
#[derive(Module, Debug)]
pub struct Layer<B: Backend> {
    /// Queries, keys and values in one product: `[3 hidden, hidden]`.
    pub qkv: Linear<B>,
    /// Queries and keys of relative positions, where they have projections of their own: `[2 hidden, hidden]`.
    pub position_projection: Option<Linear<B>>,
    /// The linear layer after attention, `[hidden, hidden]`.
    pub attention_output: Linear<B>,
    /// After the first residual sum, or before attention.
    pub attention_norm: Option<LayerNorm<B>>,
    /// First feed-forward layer; with its gate `[2 intermediate, hidden]`.
    pub intermediate: Linear<B>,
    /// Second feed-forward layer.
    pub output: Linear<B>,
    /// After the second residual sum, or before the feed-forward layer.
    pub output_norm: LayerNorm<B>,
}

/// The encoder of any family: embeddings and layers.
#[derive(Module, Debug)]
pub struct Encoder<B: Backend> {
    /// `[vocab_size, embedding_size]`.
    pub word_embeddings: Param<Tensor<B, 2>>,
    /// `[max_position_embeddings, embedding_size]`.
    pub position_embeddings: Option<Param<Tensor<B, 2>>>,
    /// `[type_vocab_size, embedding_size]`.
    pub token_type_embeddings: Option<Param<Tensor<B, 2>>>,
    /// After the sum of embeddings.
    pub embedding_norm: LayerNorm<B>,
    /// To the encoder's width.
    pub embedding_projection: Option<Linear<B>>,
    /// The table of relative positions: `[buckets, heads]` or `[2 span, hidden]`.
    pub relative_embeddings: Option<Param<Tensor<B, 2>>>,
    /// Of that table.
    pub relative_embedding_norm: Option<LayerNorm<B>>,
    /// The [`Architecture::num_layers`] layers with parameters of their own; [`Architecture::layer_order`] says when each runs.
    pub layers: Vec<Layer<B>>,
    /// After the last layer.
    pub final_norm: Option<LayerNorm<B>>,
    #[module(skip)]
    architecture: Arc<Architecture>,
}

impl<B: Backend> Encoder<B> {
    /// All parameters zero, to be loaded or initialised.
    #[must_use]
    pub fn zeros(architecture: Arc<Architecture>, precision: Precision, device: &B::Device) -> Self {
        let a = &*architecture;
        let (hidden, ffn, size) = (a.hidden_size, a.intermediate_size, a.embeddings.size);
        let norm = |columns| LayerNorm::zeros(columns, a.layer_norm_eps, a.norm_bias, device);
        let linear = |inputs, outputs, bias| Linear::zeros(inputs, outputs, bias, precision, device);
        let (pre_norm, attention_bias, mlp_bias, inner) = match &a.block {
            Block::PostNorm(_) => (false, true, true, ffn),
            Block::PreNormGated(block) => (true, block.attention_bias, block.mlp_bias, 2 * ffn),
        };
        let disentangled = match a.block.distances() {
            Distances::Disentangled(d) => Some(d),
            Distances::None | Distances::Buckets { .. } => None,
        };
        let layer = |i: usize| Layer {
            qkv: linear(hidden, 3 * hidden, attention_bias),
            position_projection: disentangled.filter(|d| !d.share_att_key).map(|_| linear(hidden, 2 * hidden, true)),
            attention_output: linear(hidden, hidden, attention_bias),
            attention_norm: (!pre_norm || i > 0).then(|| norm(hidden)),
            intermediate: linear(hidden, inner, mlp_bias),
            output: linear(ffn, hidden, mlp_bias),
            output_norm: norm(hidden),
        };
        let (normed, projection) = match a.embeddings.projection {
            Projection::None => (size, None),
            Projection::BeforeNorm => (hidden, Some(linear(size, hidden, false))),
            Projection::AfterNorm => (size, Some(linear(size, hidden, true))),
        };
        Self {
            word_embeddings: zeros([a.vocab_size, size], device),
            position_embeddings: a.embeddings.positions.map(|(rows, _)| zeros([rows, size], device)),
            token_type_embeddings: a.embeddings.token_types.rows().map(|rows| zeros([rows, size], device)),
            embedding_norm: norm(normed),
            embedding_projection: projection,
            relative_embeddings: match a.block.distances() {
                Distances::Buckets { num_buckets, .. } => Some(zeros([num_buckets, a.num_attention_heads], device)),
                Distances::Disentangled(d) => Some(zeros([2 * d.span, hidden], device)),
                Distances::None => None,
            },
            relative_embedding_norm: disentangled.filter(|d| d.norm).map(|_| norm(hidden)),
            layers: (0..a.num_layers).map(layer).collect(),
            final_norm: pre_norm.then(|| norm(hidden)),
            architecture,
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }
}

impl<B: EncoderOps> Encoder<B> {
    /// What the head looks at, `[batch, hidden]`.
    #[must_use]
    pub fn pooled(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let mut sequences = batch.sequences.clone();
        let relative = self.relative(&sequences);
        let mut x = self.embed(batch, plan);
        for at in 0..self.architecture().layer_order.len() {
            x = self.layer(at, x, &mut sequences, &relative, plan);
        }
        self.summary(x, &sequences)
    }

    /// The output of the `at`-th layer that runs; `sequences` is the layout of its rows, before and behind it.
    pub(crate) fn layer(
        &self,
        at: usize,
        x: Tensor<B, 2>,
        sequences: &mut Arc<Sequences>,
        relative: &RelativePositions<B>,
        plan: &mut DropoutPlan,
    ) -> Tensor<B, 2> {
        let a = self.architecture();
        let index = a.layer_order[at];
        let layer = &self.layers[index];
        // Nothing reads the last layer's other rows, so beyond its attention they are not computed.
        let first_only = at + 1 == a.layer_order.len() && a.head.pooling == Pooling::First;
        let pass = LayerPass { sequences, first_only, plan };
        match &a.block {
            Block::PostNorm(block) => self.post_norm(block, layer, x, relative, pass),
            Block::PreNormGated(block) => self.pre_norm(block, block.rotary[index], layer, x, pass),
        }
    }

    /// What the head looks at, of the last layer's output.
    pub(crate) fn summary(&self, mut x: Tensor<B, 2>, sequences: &Sequences) -> Tensor<B, 2> {
        if let Some(norm) = &self.final_norm {
            x = norm.forward(x);
        }
        match self.architecture().head.pooling {
            Pooling::First => x,
            Pooling::Mean => mean(x, sequences),
        }
    }

    /// The first layer's input, `[rows, hidden]`.
    pub(crate) fn embed(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let a = self.architecture();
        let words = self.word_embeddings.val();
        // A table that the family has not is one row of zeros, which nothing is learned for.
        let table = |table: &Option<Param<Tensor<B, 2>>>| {
            table.as_ref().map_or_else(|| Tensor::zeros([1, a.embeddings.size], &words.device()), Param::val)
        };
        let (positions, types) = (table(&self.position_embeddings), table(&self.token_type_embeddings));
        let first = a.embeddings.positions.map(|(_, first)| first as u32);
        let has_types = matches!(a.embeddings.token_types, TokenTypes::Rows(_));
        let counted = (first != Some(0) || !has_types).then(|| batch.counted(first, has_types));
        let mut x = ops::embed(words, positions, types, counted.as_ref().unwrap_or(batch));
        let projection = self.embedding_projection.as_ref();
        let of = |kind| projection.filter(|_| a.embeddings.projection == kind);
        if let Some(projection) = of(Projection::BeforeNorm) {
            x = projection.forward(x, &mut RowPass { plan, sequences: &batch.sequences });
        }
        let dropout = plan.next(Place::Embeddings, a.dropout.embeddings);
        x = ops::dropout(self.embedding_norm.forward(x), dropout, &batch.sequences);
        match of(Projection::AfterNorm) {
            Some(projection) => projection.forward(x, &mut RowPass { plan, sequences: &batch.sequences }),
            None => x,
        }
    }

    /// What the layers share of relative positions, for a batch of sequences.
    pub(crate) fn relative(&self, sequences: &Sequences) -> RelativePositions<B> {
        match (&self.architecture.block, &self.relative_embeddings) {
            (Block::PostNorm(block), Some(table)) => {
                RelativePositions::new(block, table.val(), self.relative_embedding_norm.as_ref(), sequences.max_len())
            }
            _ => RelativePositions::None,
        }
    }

    /// The context of every row, `[rows, hidden]`.
    fn attend(
        &self,
        layer: &Layer<B>,
        qkv: Tensor<B, 2>,
        window: Option<usize>,
        sequences: &Arc<Sequences>,
        relative: &RelativePositions<B>,
        plan: &mut DropoutPlan,
    ) -> Tensor<B, 2> {
        let a = self.architecture();
        let terms = if matches!(relative, RelativePositions::Disentangled { .. }) { 3 } else { 1 };
        let spec = AttentionSpec {
            heads: a.num_attention_heads,
            scale: 1.0 / ((terms * a.head_dim()) as f64).sqrt(),
            window,
            sequences: sequences.clone(),
            dropout: plan.next(Place::Attention, a.dropout.attention),
        };
        match relative {
            RelativePositions::None => ops::attention(qkv, &spec),
            RelativePositions::Bias(table, relative) => ops::relative_attention(qkv, table.clone(), relative, &spec),
            RelativePositions::Disentangled { embeddings, spec: relative, used, dropout } => {
                // Dropped as a whole, so that a row's mask does not depend on the batch's lengths.
                let rows = Arc::new(Sequences::packed(vec![embeddings.dims()[0]]));
                let dropped = ops::dropout(embeddings.clone(), plan.next(Place::RelativeTable, *dropout), &rows);
                let used = dropped.narrow(0, used.start, used.len());
                let rows = Arc::new(Sequences::packed(vec![used.dims()[0]]));
                let pass = &mut RowPass { plan, sequences: &rows };
                let table = match &layer.position_projection {
                    Some(projection) => projection.forward(used, pass),
                    // Queries and keys come first; values of positions are not looked at.
                    None => layer.qkv.forward(used, pass),
                };
                ops::relative_attention(qkv, table, relative, &spec)
            }
        }
    }

    fn post_norm(
        &self,
        block: &PostNorm,
        layer: &Layer<B>,
        mut x: Tensor<B, 2>,
        relative: &RelativePositions<B>,
        pass: LayerPass,
    ) -> Tensor<B, 2> {
        let a = self.architecture();
        let LayerPass { sequences, first_only, plan } = pass;
        let qkv = layer.qkv.forward(x.clone(), &mut RowPass { plan, sequences });
        let mut context = self.attend(layer, qkv, None, sequences, relative, plan);
        if first_only {
            [context, x] = first_tokens([context, x], sequences);
        }
        let dropout = row_dropout(plan, Place::AttentionOutput, a.dropout.attention_output, sequences);
        let attended = match &layer.attention_norm {
            Some(norm) => norm.add_forward(&layer.attention_output, context, x, &dropout, plan),
            None => unreachable!("post-norm layers have both normalisations"),
        };
        let inner = block.activation.forward(&layer.intermediate, attended.clone(), &mut RowPass { plan, sequences });
        let dropout = row_dropout(plan, Place::FeedForward, block.output_dropout, sequences);
        layer.output_norm.add_forward(&layer.output, inner, attended, &dropout, plan)
    }

    fn pre_norm(
        &self,
        block: &PreNormGated,
        rotary: RotaryLayer,
        layer: &Layer<B>,
        mut x: Tensor<B, 2>,
        pass: LayerPass,
    ) -> Tensor<B, 2> {
        let a = self.architecture();
        let LayerPass { sequences, first_only, plan } = pass;
        let normed = match &layer.attention_norm {
            Some(norm) => norm.forward(x.clone()),
            None => x.clone(),
        };
        let (heads, theta) = (a.num_attention_heads, rotary.theta);
        let spec = RotarySpec { heads, theta, sequences: sequences.clone(), inverse: false };
        let qkv = layer.qkv.forward(normed, &mut RowPass { plan, sequences });
        let qkv = ops::rotary(qkv, &spec);
        let mut context = self.attend(layer, qkv, rotary.window, sequences, &RelativePositions::None, plan);
        if first_only {
            [context, x] = first_tokens([context, x], sequences);
        }
        let attended = layer.attention_output.forward(context, &mut RowPass { plan, sequences });
        x = x + ops::dropout(attended, plan.next(Place::AttentionOutput, a.dropout.attention_output), sequences);
        let inner = layer.output_norm.forward(x.clone());
        let inner = layer.intermediate.forward(inner, &mut RowPass { plan, sequences });
        let inner = ops::gated_gelu(inner, block.gelu);
        let inner = ops::dropout(inner, plan.next(Place::FeedForward, block.mlp_dropout), sequences);
        x + layer.output.forward(inner, &mut RowPass { plan, sequences })
    }
}

/// What a layer is given besides its input and its parameters.
struct LayerPass<'a> {
    /// The layout of its rows; where `first_only`, that of its output when it is done.
    sequences: &'a mut Arc<Sequences>,
    /// Whether only the rows of first tokens are read of its output.
    first_only: bool,
    plan: &'a mut DropoutPlan,
}

fn row_dropout(plan: &mut DropoutPlan, place: Place, probability: f64, sequences: &Arc<Sequences>) -> RowDropout {
    RowDropout { dropout: plan.next(place, probability), sequences: sequences.clone() }
}

/// The rows of the first tokens; the layout is theirs from here on.
fn first_tokens<B: EncoderOps, const N: usize>(
    x: [Tensor<B, 2>; N],
    sequences: &mut Arc<Sequences>,
) -> [Tensor<B, 2>; N] {
    let rows = sequences.starts().iter().map(|&row| row as u32).collect::<Vec<_>>();
    *sequences = Arc::new(sequences.first_tokens());
    x.map(|x| {
        let rows = ops::indices(rows.iter().copied(), &x.device());
        x.select(0, rows)
    })
}

/// The mean of each sequence's tokens, `[batch, hidden]`: a product with a matrix of 1 / length.
fn mean<B: EncoderOps>(x: Tensor<B, 2>, sequences: &Sequences) -> Tensor<B, 2> {
    let [rows, _] = x.dims();
    let mut weights = vec![0.0f32; sequences.len() * rows];
    for (i, weights) in weights.chunks_exact_mut(rows).enumerate() {
        let (start, n) = (sequences.start(i), sequences.length(i));
        weights[start..start + n].fill(1.0 / n as f32);
    }
    let weights = burn::tensor::TensorData::new(weights, [sequences.len(), rows]);
    ops::matmul(Tensor::<B, 2>::from_data(weights, &x.device()), x)
}
