//! The backward pass: gradients of queries by tiles of queries, of keys and values by tiles of keys.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::super::layout::{row_keys, tiles};
use super::super::random::{self, factor, row_key, row_stream, wide_index};
use super::super::tensor::{array, dims2, each, like, upload};
use super::result;
use super::tile::{Form, Place, ROWS, load, reach, scores, sees, store, this_place, weighted};
use crate::ops::AttentionSpec;

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
struct Rows {
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
    dropout: &random::Place,
    place: Place,
    first: u32,
    #[comptime] form: Form,
) -> Rows {
    let mut rows = Rows {
        logs: Array::<f32>::new(ROWS),
        along: Array::<f32>::new(ROWS),
        low: Array::<u32>::new(ROWS),
        high: Array::<u32>::new(ROWS),
    };
    let side = comptime!(form.side);
    #[unroll]
    for i in 0..ROWS {
        let position = u32::min(first + UNIT_POS_Y + comptime!((side * i) as u32), place.length - 1);
        let row = place.start + position as usize;
        rows.logs[i] = logs[row * comptime!(form.heads) + place.head];
        rows.along[i] = along[row * comptime!(form.heads) + place.head];
        if comptime!(form.drops) {
            let key = wide_index(row_key(keys, row), comptime!(form.heads as u32), place.head as u32);
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
    rows: &Rows,
    length: u32,
    first_query: u32,
    first_key: u32,
    scale: f32,
    window: u32,
    #[comptime] form: Form,
) {
    let side = comptime!(form.side);
    #[unroll]
    for i in 0..ROWS {
        let query = first_query + UNIT_POS_Y + comptime!((side * i) as u32);
        #[unroll]
        for j in 0..ROWS {
            let key = first_key + UNIT_POS_X + comptime!((side * j) as u32);
            let seen = sees(query, key, length, window, form);
            let probability = f32::exp(products[i * ROWS + j] * scale - rows.logs[i]);
            products[i * ROWS + j] = select(seen, probability, 0.0f32.runtime());
        }
    }
}

/// The dropout factor of a query's row and a key.
#[cube]
fn kept(dropout: &random::Place, rows: &Rows, row: usize, key: u32, #[comptime] form: Form) -> f32 {
    if comptime!(form.drops) {
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
    dropout: &random::Place,
    cubes: u32,
    scale: f32,
    window: u32,
    #[comptime] form: Form,
) {
    if CUBE_POS >= cubes as usize {
        terminate!();
    }
    let (side, stride, head_dim, columns) = comptime!((form.side, form.stride, form.head_dim, form.columns));
    let hidden = comptime!(form.heads * form.head_dim);
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let mut queries = SharedMemory::<f32>::new(comptime!(form.head_dim * form.stride));
    let mut gradients = SharedMemory::<f32>::new(comptime!(form.head_dim * form.stride));
    let mut others = SharedMemory::<f32>::new(comptime!(form.head_dim * form.stride));
    let mut weights = SharedMemory::<f32>::new(comptime!(form.tile * form.stride));
    let place = this_place(tiles, form);
    let offset = place.head * head_dim;
    load(qkv, &mut queries, place, place.first, offset, comptime!(3 * hidden), form);
    load(g, &mut gradients, place, place.first, offset, hidden, form);
    let rows = rows_of(logs, along, keys, dropout, place, place.first, form);
    let mut sums = Array::<f32>::new(comptime!(ROWS * columns));
    #[unroll]
    for i in 0..comptime!(ROWS * columns) {
        sums[i] = 0.0f32;
    }

    let (first_key, end) = reach(place.first, place.length, window, form);
    for first in range_stepped(first_key, end, comptime!(form.tile as u32)) {
        sync_cube();
        load(qkv, &mut others, place, first, 2 * hidden + offset, comptime!(3 * hidden), form);
        sync_cube();
        let dropped = scores(&gradients, &others, form);
        sync_cube();
        load(qkv, &mut others, place, first, hidden + offset, comptime!(3 * hidden), form);
        sync_cube();
        let mut products = scores(&queries, &others, form);
        probabilities(&mut products, &rows, place.length, place.first, first, scale, window, form);
        #[unroll]
        for i in 0..ROWS {
            #[unroll]
            for j in 0..ROWS {
                let column = x + side * j;
                let through = dropped[i * ROWS + j] * kept(dropout, &rows, i, first + column as u32, form);
                let slope = products[i * ROWS + j] * (through - rows.along[i]) * scale;
                weights[(y + side * i) * stride + column] = slope;
            }
        }
        sync_cube();
        weighted(&weights, &others, &mut sums, false, form);
    }
    let mut ones = Array::<f32>::new(ROWS);
    #[unroll]
    for i in 0..ROWS {
        ones[i] = 1.0f32;
    }
    store(&sums, &ones, gradient, place, offset, comptime!(3 * hidden), form);
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
    dropout: &random::Place,
    cubes: u32,
    scale: f32,
    window: u32,
    #[comptime] form: Form,
) {
    if CUBE_POS >= cubes as usize {
        terminate!();
    }
    let (side, stride, head_dim, columns) = comptime!((form.side, form.stride, form.head_dim, form.columns));
    let hidden = comptime!(form.heads * form.head_dim);
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let mut key_tile = SharedMemory::<f32>::new(comptime!(form.head_dim * form.stride));
    let mut value_tile = SharedMemory::<f32>::new(comptime!(form.head_dim * form.stride));
    let mut others = SharedMemory::<f32>::new(comptime!(form.head_dim * form.stride));
    let mut weights = SharedMemory::<f32>::new(comptime!(form.tile * form.stride));
    let place = this_place(tiles, form);
    let offset = place.head * head_dim;
    load(qkv, &mut key_tile, place, place.first, hidden + offset, comptime!(3 * hidden), form);
    load(qkv, &mut value_tile, place, place.first, 2 * hidden + offset, comptime!(3 * hidden), form);
    let mut key_sums = Array::<f32>::new(comptime!(ROWS * columns));
    let mut value_sums = Array::<f32>::new(comptime!(ROWS * columns));
    #[unroll]
    for i in 0..comptime!(ROWS * columns) {
        key_sums[i] = 0.0f32;
        value_sums[i] = 0.0f32;
    }

    let (first_query, end) = reach(place.first, place.length, window, form);
    for first in range_stepped(first_query, end, comptime!(form.tile as u32)) {
        let rows = rows_of(logs, along, keys, dropout, place, first, form);
        sync_cube();
        load(qkv, &mut others, place, first, offset, comptime!(3 * hidden), form);
        sync_cube();
        let mut products = scores(&others, &key_tile, form);
        probabilities(&mut products, &rows, place.length, first, place.first, scale, window, form);
        sync_cube();
        load(g, &mut others, place, first, offset, hidden, form);
        sync_cube();
        let mut slopes = scores(&others, &value_tile, form);
        #[unroll]
        for i in 0..ROWS {
            #[unroll]
            for j in 0..ROWS {
                let column = x + side * j;
                let at = i * ROWS + j;
                let factor = kept(dropout, &rows, i, place.first + column as u32, form);
                weights[(y + side * i) * stride + column] = products[at] * factor;
                slopes[at] = products[at] * (slopes[at] * factor - rows.along[i]) * scale;
            }
        }
        sync_cube();
        weighted(&weights, &others, &mut value_sums, true, form);
        sync_cube();
        load(qkv, &mut others, place, first, offset, comptime!(3 * hidden), form);
        #[unroll]
        for i in 0..ROWS {
            #[unroll]
            for j in 0..ROWS {
                weights[(y + side * i) * stride + x + side * j] = slopes[i * ROWS + j];
            }
        }
        sync_cube();
        weighted(&weights, &others, &mut key_sums, true, form);
    }
    let mut ones = Array::<f32>::new(ROWS);
    #[unroll]
    for i in 0..ROWS {
        ones[i] = 1.0f32;
    }
    store(&key_sums, &ones, gradient, place, hidden + offset, comptime!(3 * hidden), form);
    store(&value_sums, &ones, gradient, place, 2 * hidden + offset, comptime!(3 * hidden), form);
}

/// The gradient of qkv from the forward pass's output and logs.
pub(in super::super) fn backward<R: CubeRuntime>(
    qkv: &CubeTensor<R>,
    [out, logs]: [CubeTensor<R>; 2],
    g: &CubeTensor<R>,
    spec: &AttentionSpec,
    form: Form,
) -> CubeTensor<R> {
    let [rows, width] = dims2(qkv);
    let client = &qkv.client;
    let along = like(qkv, [rows, spec.heads]);
    let (cubes, units) = each(client, rows * spec.heads);
    along_kernel::launch(client, cubes, units, array(g), array(&out), array(&along), form.head_dim);
    let gradient = result(qkv, [rows, width], spec);
    let (list, count) = tiles(&spec.sequences, form.tile, qkv);
    let keys = if form.drops { row_keys(&spec.sequences, qkv) } else { upload(client, &[0u32; 2]) };
    let cubes = count * spec.heads;
    let dim = form.cube_dim();
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
            random::place(spec.dropout),
            cubes as u32,
            spec.scale as f32,
            spec.window.unwrap_or(0).min(u32::MAX as usize / 2) as u32,
            form,
        );
    }
    gradient
}
