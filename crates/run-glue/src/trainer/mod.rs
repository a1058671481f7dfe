//! Fine-tuning: the loop of transformers' `Trainer`, with its order of rows, steps and log.

pub mod best;
pub mod evaluate;
pub mod log;
pub mod optimizer;
pub mod schedule;
pub mod schedule_kind;

use std::sync::Arc;

use burn::tensor::backend::AutodiffBackend;
use models::head::{LossOptions, SequenceClassifier, loss};
use models::ops::{DropoutPlan, EncoderOps, GradientNorm};

use self::log::{StepFacts, TrainLog};
use self::optimizer::{Gradients, Optimizer};
use self::schedule::{StepPlan, learning_rate};
use crate::cli::settings::TrainingSettings;
use crate::data::{Padding, Split};
use crate::sampler::epoch_order;

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
    fn divisor(&self, groups: &[&[u32]]) -> f64 {
        let rows = groups.iter().copied().flatten();
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
pub fn train<B, E>(
    mut model: SequenceClassifier<B>,
    mut optimizer: Optimizer<B>,
    data: &TrainingData,
    settings: &TrainingSettings,
    plan: &StepPlan,
    log: &mut TrainLog<B::InnerBackend>,
    mut after_step: impl FnMut(StepEnd<'_, B>) -> Result<Flow, E>,
) -> Result<SequenceClassifier<B>, E>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    let order_seed = settings.data_seed.unwrap_or(settings.seed);
    let mut step = optimizer.steps();
    for epoch in step / plan.updates_per_epoch.. {
        let length = |row: u32| data.split.length(row);
        let order = epoch_order(settings, data.split.len(), length, order_seed.wrapping_add(epoch as u64));
        let batches = order.chunks(settings.per_device_train_batch_size);
        let micro_batches: Vec<&[u32]> = batches.take(plan.batches_per_epoch).collect();
        let groups: Vec<&[&[u32]]> = micro_batches.chunks(settings.gradient_accumulation_steps).collect();
        for (i, group) in groups.iter().enumerate().skip(step % plan.updates_per_epoch) {
            if step == plan.max_steps {
                log.finish();
                return Ok(model);
            }
            let examples: usize = group.iter().map(|rows| rows.len()).sum();
            let divisor = data.divisor(group);
            let mut gradients: Option<Gradients<B>> = None;
            let mut first_example = 0;
            for rows in *group {
                let batch = data.split.batch(rows, data.padding, first_example);
                let targets = data.split.targets(rows, data.class_order);
                let mut dropout = DropoutPlan::train(settings.seed, step as u64);
                let options = LossOptions {
                    divisor,
                    label_smoothing_factor: settings.label_smoothing_factor,
                    class_weights: data.class_weights.clone(),
                };
                let loss = loss(model.forward(&batch, &mut dropout), &targets, options);
                log.micro_batch(&batch.sequences, loss.clone().inner());
                let new = Gradients::collect(&model, loss.backward(), &batch);
                match &mut gradients {
                    None => gradients = Some(new),
                    Some(sum) => sum.add(new),
                }
                first_example += rows.len();
            }
            let rate = learning_rate(settings, step, plan);
            let mut norm = GradientNorm::Host(0.0);
            if let Some(gradients) = gradients {
                norm = gradients.norm();
                let factor = norm.clip_factor::<B::InnerBackend>(settings.max_grad_norm);
                model = optimizer.step(model, gradients, rate, factor);
            }
            step += 1;
            let micro_batches_done = i * settings.gradient_accumulation_steps + group.len();
            let done = epoch as f64 + micro_batches_done as f64 / plan.batches_per_epoch as f64;
            let ends_epoch = i + 1 == groups.len();
            // Where the norm is on the device, only a step whose row is written waits for it.
            let grad_norm = &|| norm.value::<B::InnerBackend>();
            log.step(&StepFacts { step, ends_epoch, epoch: done, examples, grad_norm, learning_rate: rate });
            let end = StepEnd { step, ends_epoch, epoch: done, model: &model, optimizer: &optimizer, log };
            if after_step(end)? == Flow::Stop {
                log.finish();
                return Ok(model);
            }
        }
    }
    Ok(model)
}
