//! Gradients with little memory: each layer keeps only its input, and is computed again when its backward pass comes
//! (Chen et al. 2016, "Training deep nets with sublinear memory cost"; transformers' `gradient_checkpointing`).
//!
//! The numbers are those of the undivided backward pass bit for bit: dropout is a pure function of its place, so a layer
//! computed again is the same layer, and the terms of each sum of gradients are added in the same order.
//!
//! It is done layer by layer from outside of the recorded graph. A node of Burn's graph that ran a backward pass of its own
//! would wait for a lock that the outer one holds (`GraphMutexClient::backward` of burn-autodiff 0.21), and Burn's own
//! strategy, `BalancedCheckpointing`, computes single operations again, not layers.

use std::sync::Arc;

use burn::module::{AutodiffModule, Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

use crate::batch::{Sequences, TokenBatch};
use crate::encoder::model::{Encoder, Shared};
use crate::head::{LossOptions, SequenceClassifier, Targets, loss};
use crate::ops::{self, DropoutPlan, EncoderOps};

/// What a layer needs to be computed again.
struct Kept<B: Backend> {
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
    let places = encoder.architecture().steps.len();
    let mut embedding_plan = plan.clone();
    let mut kept = Vec::with_capacity(places);
    let mut sequences = batch.sequences.clone();
    let x = {
        let plain = encoder.valid();
        let shared = plain.shared(&sequences);
        let mut x = plain.embed(batch, plan);
        for place in 0..places {
            kept.push(Kept { input: x.clone(), sequences: sequences.clone(), plan: plan.clone() });
            x = plain.layer(place, x, &mut sequences, &shared, plan);
        }
        x
    };
    let learns = Learns::new(encoder);

    let top = leaf::<B>(x, learns.before(places));
    let logits = model.classify(encoder.summary(top.clone(), &sequences), batch, plan);
    let loss = loss(logits, targets, options);
    let value = loss.clone().inner();
    let mut grads = loss.backward();
    let mut gradient = top.grad_remove(&mut grads);
    take(grads);

    let shared = encoder.shared(&batch.sequences);
    let mut of_table = Vec::new();
    for place in (0..places).rev() {
        // Nothing further down learns.
        let (Some(above), Some(Kept { input, mut sequences, mut plan })) = (gradient.take(), kept.pop()) else { break };
        let input = leaf::<B>(input, learns.before(place));
        let (shared, table) = of_layer(&shared, learns.table);
        let output = encoder.layer(place, input.clone(), &mut sequences, &shared, &mut plan);
        let mut grads = ops::continued(output, Tensor::from_inner(above)).backward();
        gradient = input.grad_remove(&mut grads);
        of_table.extend(table.and_then(|table| table.grad_remove(&mut grads)));
        take(grads);
    }

    // The undivided pass adds them from the first layer on: in its graph they are as near to the table as the first one's.
    let table = of_table.into_iter().rev().reduce(|sum, gradient| gradient + sum);
    let of_table = match (&shared, table) {
        (Shared::Disentangled(whole, ..), Some(gradient)) => {
            Some(ops::continued(whole.clone(), Tensor::from_inner(gradient)))
        }
        _ => None,
    };
    let of_words = gradient
        .map(|gradient| ops::continued(encoder.embed(batch, &mut embedding_plan), Tensor::from_inner(gradient)));
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
fn of_layer<B: AutodiffBackend>(shared: &Shared<B>, learns: bool) -> (Shared<B>, Option<Tensor<B, 2>>) {
    match shared {
        Shared::None => (Shared::None, None),
        Shared::Bias(table, relative) => (Shared::Bias(table.clone(), relative.clone()), None),
        Shared::Disentangled(table, relative, count) => {
            let table = leaf::<B>(table.clone().inner(), learns);
            (Shared::Disentangled(table.clone(), relative.clone(), *count), Some(table))
        }
    }
}

/// Which parts have parameters that are not frozen.
struct Learns {
    embeddings: bool,
    /// Of relative positions.
    table: bool,
    /// By place.
    layers: Vec<bool>,
}

impl Learns {
    fn new<B: AutodiffBackend>(encoder: &Encoder<B>) -> Self {
        Self {
            embeddings: learns(&encoder.word_embeddings)
                || learns(&encoder.position_embeddings)
                || learns(&encoder.token_type_embeddings)
                || learns(&encoder.embedding_norm)
                || learns(&encoder.embedding_projection),
            table: learns(&encoder.relative_embeddings) || learns(&encoder.relative_embedding_norm),
            layers: encoder.architecture().steps.iter().map(|&step| learns(&encoder.layers[step])).collect(),
        }
    }

    /// Whether the input of the layer at `place` depends on anything that is learned.
    fn before(&self, place: usize) -> bool {
        self.embeddings || place > 0 && self.table || self.layers[..place].contains(&true)
    }
}

/// Whether a module has a parameter that is not frozen.
fn learns<B: Backend, M: Module<B>>(module: &M) -> bool {
    struct Found(bool);
    impl<B: Backend> ModuleVisitor<B> for Found {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.0 |= param.val().is_require_grad();
        }
    }
    let mut found = Found(false);
    module.visit(&mut found);
    found.0
}
