//! Flags of evaluations: during the training, and the choice of the best model.

use clap::Args;

use super::checkpoint_args::CheckpointArgs;
use super::logging_args::LoggingArgs;
use super::value_parsers::{BoolFlag, choice, number, whole};
use trainer::error::Error;
use trainer::settings::{BestSettings, EarlyStopping, EvaluationSettings, IntervalStrategy, SaveStrategy};

/// How many examples an evaluation takes at once.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct EvalBatchArgs {
    /// Examples an evaluation batch; changes logits by a millionth at most [default: 32]
    #[arg(long, aliases = ["eval_batch_size", "per_gpu_eval_batch_size"], value_parser = whole::<usize>, value_name = "N", help_heading = "Training")]
    pub per_device_eval_batch_size: Option<usize>,
}

/// Flags of evaluations during the training.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct EvaluationArgs {
    /// When to evaluate during the training: no, steps, epoch [default: no]
    #[arg(
        long,
        alias = "evaluation_strategy",
        value_name = "WHEN",
        value_parser = choice::<IntervalStrategy>,
        help_heading = "Evaluation during the training"
    )]
    pub eval_strategy: Option<IntervalStrategy>,
    /// Steps from one evaluation to the next; below 1 a share of all steps [default: logging_steps]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Evaluation during the training")]
    pub eval_steps: Option<f64>,
    /// No evaluation before this step, or this epoch [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Evaluation during the training")]
    pub eval_delay: Option<f64>,
    /// Evaluate before the first step too [default: false]
    #[arg(long, bool_flag(), help_heading = "Evaluation during the training")]
    pub eval_on_start: Option<bool>,
    /// End with the best evaluated checkpoint instead of the last weights [default: false]
    #[arg(long, bool_flag(), help_heading = "Evaluation during the training")]
    pub load_best_model_at_end: Option<bool>,
    /// What is best by: loss, or a metric of the task such as accuracy [default: loss]
    #[arg(long, value_name = "NAME", help_heading = "Evaluation during the training")]
    pub metric_for_best_model: Option<String>,
    /// Whether a greater value is better [default: true but for loss, mse, rmse and mae]
    #[arg(long, bool_flag(), help_heading = "Evaluation during the training")]
    pub greater_is_better: Option<bool>,
    /// Stop after N evaluations in a row that were not better [default: never]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Evaluation during the training")]
    pub early_stopping_patience: Option<usize>,
    /// By how much an evaluation must be better to count as such [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Evaluation during the training")]
    pub early_stopping_threshold: Option<f64>,
}

impl EvaluationArgs {
    /// The evaluations that are asked for, with what flags of checkpoints and of the log say about them too.
    pub(super) fn settings(
        &self,
        batch: &EvalBatchArgs,
        checkpoints: &CheckpointArgs,
        logging: &LoggingArgs,
    ) -> Result<EvaluationSettings, Error> {
        let usual = EvaluationSettings::default();
        let early_stopping = self.early_stopping()?;
        let load_at_end = self.load_best_model_at_end.unwrap_or(false);
        let compares = load_at_end
            || early_stopping.is_some()
            || self.metric_for_best_model.is_some()
            || checkpoints.save_strategy == Some(SaveStrategy::Best);
        let best = BestSettings::by(self.metric_for_best_model.as_deref().unwrap_or("loss"));
        Ok(EvaluationSettings {
            strategy: self.eval_strategy.unwrap_or(usual.strategy),
            // transformers: those of the log, where there are none of their own.
            steps: self.eval_steps.or(logging.logging_steps).unwrap_or(usual.steps),
            delay: self.eval_delay.unwrap_or(usual.delay),
            on_start: self.eval_on_start.unwrap_or(usual.on_start),
            per_device_eval_batch_size: batch.per_device_eval_batch_size.unwrap_or(usual.per_device_eval_batch_size),
            best: compares.then_some(BestSettings { greater_is_better: self.greater_is_better, load_at_end, ..best }),
            early_stopping,
        })
    }

    fn early_stopping(&self) -> Result<Option<EarlyStopping>, Error> {
        match (self.early_stopping_patience, self.early_stopping_threshold) {
            (None, Some(_)) => {
                Err(Error::usage("--early_stopping_threshold does nothing without --early_stopping_patience"))
            }
            (patience, threshold) => {
                Ok(patience.map(|patience| EarlyStopping { patience, threshold: threshold.unwrap_or(0.0) }))
            }
        }
    }
}
