//! A training run that leaves nothing behind: no files, no evaluation, only its log.

use burn_autodiff::Autodiff;
use models::ops::EncoderOps;

use super::prepare::prepare;
use crate::data::Padding;
use crate::error::Error;
use crate::model_files::Build;
use crate::progress::Progress;
use crate::report::metrics_files::Metrics;
use crate::settings::Settings;
use crate::trainer::log::TrainLog;
use crate::trainer::optimizer::Optimizer;
use crate::trainer::schedule::StepPlan;
use crate::trainer::{Flow, TrainingData, train};

/// Trains, and gives the rows of the log.
///
/// # Errors
/// Whatever is wrong with model or data.
pub(crate) fn history<B: EncoderOps>(settings: &Settings, device: &B::Device) -> Result<Vec<Metrics>, Error> {
    let prepared = prepare(settings, settings.task)?;
    let Some(split) = &prepared.train else { return Err(Error::failure("there are no training rows")) };
    let build = Build {
        num_labels: settings.task.num_labels(),
        precision: settings.machine.precision,
        seed: settings.training.seed,
        ignore_mismatched_sizes: settings.model.ignore_mismatched_sizes,
    };
    let (model, report) = prepared.model.build::<Autodiff<B>>(&build, device)?;
    let optimizer = Optimizer::new(&model, &prepared.model.names, &settings.training);
    let class_order = prepared.class_order(&report);
    let padding = Padding::of::<B>(None);
    let data = TrainingData { split, padding, class_order: &class_order, class_weights: None };
    let plan = StepPlan::new(split.len(), &settings.training);
    let mut log = TrainLog::new(plan, &settings.logging, Progress::silent());
    train(model, optimizer, &data, &settings.training, &plan, &mut log, |_| Ok(Flow::Continue))?;
    Ok(log.history)
}
