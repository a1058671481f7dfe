//! Flags of `run-glue predict`.

use std::path::{Path, PathBuf};

use clap::Args;
use glue_tasks::packed::unpacked_name;

use super::hub_args::HubArgs;
use super::machine_args::MachineArgs;
use super::model_args::model_choice;
use super::value_parsers::{BoolFlag, whole};
use crate::predict::{Input, PredictSettings};
use trainer::error::Error;
use trainer::settings::at_least_one;

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct PredictArgs {
    /// Fine-tuned checkpoint: a folder, or a repository on the Hugging Face Hub
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Texts; with --pairs, first and second texts in turn [default: lines of standard input]
    #[arg(value_name = "TEXT")]
    pub texts: Vec<String>,
    /// Read lines of this file
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Each input is two texts; in lines, a tab stands between them [default: false]
    #[arg(long, bool_flag())]
    pub pairs: Option<bool>,
    /// Print one JSON value a line instead of label, tab, score [default: false]
    #[arg(long, bool_flag())]
    pub json: Option<bool>,
    /// Print the N best labels [default: 1]
    #[arg(long, value_parser = whole::<usize>, value_name = "N")]
    pub top_k: Option<usize>,
    /// Longest input in tokens, special ones included; longer ones are cut [default: what the model takes]
    #[arg(long, alias = "max_length", value_parser = whole::<usize>, value_name = "N")]
    pub max_seq_length: Option<usize>,
    /// Inputs a batch; changes scores by a millionth at most [default: 32]
    #[arg(long, alias = "per_device_eval_batch_size", value_parser = whole::<usize>, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Of the model, should it come from the Hub.
    #[command(flatten)]
    pub hub: HubArgs,
    /// What computes, and how exactly.
    #[command(flatten)]
    pub machine: MachineArgs,
}

impl TryFrom<PredictArgs> for PredictSettings {
    type Error = Error;

    /// Checks flags and fills in what was not typed.
    fn try_from(args: PredictArgs) -> Result<Self, Error> {
        let pairs = args.pairs.unwrap_or(false);
        let input = match (args.texts, args.file) {
            (texts, Some(_)) if !texts.is_empty() => {
                return Err(Error::usage("texts and --file exclude each other: give one of them"));
            }
            (_, Some(file)) if is_table(&file) => {
                return Err(Error::usage(format!(
                    "--file {}: this is a table by its name, and --file takes a text a line; predict tables by run-glue --do_predict \
                     --test_file",
                    file.display()
                )));
            }
            (_, Some(file)) if file.is_dir() => {
                return Err(Error::usage(format!("--file {}: this is a folder", file.display())));
            }
            (_, Some(file)) if !file.exists() => {
                return Err(Error::usage(format!("--file {}: there is no such file", file.display())));
            }
            // A file, or what another program writes.
            (_, Some(file)) => Input::File(file),
            (texts, None) if texts.is_empty() => Input::Stdin,
            (texts, None) if !pairs => Input::Texts(texts.into_iter().map(|text| (text, None)).collect()),
            (texts, None) if texts.len() % 2 == 1 => {
                return Err(Error::usage(format!(
                    "--pairs takes first and second texts in turn, and {} texts are not an even number",
                    texts.len()
                )));
            }
            (texts, None) => {
                let mut texts = texts.into_iter();
                let pairs = std::iter::from_fn(|| Some((texts.next()?, texts.next())));
                Input::Texts(pairs.collect())
            }
        };
        Ok(Self {
            model: model_choice(Some(&args.model), args.hub.revision.as_deref(), false)?,
            hub: args.hub.into(),
            input,
            pairs,
            json: args.json.unwrap_or(false),
            top_k: at_least_one("top_k", args.top_k.unwrap_or(1))?,
            max_seq_length: args.max_seq_length.map(|n| at_least_one("max_seq_length", n)).transpose()?,
            batch_size: at_least_one("batch_size", args.batch_size.unwrap_or(32))?,
            device: args.machine.device()?,
            precision: args.machine.precision()?,
        })
    }
}

/// Whether a file's name says that it has columns.
fn is_table(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let extension = unpacked_name(&name).rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "csv" | "tsv" | "json" | "jsonl" | "ndjson" | "parquet" | "arrow")
}
