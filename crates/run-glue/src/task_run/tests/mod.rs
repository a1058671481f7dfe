//! Whole runs of the demo.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch_size_finder;
mod replicas;
