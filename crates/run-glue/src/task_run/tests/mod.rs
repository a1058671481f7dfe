//! Whole runs of the demo.

mod batch_size_finder;
mod hooks;
mod replicas;
