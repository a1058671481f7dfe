//! Tables, comparison and statistics as whoever uses the crate sees them, beside the committed records and scipy's numbers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]

use std::path::PathBuf;

mod compared;
mod statistics;
mod table;

/// A folder of the records that lie in this repository, which earlier versions wrote.
fn results(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../results")).join(name)
}
