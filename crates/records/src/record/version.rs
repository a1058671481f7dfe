//! The number of the record's format.

use serde::Deserialize;

/// The version of the record's format that this program writes.
pub const FORMAT_VERSION: u32 = 2;

/// The first version, which is still read: what it does not say is unknown.
pub(super) const FIRST_VERSION: u32 = 1;

/// What every version of a record has.
#[derive(Deserialize)]
pub(super) struct Versioned {
    pub(super) format_version: u64,
}
