//! Attention within each sequence, in tiles (Dao et al. 2022, "FlashAttention"): scores and probabilities live in shared
//! memory only. The backward pass computes them again from each row's log of the sum of exponentials.

mod backward;
mod forward;
mod result;
mod tile;

use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

pub(super) use self::backward::backward;
pub(super) use self::forward::forward;
use self::tile::TileConfig;
use crate::ops::attention::AttentionSpec;

/// What the kernels of both passes are compiled for, for qkv of `width` columns; `None` where the device's shared memory is too
/// small for tiles of a head, or what is asked for is not theirs.
pub(super) fn configs<R: CubeRuntime>(
    client: &ComputeClient<R>,
    width: usize,
    spec: &AttentionSpec,
) -> Option<[TileConfig; 2]> {
    // Others are composed.
    if spec.causal || spec.softcap.is_some() || spec.group() > 1 {
        return None;
    }
    let hardware = &client.properties().hardware;
    Some([
        TileConfig::of(hardware, width, spec, TileConfig::FORWARD_TILES)?,
        TileConfig::of(hardware, width, spec, TileConfig::BACKWARD_TILES)?,
    ])
}
