//! From tensors to the primitives of their backend, which backend extensions are written on, and back.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData, TensorPrimitive};

/// The primitive of a float tensor.
pub(crate) fn raw<B: Backend, const D: usize>(x: Tensor<B, D>) -> FloatTensor<B> {
    x.into_primitive().tensor()
}

/// A tensor of a float primitive.
pub(crate) fn wrap<B: Backend, const D: usize>(x: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(x))
}

/// Row numbers as a tensor, `[n]`.
pub(crate) fn indices<B: Backend>(rows: impl Iterator<Item = u32>, device: &B::Device) -> Tensor<B, 1, Int> {
    let rows: Vec<i32> = rows.map(|row| row as i32).collect();
    let n = rows.len();
    Tensor::from_data(TensorData::new(rows, [n]), device)
}
