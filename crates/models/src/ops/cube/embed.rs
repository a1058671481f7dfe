//! Sum of the three embeddings of a token, and its gradient.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::layout::ids;
use super::tensor::{array, dense, dims2, each, len, like, upload, vector_size};
use crate::batch::TokenBatch;

/// Rows that one unit adds up.
const CHUNK: usize = 64;

/// transformers adds in this order: words and segments, then positions.
#[cube(launch)]
fn forward_kernel<N: Size>(
    word: &Array<Vector<f32, N>>,
    position: &Array<Vector<f32, N>>,
    segment: &Array<Vector<f32, N>>,
    ids: &Array<u32>,
    y: &mut Array<Vector<f32, N>>,
    #[comptime] columns: usize,
) {
    if ABSOLUTE_POS >= y.len() {
        terminate!();
    }
    let (row, column) = (ABSOLUTE_POS / columns, ABSOLUTE_POS % columns);
    let word = word[ids[3 * row] as usize * columns + column];
    let position = position[ids[3 * row + 1] as usize * columns + column];
    let segment = segment[ids[3 * row + 2] as usize * columns + column];
    y[ABSOLUTE_POS] = (word + segment) + position;
}

/// Each output row is the sum of some rows of x: those that `order` lists between two `bounds`.
#[cube(launch)]
fn sum_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    order: &Array<u32>,
    bounds: &Array<u32>,
    sums: &mut Array<Vector<f32, N>>,
    #[comptime] columns: usize,
) {
    if ABSOLUTE_POS >= sums.len() {
        terminate!();
    }
    let (group, column) = (ABSOLUTE_POS / columns, ABSOLUTE_POS % columns);
    let mut sum = Vector::<f32, N>::new(0.0f32);
    for i in bounds[group] as usize..bounds[group + 1] as usize {
        sum += x[order[i] as usize * columns + column];
    }
    sums[ABSOLUTE_POS] = sum;
}

pub(super) fn forward<R: CubeRuntime>(
    word: CubeTensor<R>,
    position: CubeTensor<R>,
    segment: CubeTensor<R>,
    batch: &TokenBatch,
) -> CubeTensor<R> {
    let tables = [word, position, segment].map(dense);
    let columns = dims2(&tables[0])[1];
    let y = like(&tables[0], [batch.input_ids.len(), columns]);
    let n = vector_size(columns);
    let (cubes, units) = each(&y.client, len(&y) / n);
    let ids = ids(batch, &y);
    let [word, position, segment] = [0, 1, 2].map(|i| array(&tables[i]));
    forward_kernel::launch(&y.client, cubes, units, n, word, position, segment, ids.array(), array(&y), columns / n);
    y
}

/// Rows in the order of their group, and where each group's begin.
struct RowsById {
    order: Vec<u32>,
    bounds: Vec<u32>,
}

impl RowsById {
    /// By the id of each row, of which there are `count`.
    fn by_id(ids: &[u32], count: usize) -> Self {
        let mut bounds = vec![0u32; count + 1];
        for &id in ids {
            bounds[id as usize + 1] += 1;
        }
        for i in 0..count {
            bounds[i + 1] += bounds[i];
        }
        let mut next = bounds.clone();
        let mut order = vec![0; ids.len()];
        for (row, &id) in (0..).zip(ids) {
            let place = &mut next[id as usize];
            order[*place as usize] = row;
            *place += 1;
        }
        Self { order, bounds }
    }

    /// The same sums in two steps: of at most [`CHUNK`] rows each, and of those sums.
    fn split(self) -> [Self; 2] {
        let mut first = vec![0];
        let mut second = vec![0];
        for pair in self.bounds.windows(2) {
            let mut at = pair[0];
            while at < pair[1] {
                at = (at + CHUNK as u32).min(pair[1]);
                first.push(at);
            }
            second.push(first.len() as u32 - 1);
        }
        let parts = first.len() as u32 - 1;
        [Self { order: self.order, bounds: first }, Self { order: (0..parts).collect(), bounds: second }]
    }

    fn sums<R: CubeRuntime>(&self, x: &CubeTensor<R>) -> CubeTensor<R> {
        let columns = dims2(x)[1];
        let sums = like(x, [self.bounds.len() - 1, columns]);
        let n = vector_size(columns);
        let (cubes, units) = each(&x.client, len(&sums) / n);
        let (order, bounds) = (upload(&x.client, &self.order), upload(&x.client, &self.bounds));
        let arrays = (array(x), order.array(), bounds.array(), array(&sums));
        sum_kernel::launch(&x.client, cubes, units, n, arrays.0, arrays.1, arrays.2, arrays.3, columns / n);
        sums
    }
}

pub(super) fn backward<R: CubeRuntime>(g: CubeTensor<R>, sizes: [usize; 2], batch: &TokenBatch) -> [CubeTensor<R>; 3] {
    let g = dense(g);
    let tokens = batch.distinct_tokens();
    let tables =
        [(tokens.ids.len(), &tokens.index_of_row), (sizes[0], &batch.position_ids), (sizes[1], &batch.token_type_ids)];
    tables.map(|(count, ids)| {
        let groups = RowsById::by_id(ids, count);
        let longest = groups.bounds.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        if longest as usize <= CHUNK {
            return groups.sums(&g);
        }
        let [first, second] = groups.split();
        second.sums(&first.sums(&g))
    })
}
