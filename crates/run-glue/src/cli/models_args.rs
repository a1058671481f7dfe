//! Flags of `run-glue models`.

use clap::Args;

use super::hub_args::HubArgs;
use super::model_args::model_choice;
use super::value_parsers::{BoolFlag, count};
use crate::models_list::ModelsOptions;
use trainer::error::Error;

/// What can be typed.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct ModelsArgs {
    /// Checkpoint to look at: a folder, or a repository on the Hugging Face Hub [default: list the families]
    #[arg(value_name = "MODEL")]
    pub model: Option<String>,
    /// Logits of its head [default: the checkpoint's]
    #[arg(long, value_parser = count, value_name = "N")]
    pub num_labels: Option<usize>,
    /// Examples a batch, for the memory of a training step [default: 32]
    #[arg(long, alias = "per_device_train_batch_size", value_parser = count, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Tokens an example [default: 128]
    #[arg(long, alias = "max_length", value_parser = count, value_name = "N")]
    pub max_seq_length: Option<usize>,
    /// Print JSON [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub json: Option<bool>,
    /// Of the model, should it come from the Hub.
    #[command(flatten)]
    pub hub: HubArgs,
}

impl TryFrom<ModelsArgs> for ModelsOptions {
    type Error = Error;

    fn try_from(args: ModelsArgs) -> Result<Self, Error> {
        let name = args.model.as_deref();
        Ok(Self {
            model: name.map(|name| model_choice(Some(name), args.hub.revision.as_deref(), false)).transpose()?,
            hub: args.hub.into(),
            num_labels: args.num_labels,
            batch_size: args.batch_size.unwrap_or(32),
            max_seq_length: args.max_seq_length.unwrap_or(128),
            json: args.json.unwrap_or(false),
        })
    }
}
