//! The number of the record's format.

use serde::Deserialize;

/// The version of the record's format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// What every version of a record has.
#[derive(Deserialize)]
pub(super) struct Versioned {
    pub(super) format_version: u64,
}
