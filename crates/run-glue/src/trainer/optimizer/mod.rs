//! Optimizers over a module's parameters: each parameter with its learning rate and weight decay, and a rule that makes the
//! step.

mod adamw;
mod gradients;
mod rules;

use std::collections::HashMap;

use burn::module::{AutodiffModule, Module, ModuleMapper, Param};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorData, TensorMetadata, TensorPrimitive};
use models::names::TensorName;
use models::ops::{ClipFactor, EncoderOps, Gradient, GradientNorm};
use models::parameters::HostTensor;

pub use self::gradients::Gradients;
use crate::settings::{OptimizerKind, TrainingSettings};
use crate::trainer::loss_scale::{LossScaler, Verdict};

/// A parameter, gradient or moment of a backend without its autodiff.
pub(crate) type Inner<B> = FloatTensor<<B as AutodiffBackend>::InnerBackend>;

/// What is known of a parameter.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Path in the module.
    pub(crate) path: String,
    pub(crate) shape: Vec<usize>,
    /// 0 for biases and normalisation.
    pub(crate) weight_decay: f64,
    /// What the learning rate is multiplied with.
    pub(crate) learning_rate_scale: f64,
    /// How many tensors of a checkpoint are stacked in it along the first axis.
    pub(crate) stacked: usize,
}

/// Numbers of one step.
#[derive(Clone, Debug)]
pub(crate) struct Step<T> {
    /// 1-based.
    pub(crate) number: i32,
    pub(crate) learning_rate: f64,
    /// Gradients are multiplied with it first (clipping).
    pub(crate) gradient_scale: f64,
    /// And with this, where it is on the device.
    pub(crate) clip: Option<T>,
}

/// How parameters change with their gradients.
trait Rule<B: Backend> {
    /// The parameters after a step; one without a gradient stays as it is.
    fn step(
        &mut self,
        facts: &[Facts],
        values: Vec<FloatTensor<B>>,
        gradients: Vec<Option<Gradient<FloatTensor<B>>>>,
        step: &Step<FloatTensor<B>>,
    ) -> Vec<FloatTensor<B>>;

    /// What is kept from step to step, by name: nothing before the first step.
    fn tensors(&self, facts: &[Facts]) -> Vec<(String, HostTensor)>;

    /// Takes up what [`Self::tensors`] gave.
    ///
    /// # Errors
    /// The name of a tensor that is missing or has another size.
    fn restore(&mut self, facts: &[Facts], tensors: &mut Kept, device: &B::Device) -> Result<(), String>;
}

/// Tensors of a checkpoint, to be taken one by one.
pub(crate) struct Kept(HashMap<String, HostTensor>);

impl Kept {
    /// The values of a tensor, where it has so many.
    fn take(&mut self, name: String, len: usize) -> Result<Vec<f32>, String> {
        self.0.remove(&name).map(|tensor| tensor.values).filter(|values| values.len() == len).ok_or(name)
    }
}

