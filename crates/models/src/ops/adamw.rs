//! What an optimizer step takes and gives: AdamW over all parameters at once.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{FloatDType, IndexingUpdateOp, Shape, Tensor, TensorMetadata};

use super::primitive::{indices, raw, wrap};

/// Numbers of one step of AdamW (Loshchilov & Hutter 2019), bias-corrected as `torch.optim.AdamW` is.
#[derive(Clone, Copy, Debug)]
pub struct AdamWStep {
    /// Learning rate of this step, schedule included.
    pub learning_rate: f64,
    /// Decay of the first moment, 0 to below 1.
    pub beta1: f64,
    /// Decay of the second moment, 0 to below 1.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// 1-based number of this step.
    pub step: i32,
    /// Gradients are multiplied with it first (clipping).
    pub gradient_scale: f32,
}

/// A parameter's gradient: whole, or of the rows of a table that a batch used.
#[derive(Clone, Debug)]
pub struct Gradient<T> {
    /// In the parameter's shape, but for the first axis where `rows` is given.
    pub values: T,
    /// The parameter's rows that `values` holds, ascending; all others are 0. `None`: all rows.
    pub rows: Option<Arc<[u32]>>,
}

/// A parameter with its gradient and its moments. All belong to the step while it is made, so that it can be made in place.
#[derive(Debug)]
pub struct AdamWSlot<T> {
    /// Any shape; where the gradient has rows, `[rows, columns]`.
    pub parameter: T,
    /// `None` where the loss does not depend on the parameter: it stays as it is.
    pub gradient: Option<Gradient<T>>,
    /// First and second moment, in the parameter's shape.
    pub moments: (T, T),
    /// What the step's learning rate is multiplied with for this parameter.
    pub learning_rate_scale: f64,
    /// Decoupled weight decay of the parameter's group.
    pub weight_decay: f64,
    /// Which rows ever had a gradient. A row that had none has moments of 0, and without
    /// weight decay the step leaves it as it is.
    pub touched: Vec<bool>,
}

impl<T> AdamWSlot<T> {
    /// Marks the rows that have a gradient now.
    pub(crate) fn touch(&mut self) {
        match self.gradient.as_ref().map(|gradient| &gradient.rows) {
            None => {}
            // Every row counts from now on, also where a later gradient has only some.
            Some(None) => self.touched.fill(true),
            Some(Some(ids)) => ids.iter().for_each(|&id| self.touched[id as usize] = true),
        }
    }
}

/// The numbers of a step in f32.
#[cfg(any(feature = "flex", feature = "cube"))]
#[derive(Clone, Copy)]
pub(crate) struct Factors {
    pub(crate) decay: f32,
    pub(crate) rate1: f32,
    pub(crate) rate2: f32,
    pub(crate) beta2: f32,
    pub(crate) step_size: f32,
    pub(crate) root_correction: f32,
    pub(crate) epsilon: f32,
    pub(crate) gradient_scale: f32,
}

#[cfg(any(feature = "flex", feature = "cube"))]
impl Factors {
    pub(crate) fn new(step: &AdamWStep, weight_decay: f64, learning_rate_scale: f64) -> Self {
        let learning_rate = step.learning_rate * learning_rate_scale;
        Self {
            decay: (1.0 - learning_rate * weight_decay) as f32,
            rate1: (1.0 - step.beta1) as f32,
            rate2: (1.0 - step.beta2) as f32,
            beta2: step.beta2 as f32,
            step_size: (learning_rate / (1.0 - step.beta1.powi(step.step))) as f32,
            root_correction: (1.0 - step.beta2.powi(step.step)).sqrt() as f32,
            epsilon: step.epsilon as f32,
            gradient_scale: step.gradient_scale,
        }
    }
}

/// A gradient in its parameter's shape.
#[must_use]
pub fn dense<B: Backend>(gradient: Gradient<FloatTensor<B>>, rows: usize) -> FloatTensor<B> {
    let Some(ids) = gradient.rows else { return gradient.values };
    let values: Tensor<B, 2> = wrap(gradient.values);
    scatter(Tensor::zeros([rows, values.dims()[1]], &values.device()), &ids, values)
}

fn scatter<B: Backend>(into: Tensor<B, 2>, ids: &[u32], values: Tensor<B, 2>) -> FloatTensor<B> {
    let ids = indices(ids.iter().copied(), &values.device());
    raw(into.select_assign(0, ids, values, IndexingUpdateOp::Add))
}

/// The sum of two gradients of one parameter.
#[must_use]
pub fn add<B: Backend>(
    a: Gradient<FloatTensor<B>>,
    b: Gradient<FloatTensor<B>>,
    rows: usize,
) -> Gradient<FloatTensor<B>> {
    let (Some(ids_a), Some(ids_b)) = (&a.rows, &b.rows) else {
        return Gradient { values: B::float_add(dense::<B>(a, rows), dense::<B>(b, rows)), rows: None };
    };
    let mut both: Vec<u32> = ids_a.iter().chain(ids_b.iter()).copied().collect();
    both.sort_unstable();
    both.dedup();
    let place = |ids: &[u32]| -> Vec<u32> {
        ids.iter().filter_map(|id| both.binary_search(id).ok()).map(|place| place as u32).collect()
    };
    let (places_a, places_b) = (place(ids_a), place(ids_b));
    let (a, b): (Tensor<B, 2>, Tensor<B, 2>) = (wrap(a.values), wrap(b.values));
    let zeros = Tensor::zeros([both.len(), a.dims()[1]], &a.device());
    let values = scatter(wrap(scatter(zeros, &places_a, a)), &places_b, b);
    Gradient { values, rows: Some(both.into()) }
}

/// Zeros for the moments of a parameter.
#[must_use]
pub fn zero_moments<B: Backend>(parameter: &FloatTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    let (shape, device): (Shape, _) = (parameter.shape(), B::float_device(parameter));
    let zeros = || B::float_zeros(shape.clone(), &device, FloatDType::F32);
    (zeros(), zeros())
}
