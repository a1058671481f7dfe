//! What goes into trainer_state.json.

use super::best_checkpoint::BestCheckpoint;
use crate::settings::{SaveStrategy, Settings, interval};
use crate::training::schedule::StepPlan;
use crate::training::totals::Totals;
use records::files::trainer_state::TrainerState;
use records::metrics::Metrics;

/// 6 x tokens (padding included) x parameters without embeddings: transformers' `floating_point_ops`.
pub(super) fn total_flos(padded_tokens: usize, non_embedding_parameters: usize) -> f64 {
    6.0 * padded_tokens as f64 * non_embedding_parameters as f64
}

/// trainer_state.json after `totals`.
pub(super) fn trainer_state(
    settings: &Settings,
    plan: &StepPlan,
    totals: &Totals,
    best: &BestCheckpoint,
    log_history: Vec<Metrics>,
    total_flos: f64,
) -> TrainerState {
    let every = |steps: f64| interval(steps, plan.max_steps) as u64;
    let mut state = TrainerState {
        best_global_step: best.best.step.map(|step| step as u64),
        best_metric: best.best.metric,
        best_model_checkpoint: best.folder.as_ref().map(|folder| folder.display().to_string()),
        epoch: totals.epoch,
        eval_steps: every(settings.evaluation.steps),
        global_step: totals.steps as u64,
        max_steps: plan.max_steps as u64,
        num_train_epochs: plan.epochs() as u64,
        logging_steps: every(settings.logging.steps),
        save_steps: every(settings.checkpoints.save_steps),
        log_history,
        total_flos,
        train_batch_size: Some(settings.training.per_device_train_batch_size as u64),
        ..TrainerState::default()
    };
    state.set_control(settings.checkpoints.save_strategy != SaveStrategy::No, totals.steps == plan.max_steps);
    if let Some(early) = settings.evaluation.early_stopping {
        state.set_early_stopping(early.patience, early.threshold, best.best.patience_counter);
    }
    state
}
