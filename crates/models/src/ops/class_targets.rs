//! The targets of cross-entropy.

use std::sync::Arc;

/// The classes of a batch, and what their losses' sum is divided by.
#[derive(Clone, Debug)]
pub struct ClassTargets {
    /// The class of each row of the logits, from 0 to below their columns.
    pub classes: Arc<[u32]>,
    /// Examples of the whole optimizer step, or the sum of their weights.
    pub divisor: f64,
    /// Share of the target that is spread over all classes alike (Szegedy et al. 2016); 0 is none. Not with weights.
    pub label_smoothing: f64,
    /// What the loss of an example of each class is multiplied with; `None`: 1.
    pub class_weights: Option<Arc<[f64]>>,
}

impl ClassTargets {
    /// What the loss of an example of `class` is multiplied with.
    #[must_use]
    pub fn weight(&self, class: u32) -> f64 {
        self.class_weights.as_ref().map_or(1.0, |weights| weights[class as usize])
    }
}
