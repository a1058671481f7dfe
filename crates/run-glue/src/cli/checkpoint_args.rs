//! Flags of checkpoints: when one is saved, how many are kept, and which one a run goes on from.

use std::path::{Path, PathBuf};

use clap::Args;

use super::value_parsers::{BoolFlag, choice, number, whole};
use trainer::error::Error;
use trainer::settings::{CheckpointSettings, SaveStrategy};

/// Flags of checkpoints.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct CheckpointArgs {
    /// When to save a checkpoint-N in output_dir: no, steps, epoch, best [default: steps]
    #[arg(long, value_name = "WHEN", value_parser = choice::<SaveStrategy>, help_heading = "Checkpoints")]
    pub save_strategy: Option<SaveStrategy>,
    /// Steps from one checkpoint to the next; below 1 a share of all steps [default: 500]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Checkpoints")]
    pub save_steps: Option<f64>,
    /// Keep the last N checkpoints, and the best [default: all]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Checkpoints")]
    pub save_total_limit: Option<usize>,
    /// Checkpoints without what is needed to go on from them [default: false]
    #[arg(long, bool_flag(), help_heading = "Checkpoints")]
    pub save_only_model: Option<bool>,
    /// Go on from this checkpoint [default: the last one in output_dir, if there is one]
    #[arg(
        long, num_args = 0..=1, default_missing_value = "true", value_name = "DIR", help_heading = "Checkpoints"
    )]
    pub resume_from_checkpoint: Option<String>,
}

impl TryFrom<&CheckpointArgs> for CheckpointSettings {
    type Error = Error;

    fn try_from(args: &CheckpointArgs) -> Result<Self, Error> {
        let given = args.resume_from_checkpoint.as_deref();
        let expects_checkpoint = given.is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let resume_from_checkpoint = match given {
            None => None,
            Some(text) if matches!(text.to_ascii_lowercase().as_str(), "true" | "none" | "") => None,
            Some(folder) if Path::new(folder).is_dir() => Some(PathBuf::from(folder)),
            Some(folder) => {
                return Err(Error::usage(format!(
                    "--resume_from_checkpoint {folder}: there is no such folder; expected a checkpoint-N of run-glue, or true for \
                     the last one in --output_dir"
                )));
            }
        };
        let usual = Self::default();
        Ok(Self {
            save_strategy: args.save_strategy.unwrap_or(usual.save_strategy),
            save_steps: args.save_steps.unwrap_or(usual.save_steps),
            save_total_limit: args.save_total_limit,
            save_only_model: args.save_only_model.unwrap_or(usual.save_only_model),
            resume_from_checkpoint,
            expects_checkpoint,
        })
    }
}
