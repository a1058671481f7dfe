//! Attention within each sequence, in tiles (Dao et al. 2022, "FlashAttention"): scores and probabilities live in shared
//! memory only. The backward pass computes them again from each row's log of the sum of exponentials.

mod backward;
mod forward;
mod tile;

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

pub(super) use self::backward::backward;
pub(super) use self::forward::forward;
use self::tile::TileConfig;
use super::tensor::zeros_like;
use crate::ops::AttentionSpec;

/// What the kernels of both passes are compiled for, for qkv of `width` columns; `None` where the device's shared memory is too
/// small for tiles of a head.
pub(super) fn configs<R: CubeRuntime>(
    client: &ComputeClient<R>,
    width: usize,
    spec: &AttentionSpec,
) -> Option<[TileConfig; 2]> {
    let hardware = &client.properties().hardware;
    Some([
        TileConfig::of(hardware, width, spec, TileConfig::FORWARD_TILES)?,
        TileConfig::of(hardware, width, spec, TileConfig::BACKWARD_TILES)?,
    ])
}

/// A result: rows of padding, which the kernels do not write, are zeros.
fn result<R: CubeRuntime>(x: &CubeTensor<R>, shape: [usize; 2], spec: &AttentionSpec) -> CubeTensor<R> {
    if spec.sequences.has_padding() { zeros_like(x, shape) } else { super::tensor::like(x, shape) }
}
