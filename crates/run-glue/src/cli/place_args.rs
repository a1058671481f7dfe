//! Flags of where a run writes, and which of its files.

use std::path::PathBuf;

use clap::Args;

use super::data_args::DataArgs;
use super::dataset_args::OwnDataArgs;
use super::value_parsers::BoolFlag;
use trainer::error::Error;
use trainer::settings::PlaceSettings;

/// Flags of the results.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct PlaceArgs {
    /// Folder for the model, train_results.json, eval_results.json, all_results.json, trainer_state.json
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub output_dir: Option<PathBuf>,
    /// Write into an output_dir that is not empty; checkpoints and results of an older run there are removed [default: false]
    #[arg(long, bool_flag(), help_heading = "Results")]
    pub overwrite_output_dir: Option<bool>,
    /// Folder for one JSON record a run [default: results, of the demo run-glue-demo]
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub results_dir: Option<PathBuf>,
    /// Write eval_logits.jsonl, or predict_logits_TASK.jsonl, into output_dir [default: false]
    #[arg(long, bool_flag(), help_heading = "Results")]
    pub save_logits: Option<bool>,
    /// Predict the test splits, write the leaderboard's files into output_dir, and with all nine tasks submission.zip [default: false]
    #[arg(long, bool_flag(), help_heading = "Results")]
    pub glue_submission: Option<bool>,
}

impl PlaceArgs {
    /// Where the run writes, and what. `data` and `own_data`: the rows that it is about, which the leaderboard's files do not
    /// leave open.
    pub(super) fn settings(&self, data: &DataArgs, own_data: &OwnDataArgs) -> Result<PlaceSettings, Error> {
        if self.glue_submission.unwrap_or(false) {
            self.check_submission(data, own_data)?;
        }
        let usual = PlaceSettings::default();
        Ok(PlaceSettings {
            output_dir: self.output_dir.clone(),
            folder: None,
            overwrite_output_dir: self.overwrite_output_dir.unwrap_or(usual.overwrite_output_dir),
            results_dir: self.results_dir.clone().unwrap_or(usual.results_dir),
            save_logits: self.save_logits.unwrap_or(usual.save_logits),
            glue_submission: self.glue_submission.unwrap_or(usual.glue_submission),
        })
    }

    /// The leaderboard wants every row of GLUE's own test splits.
    fn check_submission(&self, data: &DataArgs, own_data: &OwnDataArgs) -> Result<(), Error> {
        let others = [
            ("max_predict_samples", data.max_predict_samples.is_some()),
            ("test_split_name", data.test_split_name.is_some()),
            ("test_file", !own_data.test_file.is_empty()),
            ("train_file", !own_data.train_file.is_empty()),
            ("dataset_name", own_data.dataset_name.is_some()),
        ];
        match others.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Error::usage(format!(
                "--glue_submission and --{flag} exclude each other: the leaderboard wants every row of GLUE's test splits"
            ))),
            None if self.output_dir.is_none() => {
                Err(Error::usage("--glue_submission writes into --output_dir, which is not given"))
            }
            None => Ok(()),
        }
    }
}
