//! Flags as they are typed. Names and defaults are those of run_glue.py and transformers' TrainingArguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::bench_args::BenchArgs;
use super::compare_args::{CompareArgs, VerifyArgs};
use super::data_args::DataArgs;
use super::grid_args::GridArgs;
use super::machine_args::MachineArgs;
use super::memory_args::MemoryArgs;
use super::models_args::ModelsArgs;
use super::optimizer_args::OptimizerArgs;
use super::plan_args::PlanArgs;
use super::predict_args::PredictArgs;
use super::publish_args::{PublishArgs, PushArgs};
use super::search_args::SearchArgs;
use super::selftest_args::SelftestArgs;
use super::value_parsers::{BoolFlag, choice, number, signed, whole};
use super::watch_args::WatchArgs;
use trainer::settings::SamplingStrategy;

/// The GLUE benchmark on Burn: fine-tunes an encoder, evaluates it, and writes tables of results.
#[derive(Parser, Debug)]
#[command(
    name = "run-glue",
    version,
    about,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    after_help = "Flags may be written with dashes or underscores, or stand in one JSON file: run-glue config.json [FLAGS].\n\
                  Many runs stand in a TOML file, whose lists are run in every combination: run-glue grid.toml [FLAGS].\n\
                  With neither --do_train nor --do_eval, both are done. docs/flags.md lists run_glue.py's flags.\n\
                  Exit codes: 0 done, 1 failure, 2 wrong flags or input."
)]
pub struct Cli {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What else the program does.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Runs the nine tasks in miniature with a tiny encoder, both inside the program: no network, no GPU, under a minute
    Demo(Box<RunArgs>),
    /// Prints label and score of texts: arguments, lines of a file, or lines of standard input
    Predict(Box<PredictArgs>),
    /// Puts the files that --glue_submission wrote into the zip that the leaderboard takes, once each is checked
    Submission(SubmissionArgs),
    /// Puts results side by side: models down, tasks across, with intervals and tests
    Compare(CompareArgs),
    /// Tells whether results reproduce given numbers; exit code 1 where one is out of its interval
    Verify(VerifyArgs),
    /// Writes the runs of a TOML file as a Slurm array, a Kubernetes Job, or a list of commands
    Plan(PlanArgs),
    /// Lists the families of models, or says how large a checkpoint is
    Models(ModelsArgs),
    /// Uploads the folder of a trained model to the Hub
    Push(PushArgs),
    /// Compares what a backend computes with the CPU and with PyTorch; exit code 1 where it is too far from them
    Selftest(SelftestArgs),
    /// Times training steps of an encoder with random weights, and prints one JSON object
    Bench(BenchArgs),
}

/// Flags of `run-glue submission`.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct SubmissionArgs {
    /// Folders with the eleven files, or with folders of them
    #[arg(value_name = "DIR", required = true)]
    pub folders: Vec<PathBuf>,
    /// The zip
    #[arg(long, value_name = "FILE", default_value = records::files::submission::ZIP_NAME)]
    pub output: PathBuf,
}

/// Flags that `-h` shows; `--help` shows all.
const OFTEN_USED: [&str; 25] = [
    "task_name",
    "model_name_or_path",
    "do_train",
    "do_eval",
    "do_predict",
    "dataset_dir",
    "dataset_name",
    "train_file",
    "validation_file",
    "test_file",
    "max_seq_length",
    "num_train_epochs",
    "per_device_train_batch_size",
    "learning_rate",
    "warmup_ratio",
    "seed",
    "seeds",
    "eval_strategy",
    "load_best_model_at_end",
    "save_strategy",
    "output_dir",
    "glue_submission",
    "bf16",
    "backend",
    "device",
];

impl Cli {
    /// The parser. `brief`: its help has only the flags that are often used.
    #[must_use]
    pub fn parser(brief: bool) -> clap::Command {
        let command = Self::command().mut_subcommand("predict", |predict| predict.mut_args(switch_takes_equals));
        if !brief {
            return command;
        }
        let seldom = |arg: &clap::Arg| !OFTEN_USED.contains(&arg.get_id().as_str()) && arg.get_long() != Some("help");
        command
            .mut_args(|arg| if seldom(&arg) { arg.hide(true) } else { arg })
            .after_help("These are the flags that are often used; --help shows all of them.")
    }
}

