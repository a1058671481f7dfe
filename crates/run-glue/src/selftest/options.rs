//! What a self-test is told.

use crate::settings::MachineSettings;

/// What a self-test is told.
#[derive(Clone, Debug, Default)]
pub struct SelftestOptions {
    /// Only cases whose group or name holds this text, in any case of letters; empty: all.
    pub only: String,
    /// JSON instead of a table.
    pub json: bool,
    /// What is tested.
    pub machine: MachineSettings,
}
