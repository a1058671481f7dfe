//! Tensors of a backend without its autodiff, to the host and back.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorData, TensorMetadata, TensorPrimitive};

/// A parameter, gradient or moment of a backend without its autodiff.
pub(super) type Inner<B> = FloatTensor<<B as AutodiffBackend>::InnerBackend>;

/// The values of a tensor on the host, row-major.
pub(super) fn host_values<B: Backend>(x: FloatTensor<B>) -> Vec<f32> {
    let n = x.shape().num_elements();
    let flat = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(B::float_reshape(x, [n].into())));
    flat.into_data().iter().collect()
}

/// A tensor from values on the host.
pub(super) fn from_host<B: Backend>(values: Vec<f32>, shape: &[usize], device: &B::Device) -> FloatTensor<B> {
    let n = values.len();
    let flat = Tensor::<B, 1>::from_data(TensorData::new(values, [n]), device);
    B::float_reshape(flat.into_primitive().tensor(), shape.to_vec().into())
}
