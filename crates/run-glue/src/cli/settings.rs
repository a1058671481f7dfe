//! Flags, checked and complete: what the rest of the program works from.

use std::path::PathBuf;

use glue_tasks::task::{TASKS, TaskKind, TaskSpec, find_task};
use models::ops::Precision;

pub use super::args::SaveStrategy;
use super::args::{BackendChoice, RunArgs, SamplingStrategy};
use crate::error::Error;
use crate::trainer::schedule_kind::Schedule;

/// A run, ready to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The tasks, in the order to run.
    pub tasks: Vec<&'static TaskSpec>,
    /// Whether several tasks were asked for, so that each gets a folder of its own under `output_dir`.
    pub several_tasks: bool,
    /// Folder or repository.
    pub model: ModelChoice,
    /// Where the datasets are.
    pub dataset: DatasetChoice,
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
    /// Records.
    pub results_dir: PathBuf,
    /// Write logits.
    pub save_logits: bool,
    /// The device.
    pub backend: BackendChoice,
    /// What products of matrices are rounded to.
    pub precision: Precision,
    /// How the Hub is reached.
    pub hub: HubAccess,
}

/// When checkpoints are made, and which one to go on from.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointSettings {
    /// When.
    pub save_strategy: SaveStrategy,
    /// Steps from one to the next; below 1 a share of all steps.
    pub save_steps: f64,
    /// How many are kept.
    pub save_total_limit: Option<usize>,
    /// The folder given; `None`: the last one in `output_dir`, if there is one.
    pub resume_from_checkpoint: Option<PathBuf>,
}

/// What the environment does not say of the Hub.
#[derive(Clone, Debug, Default)]
pub struct HubAccess {
    /// Cache of downloads.
    pub cache_dir: Option<PathBuf>,
    /// Access token.
    pub token: Option<String>,
}

/// A checkpoint's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// A folder.
    Folder(PathBuf),
    /// A repository and a revision of the Hub.
    Hub {
        /// `owner/name` or `name`.
        id: String,
        /// Branch, tag or commit.
        revision: String,
    },
    /// The tiny encoder inside the program.
    Embedded,
}

/// The datasets' place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetChoice {
    /// A folder laid out as the repository.
    Folder(PathBuf),
    /// nyu-mll/glue at a revision.
    Hub {
        /// Branch, tag or commit.
        revision: String,
    },
    /// The miniature tasks inside the program.
    Embedded,
}

/// Numbers that decide the training; names as in TrainingArguments.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSettings {
    /// Epochs.
    pub num_train_epochs: f64,
    /// Overrides the epochs.
    pub max_steps: Option<usize>,
    /// Examples a micro-batch.
    pub per_device_train_batch_size: usize,
    /// Micro-batches a step.
    pub gradient_accumulation_steps: usize,
    /// Peak rate.
    pub learning_rate: f64,
    /// Decoupled decay.
    pub weight_decay: f64,
    /// How the rate goes on from its peak.
    pub schedule: Schedule,
    /// Share of the target spread over all classes.
    pub label_smoothing_factor: f64,
    /// First moment.
    pub adam_beta1: f64,
    /// Second moment.
    pub adam_beta2: f64,
    /// Added to the root.
    pub adam_epsilon: f64,
    /// Global norm; 0 is off.
    pub max_grad_norm: f64,
    /// Steps, or a share below 1.
    pub warmup_steps: f64,
    /// Order.
    pub train_sampling_strategy: SamplingStrategy,
    /// Seed.
    pub seed: u64,
    /// Seed of the order.
    pub data_seed: Option<u64>,
    /// Log interval.
    pub logging_steps: usize,
    /// Log step 1 too.
    pub logging_first_step: bool,
}

/// A number's bounds, checked with the flag's name.
fn check(ok: bool, flag: &str, value: impl std::fmt::Display, expected: &str) -> Result<(), Error> {
    if ok { Ok(()) } else { Err(Error::usage(format!("--{flag} is {value}, expected {expected}"))) }
}

pub(super) fn at_least_one(flag: &str, value: usize) -> Result<usize, Error> {
    check(value >= 1, flag, value, "at least 1").map(|()| value)
}

