//! AdamW over a module's parameters in two groups, gradients in the same order, and their global norm.

use std::collections::{HashMap, HashSet};

use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, Tensor, TensorData, TensorMetadata, TensorPrimitive};
use models::batch::TokenBatch;
use models::names::TensorName;
use models::ops::adamw::{add, zero_moments};
use models::ops::{AdamWSlot, AdamWStep, EncoderOps, Gradient};
use models::parameters::HostTensor;

use crate::cli::settings::TrainingSettings;

/// A parameter, gradient or moment of a backend without its autodiff.
type Inner<B> = FloatTensor<<B as AutodiffBackend>::InnerBackend>;

/// Gradients of a module's parameters, in the module's order; `None` where the loss does not depend on one.
pub struct Gradients<B: AutodiffBackend>(Vec<Option<Parameter<B>>>);

struct Parameter<B: AutodiffBackend> {
    gradient: Gradient<Inner<B>>,
    /// Of the parameter.
    rows: usize,
}

struct Collect<'a, B: AutodiffBackend> {
    grads: &'a mut B::Gradients,
    batch: &'a TokenBatch,
    found: Vec<Option<Parameter<B>>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Collect<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        let rows = value.dims()[0];
        self.found.push(value.grad_remove(self.grads).map(|gradient| {
            let values = gradient.into_primitive().tensor();
            // The words' table: its gradient has the rows of the batch alone.
            let ids = (values.shape()[0] != rows).then(|| self.batch.words().ids.clone());
            Parameter { gradient: Gradient { values, rows: ids }, rows }
        }));
    }
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> Gradients<B> {
    /// Takes the gradients that a backward pass over `batch` left.
    pub fn collect<M: Module<B>>(module: &M, mut grads: B::Gradients, batch: &TokenBatch) -> Self {
        let mut visitor = Collect::<B> { grads: &mut grads, batch, found: Vec::new() };
        module.visit(&mut visitor);
        Self(visitor.found)
    }

    /// Adds another micro-batch's gradients.
    pub fn add(&mut self, other: Self) {
        for (sum, gradient) in self.0.iter_mut().zip(other.0) {
            *sum = match (sum.take(), gradient) {
                (Some(a), Some(b)) => {
                    let gradient = add::<B::InnerBackend>(a.gradient, b.gradient, a.rows);
                    Some(Parameter { gradient, rows: a.rows })
                }
                (a, b) => a.or(b),
            };
        }
    }

    /// L2 norm over all parameters (`torch.nn.utils.clip_grad_norm_`'s total norm).
    pub fn norm(&self) -> f64 {
        let values = self.0.iter().flatten().map(|parameter| parameter.gradient.values.clone()).collect();
        B::InnerBackend::eo_sum_of_squares(values).sqrt()
    }
}

/// What AdamW keeps of a parameter from step to step.
struct State<T> {
    moments: (T, T),
    weight_decay: f64,
    touched: Vec<bool>,
}

/// AdamW's moments and groups.
pub struct AdamW<B: AutodiffBackend> {
    /// Absent before the first step.
    states: Option<Vec<State<Inner<B>>>>,
    weight_decays: Vec<f64>,
    /// Paths and shapes of the parameters, in the module's order.
    parameters: Vec<(String, Vec<usize>)>,
    step: i32,
    template: AdamWStep,
}

/// Names of what is kept of a parameter, in front of its path.
const KEPT: [&str; 3] = ["exp_avg.", "exp_avg_sq.", "touched."];

/// Takes the values out of a module, so that nothing else holds them while the step changes them in place.
struct TakeOut<B: AutodiffBackend>(Vec<Inner<B>>);

impl<B: AutodiffBackend> ModuleMapper<B> for TakeOut<B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        param.map(|tensor| {
            let device = tensor.device();
            self.0.push(tensor.inner().into_primitive().tensor());
            Tensor::empty([1; D], &device)
        })
    }
}

/// Puts them back.
struct PutBack<T>(std::vec::IntoIter<T>);

