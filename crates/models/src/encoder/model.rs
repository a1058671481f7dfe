//! The encoder of any family: its parameters, and its forward pass as the [`Architecture`] says.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::architecture::{Architecture, Block, Distances, Pooling, Positions, Projection, SelfAttention, TokenTypes};
use super::convolution::TokenConvolution;
use super::decoder::{CrossAttention, SecondStack};
use super::pooling::{PooledTokens, mean};
use super::relative::RelativePositions;
use crate::batch::{Sequences, TokenBatch};
use crate::layers::{Linear, Norm, RowPass, zeros};
use crate::ops::{self, DropoutPlan, EncoderOps, Place, Precision, RowDropout};

/// One encoder layer.
#[derive(Module, Debug)]
pub struct Layer<B: Backend> {
    /// Queries, keys and values in one product: `[queries + keys + values, hidden]`.
    pub qkv: Linear<B>,
    /// Of the queries, where keys have none: `[queries]`.
    pub query_bias: Option<Param<Tensor<B, 1>>>,
    /// Of the values, where keys have none: `[values]`.
    pub value_bias: Option<Param<Tensor<B, 1>>>,
    /// Of each head's queries, `[head_dim]`.
    pub query_norm: Option<Norm<B>>,
    /// Of each head's keys, `[head_dim]`.
    pub key_norm: Option<Norm<B>>,
    /// The table of relative positions, where each layer has its own: `[buckets, heads]`.
    pub relative_embeddings: Option<Param<Tensor<B, 2>>>,
    /// Queries of relative positions, where they have a projection of their own: `[hidden, hidden]`.
    pub position_queries: Option<Linear<B>>,
    /// Their keys.
    pub position_keys: Option<Linear<B>>,
    /// The linear layer after attention, `[hidden, queries]`.
    pub attention_output: Linear<B>,
    /// After the first residual sum, or before attention.
    pub attention_norm: Option<Norm<B>>,
    /// Of what attention adds, before it is added.
    pub after_attention_norm: Option<Norm<B>>,
    /// Its attention to the first stack's output, in a second stack.
    pub cross: Option<CrossAttention<B>>,
    /// First feed-forward layer; with its gate `[2 intermediate, hidden]`.
    pub intermediate: Linear<B>,
    /// Second feed-forward layer.
    pub output: Linear<B>,
    /// After the second residual sum, or before the feed-forward layer.
    pub output_norm: Norm<B>,
    /// Of what the feed-forward layer adds, before it is added.
    pub after_output_norm: Option<Norm<B>>,
    /// Over what goes into it.
    pub convolution: Option<TokenConvolution<B>>,
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
    /// `[task_type_vocab_size, embedding_size]`.
    pub task_type_embeddings: Option<Param<Tensor<B, 2>>>,
    /// After the sum of embeddings.
    pub embedding_norm: Option<Norm<B>>,
    /// To the encoder's width.
    pub embedding_projection: Option<Linear<B>>,
    /// The table of relative positions, where layers share one: `[buckets, heads]` or `[2 span, hidden]`.
    pub relative_embeddings: Option<Param<Tensor<B, 2>>>,
    /// Of that table.
    pub relative_embedding_norm: Option<Norm<B>>,
    /// The [`Architecture::num_layers`] layers with parameters of their own; [`Architecture::layer_order`] says when each runs.
    pub layers: Vec<Layer<B>>,
    /// After the last layer.
    pub final_norm: Option<Norm<B>>,
    /// Of an encoder-decoder.
    pub second_stack: Option<SecondStack<B>>,
    #[module(skip)]
    architecture: Arc<Architecture>,
}