/// Where texts stand behind flags, a switch has a value only behind `=`.
fn switch_takes_equals(arg: clap::Arg) -> clap::Arg {
    let is_switch = arg.get_num_args().is_some_and(|range| range.min_values() == 0) && arg.get_long().is_some();
    if is_switch { arg.require_equals(true) } else { arg }
}

/// The help of `--task`.
fn tasks_in_words() -> String {
    let names: Vec<&str> =
        glue_tasks::benchmarks().flat_map(|benchmark| &benchmark.tasks).map(|task| task.name.as_str()).collect();
    format!("Task: {}; several with commas, or all", names.join(", "))
}

/// Everything a run can be told. `None`: not typed, so that another source (the demo's recipe) may decide.
#[derive(Args, Clone, Debug, Default)]
// `--seed -1` is a wrong value of --seed, not an unknown flag -1.
#[command(rename_all = "snake_case", allow_negative_numbers = true)]
pub struct RunArgs {
    /// Names of tasks, of whole benchmarks, or `all`.
    #[arg(
        help = tasks_in_words(),
        long = "task_name",
        visible_alias = "task",
        value_name = "TASK",
        value_delimiter = ',',
        help_heading = "What to run"
    )]
    pub task_name: Vec<String>,
    /// Checkpoint: a folder, or a repository on the Hugging Face Hub; may be given several times
    #[arg(long = "model_name_or_path", visible_alias = "model", value_name = "MODEL", help_heading = "What to run")]
    pub model_name_or_path: Vec<String>,
    /// Train [default: true unless only the other is asked for]
    #[arg(long, bool_flag(), help_heading = "What to run")]
    pub do_train: Option<bool>,
    /// Evaluate [default: true unless only the other is asked for]
    #[arg(long, bool_flag(), help_heading = "What to run")]
    pub do_eval: Option<bool>,
    /// Predict the test splits into predict_results_TASK.txt [default: false]
    #[arg(long, bool_flag(), help_heading = "What to run")]
    pub do_predict: Option<bool>,

    /// Folder laid out as the Hub's nyu-mll/glue: CONFIG/SPLIT-*.parquet
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub dataset_dir: Option<PathBuf>,
    /// Branch, tag or commit of the dataset's repository [default: main]
    #[arg(long, value_name = "REV", help_heading = "Data")]
    pub dataset_revision: Option<String>,
    /// Longest input in tokens, special ones included; longer ones are cut [default: 128]
    #[arg(long, alias = "max_length", value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_seq_length: Option<usize>,
    /// Pad every input to max_seq_length rather than not at all; the numbers are the same, it is only slower [default: false]
    #[arg(long, bool_flag(), help_heading = "Data")]
    pub pad_to_max_length: Option<bool>,
    /// Use the first N training rows
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_train_samples: Option<usize>,
    /// Use the first N rows of each evaluation split
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_eval_samples: Option<usize>,
    /// Use the first N rows of each test split
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_predict_samples: Option<usize>,

    /// Branch, tag or commit of the model [default: main]
    #[arg(long, value_name = "REV", help_heading = "Model")]
    pub model_revision: Option<String>,
    /// Folder for downloads [default: the Hugging Face cache]
    #[arg(long, value_name = "DIR", help_heading = "Model")]
    pub cache_dir: Option<PathBuf>,
    /// Access token for the Hub [default: HF_TOKEN, or the token file]
    #[arg(long, alias = "use_auth_token", value_name = "TOKEN", help_heading = "Model")]
    pub token: Option<String>,
    /// Draw a new head where the checkpoint's has another number of labels [default: false]
    #[arg(long, bool_flag(), help_heading = "Model")]
    pub ignore_mismatched_sizes: Option<bool>,

    /// Epochs; may be a fraction [default: 3]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub num_train_epochs: Option<f64>,
    /// Optimizer steps; overrides the epochs when positive [default: -1]
    #[arg(long, alias = "max_train_steps", value_parser = signed, value_name = "N", help_heading = "Training")]
    pub max_steps: Option<i64>,
    /// Examples a batch [default: 8]
    #[arg(long, aliases = ["train_batch_size", "per_gpu_train_batch_size"], value_parser = whole::<usize>, value_name = "N", help_heading = "Training")]
    pub per_device_train_batch_size: Option<usize>,
    /// Examples an evaluation batch; does not change results [default: 32]
    #[arg(long, aliases = ["eval_batch_size", "per_gpu_eval_batch_size"], value_parser = whole::<usize>, value_name = "N", help_heading = "Training")]
    pub per_device_eval_batch_size: Option<usize>,
    /// Batches an optimizer step; N x B equals one batch of N B exactly [default: 1]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Training")]
    pub gradient_accumulation_steps: Option<usize>,
    /// Peak learning rate [default: 5e-5]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub learning_rate: Option<f64>,
    /// Decoupled weight decay; not for biases and normalisation [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub weight_decay: Option<f64>,
    /// AdamW's decay of the first moment [default: 0.9]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub adam_beta1: Option<f64>,
    /// AdamW's decay of the second moment [default: 0.999]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub adam_beta2: Option<f64>,
    /// AdamW's epsilon [default: 1e-8]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub adam_epsilon: Option<f64>,
    /// Clip gradients to this global norm; 0 is off [default: 1]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub max_grad_norm: Option<f64>,
    /// Steps of linear warm-up; below 1 a share of all steps [default: 0]
    #[arg(long, alias = "num_warmup_steps", value_parser = number, value_name = "X", help_heading = "Training")]
    pub warmup_steps: Option<f64>,
    /// Share of all steps, where warmup_steps is 0 [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub warmup_ratio: Option<f64>,
    /// linear, cosine, cosine_with_restarts, polynomial, constant, constant_with_warmup, inverse_sqrt, cosine_with_min_lr,
    /// cosine_warmup_with_min_lr, warmup_stable_decay [default: linear]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    pub lr_scheduler_type: Option<String>,
    /// Its numbers as JSON, such as {"num_cycles": 2}
    #[arg(long, value_name = "JSON", help_heading = "Training")]
    pub lr_scheduler_kwargs: Option<String>,
    /// Share of the target spread over all classes alike [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub label_smoothing_factor: Option<f64>,
    /// Order of the rows: random, sequential, group_by_length [default: random, as torch draws it]
    #[arg(long, value_parser = choice::<SamplingStrategy>, value_name = "ORDER", help_heading = "Training")]
    pub train_sampling_strategy: Option<SamplingStrategy>,
    /// Seed of the head, the order and dropout [default: 42]
    #[arg(long, value_parser = whole::<u64>, value_name = "N", help_heading = "Training")]
    pub seed: Option<u64>,
    /// Seed of the order alone [default: seed]
    #[arg(long, value_parser = whole::<u64>, value_name = "N", help_heading = "Training")]
    pub data_seed: Option<u64>,

    /// Folder for the model, train_results.json, eval_results.json, all_results.json, trainer_state.json
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub output_dir: Option<PathBuf>,
    /// Write into an output_dir that is not empty [default: false]
    #[arg(long, bool_flag(), help_heading = "Results")]
    pub overwrite_output_dir: Option<bool>,
    /// Folder for one JSON record a run [default: results]
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub results_dir: Option<PathBuf>,
    /// Write eval_logits.jsonl, or predict_logits_TASK.jsonl, into output_dir [default: false]
    #[arg(long, bool_flag(), help_heading = "Results")]
    pub save_logits: Option<bool>,
    /// Predict the test splits, write the leaderboard's files into output_dir, and with all nine tasks submission.zip [default: false]
    #[arg(long, bool_flag(), help_heading = "Results")]
    pub glue_submission: Option<bool>,
    /// Many runs in one.
    #[command(flatten)]
    pub grid: GridArgs,
    /// A search for settings before the runs.
    #[command(flatten)]
    pub search: SearchArgs,
    /// Data that are none of GLUE's, and which rows and columns are used.
    #[command(flatten)]
    pub data: DataArgs,
    /// Optimizer, and which parameters it changes.
    #[command(flatten)]
    pub optimizer: OptimizerArgs,
    /// What happens beside the training.
    #[command(flatten)]
    pub watch: WatchArgs,
    /// Where the model goes.
    #[command(flatten)]
    pub publish: PublishArgs,
    /// How much is computed and kept at once.
    #[command(flatten)]
    pub memory: MemoryArgs,

    /// What computes, and how exactly.
    #[command(flatten)]
    pub machine: MachineArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brief_help_shows_what_it_names() {
        let help = |brief| Cli::parser(brief).render_help().to_string();
        let (brief, all) = (help(true), help(false));
        for name in OFTEN_USED {
            assert!(brief.contains(&format!("--{name} ")), "{name}");
        }
        assert!(brief.contains("--help") && !brief.contains("--adam_beta1") && all.contains("--adam_beta1"));
        assert!(2 * brief.lines().count() < all.lines().count());
    }
}
