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
use crate::encoder::model::Encoder;
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
    let mut embedding_plan = plan.clone();
    let mut saved = Vec::with_capacity(depth);
    let mut sequences = batch.sequences.clone();
    let pooled = encoder.pooled_tokens(batch);
    let x = {
        let plain = encoder.valid();
        let relative = plain.relative(&sequences);
        let mut x = plain.embed(batch, plan);
        for at in 0..depth {
            saved.push(SavedInput { input: x.clone(), sequences: sequences.clone(), plan: plan.clone() });
            x = plain.layer(at, x, &mut sequences, (&relative, &pooled), plan);
        }
        x
    };
    let trainable = Trainable::new(encoder);

    let top = leaf::<B>(x, trainable.before(depth));
    let logits = model.classify(encoder.summary(top.clone(), &sequences), batch, plan);
    let loss = loss(logits, targets, options);
    let value = loss.clone().inner();
    let mut grads = loss.backward();
    let mut gradient = top.grad_remove(&mut grads);
    take(grads);

    let relative = encoder.relative(&batch.sequences);
    let mut of_table = Vec::new();
    for at in (0..depth).rev() {
        // Nothing further down learns.
        let (Some(above), Some(SavedInput { input, mut sequences, mut plan })) = (gradient.take(), saved.pop()) else {
            break;
        };
        let input = leaf::<B>(input, trainable.before(at));
        let (relative, table) = of_layer(&relative, trainable.table);
        let output = encoder.layer(at, input.clone(), &mut sequences, (&relative, &pooled), &mut plan);
        let mut grads = ops::surrogate_loss(output, Tensor::from_inner(above)).backward();
        gradient = input.grad_remove(&mut grads);
        of_table.extend(table.and_then(|table| table.grad_remove(&mut grads)));
        take(grads);
    }

    // The undivided pass adds them from the first layer on: in its graph they are as near to the table as the first one's.
    let table = of_table.into_iter().rev().reduce(|sum, gradient| gradient + sum);
    let of_table = match (&relative, table) {
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

/// What a layer sees of what all share, and of it the table whose gradient is to be added up over the layers. A table of
/// biases is a parameter, whose gradient is in each part.
fn of_layer<B: AutodiffBackend>(
    relative: &RelativePositions<B>,
    learns: bool,
) -> (RelativePositions<B>, Option<Tensor<B, 2>>) {
    match relative {
        RelativePositions::None => (RelativePositions::None, None),
        RelativePositions::Bias(table, spec) => (RelativePositions::Bias(table.clone(), spec.clone()), None),
        RelativePositions::Disentangled { embeddings, spec, used, dropout } => {
            let table = leaf::<B>(embeddings.clone().inner(), learns);
            let (embeddings, spec, used) = (table.clone(), spec.clone(), used.clone());
            (RelativePositions::Disentangled { embeddings, spec, used, dropout: *dropout }, Some(table))
        }
    }
}

/// Which parts have parameters that are not frozen.
struct Trainable {
    embeddings: bool,
    /// Of relative positions.
    table: bool,
    /// In the order in which they run.
    layers: Vec<bool>,
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
        }
    }

    /// Whether the input of the `at`-th layer that runs depends on anything that is learned.
    fn before(&self, at: usize) -> bool {
        self.embeddings || at > 0 && self.table || self.layers[..at].contains(&true)
    }
}

/// Whether a module has a parameter that is not frozen.
fn is_trainable<B: Backend, M: Module<B>>(module: &M) -> bool {
    trained(module).contains(&true)
}
