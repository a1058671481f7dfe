//! What happens beside the training: evaluations, the choice of the best model, checkpoints, logs.

use std::path::PathBuf;

use glue_tasks::metrics::COMBINED_SCORE;
use glue_tasks::task::TaskSpec;

use super::{Interval, LogLevel, SaveStrategy, at_least_one, check};
use crate::cli::args::RunArgs;
use crate::cli::watch_args::Reporter;
use crate::error::Error;

/// When checkpoints are made, and which one to go on from.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointSettings {
    /// When.
    pub save_strategy: SaveStrategy,
    /// Steps from one to the next; below 1 a share of all steps.
    pub save_steps: f64,
    /// How many are kept, the best one besides.
    pub save_total_limit: Option<usize>,
    /// Without moments and log.
    pub save_only_model: bool,
    /// The folder given; `None`: the last one in `output_dir`, if there is one.
    pub resume_from_checkpoint: Option<PathBuf>,
}

/// Evaluations during the training.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationSettings {
    /// When.
    pub strategy: Interval,
    /// Steps from one to the next; below 1 a share of all steps.
    pub steps: f64,
    /// None before this step, or this epoch.
    pub delay: f64,
    /// One before the first step.
    pub on_start: bool,
    /// How evaluations are compared; `None`: they are not.
    pub best: Option<BestSettings>,
    /// When the training ends early.
    pub early_stopping: Option<EarlyStopping>,
}

/// How evaluations are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct BestSettings {
    /// Key of the metric, with `eval_`.
    pub metric: String,
    /// Which way.
    pub greater_is_better: bool,
    /// Whether the run ends with the best checkpoint.
    pub load_at_end: bool,
}

/// transformers' `EarlyStoppingCallback`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// Evaluations in a row that are not better.
    pub patience: usize,
    /// By how much one must be better.
    pub threshold: f64,
}

/// What is logged, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    /// When a row is written.
    pub strategy: Interval,
    /// Steps from one row to the next; below 1 a share of all steps.
    pub steps: f64,
    /// Step 1 too.
    pub first_step: bool,
    /// Event files of TensorBoard.
    pub tensorboard: bool,
    /// Their folder.
    pub logging_dir: Option<PathBuf>,
    /// How much is said.
    pub level: LogLevel,
    /// A live line on a terminal.
    pub live_line: bool,
    /// Wait for the device after each stage of a step.
    pub profile: bool,
}

/// A number of steps, or a share of all of them below 1.
fn steps(flag: &str, value: Option<f64>, default: f64) -> Result<f64, Error> {
    let value = value.unwrap_or(default);
    let whole_or_share = value > 0.0 && value.is_finite() && (value < 1.0 || value.fract() == 0.0);
    check(whole_or_share, flag, value, "a whole number of steps, or a share of all steps below 1").map(|()| value)
}

pub(super) fn checkpoints(args: &RunArgs) -> Result<CheckpointSettings, Error> {
    let args = &args.watch;
    let resume_from_checkpoint = match args.resume_from_checkpoint.as_deref() {
        None => None,
        Some(text) if matches!(text.to_ascii_lowercase().as_str(), "true" | "none" | "") => None,
        Some(folder) if std::path::Path::new(folder).is_dir() => Some(PathBuf::from(folder)),
        Some(folder) => {
            return Err(Error::usage(format!(
                "--resume_from_checkpoint {folder}: there is no such folder; expected a checkpoint-N of run-glue, or true for \
                 the last one in --output_dir"
            )));
        }
    };
    Ok(CheckpointSettings {
        save_strategy: args.save_strategy.unwrap_or(SaveStrategy::Steps),
        save_steps: steps("save_steps", args.save_steps, 500.0)?,
        save_total_limit: args.save_total_limit.map(|n| at_least_one("save_total_limit", n)).transpose()?,
        save_only_model: args.save_only_model.unwrap_or(false),
        resume_from_checkpoint,
    })
}

