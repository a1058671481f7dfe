//! Sums over the rows of matrices, in an order that depends on nothing but the number of rows.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::tensor::{array, dense, dims2, each, like, vector_size};

/// Rows that one unit adds up.
pub(super) const CHUNK: usize = 64;

/// Parts of `CHUNK` rows: `[parts, columns]`.
#[cube(launch)]
fn parts_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    parts: &mut Array<Vector<f32, N>>,
    rows: u32,
    #[comptime] columns: usize,
) {
    if ABSOLUTE_POS >= parts.len() {
        terminate!();
    }
    let (part, column) = (ABSOLUTE_POS / columns, ABSOLUTE_POS % columns);
    let mut sum = Vector::<f32, N>::new(0.0f32);
    for row in part * CHUNK..u32::min((part as u32 + 1) * CHUNK as u32, rows) as usize {
        sum += x[row * columns + column];
    }
    parts[ABSOLUTE_POS] = sum;
}

/// The sum of `count` parts that lie `stride` apart, from `first` on: `[columns]`.
#[cube(launch)]
fn sum_kernel<N: Size>(
    parts: &Array<Vector<f32, N>>,
    sums: &mut Array<Vector<f32, N>>,
    first: u32,
    stride: u32,
    count: u32,
) {
    if ABSOLUTE_POS >= sums.len() {
        terminate!();
    }
    let mut sum = Vector::<f32, N>::new(0.0f32);
    let mut at = first as usize + ABSOLUTE_POS;
    for _ in 0..count {
        sum += parts[at];
        at += stride as usize;
    }
    sums[ABSOLUTE_POS] = sum;
}

/// Sum `which` of `kinds` that lie side by side in each of the parts, `[parts, kinds * columns]`: `[columns]`.
pub(super) fn sum_parts<R: CubeRuntime>(
    parts: &CubeTensor<R>,
    which: usize,
    kinds: usize,
    columns: usize,
) -> CubeTensor<R> {
    let [count, _] = dims2(parts);
    let sums = like(parts, [columns]);
    let n = vector_size(columns);
    let (cubes, units) = each(&parts.client, columns / n);
    let (first, stride) = (which * columns / n, kinds * columns / n);
    let (client, parts) = (&parts.client, array(parts));
    sum_kernel::launch(client, cubes, units, n, parts, array(&sums), first as u32, stride as u32, count as u32);
    sums
}

/// Sums over the rows of `[rows, columns]`: `[columns]`.
pub(super) fn column_sums<R: CubeRuntime>(x: &CubeTensor<R>) -> CubeTensor<R> {
    let x = dense(x.clone());
    let [rows, columns] = dims2(&x);
    let parts = like(&x, [rows.div_ceil(CHUNK), columns]);
    let n = vector_size(columns);
    let (cubes, units) = each(&x.client, rows.div_ceil(CHUNK) * columns / n);
    parts_kernel::launch(&x.client, cubes, units, n, array(&x), array(&parts), rows as u32, columns / n);
    sum_parts(&parts, 0, 1, columns)
}
