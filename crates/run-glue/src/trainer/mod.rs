//! Fine-tuning: the loop of transformers' `Trainer`, with its order of rows, steps and log.

pub mod evaluate;
pub mod log;
pub mod optimizer;
pub mod schedule;
pub mod schedule_kind;

use burn::tensor::backend::AutodiffBackend;
use models::head::{LossOptions, SequenceClassifier, loss};
use models::names::TensorName;
use models::ops::{DropoutPlan, EncoderOps};

use self::log::TrainLog;
use self::optimizer::{AdamW, Gradients, clip_coefficient};
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
}

/// Trains `model` over `data`; every step goes to `log`.
pub fn train<B>(
    mut model: SequenceClassifier<B>,
    names: &[TensorName],
    data: &TrainingData,
    settings: &TrainingSettings,
    plan: &StepPlan,
    log: &mut TrainLog<B::InnerBackend>,
) -> SequenceClassifier<B>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    let mut optimizer = AdamW::new(&model, names, settings);
    let order_seed = settings.data_seed.unwrap_or(settings.seed);
    let mut step = 0;
    for epoch in 0.. {
        let order = epoch_order(settings.train_sampling_strategy, data.split.len(), order_seed, epoch);
        let micro_batches: Vec<&[u32]> = order.chunks(settings.per_device_train_batch_size).collect();
        let mut micro_batches_done = 0;
        for group in micro_batches.chunks(settings.gradient_accumulation_steps) {
            if step == plan.max_steps {
                return model;
            }
            let examples: usize = group.iter().map(|rows| rows.len()).sum();
            let mut gradients: Option<Gradients<B>> = None;
            let mut first_example = 0;
            for rows in group {
                let batch = data.split.batch(rows, data.padding, first_example);
                let targets = data.split.targets(rows, data.class_order);
                let mut dropout = DropoutPlan::train(settings.seed, step as u64);
                let options =
                    LossOptions { divisor: examples, label_smoothing_factor: settings.label_smoothing_factor };
                let loss = loss(model.forward(&batch, &mut dropout), &targets, options);
                log.micro_batch(&batch.sequences, loss.clone().inner());
                let new = Gradients::collect(&model, loss.backward(), &batch);
                match &mut gradients {
                    None => gradients = Some(new),
                    Some(sum) => sum.add(new),
                }
                first_example += rows.len();
            }
            micro_batches_done += group.len();
            let rate = learning_rate(settings, step, plan);
            let mut norm = 0.0;
            if let Some(gradients) = gradients {
                norm = gradients.norm();
                model = optimizer.step(model, gradients, rate, clip_coefficient(norm, settings.max_grad_norm));
            }
            step += 1;
            let epoch = epoch as f64 + micro_batches_done as f64 / plan.batches_per_epoch as f64;
            log.step(step, epoch, examples, norm, rate);
        }
    }
    model
}
