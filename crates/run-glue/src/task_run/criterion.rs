//! What the loss is besides its kind: smoothed labels, weights of classes.

use std::sync::Arc;

use super::prepare::Prepared;
use crate::data::Split;
use crate::error::Error;
use crate::settings::{ClassWeights, Settings};

/// What training and evaluation compute the loss with.
pub(super) struct Criterion {
    pub(super) label_smoothing_factor: f64,
    /// Weights of the model's classes.
    pub(super) class_weights: Option<Arc<[f64]>>,
    /// The same in the dataset's order.
    pub(super) by_dataset: Option<Vec<f64>>,
}

impl Criterion {
    /// Finds the weights, of `balanced` ones by counting the training split.
    pub(super) fn new(settings: &Settings, prepared: &Prepared, class_order: &[usize]) -> Result<Self, Error> {
        let training = &settings.training;
        let num_labels = class_order.len();
        let by_dataset = match &training.class_weights {
            None => None,
            Some(ClassWeights::Given(weights)) if weights.len() == num_labels => Some(weights.clone()),
            Some(ClassWeights::Given(weights)) => {
                return Err(Error::usage(format!(
                    "--class_weights has {} weights, and there are {num_labels} classes: {}",
                    weights.len(),
                    prepared.task.labels.join(", ")
                )));
            }
            Some(ClassWeights::Balanced) => prepared.train.as_ref().map(|split| balanced(split, num_labels)),
        };
        let class_weights = by_dataset.as_ref().map(|weights| {
            let mut of_model = vec![0.0; num_labels];
            class_order.iter().zip(weights).for_each(|(&class, &weight)| of_model[class] = weight);
            Arc::from(of_model)
        });
        Ok(Self { label_smoothing_factor: training.label_smoothing_factor, class_weights, by_dataset })
    }
}

/// Rows over classes and the class's rows; a class without rows weighs nothing.
fn balanced(split: &Split, num_labels: usize) -> Vec<f64> {
    let mut counts = vec![0usize; num_labels];
    (0..split.len() as u32).filter_map(|row| split.class(row)).for_each(|class| counts[class] += 1);
    let weight = |count: usize| if count == 0 { 0.0 } else { split.len() as f64 / (num_labels * count) as f64 };
    counts.into_iter().map(weight).collect()
}
