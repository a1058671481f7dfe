//! One optimizer step: forward, loss, backward, the gradients' norm, clipping, the update. The loop, the benchmark and the
//! self-test all make their steps here.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensor;
use models::batch::Sequences;
use models::head::{LossOptions, SequenceClassifier};
use models::ops::{EncoderOps, GradientNorm};

use super::batch_size_finder::{BatchSizeFinder, Explanation};
use super::batches::StepBatches;
use super::loss_scale::Verdict;
use super::optimizer::{Gradients, Optimizer};
use super::phases::PhaseSeconds;
use super::replicas::Replicas;
use super::step_gradients::{StepContext, StepGradients};
use crate::error::Error;
use crate::settings::TrainingSettings;

/// Makes the steps of a training.
pub struct TrainingStep<'a, B: AutodiffBackend> {
    settings: &'a TrainingSettings,
    class_weights: Option<Arc<[f64]>>,
    replicas: Replicas<B>,
    finder: BatchSizeFinder,
    synchronizes: bool,
}

/// What a step came to.
pub struct StepOutcome<B: AutodiffBackend> {
    /// Of each micro-batch, its layout and its share of the step's loss, `[1]`, on the device.
    pub losses: Vec<(Arc<Sequences>, Tensor<B::InnerBackend, 1>)>,
    /// Of all gradients, without the loss scale and before clipping.
    pub norm: GradientNorm<FloatTensor<B::InnerBackend>>,
    /// Whether the parameters changed.
    pub verdict: Verdict,
    /// Time by phase, as the host sees it.
    pub seconds: PhaseSeconds,
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> StepOutcome<B> {
    /// The step's loss, `[1]`, on the device; `None` of a step without rows.
    #[must_use]
    pub fn loss(&self) -> Option<Tensor<B::InnerBackend, 1>> {
        self.losses.iter().map(|(_, loss)| loss.clone()).reduce(|sum, loss| sum + loss)
    }
}

impl<'a, B> TrainingStep<'a, B>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    /// Steps on the model's device alone, micro-batches computed as they are, every class counting alike.
    #[must_use]
    pub fn new(settings: &'a TrainingSettings) -> Self {
        Self {
            settings,
            class_weights: None,
            replicas: Replicas::none(),
            finder: BatchSizeFinder::off(),
            synchronizes: false,
        }
    }

    /// Steps of a run: on several devices where the settings say so, and in halves where the device has no room.
    /// `class_weights`: see [`super::TrainingData`]. `synchronizes`: the device is waited for after each phase.
    ///
    /// # Errors
    /// When no threads can be started for further devices.
    pub(super) fn of_run(
        settings: &'a TrainingSettings,
        class_weights: Option<Arc<[f64]>>,
        device: &B::Device,
        synchronizes: bool,
    ) -> Result<Self, Error> {
        let finder = BatchSizeFinder::new::<B>(settings.per_device_train_batch_size, settings.auto_find_batch_size);
        let replicas = Replicas::new(device, settings.data_parallel)?;
        Ok(Self { settings, class_weights, replicas, finder, synchronizes })
    }

    /// The most rows that are computed at once.
    pub(super) fn rows_at_once(&self) -> usize {
        self.finder.most()
    }

    /// What a lack of memory comes to, where batches are not halved.
    pub(super) fn explanation(&self) -> Option<Explanation> {
        self.finder.explanation()
    }

    /// Makes the step over `batches` at `learning_rate` and gives the model after it. However the step is divided, its loss
    /// and its gradients are those of all its rows together. `inspect` sees the gradients, times the loss scale, before the
    /// update takes them.
    ///
    /// # Errors
    /// When the device has no room for the step, and no fewer rows can be tried.
    pub fn run(
        &mut self,
        model: SequenceClassifier<B>,
        optimizer: &mut Optimizer<B>,
        batches: &StepBatches,
        learning_rate: f64,
        inspect: impl FnOnce(&Gradients<B>),
    ) -> Result<(SequenceClassifier<B>, StepOutcome<B>), Error> {
        let Self { settings, class_weights, replicas, finder, synchronizes } = self;
        let device = model.classifier.weight.device();
        let loss_scale = optimizer.scaler().map_or(1.0, |scaler| scaler.scale());
        let context = StepContext {
            settings,
            loss: LossOptions {
                // Exact, and the same for layers that are computed again.
                divisor: batches.divisor / loss_scale,
                label_smoothing_factor: settings.label_smoothing_factor,
                class_weights: class_weights.clone(),
                soft_targets: None,
            },
            loss_scale,
            step: batches.step,
            synchronizes: *synchronizes,
        };
        let StepGradients { losses, gradients, mut seconds } =
            finder.fit::<B, _>(&device, |most| gradients_of(&model, replicas, &context, batches, most))?;
        let Some(gradients) = gradients else {
            let outcome = StepOutcome { losses, norm: GradientNorm::Host(0.0), verdict: Verdict::Step, seconds };
            return Ok((model, outcome));
        };
        inspect(&gradients);
        let started = Instant::now();
        let update = || optimizer.apply(model, gradients, learning_rate, settings.max_grad_norm);
        let (model, norm, verdict) = finder.change::<B, _>(&device, update)?;
        if *synchronizes {
            // A device that failed says so where the results are read.
            drop(B::sync(&device));
        }
        seconds.optimizer = started.elapsed().as_secs_f64();
        Ok((model, StepOutcome { losses, norm, verdict, seconds }))
    }
}

/// Loss and gradients of a step in pieces of at most `most` rows.
fn gradients_of<B>(
    model: &SequenceClassifier<B>,
    replicas: &Replicas<B>,
    context: &StepContext,
    batches: &StepBatches,
    most: usize,
) -> StepGradients<B>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    // Every device is to have some.
    let most = most.min(batches.examples.div_ceil(replicas.count()).max(1));
    let divided = batches.divided(most);
    let micro_batches = divided.as_ref().unwrap_or(&batches.micro_batches);
    replicas.compute(model, micro_batches, |model, share| StepGradients::compute(model, context, share))
}
