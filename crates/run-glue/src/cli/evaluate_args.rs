//! Flags of `run-glue evaluate`.

use std::path::PathBuf;

use clap::Args;
use glue_tasks::{OtherSet, near_enough, other_sets};

use super::hub_args::HubArgs;
use super::machine_args::MachineArgs;
use super::model_args::model_choice;
use super::value_parsers::{BoolFlag, whole};
use crate::evaluate::EvaluateSettings;
use trainer::error::Error;
use trainer::settings::{PlaceSettings, at_least_one};

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct EvaluateArgs {
    /// Output folder of a finished run, or another fine-tuned checkpoint
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Sets, with commas
    #[arg(long, help = sets_in_words(), value_delimiter = ',', required = true, value_name = "SETS")]
    pub on: Vec<String>,
    /// Folder in which each set has one of its name, laid out as on the Hub [default: the Hub]
    #[arg(long, value_name = "DIR")]
    pub dataset_dir: Option<PathBuf>,
    /// Folder of the run's record, which the scores are added to [default: results]
    #[arg(long, value_name = "DIR")]
    pub results_dir: Option<PathBuf>,
    /// Score at most N rows of each part
    #[arg(long, value_parser = whole::<usize>, value_name = "N")]
    pub max_eval_samples: Option<usize>,
    /// Longest input in tokens, special ones included; longer ones are cut [default: that of the run]
    #[arg(long, alias = "max_length", value_parser = whole::<usize>, value_name = "N")]
    pub max_seq_length: Option<usize>,
    /// Inputs a batch; changes scores by a millionth at most [default: 32]
    #[arg(long, alias = "per_device_eval_batch_size", value_parser = whole::<usize>, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Print JSON [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub json: Option<bool>,
    /// Of the model, should it come from the Hub.
    #[command(flatten)]
    pub hub: HubArgs,
    /// What computes, and how exactly.
    #[command(flatten)]
    pub machine: MachineArgs,
}

fn sets_in_words() -> String {
    let sets = other_sets().iter().map(|set| format!("{} ({})", set.name, set.display_name));
    format!("Sets, with commas: {}", sets.collect::<Vec<_>>().join(", "))
}

impl TryFrom<EvaluateArgs> for EvaluateSettings {
    type Error = Error;

    fn try_from(args: EvaluateArgs) -> Result<Self, Error> {
        let mut sets: Vec<&OtherSet> = Vec::new();
        for name in &args.on {
            let set = set_named(name.trim())?;
            if !sets.iter().any(|known| known.name == set.name) {
                sets.push(set);
            }
        }
        Ok(Self {
            model: model_choice(Some(&args.model), args.hub.revision.as_deref(), false)?,
            sets,
            dataset_dir: args.dataset_dir,
            hub: args.hub.into(),
            results_dir: args.results_dir.unwrap_or(PlaceSettings::default().results_dir),
            max_eval_samples: args.max_eval_samples.map(|n| at_least_one("max_eval_samples", n)).transpose()?,
            max_seq_length: args.max_seq_length.map(|n| at_least_one("max_seq_length", n)).transpose()?,
            batch_size: at_least_one("batch_size", args.batch_size.unwrap_or(32))?,
            json: args.json.unwrap_or(false),
            device: args.machine.device()?,
            precision: args.machine.precision()?,
        })
    }
}

fn set_named(name: &str) -> Result<&'static OtherSet, Error> {
    let wanted = name.to_lowercase().replace('-', "_");
    other_sets().iter().find(|set| set.name == wanted).ok_or_else(|| {
        let names = || other_sets().iter().map(|set| set.name);
        let near = near_enough(&wanted, names()).map_or_else(String::new, |near| format!(" (is {near} meant?)"));
        let names = names().collect::<Vec<_>>().join(", ");
        Error::usage(format!("--on {name}: there is no such set{near}; expected {names}"))
    })
}
