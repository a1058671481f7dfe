//! An optimizer's update: gradients unscaled, judged, clipped, and given to its rule.

use std::collections::HashMap;

use burn::module::{AutodiffModule, Module, ModuleMapper, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorPrimitive};
use models::ops::{ClipFactor, EncoderOps, GradientNorm};
use models::parameter_specs::ParameterSpec;
use models::parameters::HostTensor;

use super::gradients::Gradients;
use super::parameter_info::ParameterInfo;
use super::rule::{Rule, StateDict, UpdateNumbers};
use super::rules::rule_of;
use super::tensors::Inner;
use crate::settings::TrainingSettings;
use crate::training::loss_scale::{LossScaler, Verdict};

/// An optimizer and its state.
pub struct Optimizer<B: AutodiffBackend> {
    rule: Box<dyn Rule<B::InnerBackend>>,
    /// Those that are trained: the others are not touched, and nothing is kept of them.
    parameters: Vec<ParameterInfo>,
    /// Of each of the module's parameters, whether it is one of them.
    trained: Vec<bool>,
    step: i32,
    /// Where products are in half precision.
    scaler: Option<LossScaler>,
    /// What the judged step's gradients are multiplied with; the scale may have grown since they were computed.
    unscale: f64,
}

impl<B: AutodiffBackend<InnerBackend: EncoderOps>> Optimizer<B> {
    /// The optimizer of `--optim` for the parameters that are not frozen, with nothing kept yet. `names` say which parameters decay, and
    /// how deep they stand.
    pub fn new<M: Module<B>>(module: &M, names: &[ParameterSpec], settings: &TrainingSettings) -> Self {
        let trained = models::parameters::trained(module);
        let parameters = only(&trained, ParameterInfo::of_module(module, names, settings)).collect();
        Self {
            rule: rule_of(settings),
            parameters,
            trained,
            step: 0,
            scaler: settings.first_loss_scale.map(LossScaler::new),
            unscale: 1.0,
        }
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

    /// Makes one step, unless the gradients overflowed: gives the module after it, the norm of the gradients before
    /// clipping, and whether the step was made. `gradients` are those of a loss that was multiplied with
    /// [`Self::scaler`]'s scale, where there is one; the norm is without it. Gradients are clipped to `max_grad_norm`; 0 is
    /// off. Without a scale nothing waits for the device.
    pub fn apply<M: AutodiffModule<B>>(
        &mut self,
        module: M,
        gradients: Gradients<B>,
        learning_rate: f64,
        max_grad_norm: f64,
    ) -> (M, GradientNorm<Inner<B>>, Verdict) {
        let norm = self.unscaled(gradients.norm());
        let verdict = self.judge(&norm);
        if verdict != Verdict::Step {
            return (module, norm, verdict);
        }
        let clip = norm.clip_factor::<B::InnerBackend>(max_grad_norm);
        (self.update(module, gradients, learning_rate, clip), norm, verdict)
    }

    /// The norm that gradients of a scaled loss have without the scale. With one, it must be known at once.
    fn unscaled(&self, norm: GradientNorm<Inner<B>>) -> GradientNorm<Inner<B>> {
        match self.scaler {
            Some(scaler) => GradientNorm::Host(norm.value::<B::InnerBackend>() / scaler.scale()),
            None => norm,
        }
    }

    /// Whether the step whose gradients have this norm is to be made. Without a scale every step is.
    fn judge(&mut self, norm: &GradientNorm<Inner<B>>) -> Verdict {
        let Some(scaler) = &mut self.scaler else { return Verdict::Step };
        self.unscale = 1.0 / scaler.scale();
        scaler.judge(norm.value::<B::InnerBackend>())
    }

    fn update<M: AutodiffModule<B>>(
        &mut self,
        module: M,
        gradients: Gradients<B>,
        learning_rate: f64,
        clip: ClipFactor<Inner<B>>,
    ) -> M {
        self.step += 1;
        let (gradient_scale, clip) = clip.split();
        let gradient_scale = gradient_scale * self.unscale;
        let numbers = UpdateNumbers { step: self.step, learning_rate, gradient_scale, clip };
        let mut taken = TakeOut::<B>(Vec::new());
        let module = module.map(&mut taken);
        let gradients = only(&self.trained, gradients.0).map(|parameter| parameter.map(|p| p.gradient)).collect();
        let values = self.rule.update(&self.parameters, taken.0, gradients, &numbers);
        module.map(&mut PutBack { values: values.into_iter(), trained: self.trained.iter() })
    }

    /// What is kept from step to step, by the path of its parameter: nothing before the first step.
    pub fn tensors(&self) -> Vec<(String, HostTensor)> {
        self.rule.tensors(&self.parameters)
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
        if self.step == 0 { Ok(()) } else { self.rule.restore(&self.parameters, &mut StateDict(tensors), device) }
    }
}

/// Those of a module's list whose parameters are trained.
fn only<T>(trained: &[bool], all: Vec<T>) -> impl Iterator<Item = T> {
    all.into_iter().zip(trained).filter(|(_, trained)| **trained).map(|(one, _)| one)
}

/// Takes the trained values out of a module, so that nothing else holds them while the step changes them in place.
struct TakeOut<B: AutodiffBackend>(Vec<Inner<B>>);

impl<B: AutodiffBackend> ModuleMapper<B> for TakeOut<B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if !param.is_require_grad() {
            return param;
        }
        param.map(|tensor| {
            let device = tensor.device();
            self.0.push(tensor.inner().into_primitive().tensor());
            Tensor::empty([1; D], &device)
        })
    }
}

