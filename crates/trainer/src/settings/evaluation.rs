//! Evaluations during the training, and the choice of the best weights by them.

use glue_tasks::metrics::{COMBINED_SCORE, Metric};
use glue_tasks::task::TaskSpec;
use serde_json::Value;

use super::checkpoints::{CheckpointSettings, SaveStrategy};
use super::choices::Choice;
use super::declared::{Changes, Counts, Setting, at_least_one, check, check_steps, interval};
use crate::error::Error;

/// How often something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IntervalStrategy {
    /// Never.
    #[default]
    No,
    /// Every so many optimizer steps.
    Steps,
    /// After each epoch.
    Epoch,
}

impl Choice for IntervalStrategy {
    const NAMES: &'static [(&'static str, Self)] = &[("no", Self::No), ("steps", Self::Steps), ("epoch", Self::Epoch)];
}

/// Evaluations during the training.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationSettings {
    /// After which steps.
    pub strategy: IntervalStrategy,
    /// Optimizer steps from one to the next; below 1 a share of all steps.
    pub steps: f64,
    /// None before this step, or this epoch.
    pub delay: f64,
    /// One before the first step.
    pub on_start: bool,
    /// Examples a batch; results do not depend on it.
    pub per_device_eval_batch_size: usize,
    /// How evaluations are compared; `None`: they are not.
    pub best: Option<BestSettings>,
    /// When the training ends early; `None`: after its last step alone.
    pub early_stopping: Option<EarlyStopping>,
}

impl Default for EvaluationSettings {
    fn default() -> Self {
        Self {
            strategy: IntervalStrategy::No,
            steps: 500.0,
            delay: 0.0,
            on_start: false,
            per_device_eval_batch_size: 32,
            best: None,
            early_stopping: None,
        }
    }
}

/// How evaluations are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct BestSettings {
    /// Key of the metric, with `eval_`.
    pub metric: String,
    /// Whether a greater value is better; `None`: as it is with this metric.
    pub greater_is_better: Option<bool>,
    /// Whether the run ends with the best checkpoint.
    pub load_at_end: bool,
}

impl BestSettings {
    /// By this metric, with or without `eval_`.
    #[must_use]
    pub fn by(metric: &str) -> Self {
        let metric = metric.strip_prefix("eval_").unwrap_or(metric);
        Self { metric: format!("eval_{metric}"), greater_is_better: None, load_at_end: false }
    }

    /// Whether a value is better than another.
    #[must_use]
    pub fn is_better(&self, value: f64, than: f64) -> bool {
        if self.prefers_greater() { value > than } else { value < than }
    }

    /// Whether greater values are better: where it was not said, of all but losses, as in transformers, and errors.
    #[must_use]
    pub fn prefers_greater(&self) -> bool {
        self.greater_is_better.unwrap_or_else(|| !self.metric.ends_with("loss") && !self.is_error())
    }

    /// Where the direction is none that was asked for nor transformers', what a person should know about it.
    #[must_use]
    pub fn direction_warning(&self) -> Option<String> {
        let decided = self.greater_is_better.is_none() && self.is_error();
        decided.then(|| {
            format!(
                "the best {0} is the least one: transformers would take the greatest, as --greater_is_better is not given; give it \
                 as false to say so, or as true for the greatest",
                self.metric
            )
        })
    }

    fn is_error(&self) -> bool {
        let name = self.metric.strip_prefix("eval_").unwrap_or(&self.metric);
        Metric::from_key(name).is_some_and(|metric| !metric.higher_is_better())
    }
}

/// transformers' `EarlyStoppingCallback`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// Evaluations in a row that are not better.
    pub patience: usize,
    /// By how much one must be better.
    pub threshold: f64,
}

