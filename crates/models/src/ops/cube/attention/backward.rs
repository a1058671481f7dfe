//! The backward pass: gradients of queries by tiles of queries, of keys and values by tiles of keys.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::super::layout::{row_keys, tiles};
use super::super::random::{self, factor, row_key, row_stream, wide_index};
use super::super::tensor::{array, dims2, each, like, upload};
use super::result::result;
use super::tile::{HeadTile, ROWS, TileConfig, load, reach, scores, sees, store, this_tile, weighted};
use crate::ops::attention::AttentionSpec;

/// `sum over the head's columns of g out` of each row and head: what the softmax takes off each gradient.
#[cube(launch)]
fn along_kernel(g: &Array<f32>, out: &Array<f32>, along: &mut Array<f32>, #[comptime] head_dim: usize) {
    if ABSOLUTE_POS >= along.len() {
        terminate!();
    }
    let mut sum = 0.0f32;
    for i in 0..head_dim {
        sum += g[ABSOLUTE_POS * head_dim + i] * out[ABSOLUTE_POS * head_dim + i];
    }
    along[ABSOLUTE_POS] = sum;
}

/// What is known of a unit's four rows of queries.
#[derive(CubeType)]
struct QueryRows {
    logs: Array<f32>,
    along: Array<f32>,
    low: Array<u32>,
    high: Array<u32>,
}

#[cube]
fn rows_of(
    logs: &Array<f32>,
    along: &Array<f32>,
    keys: &Array<u32>,
    dropout: &random::DropoutKey,
    tile: HeadTile,
    first: u32,
    #[comptime] config: TileConfig,
) -> QueryRows {
    let mut rows = QueryRows {
        logs: Array::<f32>::new(ROWS),
        along: Array::<f32>::new(ROWS),
        low: Array::<u32>::new(ROWS),
        high: Array::<u32>::new(ROWS),
    };
    let side = comptime!(config.side);
    #[unroll]
    for i in 0..ROWS {
        let position = u32::min(first + UNIT_POS_Y + comptime!((side * i) as u32), tile.length - 1);
        let row = tile.start + position as usize;
        rows.logs[i] = logs[row * comptime!(config.heads) + tile.head];
        rows.along[i] = along[row * comptime!(config.heads) + tile.head];
        if comptime!(config.drops) {
            let key = wide_index(row_key(keys, row), comptime!(config.heads as u32), tile.head as u32);
            let stream = row_stream(dropout, key);
            rows.low[i] = stream.low;
            rows.high[i] = stream.high;
        }
    }
    rows
}

/// Probabilities of the unit's 4 x 4 scores, 0 where the query does not see the key.
#[cube]
fn probabilities(
    products: &mut Array<f32>,
    rows: &QueryRows,
    length: u32,
    first_query: u32,
    first_key: u32,
    scale: f32,
    window: u32,
    #[comptime] config: TileConfig,
) {
    let side = comptime!(config.side);
    #[unroll]
    for i in 0..ROWS {
        let query = first_query + UNIT_POS_Y + comptime!((side * i) as u32);
        #[unroll]
        for j in 0..ROWS {
            let key = first_key + UNIT_POS_X + comptime!((side * j) as u32);
            let seen = sees(query, key, length, window, config);
            let probability = f32::exp(products[i * ROWS + j] * scale - rows.logs[i]);
            products[i * ROWS + j] = select(seen, probability, 0.0f32.runtime());
        }
    }
}

/// The dropout factor of a query's row and a key.
#[cube]
fn kept(dropout: &random::DropoutKey, rows: &QueryRows, row: usize, key: u32, #[comptime] config: TileConfig) -> f32 {
    if comptime!(config.drops) {
        factor(dropout, random::Wide { low: rows.low[row], high: rows.high[row] }, key)
    } else {
        1.0f32.runtime()
    }
}

#[cube(launch)]
fn queries_kernel(
    qkv: &Array<f32>,
    g: &Array<f32>,
    logs: &Array<f32>,
    along: &Array<f32>,
    tiles: &Array<u32>,
    keys: &Array<u32>,
    gradient: &mut Array<f32>,
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
    let mut gradients = SharedMemory::<f32>::new(comptime!(config.head_dim * config.stride));
    let mut others = SharedMemory::<f32>::new(comptime!(config.head_dim * config.stride));
    let mut weights = SharedMemory::<f32>::new(comptime!(config.tile * config.stride));
    let tile = this_tile(tiles, config);
    let offset = tile.head * head_dim;
    load(qkv, &mut queries, tile, tile.first, offset, comptime!(3 * hidden), config);
    load(g, &mut gradients, tile, tile.first, offset, hidden, config);
    let rows = rows_of(logs, along, keys, dropout, tile, tile.first, config);
    let mut sums = Array::<f32>::new(comptime!(ROWS * columns));
    #[unroll]
    for i in 0..comptime!(ROWS * columns) {
        sums[i] = 0.0f32;
    }

    let (first_key, end) = reach(tile.first, tile.length, window, config);
    for first in range_stepped(first_key, end, comptime!(config.tile as u32)) {
        sync_cube();
        load(qkv, &mut others, tile, first, 2 * hidden + offset, comptime!(3 * hidden), config);
        sync_cube();
        let dropped = scores(&gradients, &others, config);
        sync_cube();
        load(qkv, &mut others, tile, first, hidden + offset, comptime!(3 * hidden), config);
        sync_cube();
        let mut products = scores(&queries, &others, config);
        probabilities(&mut products, &rows, tile.length, tile.first, first, scale, window, config);
        #[unroll]
        for i in 0..ROWS {
            #[unroll]
            for j in 0..ROWS {
                let column = x + side * j;
                let through = dropped[i * ROWS + j] * kept(dropout, &rows, i, first + column as u32, config);
                let slope = products[i * ROWS + j] * (through - rows.along[i]) * scale;
                weights[(y + side * i) * stride + column] = slope;
            }
        }
        sync_cube();
        weighted(&weights, &others, &mut sums, false, config);
    }
    let mut ones = Array::<f32>::new(ROWS);
    #[unroll]
    for i in 0..ROWS {
        ones[i] = 1.0f32;
    }
    store(&sums, &ones, gradient, tile, offset, comptime!(3 * hidden), config);
}

