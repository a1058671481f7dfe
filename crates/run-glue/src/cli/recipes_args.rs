//! Flags of `run-glue recipes`.

use clap::Args;

use super::recipes::RecipesOptions;
use super::value_parsers::BoolFlag;

/// What can be typed.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct RecipesArgs {
    /// The one to show, with the words of its source: a name, or a file ending in .toml [default: list all]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print JSON [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub json: Option<bool>,
}

impl From<RecipesArgs> for RecipesOptions {
    fn from(args: RecipesArgs) -> Self {
        Self { name: args.name, json: args.json.unwrap_or(false) }
    }
}
