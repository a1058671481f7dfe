//! The loop over the steps of a training.

use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::backend::AutodiffBackend;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;

use super::batches::{StepBatches, Steps, ahead};
use super::log::{StepReport, TrainLog};
use super::loss_scale::Verdict;
use super::optimizer::Optimizer;
use super::phases::BATCH;
use super::schedule::{StepPlan, learning_rate};
use super::step::{StepOutcome, TrainingStep};
use super::torch_dropout::DropoutState;
use super::training_data::TrainingData;
use crate::error::Error;
use crate::settings::TrainingSettings;

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
    /// The model after the step.
    pub model: &'a SequenceClassifier<B>,
    /// The optimizer after the step.
    pub optimizer: &'a Optimizer<B>,
    /// Where masks of dropout are drawn, the generator after the step.
    pub dropout: Option<&'a DropoutState>,
    /// The log, the step's row included.
    pub log: &'a mut TrainLog<B::InnerBackend>,
}

/// Trains `model` over `data`; every step goes to `log`, and then to `after_step`, which may end the training.
/// An `optimizer` that has made steps already goes on where it was: order, dropout and rates are functions of the step (of dropout that is drawn, `data` holds
/// the generator).
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
    let mut training_step =
        TrainingStep::of_run(settings, data.class_weights.clone(), &device, log.phases.synchronizes())?;
    // A batch that was prepared while more rows had room is divided when its step comes.
    let most = AtomicUsize::new(training_step.rows_at_once());
    let steps = Steps::new(data, settings, plan, model.encoder.architecture(), optimizer.steps());
    let steps = steps.map(|rows| data.prepare(rows, most.load(Ordering::Relaxed)));
    // Only a host that waits for a device has time for it, and masks take time. The tests of this crate go through it too.
    let on_thread = !B::InnerBackend::capabilities().synchronous || data.dropout.is_some() || cfg!(test);
    let explanation = training_step.explanation();
    let body = |steps: &mut dyn Iterator<Item = StepBatches>| {
        while let Some(batches) = log.phases.time(BATCH, || steps.next()) {
            // As transformers does, the schedule waits where a step is left out.
            let learning_rate = learning_rate(settings, optimizer.steps_made(), plan);
            let outcome;
            (model, outcome) = training_step.run(model, &mut optimizer, &batches, learning_rate, |_| ())?;
            let StepOutcome { losses, norm, verdict, seconds } = outcome;
            most.store(training_step.rows_at_once(), Ordering::Relaxed);
            log.computed(losses, &seconds, training_step.rows_at_once());
            let StepBatches { examples, ends_epoch, epoch, ref dropout, .. } = batches;
            let step = batches.step + 1;
            if let Verdict::Skip(before, after) = verdict {
                log.skipped(step, before, after);
            }
            // Where the norm is on the device, only a step whose row is written waits for it.
            let grad_norm = &|| norm.value::<B::InnerBackend>();
            log.step(&StepReport { step, ends_epoch, epoch, examples, grad_norm, learning_rate });
            let dropout = dropout.as_ref();
            let end = StepEnd { step, ends_epoch, epoch, model: &model, optimizer: &optimizer, dropout, log };
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
