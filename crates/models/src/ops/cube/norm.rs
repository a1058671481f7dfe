//! Layer normalisation, alone and after dropout and a residual sum.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::columns::{CHUNK, column_sums, sum_parts};
use super::layout::row_keys;
use super::random::{DropoutKey, dropout_key, factors, row_key, row_stream};
use super::rows::{RowGroups, row_sum, this_row, total};
use super::tensor::{Upload, array, dense, dims2, each, like, owned, upload, vector_size};
use crate::ops::dropout::{Dropout, RowDropout};

/// Mean and 1 / sqrt(variance + eps) of a row.
#[derive(CubeType, Clone, Copy)]
struct Moments {
    mean: f32,
    rstd: f32,
}

/// The moments of the row that begins at `start`, the variance from centred values. All units of the cube must come here.
#[cube]
fn moments<N: Size>(
    x: &Array<Vector<f32, N>>,
    start: usize,
    epsilon: f32,
    shared: &mut SharedMemory<f32>,
    #[comptime] columns: usize,
    #[comptime] groups: RowGroups,
) -> Moments {
    let (steps, width) = comptime!((columns.div_ceil(groups.width), groups.width));
    let count = comptime!(columns as f32) * f32::cast_from(N::value());
    let mut sum = Vector::<f32, N>::new(0.0f32);
    for step in 0..steps {
        let column = step * width + UNIT_POS_X as usize;
        if column < columns {
            sum += x[start + column];
        }
    }
    let mean = row_sum(total(sum), shared, groups) / count;
    let mut squares = Vector::<f32, N>::new(0.0f32);
    for step in 0..steps {
        let column = step * width + UNIT_POS_X as usize;
        if column < columns {
            let centred = x[start + column] - Vector::new(mean);
            squares += centred * centred;
        }
    }
    let variance = row_sum(total(squares), shared, groups) / count;
    Moments { mean, rstd: 1.0f32 / f32::sqrt(variance + epsilon) }
}

/// Writes the normalised row.
#[cube]
fn normalise<N: Size>(
    x: &Array<Vector<f32, N>>,
    gamma: &Array<Vector<f32, N>>,
    beta: &Array<Vector<f32, N>>,
    y: &mut Array<Vector<f32, N>>,
    start: usize,
    m: Moments,
    #[comptime] columns: usize,
    #[comptime] groups: RowGroups,
) {
    let (steps, width) = comptime!((columns.div_ceil(groups.width), groups.width));
    for step in 0..steps {
        let column = step * width + UNIT_POS_X as usize;
        if column < columns {
            let normal = (x[start + column] - Vector::new(m.mean)) * Vector::new(m.rstd);
            y[start + column] = normal * gamma[column] + beta[column];
        }
    }
}

#[cube(launch)]
fn forward_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    gamma: &Array<Vector<f32, N>>,
    beta: &Array<Vector<f32, N>>,
    y: &mut Array<Vector<f32, N>>,
    rows: u32,
    epsilon: f32,
    #[comptime] columns: usize,
    #[comptime] groups: RowGroups,
) {
    let mut shared = SharedMemory::<f32>::new(comptime!(groups.width * groups.rows));
    let row = this_row(rows, groups);
    let start = row.index * columns;
    let m = moments::<N>(x, start, epsilon, &mut shared, columns, groups);
    if row.exists {
        normalise::<N>(x, gamma, beta, y, start, m, columns, groups);
    }
}

/// x becomes `residual + dropout(x + bias)`, y its normalisation.
#[cube(launch)]
fn add_forward_kernel<N: Size>(
    x: &mut Array<Vector<f32, N>>,
    bias: &Array<Vector<f32, N>>,
    residual: &Array<Vector<f32, N>>,
    gamma: &Array<Vector<f32, N>>,
    beta: &Array<Vector<f32, N>>,
    y: &mut Array<Vector<f32, N>>,
    keys: &Array<u32>,
    dropout: &DropoutKey,
    rows: u32,
    epsilon: f32,
    #[comptime] columns: usize,
    #[comptime] groups: RowGroups,
    #[comptime] drops: bool,
) {
    let mut shared = SharedMemory::<f32>::new(comptime!(groups.width * groups.rows));
    let (steps, width) = comptime!((columns.div_ceil(groups.width), groups.width));
    let row = this_row(rows, groups);
    let start = row.index * columns;
    // Each unit reads below only what it wrote here itself.
    if row.exists {
        let stream = row_stream(dropout, row_key(keys, if comptime!(drops) { row.index } else { 0usize.runtime() }));
        for step in 0..steps {
            let column = step * width + UNIT_POS_X as usize;
            if column < columns {
                let mut value = x[start + column] + bias[column];
                if comptime!(drops) {
                    value *= factors::<N>(dropout, stream, column);
                }
                x[start + column] = value + residual[start + column];
            }
        }
    }
    let m = moments::<N>(x, start, epsilon, &mut shared, columns, groups);
    if row.exists {
        normalise::<N>(x, gamma, beta, y, start, m, columns, groups);
    }
}

