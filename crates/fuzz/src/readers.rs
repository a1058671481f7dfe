//! The readers of run-glue: files that they read well, and the command that reads them.

use std::path::PathBuf;

use crate::damage::Form;
use crate::workplace::Workplace;

/// A reader, by the command that reaches it.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// Folders of good files, and which file of each is damaged.
    pub(crate) seeds: fn(&Workplace) -> Vec<Seed>,
    /// Its words; run in a copy of the folder.
    pub(crate) command: &'static str,
}

/// A folder of good files, and the one that is damaged.
pub(crate) struct Seed {
    pub(crate) folder: PathBuf,
    pub(crate) file: String,
}

const PREDICT: &str = "predict model rained wet --use_cpu";
const RESUME: &str = "--task rte --model model --dataset_dir glue --max_steps 4 --save_steps 2 --max_eval_samples 8 --use_cpu --results_dir q \
    --output_dir second --resume_from_checkpoint first/checkpoint-2";

macro_rules! train {
    ($file:literal) => {
        concat!(
            "--model model --max_steps 1 --ignore_mismatched_sizes true --use_cpu --save_strategy no --results_dir q --output_dir o --train_file ",
            $file,
            " --validation_file ",
            $file,
            " --test_file ",
            $file
        )
    };
}

const fn reader(name: &'static str, form: Form, seeds: fn(&Workplace) -> Vec<Seed>, command: &'static str) -> Reader {
    Reader { name, form, seeds, command }
}

pub(crate) const READERS: &[Reader] = &[
    reader("config", Form::Json, |at| at.models("config.json"), PREDICT),
    reader("tokenizer", Form::Json, |at| at.tokenizers(true), PREDICT),
    reader("vocabulary", Form::Lines, |at| at.tokenizers(false), PREDICT),
    reader("safetensors", Form::Safetensors, |at| at.models("model.safetensors"), PREDICT),
    reader("pickle", Form::Bytes, Workplace::pickles, PREDICT),
    reader("index", Form::Json, Workplace::indexes, PREDICT),
    reader("adapter", Form::Json, |at| at.adapters("adapter_config.json"), PREDICT),
    reader("adapter-weights", Form::Safetensors, |at| at.adapters("adapter_model.safetensors"), PREDICT),
    reader("csv", Form::Lines, |at| at.one("data", "data.csv"), train!("data.csv")),
    reader("tsv", Form::Lines, |at| at.one("data", "data.tsv"), train!("data.tsv")),
    reader("json", Form::Json, |at| at.one("data", "data.json"), train!("data.json")),
    reader("json-lines", Form::Lines, |at| at.one("data", "data.jsonl"), train!("data.jsonl")),
    reader(
        "parquet",
        Form::Bytes,
        |at| at.one("data", "glue/rte/validation-00000-of-00001.parquet"),
        "--task rte --model model --dataset_dir glue --do_eval --ignore_mismatched_sizes true --use_cpu --results_dir q",
    ),
    reader(
        "dataset-card",
        Form::Lines,
        |at| at.one("data", "own/README.md"),
        "--model model --dataset_name own --do_train --do_eval --max_steps 1 --ignore_mismatched_sizes true --use_cpu --results_dir q",
    ),
    reader("texts", Form::Bytes, |at| at.one("resumed", "lines.txt"), "predict first --file lines.txt --use_cpu"),
    reader(
        "record",
        Form::Json,
        |at| at.one("runs", "record.json"),
        "compare record.json results --format html --output page.html",
    ),
    reader("published", Form::Json, |at| at.one("runs", "published.json"), "verify results --against published.json"),
    reader(
        "trainer-state",
        Form::Json,
        |at| at.one("runs", "trainer_state.json"),
        "parity record.json --against trainer_state.json",
    ),
    reader("grid", Form::Lines, |at| at.one("data", "grid.toml"), "grid.toml --dry_run"),
    reader(
        "recipe",
        Form::Lines,
        |at| at.one("data", "own.toml"),
        "--task rte --model model --dataset_dir glue --recipe own.toml --dry_run",
    ),
    reader("checkpoint", Form::Json, |at| at.one("resumed", "first/checkpoint-2/run_state.json"), RESUME),
    reader("history", Form::Json, |at| at.one("resumed", "first/checkpoint-2/trainer_state.json"), RESUME),
    reader("optimizer", Form::Safetensors, |at| at.one("resumed", "first/checkpoint-2/optimizer.safetensors"), RESUME),
];
