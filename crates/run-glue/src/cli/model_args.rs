//! Flags of the model that a run begins with, and of the Hub that it may come from.

use std::path::{Path, PathBuf};

use clap::Args;

use super::value_parsers::{BoolFlag, choice, is_none, number, plain_path};
use records::record::InitSeed;
use trainer::error::Error;
use trainer::settings::{DropoutSettings, HubAccess, ModelChoice, ModelSettings};

/// Flags of the model, besides its name.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct ModelArgs {
    /// Branch, tag or commit of the model [default: main]
    #[arg(long, value_name = "REV", help_heading = "Model")]
    pub model_revision: Option<String>,
    /// Folder or Hub repository of the tokenizer [default: --model]
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub tokenizer_name: Option<String>,
    /// Folder or Hub repository of config.json [default: --model]
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub config_name: Option<String>,
    /// Folder for downloads [default: the Hugging Face cache]
    #[arg(long, value_name = "DIR", help_heading = "Model")]
    pub cache_dir: Option<PathBuf>,
    /// Access token for the Hub [default: HF_TOKEN, or the token file]
    #[arg(long, alias = "use_auth_token", value_name = "TOKEN", help_heading = "Model")]
    pub token: Option<String>,
    /// Draw a new head where the checkpoint's has another number of labels [default: false]
    #[arg(long, bool_flag(), help_heading = "Model")]
    pub ignore_mismatched_sizes: Option<bool>,
    /// Of several runs, begin where those of this task ended, with the same model; none: with the model itself [default: none]
    #[arg(long, value_name = "TASK", help_heading = "Model")]
    pub init_from: Option<String>,
    /// Which of that task's runs: same, the one of the run's own seed, or best, the one with the best score [default: same]
    #[arg(long, value_parser = choice::<InitSeed>, value_name = "WHICH", help_heading = "Model")]
    pub init_from_seed: Option<InitSeed>,
    /// Mark the second text of a pair by token type 1 [default: as the tokenizer's class has it in transformers 5]
    #[arg(long, bool_flag(), help_heading = "Model")]
    pub token_type_ids: Option<bool>,
    /// Token of the vocabulary that short rows are filled with [default: the tokenizer's own]
    #[arg(long, value_name = "TOKEN", help_heading = "Model")]
    pub pad_token: Option<String>,
    /// Dropout of embeddings and of the outputs of layers, whatever the model calls it [default: as in config.json]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Model")]
    pub hidden_dropout_prob: Option<f64>,
    /// Dropout of the probabilities of attention [default: as in config.json]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Model")]
    pub attention_probs_dropout_prob: Option<f64>,
    /// Dropout before the classifier [default: as in config.json]
    #[arg(long, alias = "cls_dropout", value_parser = number, value_name = "X", help_heading = "Model")]
    pub classifier_dropout: Option<f64>,
}

impl ModelArgs {
    /// The model that a run begins with. `name`: what `--model` says; `embedded`: the demo, which has its own.
    pub(super) fn settings(&self, name: Option<&str>, embedded: bool) -> Result<ModelSettings, Error> {
        let usual = ModelSettings::default();
        let choice = model_choice(name, self.model_revision.as_deref(), embedded)?;
        let part = |flag, name: &Option<String>| self.part(flag, name.as_deref(), &choice);
        let settings = ModelSettings {
            tokenizer: part("--tokenizer_name", &self.tokenizer_name)?,
            config: part("--config_name", &self.config_name)?,
            choice,
            // What a run of a grid begins from is known where all of its runs are.
            init_from: None,
            ignore_mismatched_sizes: self.ignore_mismatched_sizes.unwrap_or(usual.ignore_mismatched_sizes),
            token_type_ids: self.token_type_ids,
            pad_token: self.pad_token.clone(),
            dropout: DropoutSettings {
                hidden_dropout_prob: self.hidden_dropout_prob,
                attention_probs_dropout_prob: self.attention_probs_dropout_prob,
                classifier_dropout: self.classifier_dropout,
            },
        };
        settings.check()?;
        Ok(settings)
    }
}

impl ModelArgs {
    /// Where a part of the model comes from; `None`: from where `model` does. Scripts write `none` for what is not set.
    fn part(&self, flag: &str, name: Option<&str>, model: &ModelChoice) -> Result<Option<ModelChoice>, Error> {
        let Some(name) = name.filter(|name| !is_none(name)) else { return Ok(None) };
        // The revision is of every repository that is named, as in run_glue.py, and a folder has none.
        let revision = self.model_revision.as_deref().filter(|_| !Path::new(name).is_dir());
        let choice = named_choice(flag, name, revision)?;
        Ok((choice != *model).then_some(choice))
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
    let Some(name) = name else {
        return if embedded && revision.is_some() {
            Err(no_revision("the demo's model"))
        } else if embedded {
            Ok(ModelChoice::Embedded)
        } else {
            Err(Error::usage("--model is missing: give a folder or a Hub repository such as bert-base-cased"))
        };
    };
    named_choice("--model", name, revision)
}

fn no_revision(what: &str) -> Error {
    Error::usage(format!("--model_revision is of a repository on the Hub, and {what} has no revision: leave it out"))
}

pub(super) fn named_choice(flag: &str, name: &str, revision: Option<&str>) -> Result<ModelChoice, Error> {
    let path = PathBuf::from(name);
    if path.is_dir() {
        return match revision {
            Some(_) => Err(no_revision(&format!("the folder {flag} {name}"))),
            None => Ok(ModelChoice::Folder(plain_path(&path))),
        };
    }
    if path.is_absolute() || name.starts_with('.') || name.starts_with('~') || path.is_file() {
        let expected = match flag {
            "--tokenizer_name" => "a tokenizer",
            "--config_name" => "config.json",
            _ => "config.json, weights and a tokenizer",
        };
        return Err(Error::usage(format!("{flag} {name}: there is no such folder; expected one with {expected}")));
    }
    Ok(ModelChoice::Hub { id: name.to_owned(), revision: revision.unwrap_or("main").to_owned() })
}
