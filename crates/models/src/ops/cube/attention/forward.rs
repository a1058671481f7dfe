//! The forward pass: a cube for each tile of queries and head.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::super::layout::{row_keys, tiles};
use super::super::random::{self, factor, row_key, row_stream, wide_index};
use super::super::tensor::{array, dims2, upload};
use super::result::result;
use super::tile::{ROWS, TileConfig, load, reach, scores, sees, store, this_tile, weighted};
use crate::ops::attention::AttentionSpec;

/// Below every score.
const LOWEST: f32 = -1e30;

/// `dropout(softmax(scale q kᵀ)) v` and each row's log of the sum of exponentials.
#[cube(launch)]
fn forward_kernel(
    qkv: &Array<f32>,
    tiles: &Array<u32>,
    keys: &Array<u32>,
    out: &mut Array<f32>,
    logs: &mut Array<f32>,
    dropout: &random::DropoutKey,
    cubes: u32,
    scale: f32,
    window: u32,
    #[comptime] config: TileConfig,
) {
    if CUBE_POS >= cubes as usize {
        terminate!();
    }
    let (side, stride, head_dim, columns) = comptime!((config.side, config.stride, config.head_dim, config.columns));
    let hidden = comptime!(config.heads * config.head_dim);
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let mut queries = SharedMemory::<f32>::new(comptime!(config.head_dim * config.stride));
    let mut others = SharedMemory::<f32>::new(comptime!(config.head_dim * config.stride));
    let mut weights = SharedMemory::<f32>::new(comptime!(config.tile * config.stride));
    let mut partial = SharedMemory::<f32>::new(comptime!(config.tile * config.side));
    let tile = this_tile(tiles, config);
    let offset = tile.head * head_dim;
    load(qkv, &mut queries, tile, tile.first, offset, comptime!(3 * hidden), config);

    let mut highest = Array::<f32>::new(ROWS);
    let mut total = Array::<f32>::new(ROWS);
    let mut sums = Array::<f32>::new(comptime!(ROWS * columns));
    let mut low = Array::<u32>::new(ROWS);
    let mut high = Array::<u32>::new(ROWS);
    #[unroll]
    for i in 0..ROWS {
        highest[i] = LOWEST;
        total[i] = 0.0f32;
        #[unroll]
        for j in 0..columns {
            sums[i * columns + j] = 0.0f32;
        }
        if comptime!(config.drops) {
            let position = u32::min(tile.first + (y + side * i) as u32, tile.length - 1);
            let key = row_key(keys, tile.start + position as usize);
            let stream = row_stream(dropout, wide_index(key, comptime!(config.heads as u32), tile.head as u32));
            low[i] = stream.low;
            high[i] = stream.high;
        }
    }

    let (first_key, end) = reach(tile.first, tile.length, window, config);
    for first in range_stepped(first_key, end, comptime!(config.tile as u32)) {
        sync_cube();
        load(qkv, &mut others, tile, first, hidden + offset, comptime!(3 * hidden), config);
        sync_cube();
        let mut products = scores(&queries, &others, config);
        #[unroll]
        for i in 0..ROWS {
            let query = tile.first + (y + side * i) as u32;
            let mut best = LOWEST.runtime();
            #[unroll]
            for j in 0..ROWS {
                let seen = sees(query, first + (x + side * j) as u32, tile.length, window, config);
                let score = select(seen, products[i * ROWS + j] * scale, LOWEST.runtime());
                products[i * ROWS + j] = score;
                best = f32::max(best, score);
            }
            partial[(y + side * i) * side + x] = best;
        }
        sync_cube();
        load(qkv, &mut others, tile, first, 2 * hidden + offset, comptime!(3 * hidden), config);
        #[unroll]
        for i in 0..ROWS {
            let mut best = highest[i];
            for j in 0..side {
                best = f32::max(best, partial[(y + side * i) * side + j]);
            }
            let correction = f32::exp(highest[i] - best);
            highest[i] = best;
            let mut sum = total[i] * correction;
            #[unroll]
            for j in 0..columns {
                sums[i * columns + j] = sums[i * columns + j] * correction;
            }
            #[unroll]
            for j in 0..ROWS {
                let score = products[i * ROWS + j];
                let seen = score > comptime!(LOWEST / 2.0);
                let weight = select(seen, f32::exp(score - best), 0.0f32.runtime());
                sum += weight;
                let column = x + side * j;
                let mut kept = weight;
                if comptime!(config.drops) {
                    let stream = random::Wide { low: low[i], high: high[i] };
                    kept = weight * factor(dropout, stream, first + column as u32);
                }
                weights[(y + side * i) * stride + column] = kept;
            }
            total[i] = sum;
        }
        sync_cube();
        weighted(&weights, &others, &mut sums, false, config);
    }

    // Each unit has summed its own columns' exponentials.
    sync_cube();
    #[unroll]
    for i in 0..ROWS {
        partial[(y + side * i) * side + x] = total[i];
    }
    sync_cube();
    let mut factors = Array::<f32>::new(ROWS);
    #[unroll]
    for i in 0..ROWS {
        let mut sum = 0.0f32;
        for j in 0..side {
            sum += partial[(y + side * i) * side + j];
        }
        factors[i] = 1.0f32 / sum;
        let position = tile.first + (y + side * i) as u32;
        if UNIT_POS_X == 0 && position < tile.length {
            let row = tile.start + position as usize;
            logs[row * comptime!(config.heads) + tile.head] = highest[i] + f32::ln(sum);
        }
    }
    store(&sums, &factors, out, tile, offset, hidden, config);
}

/// The output, `[rows, hidden]`, and the logs, `[rows, heads]`.
pub(in super::super) fn forward<R: CubeRuntime>(
    qkv: &CubeTensor<R>,
    spec: &AttentionSpec,
    config: TileConfig,
) -> [CubeTensor<R>; 2] {
    let [rows, width] = dims2(qkv);
    let (out, logs) = (result(qkv, [rows, width / 3], spec), result(qkv, [rows, spec.heads], spec));
    let (list, count) = tiles(&spec.sequences, config.tile, qkv);
    let keys = if config.drops { row_keys(&spec.sequences, qkv) } else { upload(&qkv.client, &[0u32; 2]) };
    let cubes = count * spec.heads;
    let dim = config.cube_dim();
    forward_kernel::launch(
        &qkv.client,
        cubecl::calculate_cube_count_elemwise(&qkv.client, cubes * dim.num_elems() as usize, dim),
        dim,
        array(qkv),
        list.array(),
        keys.array(),
        array(&out),
        array(&logs),
        random::dropout_key(&spec.dropout),
        cubes as u32,
        spec.scale as f32,
        spec.window.unwrap_or(0).min(u32::MAX as usize / 2) as u32,
        config,
    );
    [out, logs]
}
