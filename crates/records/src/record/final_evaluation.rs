//! What the weights at the end of a run score on rows that were asked for, each part by itself.

use serde::{Deserialize, Serialize};

use super::dataset_info::SplitRows;
use super::parts::Scores;

/// One part of the data. It is shown for itself: neither the run's score nor any average or comparison is made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalEvaluation {
    /// What was asked for: `train`, `validation` and `test` are the run's own rows, all else are parts of splits.
    pub name: String,
    /// The rows.
    pub data: SplitRows,
    /// Scores and the loss.
    pub metrics: Scores,
}
