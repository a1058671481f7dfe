//! The gradients of a step in the order of the parameters, and their norm.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensorOps as _;
use burn::tensor::{Tensor, TensorMetadata};
use models::batch::TokenBatch;
use models::ops::adamw::{add, dense};
use models::ops::{EncoderOps, Gradient, GradientNorm};

use super::tensors::{Inner, host_values};

/// Gradients of a module's parameters, in the module's order; `None` where the loss does not depend on one.
pub struct Gradients<B: AutodiffBackend>(pub(super) Vec<Option<ParameterGradient<B>>>);

/// The gradient of one parameter.
pub(super) struct ParameterGradient<B: AutodiffBackend> {
    pub(super) gradient: Gradient<Inner<B>>,
    /// Of the parameter.
    rows: usize,
}

struct Collect<'a, B: AutodiffBackend> {
    grads: &'a mut B::Gradients,
    batch: &'a TokenBatch,
    collected: Vec<Option<ParameterGradient<B>>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Collect<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        let rows = value.dims()[0];
        self.collected.push(value.grad_remove(self.grads).map(|gradient| {
            let values = gradient.into_primitive().tensor();
            // The words' table: its gradient has the rows of the batch alone.
            let ids = (values.shape()[0] != rows).then(|| self.batch.distinct_tokens().ids.clone());
            ParameterGradient { gradient: Gradient { values, rows: ids }, rows }
        }));
    }
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> Gradients<B> {
    /// Takes the gradients that a backward pass over `batch` left.
    pub fn collect<M: Module<B>>(module: &M, mut grads: B::Gradients, batch: &TokenBatch) -> Self {
        let mut visitor = Collect::<B> { grads: &mut grads, batch, collected: Vec::new() };
        module.visit(&mut visitor);
        Self(visitor.collected)
    }

    /// Adds another micro-batch's gradients.
    pub fn add(&mut self, other: Self) {
        for (sum, gradient) in self.0.iter_mut().zip(other.0) {
            *sum = match (sum.take(), gradient) {
                (Some(a), Some(b)) => {
                    let gradient = add::<B::InnerBackend>(a.gradient, b.gradient, a.rows);
                    Some(ParameterGradient { gradient, rows: a.rows })
                }
                (a, b) => a.or(b),
            };
        }
    }

    /// The same on another device.
    pub fn moved_to(self, device: &B::Device) -> Self {
        let moved = |ParameterGradient { gradient: Gradient { values, rows: ids }, rows }: ParameterGradient<B>| {
            let values = B::InnerBackend::float_to_device(values, device);
            ParameterGradient { gradient: Gradient { values, rows: ids }, rows }
        };
        Self(self.0.into_iter().map(|parameter| parameter.map(moved)).collect())
    }

    /// The gradients on the host, row-major, in their parameters' shapes; empty where there is none.
    pub fn values(&self) -> Vec<Vec<f32>> {
        let host = |ParameterGradient { gradient, rows }: &ParameterGradient<B>| {
            host_values::<B::InnerBackend>(dense::<B::InnerBackend>(gradient.clone(), *rows))
        };
        self.0.iter().map(|parameter| parameter.as_ref().map(host).unwrap_or_default()).collect()
    }

    /// L2 norm over all parameters (`torch.nn.utils.clip_grad_norm_`'s total norm).
    pub fn norm(&self) -> GradientNorm<Inner<B>> {
        let values = self.0.iter().flatten().map(|parameter| parameter.gradient.values.clone()).collect();
        B::InnerBackend::gradient_norm(values)
    }
}
