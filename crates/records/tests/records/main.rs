//! Records and their files as whoever uses the crate sees them, beside their schema and their documentation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]

#[path = "../../../run-glue/tests/support/json_schema.rs"]
mod json_schema;

mod damaged;
mod kept;
mod record;
mod role;
