//! Gradients with little memory: each layer keeps only its input, and is computed again when its backward pass comes
//! (Chen et al. 2016, "Training deep nets with sublinear memory cost"; transformers' `gradient_checkpointing`).
//!
//! The numbers are those of the undivided backward pass bit for bit: dropout is a pure function of its site, so a layer
//! computed again is the same layer, and the terms of each sum of gradients are added in the same order.
//!
//! It is done layer by layer from outside of the recorded graph. A node of Burn's graph that ran a backward pass of its own
//! would wait for a lock that the outer one holds (`GraphMutexClient::backward` of burn-autodiff 0.21), and Burn's own
//! strategy, `BalancedCheckpointing`, computes single operations again, not layers.

use std::sync::Arc;

use burn::module::{AutodiffModule, Module};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

use crate::batch::{Sequences, TokenBatch};
use crate::encoder::model::{Encoder, Shared};
use crate::encoder::relative::RelativePositions;
use crate::head::{LossOptions, SequenceClassifier, Targets, loss};
use crate::ops::{self, DropoutPlan, EncoderOps};
use crate::parameters::trained;

/// What a layer needs to be computed again: its input `[rows, hidden]`, where sequences lie in it, and its dropout.
struct SavedInput<B: Backend> {
    input: Tensor<B, 2>,
    sequences: Arc<Sequences>,
    plan: DropoutPlan,
}

/// The loss of a batch, `[1]`, as [`loss`] gives it. The gradients come in parts, from the head down: every part goes to
/// `take`, and a parameter's gradient is the sum of those that the parts have for it, added in their order.
pub fn loss_and_gradients<B>(
    model: &SequenceClassifier<B>,
    batch: &TokenBatch,
    targets: &Targets,
    options: LossOptions,
    plan: &mut DropoutPlan,
    mut take: impl FnMut(B::Gradients),
) -> Tensor<B::InnerBackend, 1>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    let encoder = &model.encoder;
    let depth = encoder.architecture().layer_order.len();
    let batch = &encoder.reading(batch);
    let mut embedding_plan = plan.clone();
    let mut saved = Vec::with_capacity(depth);
    let mut sequences = batch.sequences.clone();
    let pooled = encoder.pooled_tokens(batch);
    let (mut between, mut shifted_plan) = (None, None);
    let x = {
        let plain = encoder.valid();
        let mut shared = plain.shared(&sequences);
        let mut x = plain.embed(batch, plan);
        for at in 0..depth {
            if plain.begins_second(at) {
                let saved = SavedInput { input: x.clone(), sequences: sequences.clone(), plan: plan.clone() };
                let memory = plain.memory(x, &sequences, plan);
                between = Some((saved, memory.clone()));
                shared = plain.shared_of_second(memory, &sequences);
                x = plain.embed_shifted(batch, plan);
            }
            saved.push(SavedInput { input: x.clone(), sequences: sequences.clone(), plan: plan.clone() });
            x = plain.layer(at, x, &mut sequences, (&shared, &pooled), plan);
        }
        if plain.begins_second(depth) {
            drop(plain.memory(x, &sequences, plan));
            shifted_plan = Some(plan.clone());
            x = plain.only_shifted(batch, &mut sequences, &pooled, plan);
        }
        x
    };
    let trainable = Trainable::new(encoder);

    let top = leaf::<B>(x, trainable.before(depth));
    let summary = encoder.summary(top.clone(), &sequences, plan);
    let logits = model.classify(summary, batch, plan);
    let loss = loss(logits, targets, options);
    let value = loss.clone().inner();
    let mut grads = loss.backward();
    let mut gradient = top.grad_remove(&mut grads);
    take(grads);

    // Of a second stack without layers nothing leads to the first one.
    if let Some(mut plan) = shifted_plan
        && let Some(above) = gradient.take().filter(|_| trainable.embeddings)
    {
        let x = encoder.only_shifted(batch, &mut batch.sequences.clone(), &pooled, &mut plan);
        take(ops::surrogate_loss(x, Tensor::from_inner(above)).backward());
    }

    let mut shared = match &between {
        Some((_, memory)) => encoder.shared_of_second(Tensor::from_inner(memory.clone()), &batch.sequences),
        None => encoder.shared(&batch.sequences),
    };
    let mut of_shared = Vec::new();
    for at in (0..depth).rev() {
        // Nothing further down learns.
        let (Some(above), Some(SavedInput { input, mut sequences, mut plan })) = (gradient.take(), saved.pop()) else {
            break;
        };
        let input = leaf::<B>(input, trainable.before(at));
        let (own, summed) = of_layer(&shared, &trainable);
        let output = encoder.layer(at, input.clone(), &mut sequences, (&own, &pooled), &mut plan);
        let mut grads = ops::surrogate_loss(output, Tensor::from_inner(above)).backward();
        gradient = input.grad_remove(&mut grads);
        of_shared.extend(summed.and_then(|summed| summed.grad_remove(&mut grads)));
        take(grads);
        if let Some((SavedInput { input, sequences, mut plan }, _)) = between.take_if(|_| encoder.begins_second(at)) {
            let input = leaf::<B>(input, trainable.before(at));
            let memory = encoder.memory(input.clone(), &sequences, &mut plan);
            // And the second stack's from its last layer on: there a sum leads to what is added before it leads to the layers below.
            let of_memory = of_shared
                .drain(..)
                .reduce(|sum, gradient| sum + gradient)
                .map(|gradient| ops::surrogate_loss(memory, Tensor::from_inner(gradient)));
            let of_words = gradient.take().filter(|_| trainable.embeddings).map(|gradient| {
                ops::surrogate_loss(encoder.embed_shifted(batch, &mut plan), Tensor::from_inner(gradient))
            });
            if let Some(ends) = of_memory.into_iter().chain(of_words).reduce(|a, b| a + b) {
                let mut grads = ends.backward();
                gradient = input.grad_remove(&mut grads);
                take(grads);
            }
            shared = encoder.shared(&batch.sequences);
        }
    }

    // The undivided pass adds them from the first layer on: in its graph they are as near to the table as the first one's.
    let table = of_shared.into_iter().rev().reduce(|sum, gradient| gradient + sum);
    let of_table = match (&shared.relative, table) {
        (RelativePositions::Disentangled { embeddings, .. }, Some(gradient)) => {
            Some(ops::surrogate_loss(embeddings.clone(), Tensor::from_inner(gradient)))
        }
        _ => None,
    };
    let of_words = gradient
        .map(|gradient| ops::surrogate_loss(encoder.embed(batch, &mut embedding_plan), Tensor::from_inner(gradient)));
    if let Some(ends) = of_table.into_iter().chain(of_words).reduce(|a, b| a + b) {
        take(ends.backward());
    }
    value
}

