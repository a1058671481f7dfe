//! Whether and where the trained model is uploaded.

use std::path::Path;

use crate::cli::args::RunArgs;
use crate::cli::publish_args::HubStrategy;
use crate::error::Error;

/// An upload to the Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishSettings {
    /// Repository, with or without its owner; of several tasks each gets its own.
    pub id: String,
    /// For a new repository.
    pub private: Option<bool>,
    /// Branch.
    pub revision: String,
    /// What when.
    pub strategy: HubStrategy,
    /// Also while an upload runs.
    pub always: bool,
}

pub(super) fn publishing(args: &RunArgs, do_train: bool) -> Result<Option<PublishSettings>, Error> {
    let publish = &args.publish;
    if !publish.push_to_hub.unwrap_or(false) {
        return Ok(None);
    }
    let Some(dir) = args.output_dir.as_deref() else {
        return Err(Error::usage("--push_to_hub uploads what is in --output_dir, which is not given"));
    };
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
    Ok(Some(PublishSettings {
        id: repository_name("--output_dir", publish.hub_model_id.as_deref(), dir)?,
        private: publish.hub_private_repo,
        revision: publish.hub_revision.clone().unwrap_or_else(|| "main".into()),
        strategy: publish.hub_strategy.unwrap_or(HubStrategy::EverySave),
        always: publish.hub_always_push.unwrap_or(false),
    }))
}

/// The name given, or that of the folder.
///
/// # Errors
/// A folder without a name of its own, such as `/`.
pub fn repository_name(flag: &str, given: Option<&str>, folder: &Path) -> Result<String, Error> {
    let of_folder = || Some(std::path::absolute(folder).ok()?.file_name()?.to_str()?.to_owned());
    given.map(str::to_owned).or_else(of_folder).ok_or_else(|| {
        Error::usage(format!("{flag} {} has no name for a repository: give --hub_model_id", folder.display()))
    })
}
