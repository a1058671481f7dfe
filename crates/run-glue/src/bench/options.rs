//! What a benchmark is told.

use std::path::PathBuf;

use crate::settings::MachineSettings;

/// What a benchmark is told.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// config.json of the encoder; its weights are random. Needed for all but `peak`.
    pub config: Option<PathBuf>,
    /// Tokens of each example of the batch.
    pub lengths: Vec<usize>,
    /// Steps that are timed, at least 1.
    pub steps: usize,
    /// Steps before them, which compile kernels and fill caches.
    pub warmup: usize,
    /// Forward passes without gradients instead.
    pub inference: bool,
    /// The largest rate of a square product instead.
    pub peak: bool,
    /// The model is written into this folder instead.
    pub save_model: Option<PathBuf>,
    /// What computes, and how exactly.
    pub machine: MachineSettings,
}