#[cube(launch)]
fn keys_kernel(
    qkv: &Array<f32>,
    g: &Array<f32>,
    logs: &Array<f32>,
    along: &Array<f32>,
    tiles: &Array<u32>,
    keys: &Array<u32>,
    gradient: &mut Array<f32>,
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
    let mut key_tile = SharedMemory::<f32>::new(comptime!(config.head_dim * config.stride));
    let mut value_tile = SharedMemory::<f32>::new(comptime!(config.head_dim * config.stride));
    let mut others = SharedMemory::<f32>::new(comptime!(config.head_dim * config.stride));
    let mut weights = SharedMemory::<f32>::new(comptime!(config.tile * config.stride));
    let tile = this_tile(tiles, config);
    let offset = tile.head * head_dim;
    load(qkv, &mut key_tile, tile, tile.first, hidden + offset, comptime!(3 * hidden), config);
    load(qkv, &mut value_tile, tile, tile.first, 2 * hidden + offset, comptime!(3 * hidden), config);
    let mut key_sums = Array::<f32>::new(comptime!(ROWS * columns));
    let mut value_sums = Array::<f32>::new(comptime!(ROWS * columns));
    #[unroll]
    for i in 0..comptime!(ROWS * columns) {
        key_sums[i] = 0.0f32;
        value_sums[i] = 0.0f32;
    }

    let (first_query, end) = reach(tile.first, tile.length, window, config);
    for first in range_stepped(first_query, end, comptime!(config.tile as u32)) {
        let rows = rows_of(logs, along, keys, dropout, tile, first, config);
        sync_cube();
        load(qkv, &mut others, tile, first, offset, comptime!(3 * hidden), config);
        sync_cube();
        let mut products = scores(&others, &key_tile, config);
        probabilities(&mut products, &rows, tile.length, first, tile.first, scale, window, config);
        sync_cube();
        load(g, &mut others, tile, first, offset, hidden, config);
        sync_cube();
        let mut slopes = scores(&others, &value_tile, config);
        #[unroll]
        for i in 0..ROWS {
            #[unroll]
            for j in 0..ROWS {
                let column = x + side * j;
                let at = i * ROWS + j;
                let factor = kept(dropout, &rows, i, tile.first + column as u32, config);
                weights[(y + side * i) * stride + column] = products[at] * factor;
                slopes[at] = products[at] * (slopes[at] * factor - rows.along[i]) * scale;
            }
        }
        sync_cube();
        weighted(&weights, &others, &mut value_sums, true, config);
        sync_cube();
        load(qkv, &mut others, tile, first, offset, comptime!(3 * hidden), config);
        #[unroll]
        for i in 0..ROWS {
            #[unroll]
            for j in 0..ROWS {
                weights[(y + side * i) * stride + x + side * j] = slopes[i * ROWS + j];
            }
        }
        sync_cube();
        weighted(&weights, &others, &mut key_sums, true, config);
    }
    let mut ones = Array::<f32>::new(ROWS);
    #[unroll]
    for i in 0..ROWS {
        ones[i] = 1.0f32;
    }
    store(&key_sums, &ones, gradient, tile, hidden + offset, comptime!(3 * hidden), config);
    store(&value_sums, &ones, gradient, tile, 2 * hidden + offset, comptime!(3 * hidden), config);
}

/// The gradient of qkv from the forward pass's output and logs.
pub(in super::super) fn backward<R: CubeRuntime>(
    qkv: &CubeTensor<R>,
    [out, logs]: [CubeTensor<R>; 2],
    g: &CubeTensor<R>,
    spec: &AttentionSpec,
    config: TileConfig,
) -> CubeTensor<R> {
    let [rows, width] = dims2(qkv);
    let client = &qkv.client;
    let along = like(qkv, [rows, spec.heads]);
    let (cubes, units) = each(client, rows * spec.heads);
    along_kernel::launch(client, cubes, units, array(g), array(&out), array(&along), config.head_dim);
    let gradient = result(qkv, [rows, width], spec);
    let (list, count) = tiles(&spec.sequences, config.tile, qkv);
    let keys = if config.drops { row_keys(&spec.sequences, qkv) } else { upload(client, &[0u32; 2]) };
    let cubes = count * spec.heads;
    let dim = config.cube_dim();
    let kernels = [queries_kernel::launch::<R>, keys_kernel::launch::<R>];
    for kernel in kernels {
        kernel(
            client,
            cubecl::calculate_cube_count_elemwise(client, cubes * dim.num_elems() as usize, dim),
            dim,
            array(qkv),
            array(g),
            array(&logs),
            array(&along),
            list.array(),
            keys.array(),
            array(&gradient),
            random::dropout_key(&spec.dropout),
            cubes as u32,
            spec.scale as f32,
            spec.window.unwrap_or(0).min(u32::MAX as usize / 2) as u32,
            config,
        );
    }
    gradient
}
