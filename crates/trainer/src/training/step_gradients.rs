//! Loss and gradients of micro-batches: the forward and the backward pass.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use models::batch::Sequences;
use models::gradient_checkpointing::loss_and_gradients;
use models::head::{LossOptions, SequenceClassifier, SoftTargets, loss};
use models::ops::{DropoutPlan, EncoderOps};

use super::batches::MicroBatch;
use super::optimizer::Gradients;
use super::phases::PhaseSeconds;
use crate::settings::TrainingSettings;

/// What the micro-batches of one step have in common.
pub(super) struct StepContext<'a> {
    pub(super) settings: &'a TrainingSettings,
    /// The divisor is that of the whole step, divided by `loss_scale`; what a teacher says is of each micro-batch.
    pub(super) loss: LossOptions,
    /// What losses are multiplied with on their way back, a power of 2 (`loss_scale.rs`).
    pub(super) loss_scale: f64,
    /// 0-based number of the step, which decides its dropout.
    pub(super) step: usize,
    /// The device is waited for after each phase, so that its time is its own.
    pub(super) synchronizes: bool,
}

/// What some micro-batches of a step came to.
pub(super) struct StepGradients<B: AutodiffBackend> {
    /// Of each micro-batch, its layout and its share of the step's loss, `[1]`.
    pub(super) losses: Vec<(Arc<Sequences>, Tensor<B::InnerBackend, 1>)>,
    /// Times the loss scale; `None` where there are no rows.
    pub(super) gradients: Option<Gradients<B>>,
    /// Time by phase.
    pub(super) seconds: PhaseSeconds,
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps> StepGradients<B> {
    /// Computes `micro_batches` one after another on the model's device, and adds their gradients up.
    pub(super) fn compute(model: &SequenceClassifier<B>, context: &StepContext, micro_batches: &[MicroBatch]) -> Self {
        let mut sum = Self { losses: Vec::new(), gradients: None, seconds: PhaseSeconds::default() };
        for micro_batch in micro_batches {
            sum.add(Self::of_micro_batch(model, context, micro_batch));
        }
        sum
    }

    fn of_micro_batch(model: &SequenceClassifier<B>, context: &StepContext, micro_batch: &MicroBatch) -> Self {
        #[cfg(test)]
        super::memory_fault::check(micro_batch.rows.len());
        let MicroBatch { tokens, targets, masks, soft_targets, .. } = micro_batch;
        let tokens = &model.encoder.reading(tokens);
        let soft_targets =
            soft_targets.clone().map(|soft| SoftTargets { divisor: soft.divisor / context.loss_scale, ..soft });
        let options = LossOptions { soft_targets, ..context.loss.clone() };
        let now = || {
            if context.synchronizes {
                // A device that failed says so where the results are read.
                drop(B::sync(&model.classifier.weight.device()));
            }
            Instant::now()
        };
        let mut dropout = match masks {
            None => DropoutPlan::train(context.settings.seed, context.step as u64),
            Some(masks) => DropoutPlan::drawn(masks.clone()),
        };
        let mut gradients = None;
        let (started, mut forward) = (Instant::now(), None);
        let loss = if context.settings.gradient_checkpointing {
            loss_and_gradients(model, tokens, targets, options, &mut dropout, |part| {
                // The first part is the head's, where the forward pass ends.
                forward.get_or_insert_with(now);
                add(&mut gradients, Gradients::collect(model, part, tokens));
            })
        } else {
            let loss = loss(model.forward(tokens, &mut dropout), targets, options);
            forward = Some(now());
            gradients = Some(Gradients::collect(model, loss.backward(), tokens));
            loss.inner()
        };
        let (forward, ended) = (forward.unwrap_or(started), now());
        let seconds = PhaseSeconds {
            forward: (forward - started).as_secs_f64(),
            backward: (ended - forward).as_secs_f64(),
            ..PhaseSeconds::default()
        };
        let loss = if context.loss_scale == 1.0 { loss } else { loss / context.loss_scale };
        Self { losses: vec![(tokens.sequences.clone(), loss)], gradients, seconds }
    }

    /// Adds what later rows of the same step came to.
    pub(super) fn add(&mut self, other: Self) {
        self.losses.extend(other.losses);
        self.seconds.add(&other.seconds);
        if let Some(gradients) = other.gradients {
            add(&mut self.gradients, gradients);
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

fn add<B: AutodiffBackend<InnerBackend: EncoderOps>>(sum: &mut Option<Gradients<B>>, new: Gradients<B>) {
    match sum {
        None => *sum = Some(new),
        Some(sum) => sum.add(new),
    }
}
