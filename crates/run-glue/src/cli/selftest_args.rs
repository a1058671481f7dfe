//! Flags of `run-glue selftest`.

use clap::Args;

use super::machine_args::MachineArgs;
use super::value_parsers::BoolFlag;
use crate::error::Error;
use crate::selftest::SelftestOptions;
use crate::settings::MachineSettings;

/// What can be typed.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct SelftestArgs {
    /// Only cases whose group or name holds this text
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Print JSON [default: false]
    #[arg(long, bool_flag())]
    pub json: Option<bool>,
    /// What computes, and how exactly.
    #[command(flatten)]
    pub machine: MachineArgs,
}

impl TryFrom<SelftestArgs> for SelftestOptions {
    type Error = Error;

    fn try_from(args: SelftestArgs) -> Result<Self, Error> {
        Ok(Self {
            only: args.only.unwrap_or_default(),
            json: args.json.unwrap_or(false),
            machine: MachineSettings::try_from(&args.machine)?,
        })
    }
}