/// Puts them back.
struct PutBack<'a, I> {
    values: I,
    trained: std::slice::Iter<'a, bool>,
}

impl<B: AutodiffBackend, I: Iterator<Item = Inner<B>>> ModuleMapper<B> for PutBack<'_, I> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if self.trained.next() != Some(&true) {
            return param;
        }
        let Some(value) = self.values.next() else { return param };
        let tensor = Tensor::from_inner(Tensor::from_primitive(TensorPrimitive::Float(value)));
        param.map(|_| tensor.set_require_grad(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use models::layers::{Linear, RowPass};
    use models::ops::{DropoutPlan, Precision};

    type Ad = Autodiff<Flex>;

    fn optimizer(model: &Linear<Ad>, first_loss_scale: Option<f32>) -> Optimizer<Ad> {
        let settings = TrainingSettings { first_loss_scale, ..TrainingSettings::default() };
        Optimizer::new(model, &[], &settings)
    }

    /// A step of the loss `factor * sum(x wᵀ)`.
    fn step(optimizer: &mut Optimizer<Ad>, model: Linear<Ad>, factor: f32) -> (Linear<Ad>, Verdict) {
        let x = Tensor::<Ad, 2>::from_data([[0.5, -2.0, 3.0]], &Default::default());
        let batch = models::batch::TokenBatch::new(&[], 0, None, 0);
        let pass = &mut RowPass { plan: &mut DropoutPlan::evaluate(), sequences: &batch.sequences };
        let loss = model.forward(x, pass).sum() * factor;
        let scale = optimizer.scaler().map_or(1.0, |scaler| scaler.scale());
        let gradients = Gradients::collect(&model, (loss * scale).backward(), &batch);
        let (model, _, verdict) = optimizer.apply(model, gradients, 0.1, 1.0);
        (model, verdict)
    }

    fn weights(model: &Linear<Ad>) -> Vec<f32> {
        model.weight.val().into_data().iter().collect()
    }

    #[test]
    fn a_frozen_parameter_stays_and_nothing_is_kept_of_it() {
        let all = Linear::<Ad>::zeros(3, 2, true, Precision::F32, &Default::default());
        let before = weights(&all);
        let model = models::parameters::freeze(all, |path| path == "weight");
        let mut optimizer = optimizer(&model, None);
        let (model, _) = step(&mut optimizer, model, 0.5);
        assert_eq!(weights(&model), before);
        assert!(model.bias.as_ref().is_some_and(|bias| bias.val().into_data().iter().all(|b: f32| b != 0.0)));
        let kept: Vec<String> = optimizer.tensors().into_iter().map(|(name, _)| name).collect();
        assert_eq!(kept, ["exp_avg.bias", "exp_avg_sq.bias", "touched.bias"]);
        assert!(!model.weight.is_require_grad() && model.bias.is_some_and(|bias| bias.is_require_grad()));
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
}
