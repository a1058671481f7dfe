//! Flags of `run-glue bench`.

use std::path::PathBuf;

use clap::Args;

use super::machine_args::MachineArgs;
use super::value_parsers::{BoolFlag, whole};
use crate::bench::BenchOptions;
use trainer::error::Error;
use trainer::settings::{MachineSettings, at_least_one};

/// Tokens of a batch: more than any machine has memory for.
const MOST_TOKENS: usize = 1 << 24;

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct BenchArgs {
    /// config.json of the encoder; its weights are random
    #[arg(long, value_name = "FILE", required_unless_present = "peak")]
    pub config: Option<PathBuf>,
    /// Examples a batch [default: 32]
    #[arg(long, alias = "per_device_train_batch_size", value_parser = whole::<usize>, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Tokens an example [default: 128]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", conflicts_with = "lengths")]
    pub length: Option<usize>,
    /// Tokens of each example, instead of --batch_size and --length
    #[arg(long, value_delimiter = ',', value_parser = whole::<usize>, value_name = "N", conflicts_with = "batch_size")]
    pub lengths: Vec<usize>,
    /// Steps that are timed [default: 5]
    #[arg(long, value_parser = whole::<usize>, value_name = "N")]
    pub steps: Option<usize>,
    /// Steps before them, which compile kernels and fill caches [default: 2]
    #[arg(long, value_parser = whole::<usize>, value_name = "N")]
    pub warmup: Option<usize>,
    /// Forward passes without gradients instead [default: false]
    #[arg(long, bool_flag())]
    pub inference: Option<bool>,
    /// The rates of multiplications and additions, of a square product and of those of linear layers instead [default: false]
    #[arg(long, bool_flag(), conflicts_with_all = ["config", "batch_size", "length", "lengths", "steps", "warmup", "inference", "save_model"])]
    pub peak: Option<bool>,
    /// Write the model instead, with a made-up vocabulary, as transformers would save it
    #[arg(long, value_name = "DIR", requires = "config")]
    pub save_model: Option<PathBuf>,
    /// What computes, and how exactly.
    #[command(flatten)]
    pub machine: MachineArgs,
}

impl TryFrom<BenchArgs> for BenchOptions {
    type Error = Error;

    fn try_from(args: BenchArgs) -> Result<Self, Error> {
        let machine = MachineSettings::try_from(&args.machine)?;
        let lengths = if args.lengths.is_empty() {
            let (batch_size, length) = (args.batch_size.unwrap_or(32), args.length.unwrap_or(128));
            if batch_size.checked_mul(length).is_none_or(|tokens| tokens > MOST_TOKENS) {
                return Err(Error::usage(format!(
                    "--batch_size {batch_size} examples of --length {length} tokens are more than the {MOST_TOKENS} tokens that a batch may have"
                )));
            }
            vec![at_least_one("length", length)?; at_least_one("batch_size", batch_size)?]
        } else {
            args.lengths.into_iter().map(|length| at_least_one("lengths", length)).collect::<Result<_, _>>()?
        };
        Ok(Self {
            config: args.config,
            lengths,
            steps: args.steps.unwrap_or(5),
            warmup: args.warmup.unwrap_or(2),
            inference: args.inference.unwrap_or(false),
            peak: args.peak.unwrap_or(false),
            save_model: args.save_model,
            machine,
        })
    }
}
