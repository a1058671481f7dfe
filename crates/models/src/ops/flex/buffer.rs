//! Slices of tensors, and tensors of slices.

use burn::tensor::{DType, Shape, TensorMetadata};
use burn_flex::{FlexTensor, Layout};

pub(super) use super::pool::Buffer;

/// The tensor with its elements side by side.
pub(super) fn dense(x: FlexTensor) -> FlexTensor {
    if x.is_contiguous() { x } else { x.to_contiguous() }
}

/// The elements of a dense f32 tensor. Encoder parameters and activations are f32 by construction.
pub(super) fn elements(x: &FlexTensor) -> &[f32] {
    match x.as_slice::<f32>() {
        Some(slice) => slice,
        None => unreachable!("encoder operations take dense f32 tensors, got {x:?}"),
    }
}

/// The elements of a tensor that this function makes unshared and dense first, for writing in place.
pub(super) fn elements_mut(x: &mut FlexTensor) -> &mut [f32] {
    let n = x.shape().num_elements();
    if !x.is_contiguous() || x.storage::<f32>().len() != n {
        *x = x.to_contiguous();
    }
    x.storage_mut::<f32>()
}

/// `[rows, columns]` of a matrix.
pub(super) fn dims2(x: &FlexTensor) -> [usize; 2] {
    let shape = x.shape();
    [shape[0], shape[1]]
}

/// A tensor that owns `data`.
pub(super) fn tensor<const D: usize>(data: Buffer, shape: [usize; D]) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(shape));
    FlexTensor::new(data.into_bytes(), layout, DType::F32)
}

/// A tensor that owns `data`, shaped as `like`.
pub(super) fn tensor_like(data: Buffer, like: &FlexTensor) -> FlexTensor {
    FlexTensor::new(data.into_bytes(), Layout::contiguous(like.shape()), DType::F32)
}
