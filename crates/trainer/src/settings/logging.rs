//! What is logged, and where.

use std::path::PathBuf;

use super::choices::Choice;
use super::declared::{Changes, Setting, check_steps};
use super::evaluation::IntervalStrategy;
use crate::error::Error;

/// How much the program says on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// As `info`.
    Debug,
    /// Progress, warnings and errors.
    #[default]
    Info,
    /// Warnings and errors.
    Warning,
    /// Errors.
    Error,
    /// As `error`.
    Critical,
}

impl Choice for LogLevel {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("debug", Self::Debug),
        ("detail", Self::Debug),
        ("info", Self::Info),
        ("passive", Self::Info),
        ("warning", Self::Warning),
        ("error", Self::Error),
        ("critical", Self::Critical),
    ];
}

/// What is logged, and where; none of it changes a number.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggingSettings {
    /// When a row is written.
    pub strategy: IntervalStrategy,
    /// Optimizer steps from one row to the next; below 1 a share of all steps.
    pub steps: f64,
    /// Whether step 1 is logged too.
    pub first_step: bool,
    /// Whether event files of TensorBoard are written.
    pub tensorboard: bool,
    /// Whether rows go to an MLflow server, which the environment names.
    pub mlflow: bool,
    /// What the run is called there.
    pub run_name: Option<String>,
    /// Their folder; `None`: `runs/DATE_HOST` in the output folder.
    pub logging_dir: Option<PathBuf>,
    /// How much is said.
    pub level: LogLevel,
    /// Whether a terminal shows a live line.
    pub live_line: bool,
    /// Wait for the device after each phase of a step, so that each has its own time; slower.
    pub profile: bool,
}

impl Default for LoggingSettings {
    fn default() -> Self {
        Self {
            strategy: IntervalStrategy::Steps,
            steps: 500.0,
            first_step: false,
            tensorboard: false,
            mlflow: false,
            run_name: None,
            logging_dir: None,
            level: LogLevel::Info,
            live_line: true,
            profile: false,
        }
    }
}

impl LoggingSettings {
    /// # Errors
    /// Names the setting that is wrong.
    pub(super) fn check(&self, has_output_dir: bool) -> Result<(), Error> {
        check_steps("logging_steps", self.steps)?;
        if self.tensorboard && !has_output_dir && self.logging_dir.is_none() {
            return Err(Error::usage(
                "--report_to tensorboard writes into --logging_dir or --output_dir, and neither is given",
            ));
        }
        Ok(())
    }

    pub(super) fn declare(&self, all: &mut Vec<Setting>) {
        let Self { strategy, steps, first_step, tensorboard, mlflow, run_name, logging_dir, level, live_line, profile } =
            self;
        let nothing = |name, value: serde_json::Value| Setting::new(name, value, Changes::Nothing);
        all.extend([
            nothing("logging_strategy", strategy.name().into()),
            nothing("logging_steps", (*steps).into()),
            nothing("logging_first_step", (*first_step).into()),
            nothing("report_to", reporters(*tensorboard, *mlflow).into()),
            nothing("run_name", run_name.clone().into()),
            nothing("logging_dir", logging_dir.as_ref().map(|dir| dir.display().to_string()).into()),
            nothing("log_level", level.name().into()),
            nothing("disable_tqdm", (!*live_line).into()),
            nothing("profile", (*profile).into()),
        ]);
    }
}

fn reporters(tensorboard: bool, mlflow: bool) -> &'static str {
    match (tensorboard, mlflow) {
        (false, false) => "none",
        (true, false) => "tensorboard",
        (false, true) => "mlflow",
        (true, true) => "tensorboard,mlflow",
    }
}