impl EvaluationSettings {
    /// Whether the run ends with the weights that were evaluated best.
    #[must_use]
    pub fn loads_best(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.load_at_end)
    }

    /// What the evaluations during the training can change, beside their own numbers: they end the training, choose its
    /// weights, or decide nothing.
    pub(super) fn judged(&self) -> Changes {
        match (&self.best, self.early_stopping) {
            (_, Some(_)) => Changes::Steps,
            (Some(_), None) => Changes::Weights,
            (None, None) => Changes::Evaluation,
        }
    }

    /// `task` is absent where it is only known once the data are read.
    ///
    /// # Errors
    /// Names the setting that is wrong.
    pub(super) fn check(
        &self,
        task: Option<&TaskSpec>,
        checkpoints: &CheckpointSettings,
        has_output_dir: bool,
        [do_train, do_eval]: [bool; 2],
    ) -> Result<(), Error> {
        check_steps("eval_steps", self.steps)?;
        check(self.delay >= 0.0 && self.delay.is_finite(), "eval_delay", self.delay, "0 or more")?;
        at_least_one("per_device_eval_batch_size", self.per_device_eval_batch_size)?;
        if let Some(EarlyStopping { patience, threshold }) = self.early_stopping {
            check(threshold >= 0.0 && threshold.is_finite(), "early_stopping_threshold", threshold, "0 or more")?;
            at_least_one("early_stopping_patience", patience)?;
        }
        let save_best = checkpoints.save_strategy == SaveStrategy::Best;
        let compares = [
            (self.loads_best(), "--load_best_model_at_end"),
            (save_best, "--save_strategy best"),
            (self.early_stopping.is_some(), "--early_stopping_patience"),
            (self.best.is_some(), "--metric_for_best_model"),
        ];
        if let Some((_, name)) = compares.into_iter().find(|(given, _)| *given)
            && (self.strategy == IntervalStrategy::No || !do_train || !do_eval)
        {
            return Err(Error::usage(format!(
                "{name} compares evaluations during the training, and there are none: give --do_train and --eval_strategy steps \
                 or epoch"
            )));
        }
        if let Some((_, name)) = compares[1..3].iter().find(|(given, _)| *given && self.best.is_none()) {
            return Err(Error::usage(format!(
                "{name} compares evaluations, and nothing says by which metric: give `best`"
            )));
        }
        if self.loads_best() && !has_output_dir {
            return Err(Error::usage(
                "--load_best_model_at_end needs checkpoints, and so --output_dir, which is not given",
            ));
        }
        if self.loads_best() && !save_best {
            self.check_saved(checkpoints)?;
        }
        match (&self.best, task) {
            (Some(best), Some(task)) => known_metric(task, &best.metric),
            _ => Ok(()),
        }
    }

    /// The best evaluated weights can only be loaded where they were saved: transformers' condition.
    fn check_saved(&self, checkpoints: &CheckpointSettings) -> Result<(), Error> {
        let (save_steps, eval_steps) = (checkpoints.save_steps, self.steps);
        // Of shares of all steps, 0.3 is a multiple of 0.1 although their floats are none.
        let evaluations = save_steps / eval_steps;
        let is_whole = (evaluations - evaluations.round()).abs() < 1e-9 * evaluations.max(1.0) && evaluations > 0.5;
        let multiple = is_whole && (save_steps < 1.0) == (eval_steps < 1.0);
        match (checkpoints.save_strategy, self.strategy) {
            (SaveStrategy::Epoch, IntervalStrategy::Epoch) => Ok(()),
            (SaveStrategy::Steps, IntervalStrategy::Steps) if multiple => Ok(()),
            (SaveStrategy::Steps, IntervalStrategy::Steps) => Err(Error::usage(format!(
                "--load_best_model_at_end needs a checkpoint only where there was an evaluation: --save_steps {save_steps} is \
                 no multiple of --eval_steps {eval_steps}"
            ))),
            _ => Err(Error::usage(
                "--load_best_model_at_end needs --eval_strategy and --save_strategy to be the same (steps or epoch), or \
                 --save_strategy best",
            )),
        }
    }

    /// Whether an evaluation follows step `step`, counted from 1, of `max_steps`.
    #[must_use]
    pub fn is_due(&self, step: usize, max_steps: usize, epoch: f64, ends_epoch: bool) -> bool {
        match self.strategy {
            IntervalStrategy::No => false,
            IntervalStrategy::Steps => {
                let is_due = step.is_multiple_of(interval(self.steps, max_steps)) || step == max_steps;
                is_due && step as f64 >= self.delay
            }
            IntervalStrategy::Epoch => ends_epoch && epoch >= self.delay,
        }
    }

    /// `moves_dropout`: each evaluation takes numbers from the stream that later masks of dropout are drawn from.
    pub(super) fn declare(&self, moves_dropout: bool, all: &mut Vec<Setting>) {
        let Self { strategy, steps, delay, on_start, per_device_eval_batch_size, best, early_stopping } = self;
        let judged = self.judged();
        // Of evaluations that decide nothing, the record's numbers know nothing.
        let when = |name, value: Value| match judged {
            _ if moves_dropout => Setting::new(name, value, Changes::Steps),
            Changes::Evaluation => Setting::new(name, value, judged).counting(Counts::InRequest),
            _ => Setting::new(name, value, judged),
        };
        let by_steps = *strategy == IntervalStrategy::Steps;
        let best = best.as_ref().map(|best| {
            let BestSettings { metric, greater_is_better: _, load_at_end } = best;
            (metric.as_str(), best.prefers_greater(), *load_at_end)
        });
        let early = early_stopping.map(|EarlyStopping { patience, threshold }| (patience, threshold));
        all.extend([
            when("eval_strategy", strategy.name().into()),
            when("eval_steps", by_steps.then_some(*steps).into()),
            when("eval_delay", (*delay > 0.0).then_some(*delay).into()),
            match moves_dropout {
                true => Setting::new("eval_on_start", on_start.then_some(true), Changes::Steps),
                false => Setting::new("eval_on_start", on_start.then_some(true), Changes::Evaluation)
                    .counting(Counts::InRequest),
            },
            Setting::new("per_device_eval_batch_size", *per_device_eval_batch_size, Changes::Evaluation),
            Setting::new("metric_for_best_model", best.map(|(metric, ..)| metric), judged),
            Setting::new("greater_is_better", best.map(|(_, greater, _)| greater), judged),
            Setting::new("load_best_model_at_end", best.is_some_and(|(.., load)| load), Changes::Weights),
            Setting::new("early_stopping_patience", early.map(|(patience, _)| patience), Changes::Steps),
            Setting::new("early_stopping_threshold", early.map_or(Value::Null, |(_, t)| t.into()), Changes::Steps),
        ]);
    }
}

/// Whether evaluations of the task have the metric, which may be written with `eval_` in front.
///
/// # Errors
/// Names those that they have.
pub fn known_metric(task: &TaskSpec, metric: &str) -> Result<(), Error> {
    let metric = metric.strip_prefix("eval_").unwrap_or(metric);
    let mut known: Vec<&str> = task.metrics.iter().map(|metric| metric.key()).collect();
    if known.len() > 1 && task.averages_metrics {
        known.push(COMBINED_SCORE);
    }
    known.push("loss");
    if known.contains(&metric) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "--metric_for_best_model is {metric}, expected one of {} for {}",
        known.join(", "),
        task.name
    )))
}