impl<B: Backend> Encoder<B> {
    /// All parameters zero, to be loaded or initialised.
    #[must_use]
    pub fn zeros(architecture: Arc<Architecture>, precision: Precision, device: &B::Device) -> Self {
        let a = &*architecture;
        let (hidden, ffn, size) = (a.hidden_size, a.intermediate_size, a.embeddings.size);
        let norm = |columns| Norm::zeros(columns, a.norm, a.layer_norm_eps, device);
        let linear = |inputs, outputs, bias| Linear::zeros(inputs, outputs, bias, precision, device);
        let SelfAttention { head_dim, bias, query_value_bias, output_bias, query_key_norm, .. } = a.attention;
        let [queries, keys] = a.attention.columns();
        let inner = if a.feed_forward.gated { 2 * ffn } else { ffn };
        let (shared, own, disentangled) = match a.attention.distances {
            Distances::None => (None, None, None),
            Distances::Buckets(b) if b.of_each_layer => (None, Some([b.rows, a.attention.heads]), None),
            Distances::Buckets(b) => (Some([b.rows, a.attention.heads]), None, None),
            Distances::Disentangled(d) => (Some([2 * d.span, hidden]), None, Some(d)),
        };
        let [own_queries, own_keys] = disentangled.map_or([false; 2], |d| d.own_projections());
        let key_bias = disentangled.is_some_and(|d| d.key_bias);
        let second = a.decoder.map_or(a.num_layers, |decoder| decoder.first_layer);
        let around = a.block == Block::Sandwich;
        let bare = |i: usize| i == 0 && a.block == Block::PreNorm { first_attention: false };
        let layer = |i: usize| Layer {
            qkv: linear(hidden, queries + 2 * keys, bias),
            query_bias: query_value_bias.then(|| zeros([queries], device)),
            value_bias: query_value_bias.then(|| zeros([keys], device)),
            query_norm: query_key_norm.then(|| norm(head_dim)),
            key_norm: query_key_norm.then(|| norm(head_dim)),
            relative_embeddings: own.map(|shape| zeros(shape, device)),
            position_queries: own_queries.then(|| linear(hidden, hidden, true)),
            position_keys: own_keys.then(|| linear(hidden, hidden, key_bias)),
            attention_output: linear(queries, hidden, output_bias),
            attention_norm: (!bare(i)).then(|| norm(hidden)),
            after_attention_norm: around.then(|| norm(hidden)),
            cross: (i >= second).then(|| CrossAttention::zeros(a, precision, device)),
            intermediate: linear(hidden, inner, a.feed_forward.bias),
            output: linear(ffn, hidden, a.feed_forward.output_bias),
            output_norm: norm(hidden),
            after_output_norm: around.then(|| norm(hidden)),
            convolution: a
                .convolution
                .filter(|_| i == 0)
                .map(|form| TokenConvolution::zeros(form, a, precision, device)),
        };
        let (normed, projection) = match a.embeddings.projection {
            Projection::None => (size, None),
            Projection::BeforeNorm => (hidden, Some(linear(size, hidden, false))),
            Projection::AfterNorm => (size, Some(linear(size, hidden, true))),
        };
        Self {
            word_embeddings: zeros([a.vocab_size, size], device),
            position_embeddings: a.embeddings.positions.map(|positions| zeros([positions.rows, size], device)),
            token_type_embeddings: a.embeddings.token_types.rows().map(|rows| zeros([rows, size], device)),
            task_type_embeddings: a.embeddings.task_types.map(|rows| zeros([rows, size], device)),
            embedding_norm: a.embeddings.norm.then(|| norm(normed)),
            embedding_projection: projection,
            relative_embeddings: shared.map(|shape| zeros(shape, device)),
            relative_embedding_norm: disentangled.filter(|d| d.norm).map(|_| norm(hidden)),
            layers: (0..a.num_layers).map(layer).collect(),
            final_norm: a.block.has_final_norm().then(|| norm(hidden)),
            second_stack: a.decoder.map(|_| SecondStack::zeros(a, device)),
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
    /// What the head looks at: `[batch, hidden]`, or `[rows, hidden]` where it pools itself.
    #[must_use]
    pub fn pooled(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let batch = &self.reading(batch);
        let mut sequences = batch.sequences.clone();
        let (mut shared, pooled) = (self.shared(&sequences), self.pooled_tokens(batch));
        let mut x = self.embed(batch, plan);
        let depth = self.architecture().layer_order.len();
        for at in 0..depth {
            if self.begins_second(at) {
                shared = self.shared_of_second(self.memory(x, &sequences, plan), &sequences);
                x = self.embed_shifted(batch, plan);
            }
            x = self.layer(at, x, &mut sequences, (&shared, &pooled), plan);
        }
        if self.begins_second(depth) {
            // Nothing reads the first stack's output, which is dropped all the same.
            drop(self.memory(x, &sequences, plan));
            x = self.only_shifted(batch, &mut sequences, &pooled, plan);
        }
        self.summary(x, &sequences, plan)
    }

    /// The tokens that the head looks at.
    pub(crate) fn pooled_tokens(&self, batch: &TokenBatch) -> PooledTokens {
        PooledTokens::new(self.architecture().head.pooling, batch)
    }

    /// The output of the `at`-th layer that runs; `sequences` is the layout of its rows, before and behind it.
    pub(crate) fn layer(
        &self,
        at: usize,
        x: Tensor<B, 2>,
        sequences: &mut Arc<Sequences>,
        (shared, pooled): (&Shared<B>, &PooledTokens),
        plan: &mut DropoutPlan,
    ) -> Tensor<B, 2> {
        let a = self.architecture();
        let layer = &self.layers[a.layer_order[at]];
        // Nothing reads the last layer's other rows, so beyond its attention they are not computed.
        let is_last = at + 1 == a.layer_order.len() && !self.begins_second(at + 1);
        let only = if is_last { pooled } else { &PooledTokens::All };
        let before = layer
            .convolution
            .as_ref()
            .map(|convolution| (convolution, convolution.forward(&x, sequences), sequences.clone()));
        let pass = LayerPass { index: a.layer_order[at], sequences, only, shared, plan };
        let y = match a.block {
            Block::PostNorm => self.post_norm(layer, x, pass),
            Block::PreNorm { .. } | Block::Sandwich => self.pre_norm(layer, x, pass),
            Block::Parallel => self.parallel(layer, x, pass),
        };
        let Some((convolution, convolved, rows)) = before else { return y };
        let ([convolved], _) = only.of([convolved], &rows);
        let dropout = plan.next(Place::Convolution, a.dropout.output);
        convolution.add_to(y, ops::dropout(convolved, dropout, sequences))
    }

    /// What the head looks at, of the last layer's output.
    pub(crate) fn summary(&self, x: Tensor<B, 2>, sequences: &Arc<Sequences>, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let norm = self.second_stack.as_ref().map_or(self.final_norm.as_ref(), |second| Some(&second.final_norm));
        let x = self.put_out(x, norm, sequences, plan);
        match self.architecture().head.pooling {
            Pooling::First | Pooling::Last { .. } | Pooling::LastOf { .. } | Pooling::MeanOfDense => x,
            Pooling::Mean => mean(x, sequences),
        }
    }

    /// The first layer's input, `[rows, hidden]`.
    pub(crate) fn embed(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let e = &self.architecture().embeddings;
        let words = self.word_embeddings.val();
        // A table that the family has not is one row of zeros, which nothing is learned for.
        let table = |table: &Option<Param<Tensor<B, 2>>>| {
            table.as_ref().map_or_else(|| Tensor::zeros([1, e.size], &words.device()), Param::val)
        };
        let (positions, types) = (table(&self.position_embeddings), table(&self.token_type_embeddings));
        let first = e.positions.map(|positions| positions.first as u32);
        let skips_padding = e.positions.is_some_and(|positions| positions.skips_padding);
        let has_types = matches!(e.token_types, TokenTypes::Rows(_));
        let mut counted = match first == Some(0) && has_types {
            true => batch.clone(),
            false => batch.counted(first, skips_padding, has_types),
        };
        let padding_row = e.positions.and_then(Positions::padding_row);
        counted.frozen = [e.padding, padding_row.map(|row| row as u32)];
        let mut x = ops::embed(words, positions, types, &counted);
        if let Some(tasks) = &self.task_type_embeddings {
            x = x + tasks.val().narrow(0, 0, 1);
        }
        if let Some(scale) = e.scale {
            x = x * scale;
        }
        let projection = self.embedding_projection.as_ref();
        let of = |kind| projection.filter(|_| e.projection == kind);
        if let Some(projection) = of(Projection::BeforeNorm) {
            x = projection.forward(x, &mut RowPass { plan, sequences: &batch.sequences });
        }
        if let Some(norm) = &self.embedding_norm {
            x = norm.forward(x);
        }
        x = ops::dropout(x, plan.next(Place::Embeddings, self.architecture().dropout.embeddings), &batch.sequences);
        match of(Projection::AfterNorm) {
            Some(projection) => projection.forward(x, &mut RowPass { plan, sequences: &batch.sequences }),
            None => x,
        }
    }

    /// The output of a stack, of that of its last layer.
    pub(super) fn put_out(
        &self,
        x: Tensor<B, 2>,
        norm: Option<&Norm<B>>,
        sequences: &Arc<Sequences>,
        plan: &mut DropoutPlan,
    ) -> Tensor<B, 2> {
        let x = match norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        match self.architecture().decoder {
            Some(decoder) => ops::dropout(x, plan.next(Place::StackOutput, decoder.output_dropout), sequences),
            None => x,
        }
    }

    /// What the layers share, those of the first stack where there are two.
    pub(crate) fn shared(&self, sequences: &Sequences) -> Shared<B> {
        Shared { relative: self.relative(self.relative_embeddings.as_ref(), sequences, false), memory: None }
    }

    /// What they share of relative positions, for a batch of sequences. `one_sided`: tokens look at none behind them.
    pub(super) fn relative(
        &self,
        table: Option<&Param<Tensor<B, 2>>>,
        sequences: &Sequences,
        one_sided: bool,
    ) -> RelativePositions<B> {
        let (a, norm) = (self.architecture(), self.relative_embedding_norm.as_ref());
        let table = table.map(Param::val);
        RelativePositions::new(a.attention.distances, a.dropout.output, table, norm, sequences.max_len(), one_sided)
    }

    fn post_norm(&self, layer: &Layer<B>, mut x: Tensor<B, 2>, mut pass: LayerPass<B>) -> Tensor<B, 2> {
        let dropouts = self.architecture().dropout;
        let mut context = self.attend(layer, x.clone(), &mut pass);
        [context, x] = pass.narrowed([context, x]);
        let dropout = pass.dropout(Place::AttentionOutput, dropouts.attention_output);
        let attended = match &layer.attention_norm {
            Some(norm) => norm.add_forward(&layer.attention_output, context, x, &dropout, pass.plan),
            None => unreachable!("post-norm layers have both normalisations"),
        };
        let inner = self.inner(layer, attended.clone(), &mut pass);
        let dropout = pass.dropout(Place::FeedForward, dropouts.output);
        layer.output_norm.add_forward(&layer.output, inner, attended, &dropout, pass.plan)
    }

    fn pre_norm(&self, layer: &Layer<B>, mut x: Tensor<B, 2>, mut pass: LayerPass<B>) -> Tensor<B, 2> {
        let normed = layer.attention_norm.as_ref().map_or_else(|| x.clone(), |norm| norm.forward(x.clone()));
        let mut context = self.attend(layer, normed, &mut pass);
        if layer.cross.is_none() {
            [context, x] = pass.narrowed([context, x]);
        }
        x = x + self.attended(layer, context, &mut pass);
        if let Some(cross) = &layer.cross {
            x = self.crossed(cross, x, &mut pass);
        }
        let added = self.fed_forward(layer, layer.output_norm.forward(x.clone()), &mut pass);
        x + added
    }

    fn parallel(&self, layer: &Layer<B>, mut x: Tensor<B, 2>, mut pass: LayerPass<B>) -> Tensor<B, 2> {
        let normed = layer.attention_norm.as_ref().map_or_else(|| x.clone(), |norm| norm.forward(x.clone()));
        let mut context = self.attend(layer, normed, &mut pass);
        [context, x] = pass.narrowed([context, x]);
        let attended = self.attended(layer, context, &mut pass);
        let added = self.fed_forward(layer, layer.output_norm.forward(x.clone()), &mut pass);
        added + attended + x
    }

    /// What attention adds, of its context.
    fn attended(&self, layer: &Layer<B>, context: Tensor<B, 2>, pass: &mut LayerPass<B>) -> Tensor<B, 2> {
        let mut added = layer.attention_output.forward(context, &mut pass.rows());
        if let Some(norm) = &layer.after_attention_norm {
            added = norm.forward(added);
        }
        pass.dropped(added, Place::AttentionOutput, self.architecture().dropout.attention_output)
    }

    /// What the feed-forward layer adds, of its input.
    fn fed_forward(&self, layer: &Layer<B>, x: Tensor<B, 2>, pass: &mut LayerPass<B>) -> Tensor<B, 2> {
        let inner = self.inner(layer, x, pass);
        let mut added = layer.output.forward(inner, &mut pass.rows());
        if let Some(norm) = &layer.after_output_norm {
            added = norm.forward(added);
        }
        match self.architecture().dropout.output {
            0.0 => added,
            probability => pass.dropped(added, Place::FeedForward, probability),
        }
    }

    /// Between the feed-forward layer's two, `[rows, intermediate]`.
    fn inner(&self, layer: &Layer<B>, x: Tensor<B, 2>, pass: &mut LayerPass<B>) -> Tensor<B, 2> {
        let (feed_forward, dropouts) = (self.architecture().feed_forward, self.architecture().dropout);
        let inner = match feed_forward.gated {
            true => feed_forward.activation.gated(layer.intermediate.forward(x, &mut pass.rows())),
            false => feed_forward.activation.forward(&layer.intermediate, x, &mut pass.rows()),
        };
        // A layer that drops its output has no stream of its own here.
        match dropouts.inner {
            0.0 if self.architecture().block == Block::PostNorm => inner,
            probability => pass.dropped(inner, Place::FeedForward, probability),
        }
    }
}

/// What the layers of one stack share in a forward pass.
pub(crate) struct Shared<B: Backend> {
    pub(crate) relative: RelativePositions<B>,
    /// The first stack's output, in the second one: `[rows, hidden]`.
    pub(crate) memory: Option<Tensor<B, 2>>,
}

/// What a layer is given besides its input and its parameters.
pub(super) struct LayerPass<'a, B: Backend> {
    /// Its number among the layers with parameters of their own.
    pub(super) index: usize,
    /// The layout of its rows; behind its attention, that of its output.
    pub(super) sequences: &'a mut Arc<Sequences>,
    /// The rows that are read of its output.
    only: &'a PooledTokens,
    pub(super) shared: &'a Shared<B>,
    pub(super) plan: &'a mut DropoutPlan,
}

impl<B: EncoderOps> LayerPass<'_, B> {
    pub(super) fn rows(&mut self) -> RowPass<'_> {
        RowPass { plan: self.plan, sequences: self.sequences }
    }

    fn dropout(&mut self, place: Place, probability: f64) -> RowDropout {
        RowDropout { dropout: self.plan.next(place, probability), sequences: self.sequences.clone() }
    }

    pub(super) fn dropped(&mut self, x: Tensor<B, 2>, place: Place, probability: f64) -> Tensor<B, 2> {
        ops::dropout(x, self.plan.next(place, probability), self.sequences)
    }

    /// The rows that are read; the layout is theirs from here on.
    pub(super) fn narrowed(&mut self, x: [Tensor<B, 2>; 2]) -> [Tensor<B, 2>; 2] {
        let (x, sequences) = self.only.of(x, self.sequences);
        *self.sequences = sequences;
        x
    }
}
