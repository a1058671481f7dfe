//! Flags of the model that a run begins with, and of the Hub that it may come from.

use std::path::PathBuf;

use clap::Args;

use super::value_parsers::{BoolFlag, plain_path};
use trainer::error::Error;
use trainer::settings::{HubAccess, ModelChoice, ModelSettings};

/// Flags of the model, besides its name.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct ModelArgs {
    /// Branch, tag or commit of the model [default: main]
    #[arg(long, value_name = "REV", help_heading = "Model")]
    pub model_revision: Option<String>,
    /// Folder for downloads [default: the Hugging Face cache]
    #[arg(long, value_name = "DIR", help_heading = "Model")]
    pub cache_dir: Option<PathBuf>,
    /// Access token for the Hub [default: HF_TOKEN, or the token file]
    #[arg(long, alias = "use_auth_token", value_name = "TOKEN", help_heading = "Model")]
    pub token: Option<String>,
    /// Draw a new head where the checkpoint's has another number of labels [default: false]
    #[arg(long, bool_flag(), help_heading = "Model")]
    pub ignore_mismatched_sizes: Option<bool>,
    /// Mark the second text of a pair by token type 1 [default: as the tokenizer's class has it in transformers 5]
    #[arg(long, bool_flag(), help_heading = "Model")]
    pub token_type_ids: Option<bool>,
}

impl ModelArgs {
    /// The model that a run begins with. `name`: what `--model` says; `embedded`: the demo, which has its own.
    pub(super) fn settings(&self, name: Option<&str>, embedded: bool) -> Result<ModelSettings, Error> {
        let usual = ModelSettings::default();
        Ok(ModelSettings {
            choice: model_choice(name, self.model_revision.as_deref(), embedded)?,
            ignore_mismatched_sizes: self.ignore_mismatched_sizes.unwrap_or(usual.ignore_mismatched_sizes),
            token_type_ids: self.token_type_ids,
        })
    }
}

impl From<&ModelArgs> for HubAccess {
    fn from(args: &ModelArgs) -> Self {
        Self { cache_dir: args.cache_dir.clone(), token: args.token.clone() }
    }
}

/// Where the checkpoint is: in a folder of this name where there is one, else on the Hub. `embedded`: without a name it is the
/// one inside the program.
///
/// # Errors
/// No name, a path that is no folder, or a revision of something that has none.
pub(super) fn model_choice(name: Option<&str>, revision: Option<&str>, embedded: bool) -> Result<ModelChoice, Error> {
    let revision_of = |what: &str| {
        Err(Error::usage(format!(
            "--model_revision is of a repository on the Hub, and {what} has no revision: leave it out"
        )))
    };
    let Some(name) = name else {
        return if embedded && revision.is_some() {
            revision_of("the demo's model")
        } else if embedded {
            Ok(ModelChoice::Embedded)
        } else {
            Err(Error::usage("--model is missing: give a folder or a Hub repository such as bert-base-cased"))
        };
    };
    let path = PathBuf::from(name);
    if path.is_dir() {
        return match revision {
            Some(_) => revision_of(&format!("the folder --model {name}")),
            None => Ok(ModelChoice::Folder(plain_path(&path))),
        };
    }
    if path.is_absolute() || name.starts_with('.') || name.starts_with('~') || path.is_file() {
        return Err(Error::usage(format!(
            "--model {name}: there is no such folder; expected one with config.json, weights and a tokenizer"
        )));
    }
    Ok(ModelChoice::Hub { id: name.to_owned(), revision: revision.unwrap_or("main").to_owned() })
}
