//! Counts over a whole training.

use serde::{Deserialize, Serialize};

/// Counts over the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Optimizer steps.
    pub steps: usize,
    /// Epochs, with the fraction.
    pub epoch: f64,
    /// Rows trained on.
    pub examples: usize,
    /// Tokens without padding.
    pub tokens: usize,
    /// Rows of the computed matrices, padding included.
    pub computed_rows: usize,
    /// Tokens that run_glue.py would feed to the model: every batch padded to its longest row, or to the fixed length.
    pub padded_tokens: usize,
    /// Wall-clock seconds of the training, evaluations and checkpoints between its steps included; those of an earlier
    /// process that the run goes on from too.
    pub seconds: f64,
    /// Mean of the step losses, once the training has ended.
    pub train_loss: f64,
    /// The most rows that were computed at once at the end.
    #[serde(default)]
    pub micro_batch: usize,
    /// How many shapes the micro-batches of this process had.
    #[serde(default)]
    pub batch_shapes: usize,
    /// Steps that were left out because their gradients overflowed (`--fp16`).
    #[serde(default)]
    pub skipped_steps: usize,
}
