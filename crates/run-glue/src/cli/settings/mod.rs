//! Flags, checked and complete: what the rest of the program works from.

mod data;
mod places;
mod publishing;
mod request;
mod training;
mod watching;

use std::path::PathBuf;

use glue_tasks::dataset::LabelKind;
use glue_tasks::task::{TaskKind, TaskSpec};
use glue_tasks::{GLUE, benchmarks, find_tasks};
use models::ops::Precision;

pub use self::data::{OwnData, SplitChoice};
pub use self::places::{DatasetChoice, HubAccess, ModelChoice, model};
pub use self::publishing::{PublishSettings, repository_name};
pub use self::request::request_hash;
pub use self::training::{ClassWeights, OptimizerKind, TrainingSettings};
pub use self::watching::{
    BestSettings, CheckpointSettings, EarlyStopping, EvaluationSettings, LogSettings, known_metric,
};
use super::args::RunArgs;
use super::machine_args::DeviceChoice;
pub use super::watch_args::{Interval, LogLevel, SaveStrategy};
use crate::error::Error;
use crate::report::record_parts::SearchMark;

/// A run, ready to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The task.
    pub task: TaskSpec,
    /// Where this is one of several runs: its folder under `output_dir`.
    pub folder: Option<PathBuf>,
    /// Folder or repository.
    pub model: ModelChoice,
    /// Where the datasets are.
    pub dataset: DatasetChoice,
    /// A dataset of no benchmark; `task` then has its name and nothing of its data.
    pub own_data: Option<OwnData>,
    /// Which rows are used.
    pub splits: SplitChoice,
    /// Train.
    pub do_train: bool,
    /// Evaluate.
    pub do_eval: bool,
    /// Predict the test splits.
    pub do_predict: bool,
    /// Longest input asked for.
    pub max_seq_length: usize,
    /// Pad to `max_seq_length`.
    pub pad_to_max_length: bool,
    /// First rows only.
    pub max_train_samples: Option<usize>,
    /// First rows only.
    pub max_eval_samples: Option<usize>,
    /// First rows only.
    pub max_predict_samples: Option<usize>,
    /// A head of another size is drawn anew.
    pub ignore_mismatched_sizes: bool,
    /// How to train.
    pub training: TrainingSettings,
    /// Examples an evaluation batch.
    pub per_device_eval_batch_size: usize,
    /// run_glue.py's files.
    pub output_dir: Option<PathBuf>,
    /// Whether `output_dir` may hold something.
    pub overwrite_output_dir: bool,
    /// Checkpoints in `output_dir`.
    pub checkpoints: CheckpointSettings,
    /// Evaluations during the training.
    pub evaluation: EvaluationSettings,
    /// What is logged, and where.
    pub log: LogSettings,
    /// Records.
    pub results_dir: PathBuf,
    /// Write the leaderboard's files.
    pub glue_submission: bool,
    /// Write logits.
    pub save_logits: bool,
    /// The device.
    pub device: DeviceChoice,
    /// What products of matrices are rounded to.
    pub precision: Precision,
    /// Upload of the trained model.
    pub publish: Option<PublishSettings>,
    /// How the Hub is reached.
    pub hub: HubAccess,
    /// What the run has to do with a search for settings; its record says it.
    pub search: Option<SearchMark>,
}

/// A number's bounds, checked with the flag's name.
fn check(ok: bool, flag: &str, value: impl std::fmt::Display, expected: &str) -> Result<(), Error> {
    if ok { Ok(()) } else { Err(Error::usage(format!("--{flag} is {value}, expected {expected}"))) }
}

pub(crate) fn at_least_one(flag: &str, value: usize) -> Result<usize, Error> {
    check(value >= 1, flag, value, "at least 1").map(|()| value)
}

