//! Sum of the three embeddings of a token, and its gradient.

use super::buffer::{Buffer, dense, dims2, elements, tensor};
use super::linear::add_rows;
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::batch::TokenBatch;
use burn_flex::FlexTensor;

kernel! {
    /// transformers adds in this order: words and segments, then positions.
    fn sum_kernel(y: &'k mut [f32], word: &'k [f32], token_type: &'k [f32], position: &'k [f32]) {
        for (((y, w), t), p) in y.iter_mut().zip(word).zip(token_type).zip(position) {
            *y = (w + t) + p;
        }
    }
}

pub(super) fn forward(tables: [FlexTensor; 3], batch: &TokenBatch) -> FlexTensor {
    let tables = tables.map(dense);
    let [_, hidden] = dims2(&tables[0]);
    let [word, position, token_type] = [0, 1, 2].map(|i| elements(&tables[i]));
    let rows = batch.input_ids.len();
    let row_of = |table, id: u32| -> &[f32] {
        let table: &[f32] = table;
        &table[id as usize * hidden..(id as usize + 1) * hidden]
    };
    let mut y = Buffer::new(rows * hidden);
    y.chunks_mut(hidden * ROWS).enumerate().par_for_each(|(chunk, y)| {
        for (i, y) in y.chunks_exact_mut(hidden).enumerate() {
            let row = chunk * ROWS + i;
            let word = row_of(word, batch.input_ids[row]);
            let token_type = row_of(token_type, batch.token_type_ids[row]);
            sum_kernel(y, word, token_type, row_of(position, batch.position_ids[row]));
        }
    });
    tensor(y, [rows, hidden])
}

pub(super) fn backward(g: FlexTensor, sizes: [usize; 2], batch: &TokenBatch) -> [FlexTensor; 3] {
    let g = dense(g);
    let [_, hidden] = dims2(&g);
    let gradient = elements(&g);
    let tokens = batch.distinct_tokens();
    let sums =
        [(tokens.ids.len(), &tokens.index_of_row), (sizes[0], &batch.position_ids), (sizes[1], &batch.token_type_ids)];
    sums.map(|(rows, ids)| {
        let mut table = Buffer::zeros(rows * hidden);
        for (&id, row) in ids.iter().zip(gradient.chunks_exact(hidden)) {
            let start = id as usize * hidden;
            add_rows(&mut table[start..start + hidden], row);
        }
        tensor(table, [rows, hidden])
    })
}
