//! Flags of a command about one model, which may come from the Hub.

use std::path::PathBuf;

use clap::Args;

use trainer::settings::HubAccess;

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct HubArgs {
    /// Branch, tag or commit of the model [default: main]
    #[arg(long, alias = "model_revision", value_name = "REV")]
    pub revision: Option<String>,
    /// Folder for downloads [default: the Hugging Face cache]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// Access token for the Hub [default: HF_TOKEN, or the token file]
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
}

impl From<HubArgs> for HubAccess {
    fn from(HubArgs { revision: _, cache_dir, token }: HubArgs) -> Self {
        Self { cache_dir, token }
    }
}