impl Settings {
    /// Checks flags and fills in what was not typed. `embedded`: the demo, whose model and data are the defaults.
    ///
    /// # Errors
    /// Names the first flag that is wrong, what was expected, and what to do.
    pub fn new(args: RunArgs, embedded: bool) -> Result<Self, Error> {
        let own_data = data::own_data(&args)?;
        let task = match &own_data {
            Some(own) => placeholder(own),
            None => match tasks(&args.task_name, embedded)?.as_slice() {
                [task] => (*task).clone(),
                several => return Err(Error::usage(format!("--task has {} tasks, and a run has one", several.len()))),
            },
        };
        let (do_train, do_eval, do_predict) = match (args.do_train, args.do_eval, args.do_predict) {
            (None, None, None | Some(false)) => (true, true, false),
            (train, eval, predict) => (train.unwrap_or(false), eval.unwrap_or(false), predict.unwrap_or(false)),
        };
        // An evaluation during the training asks for the split, as in transformers.
        let do_eval = do_eval || args.watch.eval_strategy.is_some_and(|when| when != Interval::No);
        let glue_submission = args.glue_submission.unwrap_or(false);
        if glue_submission {
            data::check_submission(&args)?;
        }
        let do_predict = do_predict || glue_submission;
        if !do_train && !do_eval && !do_predict {
            return Err(Error::usage("--do_train, --do_eval and --do_predict are false: nothing to do"));
        }
        if do_predict && args.output_dir.is_none() {
            return Err(Error::usage("--do_predict writes into --output_dir, which is not given"));
        }
        let max_seq_length = args.max_seq_length.unwrap_or(128);
        check(
            max_seq_length >= 4,
            "max_seq_length",
            max_seq_length,
            "at least 4 (a token, a separator, a pair's second token and special ones)",
        )?;
        if args.save_logits == Some(true) && args.output_dir.is_none() {
            return Err(Error::usage("--save_logits writes into --output_dir, which is not given"));
        }
        if args.save_logits == Some(true) && !do_eval && !do_predict {
            return Err(Error::usage(
                "--save_logits writes the logits of an evaluation or prediction: give --do_eval or --do_predict too",
            ));
        }
        let training = training::training(&args)?;
        let checkpoints = watching::checkpoints(&args)?;
        // Its steps are those of the evaluation too, where that has none of its own.
        let log = watching::log(&args)?;
        let known = [&task];
        let scored: &[&TaskSpec] = if own_data.is_none() { &known } else { &[] };
        let evaluation = watching::evaluation(&args, &checkpoints, do_train, scored)?;
        let publish = publishing::publishing(&args, do_train)?;
        let class_flags = [
            (training.label_smoothing_factor > 0.0, "label_smoothing_factor"),
            (training.class_weights.is_some(), "class_weights"),
        ];
        if let Some((_, flag)) = class_flags.into_iter().find(|(given, _)| *given)
            && task.kind == TaskKind::Regression
        {
            return Err(Error::usage(format!(
                "--{flag} is for classes, and {} is a regression: leave it out, or leave out the task",
                task.name
            )));
        }
        let dataset = places::dataset(&args, &task, embedded)?;
        Ok(Self {
            task,
            folder: None,
            model: model(args.model_name_or_path.last().map(String::as_str), args.model_revision.as_deref(), embedded)?,
            dataset,
            own_data,
            splits: data::splits(&args)?,
            do_train,
            do_eval,
            do_predict,
            max_seq_length,
            pad_to_max_length: args.pad_to_max_length.unwrap_or(false),
            max_train_samples: args.max_train_samples.map(|n| at_least_one("max_train_samples", n)).transpose()?,
            max_eval_samples: args.max_eval_samples.map(|n| at_least_one("max_eval_samples", n)).transpose()?,
            max_predict_samples: args
                .max_predict_samples
                .map(|n| at_least_one("max_predict_samples", n))
                .transpose()?,
            ignore_mismatched_sizes: args.ignore_mismatched_sizes.unwrap_or(false),
            training,
            per_device_eval_batch_size: at_least_one(
                "per_device_eval_batch_size",
                args.per_device_eval_batch_size.unwrap_or(32),
            )?,
            output_dir: args.output_dir,
            overwrite_output_dir: args.overwrite_output_dir.unwrap_or(false),
            checkpoints,
            evaluation,
            log,
            results_dir: args.results_dir.unwrap_or_else(|| "results".into()),
            glue_submission,
            save_logits: args.save_logits.unwrap_or(false),
            device: args.machine.device()?,
            precision: args.machine.precision()?,
            publish,
            hub: HubAccess { cache_dir: args.cache_dir, token: args.token },
            search: None,
        })
    }
}

/// Whether the flags name data that are none of GLUE's.
///
/// # Errors
/// When they contradict each other.
pub fn has_own_data(args: &RunArgs) -> Result<bool, Error> {
    Ok(data::own_data(args)?.is_some())
}

/// The row of a dataset whose columns and labels are not known yet.
fn placeholder(own: &OwnData) -> TaskSpec {
    let labels = LabelKind::Classes(Vec::new());
    let metrics = own.metrics.clone();
    TaskSpec { config: String::new(), metrics, ..TaskSpec::new(&own.name, (String::new(), None), labels) }
}

/// The tasks of `--task`, in the order to run. `embedded`: all where none is named.
///
/// # Errors
/// When none is named, or a name is no task's.
pub fn tasks(names: &[String], embedded: bool) -> Result<Vec<&'static TaskSpec>, Error> {
    if names.is_empty() {
        if embedded {
            return Ok(GLUE.tasks.iter().collect());
        }
        let known = benchmarks().flat_map(|b| &b.tasks).map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(format!(
            "--task is missing: give one of {known}, several with commas, or all; or --dataset_name, or --train_file"
        )));
    }
    let mut tasks: Vec<&'static TaskSpec> = Vec::new();
    // All of them stand in their own order, whatever is named beside them.
    let (all, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.eq_ignore_ascii_case("all"));
    for name in all.into_iter().chain(others) {
        if name.trim().is_empty() {
            return Err(Error::usage("--task has an empty name in it: give tasks with commas between them, or all"));
        }
        let found = find_tasks(name.trim()).map_err(|e| Error::usage(format!("--task: {e}")))?;
        for task in found {
            if !tasks.iter().any(|t| t.name == task.name) {
                tasks.push(task);
            }
        }
    }
    Ok(tasks)
}
