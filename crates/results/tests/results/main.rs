//! Tables, comparison, verification and statistics as whoever uses the crate sees them, beside the committed records and scipy's
//! numbers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]

use std::path::PathBuf;

#[path = "../../../run-glue/tests/support/json_schema.rs"]
mod json_schema;

mod compared;
mod counted_once;
mod published;
mod statistics;
mod table;
mod verified;
mod verified_again;
mod verified_gaps;
mod verified_names;
mod verified_origins;
mod verified_remarks;
mod verified_rows;
mod verified_undefined;

/// A folder of the records that lie in this repository, which earlier versions wrote.
fn results(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../results")).join(name)
}

/// A file of this folder.
fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).join(name)
}
