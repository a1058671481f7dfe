//! What a training reads: labelled rows of one split, and what the losses of some of them are divided by.

use std::sync::Arc;

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
    /// Where masks of dropout come from that are not our own.
    pub dropout: Option<TorchDropout<'a>>,
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
