//! Where the sequences of a batch lie, as the kernels read it.

use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;

use super::tensor::{Upload, upload};
use crate::batch::{Sequences, TokenBatch};
use crate::ops::forms::{Rotary, RotarySpec};

/// What a device keeps of a batch.
#[derive(Clone, PartialEq)]
enum CacheKey {
    RowKeys,
    Positions,
    Tiles(usize),
    /// How columns turn, and whether back.
    Angles(Rotary, bool),
    Ids,
}

fn cached<R: CubeRuntime, T: bytemuck::Pod>(
    sequences: &Sequences,
    x: &CubeTensor<R>,
    key: CacheKey,
    make: impl FnOnce() -> Vec<T>,
) -> Upload {
    sequences.device_cache.get((x.device.clone(), key), || upload(&x.client, &make()))
}

/// Low and high half of each row's dropout key, `[rows, 2]`.
pub(super) fn row_keys<R: CubeRuntime>(sequences: &Sequences, x: &CubeTensor<R>) -> Upload {
    cached(sequences, x, CacheKey::RowKeys, || {
        sequences.row_keys().into_iter().flat_map(|key| [key as u32, (key >> 32) as u32]).collect()
    })
}

/// The position of each row in its sequence, `[rows]`.
pub(super) fn positions<R: CubeRuntime>(sequences: &Sequences, x: &CubeTensor<R>) -> Upload {
    cached(sequences, x, CacheKey::Positions, || sequences.positions())
}

/// Tiles of `size` tokens of one sequence each: the sequence's first row, its length, the tile's first position.
pub(super) fn tiles<R: CubeRuntime>(sequences: &Sequences, size: usize, x: &CubeTensor<R>) -> (Upload, usize) {
    let count = (0..sequences.len()).map(|i| sequences.length(i).div_ceil(size)).sum();
    let list = cached(sequences, x, CacheKey::Tiles(size), || {
        // Long sequences first: short ones fill the device's last free places.
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(sequences.length(i)));
        let tiles_of = |i: usize| {
            let (start, length) = (sequences.start(i) as u32, sequences.length(i) as u32);
            (0..length).step_by(size).flat_map(move |first| [start, length, first])
        };
        order.into_iter().flat_map(tiles_of).collect::<Vec<u32>>()
    });
    (list, count)
}

/// Cosine and sine of each position and pair of columns, `[positions, pairs, 2]`.
pub(super) fn angles<R: CubeRuntime>(spec: &RotarySpec, x: &CubeTensor<R>) -> Upload {
    let key = CacheKey::Angles(spec.rotary.clone(), spec.inverse);
    cached(&spec.sequences, x, key, || spec.angles().into_iter().flatten().collect::<Vec<f32>>())
}

/// Token, position and segment ids: `[rows, 3]`.
pub(super) fn ids<R: CubeRuntime>(batch: &TokenBatch, x: &CubeTensor<R>) -> Upload {
    batch.device_cache.get((x.device.clone(), CacheKey::Ids), || {
        let ids = batch.input_ids.iter().zip(&batch.position_ids).zip(&batch.token_type_ids);
        upload(&x.client, &ids.flat_map(|((&word, &position), &segment)| [word, position, segment]).collect::<Vec<_>>())
    })
}