/// The gradient of the normalised x, and its dropped form; the moments of each row.
#[cube(launch)]
fn backward_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    gamma: &Array<Vector<f32, N>>,
    g: &Array<Vector<f32, N>>,
    dsum: &mut Array<Vector<f32, N>>,
    dx: &mut Array<Vector<f32, N>>,
    stats: &mut Array<f32>,
    keys: &Array<u32>,
    dropout: &DropoutKey,
    rows: u32,
    epsilon: f32,
    #[comptime] columns: usize,
    #[comptime] groups: RowGroups,
    #[comptime] drops: bool,
) {
    let mut shared = SharedMemory::<f32>::new(comptime!(groups.width * groups.rows));
    let (steps, width) = comptime!((columns.div_ceil(groups.width), groups.width));
    let count = comptime!(columns as f32) * f32::cast_from(N::value());
    let row = this_row(rows, groups);
    let start = row.index * columns;
    let m = moments::<N>(x, start, epsilon, &mut shared, columns, groups);
    let (mean, rstd) = (Vector::<f32, N>::new(m.mean), Vector::<f32, N>::new(m.rstd));
    let mut plain = Vector::<f32, N>::new(0.0f32);
    let mut along = Vector::<f32, N>::new(0.0f32);
    for step in 0..steps {
        let column = step * width + UNIT_POS_X as usize;
        if column < columns {
            let scaled = g[start + column] * gamma[column];
            plain += scaled;
            along += scaled * (x[start + column] - mean) * rstd;
        }
    }
    let plain = Vector::<f32, N>::new(row_sum(total(plain), &mut shared, groups) / count);
    let along = Vector::<f32, N>::new(row_sum(total(along), &mut shared, groups) / count);
    if row.exists {
        let stream = row_stream(dropout, row_key(keys, if comptime!(drops) { row.index } else { 0usize.runtime() }));
        for step in 0..steps {
            let column = step * width + UNIT_POS_X as usize;
            if column < columns {
                let normal = (x[start + column] - mean) * rstd;
                let gradient = rstd * (g[start + column] * gamma[column] - plain - normal * along);
                dsum[start + column] = gradient;
                if comptime!(drops) {
                    dx[start + column] = gradient * factors::<N>(dropout, stream, column);
                }
            }
        }
        if UNIT_POS_X == 0 {
            stats[2 * row.index] = m.mean;
            stats[2 * row.index + 1] = m.rstd;
        }
    }
}

/// Parts of the sums over rows that give dgamma, dbeta and dbias, side by side: `[parts, 3 columns]`.
#[cube(launch)]
fn parts_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    g: &Array<Vector<f32, N>>,
    dx: &Array<Vector<f32, N>>,
    stats: &Array<f32>,
    parts: &mut Array<Vector<f32, N>>,
    rows: u32,
    #[comptime] columns: usize,
    #[comptime] with_bias: bool,
) {
    let (part, column) = (ABSOLUTE_POS / columns, ABSOLUTE_POS % columns);
    if part * CHUNK >= rows as usize {
        terminate!();
    }
    let mut dgamma = Vector::<f32, N>::new(0.0f32);
    let mut dbeta = Vector::<f32, N>::new(0.0f32);
    let mut dbias = Vector::<f32, N>::new(0.0f32);
    for row in part * CHUNK..u32::min((part as u32 + 1) * CHUNK as u32, rows) as usize {
        let at = row * columns + column;
        let gradient = g[at];
        dgamma += gradient * (x[at] - Vector::new(stats[2 * row])) * Vector::new(stats[2 * row + 1]);
        dbeta += gradient;
        if comptime!(with_bias) {
            dbias += dx[at];
        }
    }
    let start = part * 3 * columns + column;
    parts[start] = dgamma;
    parts[start + columns] = dbeta;
    parts[start + 2 * columns] = dbias;
}

pub(super) fn forward<R: CubeRuntime>(
    x: CubeTensor<R>,
    gamma: CubeTensor<R>,
    beta: CubeTensor<R>,
    epsilon: f64,
) -> CubeTensor<R> {
    let (x, gamma, beta) = (dense(x), dense(gamma), dense(beta));
    let [rows, columns] = dims2(&x);
    let y = like(&x, [rows, columns]);
    let groups = RowGroups::of(&x.client);
    let (cubes, units) = groups.launch(&x.client, rows);
    let n = vector_size(columns);
    forward_kernel::launch(
        &x.client,
        cubes,
        units,
        n,
        array(&x),
        array(&gamma),
        array(&beta),
        array(&y),
        rows as u32,
        epsilon as f32,
        columns / n,
        groups,
    );
    y
}

/// The keys of the rows, or one that is not looked at.
fn keys_of<R: CubeRuntime>(dropout: &RowDropout, x: &CubeTensor<R>) -> Upload {
    if dropout.dropout.is_off() { upload(&x.client, &[0u32; 2]) } else { row_keys(&dropout.sequences, x) }
}

