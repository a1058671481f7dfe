//! AdamW over a module's parameters in two groups, gradients in the same order, and their global norm.

use std::collections::HashSet;

use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Tensor, TensorPrimitive};
use models::names::TensorName;
use models::ops::{AdamWStep, EncoderOps};

use crate::cli::settings::TrainingSettings;

/// Gradients of a module's parameters, in the module's order; `None` where the loss does not depend on one.
pub struct Gradients<B: AutodiffBackend>(Vec<Option<FloatTensor<B::InnerBackend>>>);

struct Collect<'a, B: AutodiffBackend> {
    grads: &'a mut B::Gradients,
    found: Vec<Option<FloatTensor<B::InnerBackend>>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Collect<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let gradient = param.val().grad_remove(self.grads);
        self.found.push(gradient.map(|g| g.into_primitive().tensor()));
    }
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> Gradients<B> {
    /// Takes the gradients that a backward pass left.
    pub fn collect<M: Module<B>>(module: &M, mut grads: B::Gradients) -> Self {
        let mut visitor = Collect::<B> { grads: &mut grads, found: Vec::new() };
        module.visit(&mut visitor);
        Self(visitor.found)
    }

    /// Adds another micro-batch's gradients.
    pub fn add(&mut self, other: Self) {
        for (sum, gradient) in self.0.iter_mut().zip(other.0) {
            *sum = match (sum.take(), gradient) {
                (Some(a), Some(b)) => Some(B::InnerBackend::float_add(a, b)),
                (a, b) => a.or(b),
            };
        }
    }

    /// L2 norm over all parameters (`torch.nn.utils.clip_grad_norm_`'s total norm).
    pub fn norm(&self) -> f64 {
        let squares = self.0.iter().flatten().map(|g| B::InnerBackend::eo_sum_of_squares(g.clone()));
        squares.sum::<f64>().sqrt()
    }
}

/// First and second moment of a parameter.
type Moments<B> = (FloatTensor<B>, FloatTensor<B>);

/// AdamW's moments and groups.
pub struct AdamW<B: AutodiffBackend> {
    moments: Vec<Option<Moments<B::InnerBackend>>>,
    decays: Vec<bool>,
    step: i32,
    template: AdamWStep,
}

struct Apply<'a, B: AutodiffBackend> {
    optimizer: &'a mut AdamW<B>,
    gradients: std::vec::IntoIter<Option<FloatTensor<B::InnerBackend>>>,
    step: AdamWStep,
    weight_decay: f64,
    index: usize,
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> ModuleMapper<B> for Apply<'_, B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let index = self.index;
        self.index += 1;
        let Some(gradient) = self.gradients.next().flatten() else { return param };
        let moments = &mut self.optimizer.moments[index];
        let weight_decay = if self.optimizer.decays[index] { self.weight_decay } else { 0.0 };
        let step = AdamWStep { weight_decay, ..self.step };
        param.map(|tensor| {
            let value = tensor.inner().into_primitive().tensor();
            let (first, second) = moments.take().unwrap_or_else(|| {
                let zeros = || {
                    B::InnerBackend::float_zeros(
                        shape(&value),
                        &B::InnerBackend::float_device(&value),
                        burn::tensor::FloatDType::F32,
                    )
                };
                (zeros(), zeros())
            });
            let (value, first, second) = B::InnerBackend::eo_adamw(value, gradient, (first, second), &step);
            *moments = Some((first, second));
            Tensor::from_inner(Tensor::from_primitive(TensorPrimitive::Float(value))).require_grad()
        })
    }
}

fn shape<T: burn::tensor::TensorMetadata>(tensor: &T) -> burn::tensor::Shape {
    tensor.shape()
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> AdamW<B> {
    /// Fresh moments. A parameter decays unless it is a bias or belongs to a normalisation.
    pub fn new<M: Module<B>>(module: &M, names: &[TensorName], settings: &TrainingSettings) -> Self {
        let decaying: HashSet<&str> = names.iter().filter(|n| n.decay).map(|n| n.parameter.as_str()).collect();
        let paths = models::parameters::shapes(module);
        Self {
            moments: paths.iter().map(|_| None).collect(),
            decays: paths.iter().map(|(path, _)| decaying.contains(path.as_str())).collect(),
            step: 0,
            template: AdamWStep {
                learning_rate: 0.0,
                weight_decay: settings.weight_decay,
                beta1: settings.adam_beta1,
                beta2: settings.adam_beta2,
                epsilon: settings.adam_epsilon,
                step: 0,
                gradient_scale: 1.0,
            },
        }
    }

    /// One step: `gradients` times `gradient_scale`, at `learning_rate`.
    pub fn step<M: AutodiffModule<B>>(
        &mut self,
        module: M,
        gradients: Gradients<B>,
        learning_rate: f64,
        gradient_scale: f64,
    ) -> M {
        self.step += 1;
        let step = AdamWStep { learning_rate, step: self.step, gradient_scale: gradient_scale as f32, ..self.template };
        let weight_decay = self.template.weight_decay;
        let mut mapper = Apply { optimizer: self, gradients: gradients.0.into_iter(), step, weight_decay, index: 0 };
        module.map(&mut mapper)
    }
}

/// What gradients are multiplied with so that their norm is at most `max_norm` (`clip_grad_norm_`); 0 is off.
#[must_use]
pub fn clip_coefficient(norm: f64, max_norm: f64) -> f64 {
    if max_norm > 0.0 { (max_norm / (norm + 1e-6)).min(1.0) } else { 1.0 }
}