impl Settings {
    /// Checks flags and fills in what was not typed. `embedded`: the demo, whose model and data are the defaults.
    ///
    /// # Errors
    /// Names the first flag that is wrong, what was expected, and what to do.
    pub fn new(args: RunArgs, embedded: bool) -> Result<Self, Error> {
        let (tasks, several_tasks) = tasks(&args.task_name, embedded)?;
        let (do_train, do_eval, do_predict) = match (args.do_train, args.do_eval, args.do_predict) {
            (None, None, None | Some(false)) => (true, true, false),
            (train, eval, predict) => (train.unwrap_or(false), eval.unwrap_or(false), predict.unwrap_or(false)),
        };
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
        let training = training(&args)?;
        let checkpoints = checkpoints(&args)?;
        if let Some(task) = tasks.iter().find(|task| task.kind == TaskKind::Regression)
            && training.label_smoothing_factor > 0.0
        {
            return Err(Error::usage(format!(
                "--label_smoothing_factor is for classes, and {} is a regression: leave it out, or leave out the task",
                task.name
            )));
        }
        Ok(Self {
            tasks,
            several_tasks,
            model: model(args.model_name_or_path.as_deref(), args.model_revision.as_deref(), embedded)?,
            dataset: dataset(&args, embedded)?,
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
            results_dir: args.results_dir.unwrap_or_else(|| "results".into()),
            save_logits: args.save_logits.unwrap_or(false),
            backend: args.backend.unwrap_or(BackendChoice::Auto),
            precision: if args.bf16.unwrap_or(false) { Precision::Bf16 } else { Precision::F32 },
            hub: HubAccess { cache_dir: args.cache_dir, token: args.token },
        })
    }
}

fn tasks(names: &[String], embedded: bool) -> Result<(Vec<&'static TaskSpec>, bool), Error> {
    if names.is_empty() {
        if embedded {
            return Ok((TASKS.iter().collect(), true));
        }
        let known = TASKS.iter().map(|t| t.name).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(format!("--task is missing: give one of {known}, several with commas, or all")));
    }
    if names.iter().any(|name| name.eq_ignore_ascii_case("all")) {
        return Ok((TASKS.iter().collect(), true));
    }
    let mut tasks: Vec<&'static TaskSpec> = Vec::new();
    for name in names {
        if name.trim().is_empty() {
            return Err(Error::usage("--task has an empty name in it: give tasks with commas between them, or all"));
        }
        let task = find_task(name.trim()).map_err(|e| Error::usage(format!("--task: {e}")))?;
        if !tasks.iter().any(|t| t.name == task.name) {
            tasks.push(task);
        }
    }
    let several = tasks.len() > 1;
    Ok((tasks, several))
}

/// Where the checkpoint is. `embedded`: without a name it is the one inside the program.
pub(super) fn model(name: Option<&str>, revision: Option<&str>, embedded: bool) -> Result<ModelChoice, Error> {
    let revision_of = |what: &str| {
        Err(Error::usage(format!(
            "--model_revision is of a repository on the Hub, and {what} has no revision: leave it out"
        )))
    };
    let Some(name) = name else {
        return if embedded && revision.is_some() {
            revision_of("the demo's model")
        } else if embedded {
            Ok(ModelChoice::Embedded)
        } else {
            Err(Error::usage("--model is missing: give a folder or a Hub repository such as bert-base-cased"))
        };
    };
    let path = PathBuf::from(name);
    if path.is_dir() {
        return match revision {
            Some(_) => revision_of(&format!("the folder --model {name}")),
            None => Ok(ModelChoice::Folder(path)),
        };
    }
    if path.is_absolute() || name.starts_with('.') || name.starts_with('~') || path.is_file() {
        return Err(Error::usage(format!(
            "--model {name}: there is no such folder; expected one with config.json, weights and a tokenizer"
        )));
    }
    Ok(ModelChoice::Hub { id: name.to_owned(), revision: revision.unwrap_or("main").to_owned() })
}

fn dataset(args: &RunArgs, embedded: bool) -> Result<DatasetChoice, Error> {
    match (&args.dataset_dir, &args.dataset_revision) {
        (Some(_), Some(_)) => {
            Err(Error::usage("--dataset_dir and --dataset_revision exclude each other: a folder has no revision"))
        }
        (Some(dir), None) if dir.is_dir() => Ok(DatasetChoice::Folder(dir.clone())),
        (Some(dir), None) => Err(Error::usage(format!(
            "--dataset_dir {}: there is no such folder; expected one with <config>/<split>-*.parquet, as nyu-mll/glue has",
            dir.display()
        ))),
        (None, None) if embedded => Ok(DatasetChoice::Embedded),
        (None, revision) => Ok(DatasetChoice::Hub { revision: revision.clone().unwrap_or_else(|| "main".into()) }),
    }
}

