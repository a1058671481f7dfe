//! The gradients of one optimizer step: its micro-batches one after another, their gradients added up.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use models::batch::Sequences;
use models::head::{LossOptions, SequenceClassifier, loss};
use models::ops::{DropoutPlan, EncoderOps};
use models::recompute::loss_and_gradients;

use super::TrainingData;
use super::batches::{MicroBatch, StepBatches};
use super::optimizer::Gradients;
use super::replicas::Replicas;
use super::stages::StageSeconds;
use crate::settings::TrainingSettings;

/// What a step came to.
pub(super) struct Computed<B: AutodiffBackend> {
    /// Of each micro-batch, its layout and its share of the step's loss, `[1]`.
    pub(super) losses: Vec<(Arc<Sequences>, Tensor<B::InnerBackend, 1>)>,
    /// `None` where the step has no rows.
    pub(super) gradients: Option<Gradients<B>>,
    /// Time by stage.
    pub(super) seconds: StageSeconds,
}

/// How steps are computed.
pub(super) struct Way<'a> {
    pub(super) data: &'a TrainingData<'a>,
    pub(super) settings: &'a TrainingSettings,
    /// What losses are multiplied with on their way back, a power of 2 (`loss_scale.rs`).
    pub(super) scale: f64,
    /// The device is waited for after each stage, so that its time is its own.
    pub(super) settles: bool,
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> Computed<B> {
    /// Adds what later rows of the same step came to.
    pub(super) fn add(&mut self, other: Self) {
        self.losses.extend(other.losses);
        self.seconds.add(&other.seconds);
        if let Some(gradients) = other.gradients {
            sum(&mut self.gradients, gradients);
        }
    }

    /// The same on another device.
    pub(super) fn moved_to(self, device: &B::Device) -> Self {
        Self {
            losses: self.losses.into_iter().map(|(sequences, loss)| (sequences, loss.to_device(device))).collect(),
            gradients: self.gradients.map(|gradients| gradients.moved_to(device)),
            seconds: self.seconds,
        }
    }
}

/// Computes the gradients of the 0-based step `step` in pieces of at most `most` rows. However the step is divided, its
/// loss and its gradients are those of all its rows together.
pub(super) fn compute<B>(
    model: &SequenceClassifier<B>,
    replicas: &Replicas<B>,
    way: &Way,
    batches: &StepBatches,
    step: usize,
    most: usize,
) -> Computed<B>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    let options = LossOptions {
        // Exact, and the same for layers that are computed again.
        divisor: batches.divisor / way.scale,
        label_smoothing_factor: way.settings.label_smoothing_factor,
        class_weights: way.data.class_weights.clone(),
    };
    let pieces = |model: &SequenceClassifier<B>, pieces: &[MicroBatch]| {
        let mut computed = Computed { losses: Vec::new(), gradients: None, seconds: StageSeconds::default() };
        for piece in pieces {
            computed.add(one(model, way, piece, step, options.clone()));
        }
        computed
    };
    // Every device is to have some.
    let most = most.min(batches.examples.div_ceil(replicas.count()).max(1));
    if batches.micro_batches.iter().all(|batch| batch.rows.len() <= most) {
        return replicas.compute(model, &batches.micro_batches, pieces);
    }
    let divided: Vec<MicroBatch> =
        batches.micro_batches.iter().flat_map(|batch| way.data.divide(batch, most)).collect();
    replicas.compute(model, &divided, pieces)
}

/// What one micro-batch comes to.
fn one<B>(
    model: &SequenceClassifier<B>,
    way: &Way,
    piece: &MicroBatch,
    step: usize,
    options: LossOptions,
) -> Computed<B>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    #[cfg(test)]
    super::room::fault::check(piece.rows.len());
    let settle = || {
        if way.settles {
            // A device that failed says so where the results are read.
            drop(B::sync(&model.classifier.weight.device()));
        }
        Instant::now()
    };
    let mut dropout = DropoutPlan::train(way.settings.seed, step as u64);
    let mut gradients = None;
    let (started, mut forward) = (Instant::now(), None);
    let loss = if way.settings.gradient_checkpointing {
        loss_and_gradients(model, &piece.tokens, &piece.targets, options, &mut dropout, |part| {
            // The first part is the head's, where the forward pass ends.
            forward.get_or_insert_with(settle);
            sum(&mut gradients, Gradients::collect(model, part, &piece.tokens));
        })
    } else {
        let loss = loss(model.forward(&piece.tokens, &mut dropout), &piece.targets, options);
        forward = Some(settle());
        gradients = Some(Gradients::collect(model, loss.backward(), &piece.tokens));
        loss.inner()
    };
    let (forward, ended) = (forward.unwrap_or(started), settle());
    let seconds = StageSeconds {
        forward: (forward - started).as_secs_f64(),
        backward: (ended - forward).as_secs_f64(),
        ..StageSeconds::default()
    };
    let loss = if way.scale == 1.0 { loss } else { loss / way.scale };
    Computed { losses: vec![(piece.tokens.sequences.clone(), loss)], gradients, seconds }
}

fn sum<B: AutodiffBackend<InnerBackend: EncoderOps>>(total: &mut Option<Gradients<B>>, new: Gradients<B>) {
    match total {
        None => *total = Some(new),
        Some(total) => total.add(new),
    }
}
