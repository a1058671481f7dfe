//! Fine-tuning: the loop of transformers' `Trainer`, with its order of rows, steps and log.

mod batches;
pub mod best;
pub mod evaluate;
pub mod log;
pub mod loss_scale;
pub mod optimizer;
mod replicas;
mod room;
pub mod schedule;
pub mod stages;
mod step;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::backend::AutodiffBackend;
use models::head::SequenceClassifier;
use models::ops::{EncoderOps, GradientNorm};

use self::batches::{StepBatches, ahead, steps};
use self::log::{StepFacts, TrainLog};
use self::loss_scale::Verdict;
use self::optimizer::Optimizer;
use self::replicas::Replicas;
use self::room::Room;
use self::schedule::{StepPlan, learning_rate};
use self::stages::{BATCH, OPTIMIZER};
use self::step::{Computed, Way, compute};
use crate::data::{Padding, Split};
use crate::error::Error;
use crate::settings::TrainingSettings;

/// What a loop trains on.
pub struct TrainingData<'a> {
    /// Labelled rows.
    pub split: &'a Split,
    /// Layout of batches.
    pub padding: Padding,
    /// Dataset class to model class.
    pub class_order: &'a [usize],
    /// What the loss of an example of each model class is multiplied with.
    pub class_weights: Option<Arc<[f64]>>,
}

impl TrainingData<'_> {
    /// What the sum of the losses of these rows is divided by: their number, or the sum of their weights, as
    /// `torch.nn.CrossEntropyLoss` does.
    fn divisor(&self, groups: &[Vec<u32>]) -> f64 {
        let rows = groups.iter().flatten();
        match &self.class_weights {
            None => rows.count() as f64,
            Some(weights) => rows.filter_map(|&row| self.split.class(row)).map(|c| weights[self.class_order[c]]).sum(),
        }
    }
}

/// Whether the training goes on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does, where steps are left.
    Continue,
    /// It ends here.
    Stop,
}

/// A run at the end of a step: what a checkpoint is made of.
pub struct StepEnd<'a, B: AutodiffBackend> {
    /// Optimizer steps done.
    pub step: usize,
    /// Whether the step was its epoch's last.
    pub ends_epoch: bool,
    /// Epochs done, with the fraction.
    pub epoch: f64,
    /// The model.
    pub model: &'a SequenceClassifier<B>,
    /// Its optimizer.
    pub optimizer: &'a Optimizer<B>,
    /// The log.
    pub log: &'a mut TrainLog<B::InnerBackend>,
}

/// Trains `model` over `data`; every step goes to `log`, and then to `after_step`, which may end the training.
/// An `optimizer` that has made steps already goes on where it was: order, dropout and rates are functions of the step.
///
/// # Errors
/// Those of `after_step`, and a device that has no room for a step.
pub fn train<B>(
    mut model: SequenceClassifier<B>,
    mut optimizer: Optimizer<B>,
    data: &TrainingData,
    settings: &TrainingSettings,
    plan: &StepPlan,
    log: &mut TrainLog<B::InnerBackend>,
    mut after_step: impl FnMut(StepEnd<'_, B>) -> Result<Flow, Error>,
) -> Result<SequenceClassifier<B>, Error>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    let device = model.classifier.weight.device();
    let mut room = Room::new::<B>(settings.per_device_train_batch_size, settings.auto_find_batch_size);
    let replicas = Replicas::new(&device, settings.data_parallel)?;
    let mut step = optimizer.steps();
    // A batch that was prepared while more rows had room is divided when its step comes.
    let most = AtomicUsize::new(room.most());
    let steps = steps(data, settings, plan, step).map(|rows| data.prepare(rows, most.load(Ordering::Relaxed)));
    // Only a host that waits for a device has time for it. The tests of this crate go through it too.
    let on_thread = !B::InnerBackend::eo_properties().runs_at_once || cfg!(test);
    let explanation = room.explanation();
    let body = |steps: &mut dyn Iterator<Item = StepBatches>| {
        while let Some(batches) = log.stages.time(BATCH, || steps.next()) {
            let scale = optimizer.scaler().map_or(1.0, |scaler| scaler.scale());
            let way = Way { data, settings, scale, settles: log.stages.settles() };
            let Computed { losses, gradients, seconds } =
                room.fit::<B, _>(&device, |most| compute(&model, &replicas, &way, &batches, step, most))?;
            most.store(room.most(), Ordering::Relaxed);
            log.totals.micro_batch = room.most();
            log.stages.add(&seconds);
            for (sequences, loss) in losses {
                log.micro_batch(&sequences, loss);
            }
            // As transformers does, the schedule waits where a step is left out.
            let rate = learning_rate(settings, optimizer.steps_made(), plan);
            let mut norm = GradientNorm::Host(0.0);
            if let Some(gradients) = gradients {
                let verdict;
                (model, norm, verdict) = log.stages.time(OPTIMIZER, || {
                    let norm = optimizer.unscaled(gradients.norm());
                    let verdict = optimizer.judge(&norm);
                    if verdict != Verdict::Step {
                        return Ok((model, norm, verdict));
                    }
                    let factor = norm.clip_factor::<B::InnerBackend>(settings.max_grad_norm);
                    let step = || optimizer.step(model, gradients, rate, factor);
                    room.change::<B, _>(&device, step).map(|model| (model, norm, verdict))
                })?;
                if let Verdict::Skip(before, after) = verdict {
                    log.skipped(step + 1, before, after);
                }
            }
            step += 1;
            let StepBatches { examples, ends_epoch, epoch, .. } = batches;
            // Where the norm is on the device, only a step whose row is written waits for it.
            let grad_norm = &|| norm.value::<B::InnerBackend>();
            log.step(&StepFacts { step, ends_epoch, epoch, examples, grad_norm, learning_rate: rate });
            let end = StepEnd { step, ends_epoch, epoch, model: &model, optimizer: &optimizer, log };
            if after_step(end)? == Flow::Stop {
                break;
            }
        }
        log.finish();
        Ok(model)
    };
    match explanation {
        None => ahead(on_thread, steps, body),
        Some(explanation) => explanation.of(|| ahead(on_thread, steps, body)),
    }
}