/// An optimizer and its state.
pub struct Optimizer<B: AutodiffBackend> {
    rule: Box<dyn Rule<B::InnerBackend>>,
    facts: Vec<Facts>,
    step: i32,
    /// Where products are in half precision.
    scaler: Option<LossScaler>,
    /// What the judged step's gradients are multiplied with; the scale may have grown since they were computed.
    unscale: f64,
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> Optimizer<B> {
    /// The optimizer of `--optim`, with nothing kept yet. A parameter decays unless it is a bias or belongs to a
    /// normalisation; with `--layerwise_lr_decay` the rate falls from the head down.
    pub fn new<M: Module<B>>(module: &M, names: &[TensorName], settings: &TrainingSettings) -> Self {
        let names: HashMap<&str, &TensorName> = names.iter().map(|name| (name.parameter.as_str(), name)).collect();
        let shapes = models::parameters::shapes(module);
        let layers = shapes.iter().filter_map(|(path, _)| layer_of(path)).max().map_or(0, |last| last + 1);
        let facts = shapes.into_iter().map(|(path, shape)| {
            let name = names.get(path.as_str());
            Facts {
                weight_decay: if name.is_some_and(|name| name.decay) { settings.weight_decay } else { 0.0 },
                learning_rate_scale: settings
                    .layerwise_lr_decay
                    .powi((layers + 1 - depth(&path, layers, name.is_some_and(|name| name.in_encoder))) as i32),
                stacked: name.map_or(1, |name| name.tensors.len()),
                path,
                shape,
            }
        });
        let rule: Box<dyn Rule<B::InnerBackend>> = match settings.optim {
            OptimizerKind::AdamW => Box::new(adamw::AdamW::new(settings)),
            OptimizerKind::Sgd => Box::new(rules::Composed::new(rules::Sgd)),
            OptimizerKind::Lion => {
                Box::new(rules::Composed::new(rules::Lion { beta1: settings.adam_beta1, beta2: settings.adam_beta2 }))
            }
            OptimizerKind::Adafactor => Box::new(rules::Composed::new(rules::Adafactor)),
        };
        let scaler = settings.first_loss_scale.map(LossScaler::new);
        Self { rule, facts: facts.collect(), step: 0, scaler, unscale: 1.0 }
    }

    /// Steps so far, with those that were left out because of overflow.
    pub fn steps(&self) -> usize {
        self.steps_made() + self.scaler.map_or(0, |scaler| scaler.skipped())
    }

    /// Steps that changed the parameters.
    pub fn steps_made(&self) -> usize {
        self.step as usize
    }

    /// How the loss is scaled, where it is.
    pub fn scaler(&self) -> Option<LossScaler> {
        self.scaler
    }

    /// The loss, times the scale where there is one.
    pub fn scaled(&self, loss: Tensor<B, 1>) -> Tensor<B, 1> {
        match self.scaler {
            Some(scaler) => loss * scaler.scale(),
            None => loss,
        }
    }

    /// The norm that gradients of [`Self::scaled`] losses have without the scale. With one, it must be known at once.
    pub fn unscaled(&self, norm: GradientNorm<Inner<B>>) -> GradientNorm<Inner<B>> {
        match self.scaler {
            Some(scaler) => GradientNorm::Host(norm.value::<B::InnerBackend>() / scaler.scale()),
            None => norm,
        }
    }

    /// Whether the step whose gradients have this norm is to be made. Without a scale every step is.
    pub fn judge(&mut self, norm: &GradientNorm<Inner<B>>) -> Verdict {
        let Some(scaler) = &mut self.scaler else { return Verdict::Step };
        self.unscale = 1.0 / scaler.scale();
        scaler.judge(norm.value::<B::InnerBackend>())
    }

    /// One step: `gradients` of [`Self::scaled`] losses times `factor`, at `learning_rate`.
    pub fn step<M: AutodiffModule<B>>(
        &mut self,
        module: M,
        gradients: Gradients<B>,
        learning_rate: f64,
        factor: ClipFactor<Inner<B>>,
    ) -> M {
        self.step += 1;
        let (gradient_scale, clip) = factor.split();
        let gradient_scale = gradient_scale * self.unscale;
        let step = Step { number: self.step, learning_rate, gradient_scale, clip };
        let mut taken = TakeOut::<B> { values: Vec::new(), tracked: Vec::new() };
        let module = module.map(&mut taken);
        let gradients = gradients.0.into_iter().map(|parameter| parameter.map(|p| p.gradient)).collect();
        let values = self.rule.step(&self.facts, taken.values, gradients, &step);
        module.map(&mut PutBack(values.into_iter().zip(taken.tracked)))
    }

    /// What is kept from step to step, by the path of its parameter: nothing before the first step.
    pub fn tensors(&self) -> Vec<(String, HostTensor)> {
        self.rule.tensors(&self.facts)
    }

    /// Takes up what [`Self::tensors`] and [`Self::scaler`] gave after `step` steps.
    ///
    /// # Errors
    /// The name of a tensor that is missing or has another size.
    pub fn restore(
        &mut self,
        tensors: HashMap<String, HostTensor>,
        scaler: Option<LossScaler>,
        step: usize,
        device: &B::Device,
    ) -> Result<(), String> {
        self.scaler = scaler.or(self.scaler);
        self.step = step.saturating_sub(self.scaler.map_or(0, |scaler| scaler.skipped())) as i32;
        if self.step == 0 { Ok(()) } else { self.rule.restore(&self.facts, &mut Kept(tensors), device) }
    }
}

/// The number of the layer that a parameter belongs to.
pub(crate) fn layer_of(path: &str) -> Option<usize> {
    let mut parts = path.split('.').skip_while(|part| *part != "layers").skip(1);
    parts.next()?.parse().ok()
}

/// Whether a parameter outside the layers belongs to the embeddings, their normalisation included.
pub(crate) fn is_embedding(path: &str) -> bool {
    path.contains("embedding")
}

/// How high a parameter stands: embeddings 0, layer i at i + 1, all that follows the layers above them.
fn depth(path: &str, layers: usize, in_encoder: bool) -> usize {
    match layer_of(path) {
        Some(layer) => layer + 1,
        None if in_encoder && is_embedding(path) => 0,
        None => layers + 1,
    }
}

/// Takes the values out of a module, so that nothing else holds them while the step changes them in place.
struct TakeOut<B: AutodiffBackend> {
    values: Vec<Inner<B>>,
    tracked: Vec<bool>,
}

impl<B: AutodiffBackend> ModuleMapper<B> for TakeOut<B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        param.map(|tensor| {
            let device = tensor.device();
            self.tracked.push(tensor.is_require_grad());
            self.values.push(tensor.inner().into_primitive().tensor());
            Tensor::empty([1; D], &device)
        })
    }
}

/// Puts them back.
struct PutBack<I>(I);