impl<B: AutodiffBackend> ModuleMapper<B> for PutBack<Inner<B>> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let Some(value) = self.0.next() else { return param };
        param.map(|_| Tensor::from_inner(Tensor::from_primitive(TensorPrimitive::Float(value))).require_grad())
    }
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> AdamW<B> {
    /// No moments yet. A parameter decays unless it is a bias or belongs to a normalisation.
    pub fn new<M: Module<B>>(module: &M, names: &[TensorName], settings: &TrainingSettings) -> Self {
        let decaying: HashSet<&str> = names.iter().filter(|n| n.decay).map(|n| n.parameter.as_str()).collect();
        let weight_decay = |path: &str| if decaying.contains(path) { settings.weight_decay } else { 0.0 };
        let parameters = models::parameters::shapes(module);
        Self {
            states: None,
            weight_decays: parameters.iter().map(|(path, _)| weight_decay(path)).collect(),
            parameters,
            step: 0,
            template: AdamWStep {
                learning_rate: 0.0,
                beta1: settings.adam_beta1,
                beta2: settings.adam_beta2,
                epsilon: settings.adam_epsilon,
                step: 0,
                gradient_scale: 1.0,
            },
        }
    }

    /// Steps made so far.
    pub fn steps(&self) -> usize {
        self.step as usize
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
        let mut values = TakeOut(Vec::new());
        let module = module.map(&mut values);
        let states = self.states.take().unwrap_or_else(|| self.fresh(&values.0));
        let gradients = gradients.0.into_iter().map(|parameter| parameter.map(|p| p.gradient));
        let slots = values.0.into_iter().zip(states).zip(gradients).map(|((parameter, state), gradient)| AdamWSlot {
            parameter,
            gradient,
            moments: state.moments,
            weight_decay: state.weight_decay,
            touched: state.touched,
        });
        let slots = B::InnerBackend::eo_adamw(slots.collect(), &step);
        let (values, states): (Vec<_>, Vec<_>) = slots
            .into_iter()
            .map(|slot| {
                let AdamWSlot { parameter, moments, weight_decay, touched, .. } = slot;
                (parameter, State { moments, weight_decay, touched })
            })
            .unzip();
        self.states = Some(states);
        module.map(&mut PutBack(values.into_iter()))
    }

    /// Moments by the path of their parameter: none before the first step.
    pub fn tensors(&self) -> Vec<(String, HostTensor)> {
        let kept = |(state, (path, shape)): (&State<Inner<B>>, &(String, Vec<usize>))| {
            let touched = state.touched.iter().map(|&touched| f32::from(u8::from(touched))).collect();
            let touched = HostTensor { shape: vec![state.touched.len()], values: touched };
            let [first, second] = [&state.moments.0, &state.moments.1].map(|moment| HostTensor {
                shape: shape.clone(),
                values: host_values::<B::InnerBackend>(moment.clone()),
            });
            KEPT.iter().zip([first, second, touched]).map(|(kind, tensor)| (format!("{kind}{path}"), tensor)).collect()
        };
        let states = self.states.iter().flatten().zip(&self.parameters);
        states.flat_map(|pair| -> Vec<(String, HostTensor)> { kept(pair) }).collect()
    }

    /// Takes up the moments of [`Self::tensors`] after `step` steps.
    ///
    /// # Errors
    /// The name of a tensor that is missing or has another size.
    pub fn restore(
        &mut self,
        mut tensors: HashMap<String, HostTensor>,
        step: usize,
        device: &B::Device,
    ) -> Result<(), String> {
        self.step = step as i32;
        if step == 0 {
            return Ok(());
        }
        let mut states = Vec::new();
        for ((path, shape), &weight_decay) in self.parameters.iter().zip(&self.weight_decays) {
            let mut take = |kind: &str, len: usize| {
                let name = format!("{kind}{path}");
                tensors.remove(&name).map(|t| t.values).filter(|values| values.len() == len).ok_or(name)
            };
            let size = shape.iter().product();
            let [first, second] = [take(KEPT[0], size)?, take(KEPT[1], size)?].map(|values| {
                let flat = Tensor::<B::InnerBackend, 1>::from_data(TensorData::new(values, [size]), device);
                B::InnerBackend::float_reshape(flat.into_primitive().tensor(), Shape::from(shape.clone()))
            });
            let touched = take(KEPT[2], shape[0])?.into_iter().map(|v| v != 0.0).collect();
            states.push(State { moments: (first, second), weight_decay, touched });
        }
        self.states = Some(states);
        Ok(())
    }

    fn fresh(&self, parameters: &[Inner<B>]) -> Vec<State<Inner<B>>> {
        let state = |(parameter, &weight_decay): (&Inner<B>, &f64)| State {
            moments: zero_moments::<B::InnerBackend>(parameter),
            weight_decay,
            touched: vec![false; parameter.shape()[0]],
        };
        parameters.iter().zip(&self.weight_decays).map(state).collect()
    }
}

fn host_values<B: Backend>(x: FloatTensor<B>) -> Vec<f32> {
    let n = x.shape().num_elements();
    let flat = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(B::float_reshape(x, [n].into())));
    flat.into_data().iter().collect()
}

/// What gradients are multiplied with so that their norm is at most `max_norm` (`clip_grad_norm_`); 0 is off.
#[must_use]
pub fn clip_coefficient(norm: f64, max_norm: f64) -> f64 {
    if max_norm > 0.0 { (max_norm / (norm + 1e-6)).min(1.0) } else { 1.0 }
}
