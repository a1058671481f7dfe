//! Everything that the results of a run are made of.

use std::time::{Instant, SystemTime};

use super::context::RunContext;
use super::fine_tuning::Trained;
use super::predictions::Prediction;
use super::score::{Evaluation, task_number};
use super::state_file::total_flos;
use super::warnings::Warnings;
use crate::data::Split;
use records::metrics::{Metrics, TrainSummary};
use records::record::FinalEvaluation;
use records::record::class_table::ClassTable;

/// When the run began.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) started_at: SystemTime,
    pub(super) started: Instant,
}

/// What came of a run.
pub(super) struct RunOutcome<'a> {
    pub(super) context: &'a RunContext<'a>,
    pub(super) trained: Option<Trained>,
    pub(super) evaluations: Vec<Evaluation>,
    pub(super) predictions: Vec<Prediction>,
    /// What `--final_eval` asks for.
    pub(super) last: Vec<FinalEvaluation>,
    pub(super) backend: &'static str,
    pub(super) device_name: &'a str,
    pub(super) clock: Clock,
    /// Whether the time of a phase is its own: the device was waited for, or does its work when it is called.
    pub(super) is_profiled: bool,
    pub(super) energy_joules: Option<f64>,
    /// What is no number, see the record.
    pub(super) lost: Option<String>,
    pub(super) warnings: Warnings,
}

/// The numbers of a run as run_glue.py's files have them.
pub(super) struct StageMetrics {
    pub(super) train: Option<Metrics>,
    pub(super) eval: Option<Metrics>,
    /// Of test splits with labels.
    pub(super) predict: Option<Metrics>,
}

impl RunOutcome<'_> {
    /// The numbers of each stage.
    pub(super) fn stage_metrics(&self) -> StageMetrics {
        StageMetrics { train: self.train_metrics(), eval: self.eval_metrics(), predict: self.predict_metrics() }
    }

    pub(super) fn total_flos(&self, padded_tokens: usize) -> f64 {
        total_flos(padded_tokens, self.context.non_embedding_parameters)
    }

    fn train_metrics(&self) -> Option<Metrics> {
        let trained = self.trained.as_ref()?;
        let totals = &trained.totals;
        Some(
            TrainSummary {
                epoch: totals.epoch,
                total_flos: Some(self.total_flos(totals.padded_tokens)),
                train_loss: totals.train_loss,
                seconds: totals.seconds,
                train_samples: self.context.prepared.train.as_ref().map_or(0, Split::len),
                samples_seen: totals.examples,
                steps: totals.steps as u64,
            }
            .metrics(),
        )
    }

    fn eval_metrics(&self) -> Option<Metrics> {
        let epoch = self.trained.as_ref().map(|t| t.totals.epoch);
        let all: Metrics = self.evaluations.iter().flat_map(|evaluation| evaluation.metrics(epoch)).collect();
        (!all.is_empty()).then_some(all)
    }

    fn predict_metrics(&self) -> Option<Metrics> {
        let scored = self.predictions.iter().filter_map(|prediction| prediction.evaluation.as_ref());
        let all: Metrics = scored.flat_map(|evaluation| evaluation.metrics(None)).collect();
        let renamed = all.into_iter().map(|(key, value)| (key.replacen("eval_", "predict_", 1), value));
        let renamed: Metrics = renamed.collect();
        (!renamed.is_empty()).then_some(renamed)
    }

    /// Every scored split with classes.
    pub(super) fn class_tables(&self) -> Vec<ClassTable> {
        let predicted = self.predictions.iter().filter_map(|prediction| prediction.evaluation.as_ref());
        self.evaluations.iter().chain(predicted).filter_map(|evaluation| evaluation.class_table.clone()).collect()
    }

    /// The task's number: the mean over its scored splits (MNLI: matched and mismatched), each the mean of its metrics.
    pub(super) fn score(&self) -> Option<f64> {
        let task = &self.context.prepared.task;
        let is_diagnostic = |e: &Evaluation| task.diagnostic_suffix() == Some(&e.suffix);
        let scored: Vec<&Evaluation> =
            self.evaluations.iter().filter(|e| e.loss.is_some() && !is_diagnostic(e)).collect();
        if scored.is_empty() {
            return None;
        }
        let scores: Option<Vec<f64>> = scored.iter().map(|e| task_number(task, &e.scores)).collect();
        scores.map(|s| s.iter().sum::<f64>() / s.len() as f64)
    }
}