impl<B: AutodiffBackend, I: Iterator<Item = (Inner<B>, bool)>> ModuleMapper<B> for PutBack<I> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let Some((value, tracked)) = self.0.next() else { return param };
        let tensor = Tensor::from_inner(Tensor::from_primitive(TensorPrimitive::Float(value)));
        param.map(|_| tensor.set_require_grad(tracked))
    }
}

/// The values of a tensor on the host, row-major.
fn host_values<B: Backend>(x: FloatTensor<B>) -> Vec<f32> {
    let n = x.shape().num_elements();
    let flat = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(B::float_reshape(x, [n].into())));
    flat.into_data().iter().collect()
}

/// A tensor from values on the host.
fn from_host<B: Backend>(values: Vec<f32>, shape: &[usize], device: &B::Device) -> FloatTensor<B> {
    let n = values.len();
    let flat = Tensor::<B, 1>::from_data(TensorData::new(values, [n]), device);
    B::float_reshape(flat.into_primitive().tensor(), shape.to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use models::layers::Linear;
    use models::ops::Precision;

    type Ad = Autodiff<Flex>;

    fn optimizer(model: &Linear<Ad>, first_loss_scale: Option<f32>) -> Optimizer<Ad> {
        let settings = TrainingSettings { first_loss_scale, ..TrainingSettings::default() };
        Optimizer::new(model, &[], &settings)
    }

    /// A step of the loss `factor * sum(x wᵀ)`.
    fn step(optimizer: &mut Optimizer<Ad>, model: Linear<Ad>, factor: f32) -> (Linear<Ad>, Verdict) {
        let x = Tensor::<Ad, 2>::from_data([[0.5, -2.0, 3.0]], &Default::default());
        let loss = model.forward(x).sum() * factor;
        let batch = models::batch::TokenBatch::new(&[], 0, None, 0);
        let gradients = Gradients::collect(&model, optimizer.scaled(loss).backward(), &batch);
        let norm = optimizer.unscaled(gradients.norm());
        let verdict = optimizer.judge(&norm);
        if verdict != Verdict::Step {
            return (model, verdict);
        }
        let clip = norm.clip_factor::<Flex>(1.0);
        (optimizer.step(model, gradients, 0.1, clip), verdict)
    }

    fn weights(model: &Linear<Ad>) -> Vec<f32> {
        model.weight.val().into_data().iter().collect()
    }

    #[test]
    fn a_scaled_loss_makes_the_same_steps_and_overflow_makes_none() {
        let new = || Linear::<Ad>::zeros(3, 2, false, Precision::F32, &Default::default());
        let (mut plain, mut scaled) = (optimizer(&new(), None), optimizer(&new(), Some(1024.0)));
        let (mut a, mut b) = (new(), new());
        for factor in [1.0, 0.25, -3.0] {
            (a, _) = step(&mut plain, a, factor);
            // 3e38 is a number, and 1024 times it is none.
            let (left, verdict) = step(&mut scaled, b, 3e38);
            let scale = scaled.scaler().unwrap().scale() as f32;
            assert_eq!(verdict, Verdict::Skip(2.0 * scale, scale));
            (b, _) = step(&mut scaled, left, factor);
            let (a, b) = (weights(&a), weights(&b));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-7), "{a:?} {b:?}");
        }
        assert_eq!((plain.steps(), plain.steps_made()), (3, 3));
        assert_eq!((scaled.steps(), scaled.steps_made(), scaled.scaler().unwrap().scale()), (6, 3, 128.0));

        // A checkpoint after these six steps goes on as the run would have.
        let kept: HashMap<_, _> = scaled.tensors().into_iter().collect();
        let mut restored = optimizer(&new(), Some(1024.0));
        restored.restore(kept, scaled.scaler(), 6, &Default::default()).unwrap();
        assert_eq!((restored.steps(), restored.steps_made(), restored.scaler()), (6, 3, scaled.scaler()));
        let (mut c, _) = step(&mut restored, b.clone(), 2.0);
        (b, _) = step(&mut scaled, b, 2.0);
        assert_eq!(weights(&b), weights(&c));
        (c, _) = step(&mut restored, c, f32::NAN);
        assert_eq!((weights(&b), restored.steps_made()), (weights(&c), 4));
    }

    #[test]
    fn depths_rise_from_the_embeddings_to_the_head() {
        let depth_of = |path: &str, in_encoder| depth(path, 12, in_encoder);
        assert_eq!(depth_of("encoder.word_embeddings", true), 0);
        assert_eq!(depth_of("encoder.embedding_norm.bias", true), 0);
        assert_eq!(depth_of("encoder.layers.0.qkv.weight", true), 1);
        assert_eq!(depth_of("encoder.layers.11.qkv.weight", true), 12);
        assert_eq!(depth_of("encoder.pooler.weight", true), 13);
        assert_eq!(depth_of("classifier.weight", false), 13);
    }
}
