//! Flags of what happens beside the training: evaluations, checkpoints, logs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::value_parsers::{BoolFlag, choice, number, whole};
use crate::settings::{IntervalStrategy, LogLevel, SaveStrategy};

/// Where scalars go besides the files that are always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reporter {
    /// Nowhere.
    #[value(name = "none")]
    None,
    /// Everywhere that there is: TensorBoard.
    #[value(name = "all")]
    All,
    /// Event files of TensorBoard.
    #[value(name = "tensorboard")]
    TensorBoard,
}

/// Flags of evaluations during the training, checkpoints and logs.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct WatchArgs {
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
    /// Whether a greater value is better [default: true unless the name ends in loss]
    #[arg(long, bool_flag(), help_heading = "Evaluation during the training")]
    pub greater_is_better: Option<bool>,
    /// Stop after N evaluations in a row that were not better [default: never]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Evaluation during the training")]
    pub early_stopping_patience: Option<usize>,
    /// By how much an evaluation must be better to count as such [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Evaluation during the training")]
    pub early_stopping_threshold: Option<f64>,

    /// When to save a checkpoint-N in output_dir: no, steps, epoch, best [default: steps]
    #[arg(long, value_name = "WHEN", value_parser = choice::<SaveStrategy>, help_heading = "Checkpoints")]
    pub save_strategy: Option<SaveStrategy>,
    /// Steps from one checkpoint to the next; below 1 a share of all steps [default: 500]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Checkpoints")]
    pub save_steps: Option<f64>,
    /// Keep the last N checkpoints, and the best [default: all]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Checkpoints")]
    pub save_total_limit: Option<usize>,
    /// Checkpoints without what is needed to go on from them [default: false]
    #[arg(long, bool_flag(), help_heading = "Checkpoints")]
    pub save_only_model: Option<bool>,
    /// Go on from this checkpoint [default: the last one in output_dir, if there is one]
    #[arg(
        long, num_args = 0..=1, default_missing_value = "true", value_name = "DIR", help_heading = "Checkpoints"
    )]
    pub resume_from_checkpoint: Option<String>,

    /// When to write a row of the training log: no, steps, epoch [default: steps]
    #[arg(long, value_name = "WHEN", value_parser = choice::<IntervalStrategy>, help_heading = "Log")]
    pub logging_strategy: Option<IntervalStrategy>,
    /// Steps from one log row to the next; below 1 a share of all steps [default: 500]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Log")]
    pub logging_steps: Option<f64>,
    /// Log the first step too [default: false]
    #[arg(long, bool_flag(), help_heading = "Log")]
    pub logging_first_step: Option<bool>,
    /// Event files besides log.jsonl: none, tensorboard, all [default: none]
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1.., hide_possible_values = true, help_heading = "Log")]
    pub report_to: Vec<Reporter>,
    /// Folder of the event files [default: runs/DATE_HOST in output_dir]
    #[arg(long, value_name = "DIR", help_heading = "Log")]
    pub logging_dir: Option<PathBuf>,
    /// What to say on standard error: debug, info, warning, error, critical [default: info]
    #[arg(long, value_name = "LEVEL", value_parser = choice::<LogLevel>, help_heading = "Log")]
    pub log_level: Option<LogLevel>,
    /// No live line [default: false]
    #[arg(long, bool_flag(), help_heading = "Log")]
    pub disable_tqdm: Option<bool>,
    /// Wait for a GPU after each stage of a step, so that the record has their times; slower [default: false]
    #[arg(long, bool_flag(), help_heading = "Log")]
    pub profile: Option<bool>,
}