fn checkpoints(args: &RunArgs) -> Result<CheckpointSettings, Error> {
    let save_strategy = args.save_strategy.unwrap_or(SaveStrategy::Steps);
    let save_steps = args.save_steps.unwrap_or(500.0);
    let whole_or_share = save_steps > 0.0 && (save_steps < 1.0 || save_steps.fract() == 0.0);
    check(whole_or_share, "save_steps", save_steps, "a whole number of steps, or a share of all steps below 1")?;
    let resume_from_checkpoint = match args.resume_from_checkpoint.as_deref() {
        None | Some("true") => None,
        Some(folder) if std::path::Path::new(folder).is_dir() => Some(PathBuf::from(folder)),
        Some(folder) => {
            return Err(Error::usage(format!(
                "--resume_from_checkpoint {folder}: there is no such folder; expected a checkpoint-N of run-glue, or true for \
                 the last one in --output_dir"
            )));
        }
    };
    Ok(CheckpointSettings {
        save_strategy,
        save_steps,
        save_total_limit: args.save_total_limit.map(|n| at_least_one("save_total_limit", n)).transpose()?,
        resume_from_checkpoint,
    })
}

fn training(args: &RunArgs) -> Result<TrainingSettings, Error> {
    let num_train_epochs = args.num_train_epochs.unwrap_or(3.0);
    check(num_train_epochs > 0.0 && num_train_epochs.is_finite(), "num_train_epochs", num_train_epochs, "above 0")?;
    let learning_rate = args.learning_rate.unwrap_or(5e-5);
    check(learning_rate >= 0.0 && learning_rate.is_finite(), "learning_rate", learning_rate, "0 or more")?;
    let weight_decay = args.weight_decay.unwrap_or(0.0);
    check(weight_decay >= 0.0 && weight_decay.is_finite(), "weight_decay", weight_decay, "0 or more")?;
    let (adam_beta1, adam_beta2) = (args.adam_beta1.unwrap_or(0.9), args.adam_beta2.unwrap_or(0.999));
    check((0.0..1.0).contains(&adam_beta1), "adam_beta1", adam_beta1, "from 0 to below 1")?;
    check((0.0..1.0).contains(&adam_beta2), "adam_beta2", adam_beta2, "from 0 to below 1")?;
    let adam_epsilon = args.adam_epsilon.unwrap_or(1e-8);
    check(adam_epsilon >= 0.0 && adam_epsilon.is_finite(), "adam_epsilon", adam_epsilon, "0 or more")?;
    let max_grad_norm = args.max_grad_norm.unwrap_or(1.0);
    let bounded = max_grad_norm >= 0.0 && max_grad_norm.is_finite();
    check(bounded, "max_grad_norm", max_grad_norm, "0 (off) or more")?;
    let ratio = args.warmup_ratio.unwrap_or(0.0);
    check((0.0..=1.0).contains(&ratio), "warmup_ratio", ratio, "from 0 to 1")?;
    let steps = args.warmup_steps.unwrap_or(0.0);
    check(steps >= 0.0 && steps.is_finite(), "warmup_steps", steps, "0 or more")?;
    let label_smoothing_factor = args.label_smoothing_factor.unwrap_or(0.0);
    let smooths = (0.0..1.0).contains(&label_smoothing_factor);
    check(smooths, "label_smoothing_factor", label_smoothing_factor, "from 0 to below 1")?;
    let schedule = Schedule::new(
        args.lr_scheduler_type.as_deref().unwrap_or("linear"),
        args.lr_scheduler_kwargs.as_deref(),
        learning_rate,
    )
    .map_err(Error::usage)?;
    let max_steps = match args.max_steps {
        None | Some(i64::MIN..=0) => None,
        Some(steps) => Some(steps as usize),
    };
    Ok(TrainingSettings {
        num_train_epochs,
        max_steps,
        per_device_train_batch_size: at_least_one(
            "per_device_train_batch_size",
            args.per_device_train_batch_size.unwrap_or(8),
        )?,
        gradient_accumulation_steps: at_least_one(
            "gradient_accumulation_steps",
            args.gradient_accumulation_steps.unwrap_or(1),
        )?,
        learning_rate,
        schedule,
        label_smoothing_factor,
        weight_decay,
        adam_beta1,
        adam_beta2,
        adam_epsilon,
        max_grad_norm,
        // transformers: the ratio counts where the steps are 0.
        warmup_steps: if steps > 0.0 { steps } else { ratio },
        train_sampling_strategy: args.train_sampling_strategy.unwrap_or(SamplingStrategy::Random),
        seed: args.seed.unwrap_or(42),
        data_seed: args.data_seed,
        logging_steps: at_least_one("logging_steps", args.logging_steps.unwrap_or(500))?,
        logging_first_step: args.logging_first_step.unwrap_or(false),
    })
}
