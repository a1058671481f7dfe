//! What a training reads: labelled rows of one split, and what the losses of some of them are divided by.

use std::sync::Arc;

use models::head::SoftTargets;

use super::torch_dropout::TorchDropout;
use crate::data::{Padding, Split};

/// What a loop trains on.
pub struct TrainingData<'a> {
    /// Labelled rows.
    pub split: &'a Split,
    /// Layout of batches.
    pub padding: Padding,
    /// Dataset class to model class.
    pub class_order: &'a [usize],
    /// What the loss of an example of each model class is multiplied with.
    pub class_weights: Option<Arc<[f64]>>,
    /// What a teacher says of the rows.
    pub teacher: Option<TeacherLogits>,
    /// Where masks of dropout come from that are not our own.
    pub dropout: Option<TorchDropout<'a>>,
}

/// What a teacher says of every row of a split, and how much it counts.
#[derive(Clone, Debug)]
pub struct TeacherLogits {
    /// `[rows, num_labels]`, row-major, classes in the model's order.
    pub logits: Arc<[f32]>,
    /// Logits a row.
    pub num_labels: usize,
    /// See [`SoftTargets`].
    pub temperature: f64,
    /// See [`SoftTargets`].
    pub alpha_ce: f64,
}

impl TeacherLogits {
    /// Of some rows, in a step of so many examples.
    pub(super) fn soft_targets(&self, rows: &[u32], examples: usize) -> SoftTargets {
        let of_row = |row: &u32| &self.logits[*row as usize * self.num_labels..][..self.num_labels];
        SoftTargets {
            logits: rows.iter().flat_map(of_row).copied().collect(),
            temperature: self.temperature,
            alpha_ce: self.alpha_ce,
            divisor: examples as f64,
        }
    }
}

impl TrainingData<'_> {
    /// What the sum of the losses of these rows is divided by: their number, or the sum of their weights, as
    /// `torch.nn.CrossEntropyLoss` does.
    pub(super) fn divisor(&self, groups: &[Vec<u32>]) -> f64 {
        let rows = groups.iter().flatten();
        match &self.class_weights {
            None => rows.count() as f64,
            Some(weights) => rows.filter_map(|&row| self.split.class(row)).map(|c| weights[self.class_order[c]]).sum(),
        }
    }
}
