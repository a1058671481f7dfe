//! How the Hub is reached, and whether and where the trained model is uploaded.

use std::path::{Path, PathBuf};

use super::choices::Choice;
use super::declared::{Changes, Setting};
use crate::error::Error;

/// What the environment does not say of the Hub.
#[derive(Clone, Debug, Default)]
pub struct HubAccess {
    /// Cache of downloads; `None`: Hugging Face's own.
    pub cache_dir: Option<PathBuf>,
    /// Access token; `None`: the environment's, or that of the token file.
    pub token: Option<String>,
}

/// What is uploaded when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HubStrategy {
    /// The model, at the end.
    End,
    /// The model with each checkpoint, and at the end.
    #[default]
    EverySave,
    /// As `every_save`, and the checkpoint as `last-checkpoint`.
    Checkpoint,
    /// As `every_save`, and each checkpoint under its name.
    AllCheckpoints,
}

impl Choice for HubStrategy {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("end", Self::End),
        ("every_save", Self::EverySave),
        ("checkpoint", Self::Checkpoint),
        ("all_checkpoints", Self::AllCheckpoints),
    ];
}

/// An upload to the Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishSettings {
    /// Repository, with or without its owner; of several tasks each gets its own.
    pub id: String,
    /// Whether a new repository is private; `None`: as its owner has it.
    pub private: Option<bool>,
    /// The branch that is uploaded to.
    pub revision: String,
    /// What is uploaded when.
    pub strategy: HubStrategy,
    /// Whether an upload starts while another runs.
    pub always: bool,
}

impl PublishSettings {
    /// # Errors
    /// What the upload lacks.
    pub(super) fn check(&self, has_output_dir: bool, do_train: bool) -> Result<(), Error> {
        if !has_output_dir {
            return Err(Error::usage("--push_to_hub uploads what is in --output_dir, which is not given"));
        }
        if !do_train {
            return Err(Error::usage(
                "--push_to_hub uploads the model that was trained: give --do_train, or upload a folder with run-glue push DIR",
            ));
        }
        if !cfg!(feature = "hub") {
            return Err(Error::usage(
                "--push_to_hub: this program was built without the feature `hub`; leave it out, and upload the folder by other \
                 means",
            ));
        }
        Ok(())
    }
}

/// The token is no setting of a run and is never written down.
pub(super) fn declare(access: &HubAccess, publish: Option<&PublishSettings>, all: &mut Vec<Setting>) {
    let HubAccess { cache_dir, token: _ } = access;
    let nothing = |name, value: serde_json::Value| Setting::new(name, value, Changes::Nothing);
    all.push(nothing("cache_dir", cache_dir.as_ref().map(|dir| dir.display().to_string()).into()));
    all.push(nothing("push_to_hub", publish.is_some().into()));
    let publish = publish.map(|PublishSettings { id, private, revision, strategy, always }| {
        (id.as_str(), *private, revision.as_str(), strategy.name(), *always)
    });
    all.extend([
        nothing("hub_model_id", publish.map(|it| it.0).into()),
        nothing("hub_private_repo", publish.and_then(|it| it.1).into()),
        nothing("hub_revision", publish.map(|it| it.2).into()),
        nothing("hub_strategy", publish.map(|it| it.3).into()),
        nothing("hub_always_push", publish.map(|it| it.4).into()),
    ]);
}

/// The name given, or that of the folder, which was given by the flag `flag`.
///
/// # Errors
/// A folder without a name of its own, such as `/`.
pub fn repository_name(flag: &str, given: Option<&str>, folder: &Path) -> Result<String, Error> {
    let of_folder = || Some(std::path::absolute(folder).ok()?.file_name()?.to_str()?.to_owned());
    given.map(str::to_owned).or_else(of_folder).ok_or_else(|| {
        Error::usage(format!("{flag} {} has no name for a repository: give --hub_model_id", folder.display()))
    })
}
