//! Tensors of the device as the kernels take them: without gaps, and as flat arrays.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::{empty_device_contiguous_dtype, zeros_client};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

/// Units of a cube of the element-wise kernels.
const UNITS: u32 = 256;

/// The tensor without gaps between its rows.
pub(super) fn dense<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    into_contiguous(x)
}

/// A tensor like `x`, its values not set.
pub(super) fn like<R: CubeRuntime>(x: &CubeTensor<R>, shape: impl Into<Shape>) -> CubeTensor<R> {
    empty_device_contiguous_dtype(x.client.clone(), x.device.clone(), shape.into(), DType::F32)
}

/// Zeros on the device of `x`.
pub(super) fn zeros_like<R: CubeRuntime>(x: &CubeTensor<R>, shape: impl Into<Shape>) -> CubeTensor<R> {
    dense(zeros_client(x.client.clone(), x.device.clone(), shape.into(), DType::F32))
}

/// A tensor of the same values that nothing else holds, so that a kernel may write into it.
pub(super) fn owned<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    let x = dense(x);
    if x.can_mut() { x } else { dense(x.copy()) }
}

/// Rows and columns of a matrix.
pub(super) fn dims2<R: CubeRuntime>(x: &CubeTensor<R>) -> [usize; 2] {
    let shape = x.meta.shape();
    [shape[0], shape[1]]
}

/// Number of elements.
pub(super) fn len<R: CubeRuntime>(x: &CubeTensor<R>) -> usize {
    x.meta.num_elements()
}

/// The tensor as an array of a kernel, which may write into it.
pub(super) fn array<R: CubeRuntime>(x: &CubeTensor<R>) -> ArrayArg<R> {
    x.clone().into_array_arg()
}

/// Numbers of the host as an array of a kernel. At least one element, because buffers of none do not exist.
pub(super) fn upload<R: CubeRuntime, E: bytemuck::Pod>(client: &ComputeClient<R>, values: &[E]) -> Upload {
    let handle = if values.is_empty() {
        client.create_from_slice(&[0; 4])
    } else {
        client.create_from_slice(bytemuck::cast_slice(values))
    };
    Upload { handle, len: values.len().max(1) }
}

/// Numbers that were copied to the device.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    handle: cubecl::server::Handle,
    len: usize,
}

impl Upload {
    /// As an array of a kernel.
    pub(super) fn array<R: CubeRuntime>(&self) -> ArrayArg<R> {
        // SAFETY: `upload` made the buffer with exactly this length.
        unsafe { ArrayArg::from_raw_parts(self.handle.clone(), self.len) }
    }
}

/// Cubes and units of a kernel with one unit for each of `n` elements; units beyond them must return.
pub(super) fn each<R: CubeRuntime>(client: &ComputeClient<R>, n: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(UNITS);
    (cubecl::calculate_cube_count_elemwise(client, n, dim), dim)
}

/// How many neighbouring elements a unit may read at once where rows have `columns`.
pub(super) fn vector_size(columns: usize) -> usize {
    if columns.is_multiple_of(4) { 4 } else { 1 }
}
