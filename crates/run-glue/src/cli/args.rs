//! Flags as they are typed. Names and defaults are those of run_glue.py and transformers' TrainingArguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::bench_args::BenchArgs;
use super::checkpoint_args::CheckpointArgs;
use super::compare_args::{CompareArgs, VerifyArgs};
use super::completions_args::CompletionsArgs;
use super::data_args::DataArgs;
use super::dataset_args::{DatasetArgs, OwnDataArgs};
use super::distillation_args::DistillationArgs;
use super::evaluate_args::EvaluateArgs;
use super::evaluation_args::EvaluationArgs;
use super::grid_args::GridArgs;
use super::logging_args::LoggingArgs;
use super::machine_args::MachineArgs;
use super::model_args::ModelArgs;
use super::models_args::ModelsArgs;
use super::parity_args::ParityArgs;
use super::peft_args::PeftArgs;
use super::place_args::PlaceArgs;
use super::plan_args::PlanArgs;
use super::predict_args::PredictArgs;
use super::publish_args::{PublishArgs, PushArgs};
use super::recipes_args::RecipesArgs;
use super::search_args::SearchArgs;
use super::selftest_args::SelftestArgs;
use super::training_args::{MemoryArgs, OptimizerArgs, TrainingArgs};
use super::value_parsers::BoolFlag;

/// The GLUE benchmark on Burn: fine-tunes an encoder, evaluates it, and writes tables of results.
#[derive(Parser, Debug)]
#[command(
    name = "run-glue",
    version = crate::version::SHORT.as_str(),
    long_version = crate::version::LONG.as_str(),
    about,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    after_help = "More commands: push, selftest, bench, completions; run-glue help COMMAND tells of each.\n\
                  Flags may be written with dashes or underscores, or stand in one JSON file: run-glue config.json [FLAGS].\n\
                  Many runs stand in a TOML or YAML file, whose lists are run in every combination: run-glue grid.toml [FLAGS].\n\
                  The record of a run makes it again: run-glue results/TASK/MODEL/seed-N-HASH.json [FLAGS].\n\
                  With neither --do_train nor --do_eval, both are done. docs/flags.md lists run_glue.py's flags.\n\
                  Exit codes: 0 done, 1 failure, 2 wrong flags or input, 3 cannot tell (verify, parity)."
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
    /// Scores a finished run's model on other labelled sets, such as HANS, and adds that to its record
    Evaluate(Box<EvaluateArgs>),
    /// Puts the files that --glue_submission wrote into the zip that the leaderboard takes, once each is checked
    Submission(SubmissionArgs),
    /// Puts results side by side: models down, tasks across, with intervals and tests
    Compare(CompareArgs),
    /// Tells whether results reproduce given numbers; exit code 1 where one is not reproduced, 3 where one cannot be told
    Verify(VerifyArgs),
    /// Puts a run beside the same run of the Trainer of transformers, step for step; exit code 1 where the curves part, 3 where one lacks steps
    Parity(ParityArgs),
    /// Writes the runs of a TOML or YAML file as a Slurm array, a Kubernetes Job, or a list of commands
    Plan(PlanArgs),
    /// Lists the families of models, or says how large a checkpoint is
    Models(ModelsArgs),
    /// Lists the recipes that --recipe takes, or shows what one says, beside the words of its source
    Recipes(RecipesArgs),
    /// Uploads the folder of a trained model to the Hub
    #[command(hide = true)]
    Push(PushArgs),
    /// Compares what a backend computes with the CPU and with PyTorch; exit code 1 where it is too far from them
    #[command(hide = true)]
    Selftest(SelftestArgs),
    /// Times training steps of an encoder with random weights, and prints one JSON object
    #[command(hide = true)]
    Bench(BenchArgs),
    /// Prints what a shell needs to complete commands and flags, or writes man pages
    #[command(hide = true)]
    Completions(CompletionsArgs),
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

    /// Where the dataset lies.
    #[command(flatten)]
    pub dataset: DatasetArgs,
    /// Which of its rows and tokens are used.
    #[command(flatten)]
    pub data: DataArgs,
    /// The model that training begins with, besides its name.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Steps of the training.
    #[command(flatten)]
    pub training: TrainingArgs,
    /// What is written where.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// Many runs in one.
    #[command(flatten)]
    pub grid: GridArgs,
    /// A search for settings before the runs.
    #[command(flatten)]
    pub search: SearchArgs,
    /// Data that are of no benchmark.
    #[command(flatten)]
    pub own_data: OwnDataArgs,
    /// Optimizer, and which parameters it changes.
    #[command(flatten)]
    pub optimizer: OptimizerArgs,
    /// Which parameters are trained.
    #[command(flatten)]
    pub peft: PeftArgs,
    /// See [`DistillationArgs`].
    #[command(flatten)]
    pub distillation: DistillationArgs,
    /// Evaluations during the training.
    #[command(flatten)]
    pub evaluation: EvaluationArgs,
    /// Checkpoints.
    #[command(flatten)]
    pub checkpoints: CheckpointArgs,
    /// Logs.
    #[command(flatten)]
    pub logging: LoggingArgs,
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
