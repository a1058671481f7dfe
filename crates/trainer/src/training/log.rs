//! What a training run says while it goes on: the log history, the live line, and totals for the results.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use models::batch::Sequences;
use serde::{Deserialize, Serialize};

use super::phases::{PhaseSeconds, PhaseTimer};
use super::progress::TrainingProgress;
use super::schedule::StepPlan;
use super::totals::Totals;
use crate::settings::{IntervalStrategy, LoggingSettings, interval};
use records::files::trainer_state::train_row;
use records::metrics::Metrics;

/// The log of one training run. Losses stay on the device until a row is written.
pub struct TrainLog<B: Backend> {
    plan: StepPlan,
    strategy: IntervalStrategy,
    logging_steps: usize,
    logging_first_step: bool,
    /// Sum of the step losses since the last row.
    pending: Option<Tensor<B, 1>>,
    pending_steps: usize,
    /// Sum of all step losses before `pending`.
    loss_sum: f64,
    /// Rows, sequences and longest of the micro-batches so far.
    shapes: HashSet<[usize; 3]>,
    progress: Box<dyn TrainingProgress>,
    started: Instant,
    /// Seconds before this process took the run up.
    before: f64,
    /// Rows of `log_history`.
    pub history: Vec<Metrics>,
    /// Counts so far.
    pub totals: Totals,
    /// Time by phase.
    pub phases: PhaseTimer,
}

/// What a log needs to go on, besides its history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogState {
    pending: Option<f64>,
    pending_steps: usize,
    loss_sum: f64,
    totals: Totals,
    #[serde(default, rename = "stages")]
    phases: PhaseSeconds,
}

/// A step that ended.
#[derive(Clone, Copy)]
pub struct StepReport<'a> {
    /// Optimizer steps done.
    pub step: usize,
    /// Whether it was its epoch's last.
    pub ends_epoch: bool,
    /// Epochs done, with the fraction.
    pub epoch: f64,
    /// Rows of the step.
    pub examples: usize,
    /// Before clipping; asked for only where a row is written.
    pub grad_norm: &'a dyn Fn() -> f64,
    /// The one that this step was made with.
    pub learning_rate: f64,
}

impl<B: Backend> TrainLog<B> {
    /// An empty log whose clock starts now.
    #[must_use]
    pub fn new(plan: StepPlan, settings: &LoggingSettings, progress: Box<dyn TrainingProgress>) -> Self {
        Self {
            plan,
            strategy: settings.strategy,
            logging_steps: interval(settings.steps, plan.max_steps),
            logging_first_step: settings.first_step,
            pending: None,
            pending_steps: 0,
            loss_sum: 0.0,
            shapes: HashSet::new(),
            progress,
            started: Instant::now(),
            before: 0.0,
            history: Vec::new(),
            totals: Totals::default(),
            phases: PhaseTimer::default(),
        }
    }

    /// Where the log stands.
    #[must_use]
    pub fn state(&self) -> LogState {
        LogState {
            pending: self.pending.clone().map(host),
            pending_steps: self.pending_steps,
            loss_sum: self.loss_sum,
            totals: self.totals,
            phases: self.phases.seconds,
        }
    }

    /// Goes on from `state`; the clock too.
    pub fn restore(&mut self, state: &LogState, history: Vec<Metrics>, device: &B::Device) {
        self.pending = state.pending.map(|sum| Tensor::from_data([sum as f32], device));
        self.pending_steps = state.pending_steps;
        self.loss_sum = state.loss_sum;
        self.totals = state.totals;
        self.phases.seconds = state.phases;
        self.before = state.totals.seconds;
        self.history = history;
    }

    /// Counts what a step computed: each micro-batch with its share of the step's loss, `[1]`, and the time by phase.
    /// `rows_at_once`: the most rows that were computed together.
    pub fn computed(
        &mut self,
        micro_batches: Vec<(Arc<Sequences>, Tensor<B, 1>)>,
        seconds: &PhaseSeconds,
        rows_at_once: usize,
    ) {
        self.totals.micro_batch = rows_at_once;
        self.phases.add(seconds);
        for (sequences, loss) in micro_batches {
            self.micro_batch(&sequences, loss);
        }
    }

    fn micro_batch(&mut self, sequences: &Sequences, loss: Tensor<B, 1>) {
        self.totals.tokens += sequences.tokens();
        self.totals.computed_rows += sequences.rows();
        self.shapes.insert([sequences.rows(), sequences.len(), sequences.max_len()]);
        self.totals.batch_shapes = self.shapes.len();
        self.totals.padded_tokens += sequences.len() * sequences.padded_len().unwrap_or(sequences.max_len());
        self.pending = Some(match self.pending.take() {
            None => loss,
            Some(sum) => sum + loss,
        });
    }

    /// Ends a step: updates the live line, and writes a row where one is due.
    pub fn step(&mut self, report: &StepReport) {
        let StepReport { step, epoch, learning_rate, .. } = *report;
        self.totals.steps = step;
        self.totals.epoch = epoch;
        self.totals.examples += report.examples;
        self.totals.seconds = self.before + self.started.elapsed().as_secs_f64();
        self.pending_steps += 1;
        if self.is_due(report) {
            let (sum, steps) = self.take_pending();
            let (loss, grad_norm) = (sum / steps as f64, (report.grad_norm)());
            self.history.push(train_row(epoch, step as u64, loss, Some(grad_norm), learning_rate));
            self.progress.logged(&self.totals, self.plan.max_steps, loss, grad_norm, learning_rate);
        } else if self.progress.wants_update() {
            let (sum, steps) = (self.pending.clone().map_or(0.0, host), self.pending_steps);
            self.progress.live(&self.totals, self.plan.max_steps, sum / steps as f64, learning_rate);
        }
    }

    fn is_due(&self, report: &StepReport) -> bool {
        let due = match self.strategy {
            IntervalStrategy::No => false,
            IntervalStrategy::Steps => report.step.is_multiple_of(self.logging_steps),
            IntervalStrategy::Epoch => report.ends_epoch,
        };
        due || (report.step == 1 && self.logging_first_step)
    }

    /// Says that step `step` was left out because its gradients overflowed, and what became of the loss scale.
    pub fn skipped(&mut self, step: usize, before: f32, after: f32) {
        self.totals.skipped_steps += 1;
        self.progress.note(&format!(
            "step {step}: gradients overflow at loss scale {before}; the step is left out, and the scale is {after} from here on"
        ));
    }

    /// Adds the row of an evaluation, and shows it.
    pub fn evaluated(&mut self, row: Metrics, text: &str) {
        self.history.push(row);
        self.progress.note(text);
    }

    /// Ends the log: the mean of all losses.
    pub fn finish(&mut self) {
        self.take_pending();
        self.totals.seconds = self.before + self.started.elapsed().as_secs_f64();
        self.totals.train_loss = self.loss_sum / self.totals.steps.max(1) as f64;
        self.progress.finish();
    }

    /// The sum of the step losses since the last row, and their number.
    fn take_pending(&mut self) -> (f64, usize) {
        let sum = self.pending.take().map_or(0.0, host);
        self.loss_sum += sum;
        (sum, std::mem::take(&mut self.pending_steps))
    }
}

fn host<B: Backend>(loss: Tensor<B, 1>) -> f64 {
    loss.into_data().iter::<f64>().sum()
}
