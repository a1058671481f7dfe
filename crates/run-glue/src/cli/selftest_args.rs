//! Flags of `run-glue selftest`.

use clap::Args;

use super::machine_args::MachineArgs;
use super::value_parsers::BoolFlag;

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
