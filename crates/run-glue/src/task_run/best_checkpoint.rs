//! The best evaluation of a run, and where its weights are.

use std::path::PathBuf;

use crate::trainer::best::Best;

/// The best evaluation so far.
#[derive(Clone, Debug, Default)]
pub(super) struct BestCheckpoint {
    pub(super) best: Best,
    /// Absent where no checkpoint was saved at its step.
    pub(super) folder: Option<PathBuf>,
}