pub(super) fn evaluation(
    args: &RunArgs,
    checkpoints: &CheckpointSettings,
    do_train: bool,
    tasks: &[&TaskSpec],
) -> Result<EvaluationSettings, Error> {
    let (watch, has_output) = (&args.watch, args.output_dir.is_some());
    let strategy = watch.eval_strategy.unwrap_or(Interval::No);
    let steps = steps("eval_steps", watch.eval_steps, watch.logging_steps.unwrap_or(500.0))?;
    let delay = watch.eval_delay.unwrap_or(0.0);
    check(delay >= 0.0 && delay.is_finite(), "eval_delay", delay, "0 or more")?;
    let load_at_end = watch.load_best_model_at_end.unwrap_or(false);
    let early_stopping = early_stopping(args)?;
    let save_best = checkpoints.save_strategy == SaveStrategy::Best;
    let compares = [
        (load_at_end, "--load_best_model_at_end"),
        (save_best, "--save_strategy best"),
        (early_stopping.is_some(), "--early_stopping_patience"),
        (watch.metric_for_best_model.is_some(), "--metric_for_best_model"),
    ];
    let compares = compares.into_iter().find_map(|(given, flag)| given.then_some(flag));
    if let Some(flag) = compares
        && (strategy == Interval::No || !do_train)
    {
        return Err(Error::usage(format!(
            "{flag} compares evaluations during the training, and there are none: give --do_train and --eval_strategy steps or \
             epoch"
        )));
    }
    if load_at_end && !has_output {
        return Err(Error::usage(
            "--load_best_model_at_end needs checkpoints, and so --output_dir, which is not given",
        ));
    }
    if load_at_end && !save_best {
        matching(checkpoints, strategy, steps)?;
    }
    let metric = watch.metric_for_best_model.as_deref().unwrap_or("loss");
    let metric = metric.strip_prefix("eval_").unwrap_or(metric);
    if compares.is_some() {
        tasks.iter().try_for_each(|task| known_metric(task, metric))?;
    }
    Ok(EvaluationSettings {
        strategy,
        steps,
        delay,
        on_start: watch.eval_on_start.unwrap_or(false),
        best: compares.map(|_| BestSettings {
            metric: format!("eval_{metric}"),
            greater_is_better: watch.greater_is_better.unwrap_or(!metric.ends_with("loss")),
            load_at_end,
        }),
        early_stopping,
    })
}

fn early_stopping(args: &RunArgs) -> Result<Option<EarlyStopping>, Error> {
    let (patience, threshold) = (args.watch.early_stopping_patience, args.watch.early_stopping_threshold);
    let Some(patience) = patience else {
        return match threshold {
            Some(_) => Err(Error::usage("--early_stopping_threshold does nothing without --early_stopping_patience")),
            None => Ok(None),
        };
    };
    let threshold = threshold.unwrap_or(0.0);
    check(threshold >= 0.0 && threshold.is_finite(), "early_stopping_threshold", threshold, "0 or more")?;
    Ok(Some(EarlyStopping { patience: at_least_one("early_stopping_patience", patience)?, threshold }))
}

/// The best evaluated weights can only be loaded where they were saved: transformers' condition.
fn matching(checkpoints: &CheckpointSettings, strategy: Interval, eval_steps: f64) -> Result<(), Error> {
    let save_steps = checkpoints.save_steps;
    let multiple = (save_steps / eval_steps).fract() < 1e-9 && (save_steps < 1.0) == (eval_steps < 1.0);
    match (checkpoints.save_strategy, strategy) {
        (SaveStrategy::Epoch, Interval::Epoch) => Ok(()),
        (SaveStrategy::Steps, Interval::Steps) if multiple => Ok(()),
        (SaveStrategy::Steps, Interval::Steps) => Err(Error::usage(format!(
            "--load_best_model_at_end needs a checkpoint only where there was an evaluation: --save_steps {save_steps} is no \
             multiple of --eval_steps {eval_steps}"
        ))),
        _ => Err(Error::usage(
            "--load_best_model_at_end needs --eval_strategy and --save_strategy to be the same (steps or epoch), or \
             --save_strategy best",
        )),
    }
}

/// Whether evaluations of the task have the metric.
///
/// # Errors
/// Names those that they have.
pub fn known_metric(task: &TaskSpec, metric: &str) -> Result<(), Error> {
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

pub(super) fn log(args: &RunArgs) -> Result<LogSettings, Error> {
    let args_of_run = args;
    let args = &args.watch;
    let tensorboard = args.report_to.iter().any(|reporter| *reporter != Reporter::None);
    if tensorboard && args.report_to.contains(&Reporter::None) {
        return Err(Error::usage("--report_to none excludes all others: leave it out, or leave out the others"));
    }
    if tensorboard && args_of_run.output_dir.is_none() && args.logging_dir.is_none() {
        return Err(Error::usage("--report_to writes into --logging_dir or --output_dir, and neither is given"));
    }
    Ok(LogSettings {
        strategy: args.logging_strategy.unwrap_or(Interval::Steps),
        steps: steps("logging_steps", args.logging_steps, 500.0)?,
        first_step: args.logging_first_step.unwrap_or(false),
        tensorboard,
        logging_dir: args.logging_dir.clone(),
        level: args.log_level.unwrap_or(LogLevel::Info),
        live_line: !args.disable_tqdm.unwrap_or(false),
        profile: args.profile.unwrap_or(false),
    })
}
