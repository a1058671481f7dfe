//! Flags of the upload to the Hub.

use std::path::{Path, PathBuf};

use clap::Args;

use super::value_parsers::{BoolFlag, choice};
use trainer::error::Error;
use trainer::settings::{HubAccess, HubStrategy, PublishSettings, repository_name};

/// Flags of a run that uploads its model.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct PublishArgs {
    /// Upload the trained model to the Hub [default: false]
    #[arg(long, bool_flag(), help_heading = "Upload")]
    pub push_to_hub: Option<bool>,
    /// Repository; of several tasks, each gets its own with -TASK behind [default: the name of output_dir]
    #[arg(long, alias = "push_to_hub_model_id", value_name = "ID", help_heading = "Upload")]
    pub hub_model_id: Option<String>,
    /// What to upload when: end, every_save, checkpoint, all_checkpoints [default: every_save]
    #[arg(long, value_name = "WHAT", value_parser = choice::<HubStrategy>, help_heading = "Upload")]
    pub hub_strategy: Option<HubStrategy>,
    /// Upload with each checkpoint also while the last upload still runs [default: false]
    #[arg(long, bool_flag(), help_heading = "Upload")]
    pub hub_always_push: Option<bool>,
    /// Make a new repository private, or public [default: as its owner has it]
    #[arg(long, bool_flag(), help_heading = "Upload")]
    pub hub_private_repo: Option<bool>,
    /// Branch to upload to [default: main]
    #[arg(long, value_name = "REV", help_heading = "Upload")]
    pub hub_revision: Option<String>,
}

impl PublishArgs {
    /// The upload of what a run writes into `output_dir`; `None`: none is asked for.
    pub(super) fn settings(&self, output_dir: Option<&Path>) -> Result<Option<PublishSettings>, Error> {
        if !self.push_to_hub.unwrap_or(false) {
            return Ok(None);
        }
        let Some(dir) = output_dir else {
            return Err(Error::usage("--push_to_hub uploads what is in --output_dir, which is not given"));
        };
        Ok(Some(PublishSettings {
            id: repository_name("--output_dir", self.hub_model_id.as_deref(), dir)?,
            private: self.hub_private_repo,
            revision: self.hub_revision.clone().unwrap_or_else(|| "main".into()),
            strategy: self.hub_strategy.unwrap_or_default(),
            always: self.hub_always_push.unwrap_or(false),
        }))
    }
}

/// Flags of `run-glue push`.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct PushArgs {
    /// Folder of a model, as --output_dir has it after a run
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Repository [default: the folder's name]
    #[arg(long, value_name = "ID")]
    pub hub_model_id: Option<String>,
    /// Make a new repository private, or public [default: as its owner has it]
    #[arg(long, bool_flag())]
    pub hub_private_repo: Option<bool>,
    /// Branch to upload to [default: main]
    #[arg(long, value_name = "REV")]
    pub hub_revision: Option<String>,
    /// Access token for the Hub [default: HF_TOKEN, or the token file]
    #[arg(long, alias = "hub_token", value_name = "TOKEN")]
    pub token: Option<String>,
}

impl PushArgs {
    /// Where the folder goes, and how the Hub is reached.
    ///
    /// # Errors
    /// A folder without a name of its own, where no repository is given.
    pub fn target(&self) -> Result<(PublishSettings, HubAccess), Error> {
        let target = PublishSettings {
            id: repository_name("DIR", self.hub_model_id.as_deref(), &self.folder)?,
            private: self.hub_private_repo,
            revision: self.hub_revision.clone().unwrap_or_else(|| "main".to_owned()),
            strategy: HubStrategy::End,
            always: false,
        };
        Ok((target, HubAccess { cache_dir: None, token: self.token.clone() }))
    }
}
