//! AdamW over all parameters at once.

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use models::ops::adamw::zero_moments;
use models::ops::{AdamWSlot, AdamWStep, EncoderOps, Gradient};
use models::parameters::HostTensor;

use super::parameter_info::ParameterInfo;
use super::rule::{Rule, StateDict, UpdateNumbers};
use super::tensors::{from_host, host_values};
use crate::settings::TrainingSettings;

/// What is kept of a parameter from step to step.
struct AdamWState<T> {
    /// Of the gradient and of its square, in the parameter's shape.
    moments: (T, T),
    /// Of each row, whether it has had a gradient yet.
    touched: Vec<bool>,
}

/// Names of what is kept of a parameter, in front of its path.
const KEPT: [&str; 3] = ["exp_avg.", "exp_avg_sq.", "touched."];

/// The moments of all parameters.
pub(super) struct AdamW<B: Backend> {
    /// Absent before the first step.
    states: Option<Vec<AdamWState<FloatTensor<B>>>>,
    template: AdamWStep,
}

impl<B: Backend> AdamW<B> {
    pub(super) fn new(settings: &TrainingSettings) -> Self {
        Self {
            states: None,
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
}

impl<B: EncoderOps> Rule<B> for AdamW<B> {
    fn update(
        &mut self,
        parameters: &[ParameterInfo],
        values: Vec<FloatTensor<B>>,
        gradients: Vec<Option<Gradient<FloatTensor<B>>>>,
        numbers: &UpdateNumbers<FloatTensor<B>>,
    ) -> Vec<FloatTensor<B>> {
        let step = AdamWStep {
            learning_rate: numbers.learning_rate,
            step: numbers.step,
            gradient_scale: numbers.gradient_scale as f32,
            ..self.template
        };
        let fresh = |parameter: &FloatTensor<B>| AdamWState {
            moments: zero_moments::<B>(parameter),
            touched: vec![false; parameter.shape()[0]],
        };
        let states = self.states.take().unwrap_or_else(|| values.iter().map(fresh).collect());
        let slots = values.into_iter().zip(states).zip(gradients).zip(parameters);
        let slots = slots.map(|(((parameter, state), gradient), info)| AdamWSlot {
            parameter,
            gradient,
            moments: state.moments,
            learning_rate_scale: info.learning_rate_scale,
            weight_decay: info.weight_decay,
            touched: state.touched,
        });
        let slots = B::fused_adamw(slots.collect(), &step, numbers.clip.clone()).into_iter();
        let (values, states) = slots
            .map(|AdamWSlot { parameter, moments, touched, .. }| (parameter, AdamWState { moments, touched }))
            .unzip();
        self.states = Some(states);
        values
    }

    fn tensors(&self, parameters: &[ParameterInfo]) -> Vec<(String, HostTensor)> {
        let mut tensors = Vec::new();
        for (state, info) in self.states.iter().flatten().zip(parameters) {
            let touched = state.touched.iter().map(|&touched| f32::from(u8::from(touched))).collect();
            let touched = HostTensor { shape: vec![state.touched.len()], values: touched };
            let [first, second] = [&state.moments.0, &state.moments.1]
                .map(|moment| HostTensor { shape: info.shape.clone(), values: host_values::<B>(moment.clone()) });
            let named = KEPT.iter().zip([first, second, touched]);
            tensors.extend(named.map(|(kind, tensor)| (format!("{kind}{}", info.path), tensor)));
        }
        tensors
    }

    fn restore(
        &mut self,
        parameters: &[ParameterInfo],
        state: &mut StateDict,
        device: &B::Device,
    ) -> Result<(), String> {
        let mut states = Vec::new();
        for ParameterInfo { path, shape, .. } in parameters {
            let mut take = |kind: &str, len: usize| state.take(format!("{kind}{path}"), len);
            let size = shape.iter().product();
            let [first, second] =
                [take(KEPT[0], size)?, take(KEPT[1], size)?].map(|values| from_host::<B>(values, shape, device));
            let touched = take(KEPT[2], shape[0])?.into_iter().map(|v| v != 0.0).collect();
            states.push(AdamWState { moments: (first, second), touched });
        }
        self.states = Some(states);
        Ok(())
    }
}
