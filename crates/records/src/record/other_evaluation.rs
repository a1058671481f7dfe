//! What a finished run's model scores on rows of another set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dataset_info::DatasetInfo;
use super::parts::{Program, Scores};

/// What a run's model scores on another set. Neither the run's score nor any average or comparison is made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherEvaluation {
    /// The set, or its part: `hans`, `adv_glue/adv_rte`.
    pub name: String,
    /// Of each class of the model what it counts as.
    pub classes: BTreeMap<String, String>,
    /// The rows.
    pub dataset: DatasetInfo,
    /// `accuracy`, 0 to 1.
    pub metrics: Scores,
    /// What a model scores that always says the most frequent class.
    pub majority_baseline: Option<f64>,
    /// Tokens of the longest input.
    pub max_seq_length: u64,
    /// What the factors of matrix products were rounded to: `f32`, `tf32`, `bf16`, `fp16`.
    pub precision: String,
    /// On what it was computed, such as `flex`.
    pub backend: String,
    /// When, in UTC.
    pub evaluated_at: String,
    /// By what.
    pub program: Program,
}