/// The output and the sum.
pub(super) fn add_forward<R: CubeRuntime>(
    x: CubeTensor<R>,
    bias: CubeTensor<R>,
    residual: CubeTensor<R>,
    gamma: CubeTensor<R>,
    beta: CubeTensor<R>,
    epsilon: f64,
    dropout: &RowDropout,
) -> [CubeTensor<R>; 2] {
    let (sum, bias, residual, gamma, beta) = (owned(x), dense(bias), dense(residual), dense(gamma), dense(beta));
    let [rows, columns] = dims2(&sum);
    let y = like(&sum, [rows, columns]);
    let groups = RowGroups::of(&sum.client);
    let (cubes, units) = groups.launch(&sum.client, rows);
    let n = vector_size(columns);
    add_forward_kernel::launch(
        &sum.client,
        cubes,
        units,
        n,
        array(&sum),
        array(&bias),
        array(&residual),
        array(&gamma),
        array(&beta),
        array(&y),
        keys_of(dropout, &sum).array(),
        dropout_key(&dropout.dropout),
        rows as u32,
        epsilon as f32,
        columns / n,
        groups,
        !dropout.dropout.is_off(),
    );
    [y, sum]
}

struct Gradients<R: CubeRuntime> {
    sum: CubeTensor<R>,
    /// Of the part of the sum that is dropped, where some of it is.
    dropped: Option<CubeTensor<R>>,
    gamma: CubeTensor<R>,
    beta: CubeTensor<R>,
    /// Where there is a dropout place.
    bias: Option<CubeTensor<R>>,
}

fn gradients<R: CubeRuntime>(
    x: CubeTensor<R>,
    gamma: CubeTensor<R>,
    g: CubeTensor<R>,
    epsilon: f64,
    dropout: Option<&RowDropout>,
) -> Gradients<R> {
    let (x, gamma, g) = (dense(x), dense(gamma), dense(g));
    let [rows, columns] = dims2(&x);
    let dropping = dropout.filter(|dropout| !dropout.dropout.is_off());
    let dsum = like(&x, [rows, columns]);
    let dx = dropping.map(|_| like(&x, [rows, columns]));
    // A kernel must have all of its arrays: one that it does not write is small.
    let dropped = dx.clone().unwrap_or_else(|| like(&x, [4]));
    let stats = like(&x, [rows, 2]);
    let keys = dropping.map_or_else(|| upload(&x.client, &[0u32; 2]), |dropout| row_keys(&dropout.sequences, &x));
    let groups = RowGroups::of(&x.client);
    let (cubes, units) = groups.launch(&x.client, rows);
    let n = vector_size(columns);
    backward_kernel::launch(
        &x.client,
        cubes,
        units,
        n,
        array(&x),
        array(&gamma),
        array(&g),
        array(&dsum),
        array(&dropped),
        array(&stats),
        keys.array(),
        dropout_key(dropping.map_or(&Dropout::OFF, |dropout| &dropout.dropout)),
        rows as u32,
        epsilon as f32,
        columns / n,
        groups,
        dropping.is_some(),
    );
    let parts = like(&x, [rows.div_ceil(CHUNK), 3 * columns]);
    let (cubes, units) = each(&x.client, rows.div_ceil(CHUNK) * columns / n);
    let added = dx.as_ref().unwrap_or(&dsum);
    parts_kernel::launch(
        &x.client,
        cubes,
        units,
        n,
        array(&x),
        array(&g),
        array(added),
        array(&stats),
        array(&parts),
        rows as u32,
        columns / n,
        dropout.is_some(),
    );
    let [gamma, beta] = [0, 1].map(|which| sum_parts(&parts, which, 3, columns));
    let bias = dropout.map(|_| sum_parts(&parts, 2, 3, columns));
    Gradients { sum: dsum, dropped: dx, gamma, beta, bias }
}

pub(super) fn backward<R: CubeRuntime>(
    x: CubeTensor<R>,
    gamma: CubeTensor<R>,
    g: CubeTensor<R>,
    epsilon: f64,
) -> [CubeTensor<R>; 3] {
    let g = gradients(x, gamma, g, epsilon, None);
    [g.sum, g.gamma, g.beta]
}

/// Gradients for x, bias, residual, gamma, beta.
pub(super) fn add_backward<R: CubeRuntime>(
    sum: CubeTensor<R>,
    gamma: CubeTensor<R>,
    g: CubeTensor<R>,
    epsilon: f64,
    dropout: &RowDropout,
) -> [CubeTensor<R>; 5] {
    let g = gradients(sum, gamma, g, epsilon, Some(dropout));
    let dx = g.dropped.unwrap_or_else(|| g.sum.clone());
    let dbias = g.bias.unwrap_or_else(|| column_sums(&dx));
    [dx, dbias, g.sum, g.gamma, g.beta]
}
