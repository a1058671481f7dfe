//! Flags of the log: which rows are written, where else they go, and what is said meanwhile.

use std::path::PathBuf;

use clap::Args;

use super::value_parsers::{BoolFlag, choice, is_none, number};
use crate::mlflow;
use trainer::error::Error;
use trainer::settings::{Choice, IntervalStrategy, LogLevel, LoggingSettings};

/// Where scalars go besides the files that are always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// Nowhere.
    None,
    /// Event files of TensorBoard.
    TensorBoard,
    /// A server of MLflow.
    Mlflow,
    /// Everywhere that there is: TensorBoard, and MLflow where the environment names a server.
    All,
}

impl Choice for Reporter {
    const NAMES: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("tensorboard", Self::TensorBoard), ("mlflow", Self::Mlflow), ("all", Self::All)];
}

/// Why transformers' other trackers are none here.
fn reporter(text: &str) -> Result<Reporter, String> {
    let reason = match text {
        "trackio" => {
            "it keeps runs in SQLite files whose tables change from version to version and that its Python package alone may write"
        }
        "wandb" | "comet_ml" | "clearml" | "neptune" | "swanlab" | "dagshub" | "azure_ml" | "codecarbon"
        | "dvclive" | "flyte" => "its interface is its Python package",
        _ => return choice(text),
    };
    Err(format!("{reason}; give tensorboard or mlflow"))
}

/// Flags of the log.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct LoggingArgs {
    /// When to write a row of the training log: no, steps, epoch [default: steps]
    #[arg(long, value_name = "WHEN", value_parser = choice::<IntervalStrategy>, help_heading = "Log")]
    pub logging_strategy: Option<IntervalStrategy>,
    /// Steps from one log row to the next; below 1 a share of all steps [default: 500]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Log")]
    pub logging_steps: Option<f64>,
    /// Log the first step too [default: false]
    #[arg(long, bool_flag(), help_heading = "Log")]
    pub logging_first_step: Option<bool>,
    /// Where the log goes besides log.jsonl: none, tensorboard, mlflow (the server of MLFLOW_TRACKING_URI), all [default: none]
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1.., value_parser = reporter, help_heading = "Log")]
    pub report_to: Vec<Reporter>,
    /// The run's name on an MLflow server [default: MLFLOW_RUN_NAME, or model, task and seed]
    #[arg(long, value_name = "NAME", help_heading = "Log")]
    pub run_name: Option<String>,
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

impl TryFrom<&LoggingArgs> for LoggingSettings {
    type Error = Error;

    fn try_from(args: &LoggingArgs) -> Result<Self, Error> {
        let has = |wanted: Reporter| args.report_to.contains(&wanted);
        let tensorboard = has(Reporter::TensorBoard) || has(Reporter::All);
        let mlflow = has(Reporter::Mlflow) || has(Reporter::All) && mlflow::is_server_named();
        if (tensorboard || mlflow) && has(Reporter::None) {
            return Err(Error::usage("--report_to none excludes all others: leave it out, or leave out the others"));
        }
        let usual = Self::default();
        Ok(Self {
            strategy: args.logging_strategy.unwrap_or(usual.strategy),
            steps: args.logging_steps.unwrap_or(usual.steps),
            first_step: args.logging_first_step.unwrap_or(usual.first_step),
            tensorboard,
            mlflow,
            run_name: args.run_name.clone().filter(|name| !is_none(name)),
            logging_dir: args.logging_dir.clone(),
            level: args.log_level.unwrap_or(usual.level),
            live_line: !args.disable_tqdm.unwrap_or(!usual.live_line),
            profile: args.profile.unwrap_or(usual.profile),
        })
    }
}
