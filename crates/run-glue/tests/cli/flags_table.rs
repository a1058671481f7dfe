//! docs/flags.md: what becomes of every flag of run_glue.py. The table is made here from the parser itself, so it cannot
//! go stale; `RUN_GLUE_WRITE_DOCS=1 cargo test -p run-glue --test cli flags_table` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use clap::CommandFactory;
use run_glue::cli::args::Cli;
use run_glue::cli::compat::{self, Verdict};
use trainer::settings::{BestSettings, Changes, Settings};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flags.md");

/// Fields of TrainingArguments by version; written by scripts/fixtures/flags.py.
const TRAINING_ARGUMENTS: &str = include_str!("../fixtures/training_arguments.json");

/// <https://github.com/huggingface/transformers/blob/main/examples/pytorch/text-classification/run_glue.py>
const MODEL: &[&str] = &[
    "cache_dir",
    "config_name",
    "ignore_mismatched_sizes",
    "model_name_or_path",
    "model_revision",
    "token",
    "tokenizer_name",
    "trust_remote_code",
    "use_auth_token",
    "use_fast_tokenizer",
];
const DATA: &[&str] = &[
    "dataset_config_name",
    "dataset_name",
    "max_eval_samples",
    "max_predict_samples",
    "max_seq_length",
    "max_train_samples",
    "overwrite_cache",
    "pad_to_max_length",
    "task_name",
    "test_file",
    "train_file",
    "validation_file",
];
/// Those of run_classification.py that run_glue.py has not.
const CLASSIFICATION: &[&str] = &[
    "do_regression",
    "label_column_name",
    "metric_name",
    "remove_columns",
    "remove_splits",
    "shuffle_seed",
    "shuffle_train_dataset",
    "test_split_name",
    "text_column_delimiter",
    "text_column_names",
    "train_split_name",
    "validation_split_name",
];
/// Those of run_glue_no_trainer.py that no other has.
const NO_TRAINER: &[&str] = &[
    "checkpointing_steps",
    "max_length",
    "max_train_steps",
    "num_warmup_steps",
    "use_slow_tokenizer",
    "with_tracking",
];

/// Flags that are read into another setting, which says what they can change.
const PART_OF: &[(&str, &str)] = &[
    ("dataset_config_name", "task_name"),
    ("dataset_dir", "dataset_name"),
    ("dataset_revision", "dataset_name"),
    ("delimiter", "task_name"),
    ("do_regression", "task_name"),
    ("label_column_name", "task_name"),
    ("label_names", "task_name"),
    ("lr_scheduler_kwargs", "lr_scheduler_type"),
    ("metric_name", "task_name"),
    ("model_revision", "model_name_or_path"),
    ("test_file", "dataset_name"),
    ("text_column_names", "task_name"),
    ("train_file", "dataset_name"),
    ("use_cpu", "backend"),
    ("validation_file", "dataset_name"),
    ("warmup_ratio", "warmup_steps"),
];
/// Flags of which runs there are, and of how they are done; none of them is a setting of a run.
const OF_MANY_RUNS: &[&str] = &[
    "dry_run",
    "format",
    "gpus",
    "recipe",
    "report_html",
    "rerun",
    "retry_collapsed",
    "search",
    "search_budget",
    "search_eta",
    "search_holdout",
    "search_rungs",
    "search_seed",
    "search_space",
    "search_trials",
    "seeds",
    "shard",
    "stop_on_failure",
    "token",
    "workers",
];

/// What each setting can change, of a run whose evaluations choose the weights.
fn changes() -> BTreeMap<&'static str, &'static str> {
    let mut settings = Settings::of(glue_tasks::find_task("mrpc").unwrap());
    settings.evaluation.best = Some(BestSettings { load_at_end: true, ..BestSettings::by("accuracy") });
    settings.declared().into_iter().map(|setting| (setting.name, setting.changes.in_words())).collect()
}

/// What a flag can change.
fn change_of(name: &str) -> String {
    let of = PART_OF.iter().find(|(flag, _)| *flag == name).map_or(name, |(_, setting)| setting);
    match changes().get(of) {
        Some(changes) if *changes == Changes::Nothing.in_words() => format!("changes {changes}"),
        Some(changes) => format!("can change {changes}"),
        None if OF_MANY_RUNS.contains(&name) => String::new(),
        None => panic!("--{name} is neither a declared setting nor in PART_OF or OF_MANY_RUNS"),
    }
}

