//! New parameters.

use burn::module::Param;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// A parameter of zeros.
#[must_use]
pub fn zeros<B: Backend, const D: usize>(shape: [usize; D], device: &B::Device) -> Param<Tensor<B, D>> {
    filled(0.0, shape, device)
}

/// A parameter of ones.
pub(super) fn ones<B: Backend, const D: usize>(shape: [usize; D], device: &B::Device) -> Param<Tensor<B, D>> {
    filled(1.0, shape, device)
}

fn filled<B: Backend, const D: usize>(value: f32, shape: [usize; D], device: &B::Device) -> Param<Tensor<B, D>> {
    let n = shape.iter().product();
    Param::from_tensor(Tensor::from_data(TensorData::new(vec![value; n], shape), device))
}
