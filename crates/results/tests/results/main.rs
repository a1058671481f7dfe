//! Records, files and statistics as whoever uses the crate sees them, beside their schema and scipy's numbers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]

#[path = "../../../run-glue/tests/support/json_schema.rs"]
mod json_schema;

mod compared;
mod record;
mod statistics;