/// Flags and their other names, each with the name that it is a synonym of, or none.
fn own_flags() -> BTreeMap<String, Option<String>> {
    let mut flags = BTreeMap::new();
    for arg in Cli::command().get_arguments() {
        let Some(long) = arg.get_long() else { continue };
        flags.insert(long.to_owned(), None);
        for alias in arg.get_all_aliases().unwrap_or_default() {
            flags.insert(alias.to_owned(), Some(long.to_owned()));
        }
    }
    flags
}

/// What becomes of a flag, in a table's words.
fn verdict(name: &str, own: &BTreeMap<String, Option<String>>) -> Option<(&'static str, String)> {
    let taken_anyway = |values: &[&str]| {
        let shown: Vec<String> = values.iter().take(2).filter(|v| !v.is_empty()).map(|v| format!("`{v}`")).collect();
        if shown.is_empty() { String::new() } else { format!(" ({} is taken)", shown.join(" or ")) }
    };
    match (own.get(name), compat::find(name)) {
        (Some(None), None) => Some(("honoured", change_of(name))),
        (Some(Some(synonym)), None) => Some(("synonym", format!("of `--{synonym}`"))),
        (None, Some(flag)) => Some(match flag.verdict {
            Verdict::Becomes(what, _) => ("synonym", format!("of {what}")),
            Verdict::NoEffect(why) => ("no effect", why.to_owned()),
            Verdict::Refused(why) => ("refused", format!("{why}{}", taken_anyway(flag.as_is))),
        }),
        _ => None,
    }
}

fn training_arguments() -> BTreeSet<String> {
    let lists: BTreeMap<String, Vec<String>> = serde_json::from_str(TRAINING_ARGUMENTS).unwrap();
    assert!(lists.len() >= 2, "two versions of transformers at least");
    lists.into_values().flatten().collect()
}

fn document() -> String {
    let own = own_flags();
    let training = training_arguments();
    let mut text = "# Flags of run_glue.py\n\n\
        What becomes of each. *Honoured*: it does what it does there; `run-glue --help` says more. *Synonym*: another way to\n\
        write a flag of this program. *No effect*: it is taken and a line says so, since no number depends on it here.\n\
        *Refused*: an error that gives the reason, since ignoring it would change what comes out.\n\n\
        Of flags that are honoured, the table says what they can change. What can change rows, steps or the choice of the\n\
        weights must be the same when a run goes on from a checkpoint, and whatever can change a score makes another run, with a record\n\
        of its own. Not compared before a run goes on: the model, the backend, and where the data lie and what their files hold. Evaluations during the training choose weights where they are compared, as with\n\
        `--load_best_model_at_end` and `--early_stopping_patience`; else they only change what is logged.\n\n\
        All flags may be written with dashes or underscores, booleans as `--x`, `--x true`, `--x false` and `--no_x`, and one JSON\n\
        file may stand for all of them. The table is made by a test from the parser itself.\n"
        .to_owned();
    let mut unknown = Vec::new();
    let mut section = |title: &str, names: &mut dyn Iterator<Item = &str>| {
        let _ = writeln!(text, "\n## {title}\n\n| flag | | |\n|---|---|---|");
        for name in names {
            match verdict(name, &own) {
                Some((what, why)) => drop(writeln!(text, "| `--{name}` | {what} | {why} |")),
                None => unknown.push(name.to_owned()),
            }
        }
    };
    section("run_glue.py: model", &mut MODEL.iter().copied());
    section("run_glue.py: data", &mut DATA.iter().copied());
    section("TrainingArguments of transformers 4.57 and 5.23", &mut training.iter().map(String::as_str));
    section("run_classification.py", &mut CLASSIFICATION.iter().copied());
    section("run_glue_no_trainer.py", &mut NO_TRAINER.iter().copied());
    let all: BTreeSet<&str> = [MODEL, DATA, CLASSIFICATION, NO_TRAINER]
        .concat()
        .into_iter()
        .chain(training.iter().map(String::as_str))
        .collect();
    let mut others = compat::COMPAT_FLAGS.iter().map(|flag| flag.name).filter(|name| !all.contains(name));
    section("Of older versions", &mut others);
    let mut own_only = own.keys().map(String::as_str).filter(|name| !all.contains(name));
    section("Only here", &mut own_only);
    assert_eq!(unknown, [""; 0], "flags of transformers that nothing is said of, or that are both taken and compat");
    text
}

#[test]
fn the_table_is_what_the_parser_does() {
    let made = document();
    if std::env::var_os("RUN_GLUE_WRITE_DOCS").is_some() {
        std::fs::write(DOCUMENT, &made).unwrap();
    }
    let written = std::fs::read_to_string(DOCUMENT).unwrap();
    assert!(written == made, "docs/flags.md is not what the parser does; RUN_GLUE_WRITE_DOCS=1 writes it anew");
}
