//! What an optimizer's rule is: how parameters change with their gradients, and what it keeps from step to step.

use std::collections::HashMap;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use models::ops::Gradient;
use models::parameters::HostTensor;

use super::parameter_info::ParameterInfo;

/// Numbers of one update.
#[derive(Clone, Debug)]
pub(super) struct UpdateNumbers<T> {
    /// 1-based number of the update.
    pub(super) step: i32,
    pub(super) learning_rate: f64,
    /// Gradients are multiplied with it first (clipping, loss scale).
    pub(super) gradient_scale: f64,
    /// And with this, `[1]`, where it is on the device.
    pub(super) clip: Option<T>,
}

/// How parameters change with their gradients.
pub(super) trait Rule<B: Backend> {
    /// The parameters after an update; one without a gradient stays as it is.
    fn update(
        &mut self,
        parameters: &[ParameterInfo],
        values: Vec<FloatTensor<B>>,
        gradients: Vec<Option<Gradient<FloatTensor<B>>>>,
        numbers: &UpdateNumbers<FloatTensor<B>>,
    ) -> Vec<FloatTensor<B>>;

    /// What is kept from step to step, by name: nothing before the first step.
    fn tensors(&self, parameters: &[ParameterInfo]) -> Vec<(String, HostTensor)>;

    /// Takes up what [`Self::tensors`] gave.
    ///
    /// # Errors
    /// The name of a tensor that is missing or has another size.
    fn restore(
        &mut self,
        parameters: &[ParameterInfo],
        state: &mut StateDict,
        device: &B::Device,
    ) -> Result<(), String>;
}

/// Tensors of a checkpoint, to be taken one by one.
pub(super) struct StateDict(pub(super) HashMap<String, HostTensor>);

impl StateDict {
    /// The values of a tensor, where it has so many.
    pub(super) fn take(&mut self, name: String, len: usize) -> Result<Vec<f32>, String> {
        self.0.remove(&name).map(|tensor| tensor.values).filter(|values| values.len() == len).ok_or(name)
    }
}