fn leaf<B: AutodiffBackend>(x: Tensor<B::InnerBackend, 2>, learns: bool) -> Tensor<B, 2> {
    Tensor::from_inner(x).set_require_grad(learns)
}

/// What a layer sees of what all of its stack share, and of it the tensor whose gradient is to be added up over the layers: the first
/// stack's output in a second one, or a table of positions. A table of biases is a parameter, whose gradient is in each part.
fn of_layer<B: AutodiffBackend>(shared: &Shared<B>, trainable: &Trainable) -> (Shared<B>, Option<Tensor<B, 2>>) {
    let memory = shared.memory.clone().map(|memory| leaf::<B>(memory.inner(), trainable.memory()));
    let (relative, table) = match &shared.relative {
        RelativePositions::None => (RelativePositions::None, None),
        RelativePositions::Unread { dropout } => (RelativePositions::Unread { dropout: *dropout }, None),
        RelativePositions::Bias(table, spec) => (RelativePositions::Bias(table.clone(), spec.clone()), None),
        RelativePositions::Disentangled { embeddings, spec, used, dropout } => {
            let table = leaf::<B>(embeddings.clone().inner(), trainable.table);
            let (embeddings, spec, used) = (table.clone(), spec.clone(), used.clone());
            (RelativePositions::Disentangled { embeddings, spec, used, dropout: *dropout }, Some(table))
        }
    };
    (Shared { relative, memory: memory.clone() }, memory.or(table))
}

/// Which parts have parameters that are not frozen.
struct Trainable {
    embeddings: bool,
    /// Of relative positions.
    table: bool,
    /// In the order in which they run.
    layers: Vec<bool>,
    /// Where the second stack begins among them; behind them all where there is none.
    second: usize,
    /// What lies between the two stacks, or in the second one's table.
    between: [bool; 2],
}

impl Trainable {
    fn new<B: AutodiffBackend>(encoder: &Encoder<B>) -> Self {
        Self {
            embeddings: is_trainable(&encoder.word_embeddings)
                || is_trainable(&encoder.position_embeddings)
                || is_trainable(&encoder.token_type_embeddings)
                || is_trainable(&encoder.task_type_embeddings)
                || is_trainable(&encoder.embedding_norm)
                || is_trainable(&encoder.embedding_projection),
            table: is_trainable(&encoder.relative_embeddings) || is_trainable(&encoder.relative_embedding_norm),
            layers: encoder
                .architecture()
                .layer_order
                .iter()
                .map(|&layer| is_trainable(&encoder.layers[layer]))
                .collect(),
            second: encoder.architecture().decoder.map_or(usize::MAX, |decoder| decoder.first_layer),
            between: [
                is_trainable(&encoder.final_norm),
                encoder.second_stack.as_ref().is_some_and(|second| is_trainable(&second.relative_embeddings)),
            ],
        }
    }

    /// Whether the input of the `at`-th layer that runs depends on anything that is learned.
    fn before(&self, at: usize) -> bool {
        self.embeddings
            || at > 0 && self.table
            || self.layers[..at].contains(&true)
            || at > self.second && self.between.contains(&true)
    }

    /// Whether the first stack's output does.
    fn memory(&self) -> bool {
        self.before(self.second.min(self.layers.len())) || self.between[0]
    }
}

/// Whether a module has a parameter that is not frozen.
fn is_trainable<B: Backend, M: Module<B>>(module: &M) -> bool {
    trained(module).contains(&true)
}
