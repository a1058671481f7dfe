//! The tensors that the kernels write.

use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;

use super::super::tensor::{like, zeros_like};
use crate::ops::attention::AttentionSpec;

/// A result: rows of padding, which the kernels do not write, are zeros.
pub(super) fn result<R: CubeRuntime>(x: &CubeTensor<R>, shape: [usize; 2], spec: &AttentionSpec) -> CubeTensor<R> {
    if spec.sequences.has_padding() { zeros_like(x, shape) } else { like(x, shape) }
}
