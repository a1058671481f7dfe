//! What a table of relative positions does to attention: to the scores of one head, and back.

use super::super::gemm::{Product, multiply};
use super::super::linear::add_rows;
use super::super::matrix::{Mat, MatMut};
use super::super::simd::kernel;
use crate::ops::attention::{RelativeKind, RelativeSpec};

/// A table of relative positions, for all heads and sequences.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) relative: &'a RelativeSpec,
    pub(super) values: &'a [f32],
    pub(super) width: usize,
}

impl<'a> Table<'a> {
    pub(super) fn head(&self, head: usize, n: usize, hidden: usize, head_dim: usize) -> RelativeHead<'a> {
        let (relative, table) = (self.relative, self.values);
        RelativeHead {
            kind: relative.kind,
            rows: relative.rows_of(n),
            table,
            width: self.width,
            head,
            hidden,
            head_dim,
        }
    }
}

/// What the table of relative positions does to one head of one sequence.
pub(super) struct RelativeHead<'a> {
    pub(super) kind: RelativeKind,
    /// Row of each distance `query - key`, from `-(n - 1)` on.
    rows: &'a [u32],
    /// The whole table, and its width.
    table: &'a [f32],
    width: usize,
    head: usize,
    /// Queries and keys of positions are so many columns each.
    hidden: usize,
    head_dim: usize,
}

impl<'a> RelativeHead<'a> {
    /// The first row that is used, and how many are.
    fn span(&self) -> (usize, usize) {
        let (low, high) = (self.rows.iter().min(), self.rows.iter().max());
        let (low, high) = (low.copied().unwrap_or(0) as usize, high.copied().unwrap_or(0) as usize);
        (low, high + 1 - low)
    }

    /// Queries (0) or keys (1) of the used positions, `[span, head_dim]`.
    fn positions(&self, part: usize) -> Mat<'a> {
        let (low, count) = self.span();
        let column = part * self.hidden + self.head * self.head_dim;
        Mat::strided(&self.table[low * self.width + column..], count, self.head_dim, self.width)
    }

    /// Adds to the scores `[n, n]`. `scratch` is for the products with positions.
    pub(super) fn add(&self, scores: &mut [f32], q: Mat, k: Mat, n: usize, scale: f32, scratch: &mut Vec<f32>) {
        match self.kind {
            RelativeKind::Bias => add_bias(scores, self.rows, self.table, self.width, self.head, n, scale),
            RelativeKind::Disentangled => {
                let (low, count) = self.span();
                scratch.resize(n * count, 0.0);
                multiply(MatMut::new(scratch, n, count), q, self.positions(1).t(), Product::SERIAL);
                add_by_query(scores, scratch, self.rows, low, n, count);
                multiply(MatMut::new(scratch, n, count), k, self.positions(0).t(), Product::SERIAL);
                add_by_key(scores, scratch, self.rows, low, n, count);
            }
        }
    }
}

kernel! {
    /// `scale x + bias`, so that the softmax has nothing to scale.
    fn add_bias(
        x: &'k mut [f32], rows: &'k [u32], table: &'k [f32], heads: usize, head: usize, n: usize, scale: f32,
    ) {
        for (query, x) in x.chunks_exact_mut(n).enumerate() {
            // Keys ascend, so distances descend from `query`.
            for (x, &row) in x.iter_mut().zip(rows[..query + n].iter().rev()) {
                *x = x.mul_add(scale, table[row as usize * heads + head]);
            }
        }
    }
}

kernel! {
    fn add_by_query(x: &'k mut [f32], products: &'k [f32], rows: &'k [u32], low: usize, n: usize, count: usize) {
        for (query, (x, products)) in x.chunks_exact_mut(n).zip(products.chunks_exact(count)).enumerate() {
            for (x, &row) in x.iter_mut().zip(rows[..query + n].iter().rev()) {
                *x += products[row as usize - low];
            }
        }
    }
}

kernel! {
    fn add_by_key(x: &'k mut [f32], products: &'k [f32], rows: &'k [u32], low: usize, n: usize, count: usize) {
        for (query, x) in x.chunks_exact_mut(n).enumerate() {
            let distances = rows[..query + n].iter().rev();
            for ((x, &row), products) in x.iter_mut().zip(distances).zip(products.chunks_exact(count)) {
                *x += products[row as usize - low];
            }
        }
    }
}

kernel! {
    /// The gradients of the products that [`add_by_query`] and [`add_by_key`] add.
    fn collect(
        d: &'k [f32], by_query: &'k mut [f32], by_key: &'k mut [f32], rows: &'k [u32], low: usize, n: usize, count: usize,
    ) {
        by_query.fill(0.0);
        by_key.fill(0.0);
        for (query, (d, by_query)) in d.chunks_exact(n).zip(by_query.chunks_exact_mut(count)).enumerate() {
            let distances = rows[..query + n].iter().rev();
            for ((d, &row), by_key) in d.iter().zip(distances).zip(by_key.chunks_exact_mut(count)) {
                by_query[row as usize - low] += d;
                by_key[row as usize - low] += d;
            }
        }
    }
}

/// What one head of one sequence adds to the gradient of the table.
pub(super) struct TablePart {
    /// The first row.
    low: usize,
    /// By their first columns, `[rows, width]` each.
    blocks: Vec<Block>,
}

struct Block {
    column: usize,
    width: usize,
    values: Vec<f32>,
}

impl TablePart {
    /// Adds it to the gradient, of rows of `width`.
    pub(super) fn add_to(&self, dtable: &mut [f32], width: usize) {
        for block in &self.blocks {
            let columns = block.column..block.column + block.width;
            let rows = dtable[self.low * width..].chunks_exact_mut(width);
            for (row, values) in rows.zip(block.values.chunks_exact(block.width)) {
                add_rows(&mut row[columns.clone()], values);
            }
        }
    }
}

/// Memory of one thread.
#[derive(Default)]
pub(super) struct Scratch {
    by_query: Vec<f32>,
    by_key: Vec<f32>,
}

impl RelativeHead<'_> {
    /// From the gradient of the scores, `[n, n]`: what the table's part adds to those of queries and keys, and the table's own.
    pub(super) fn gradients(
        &self,
        d: &[f32],
        scratch: &mut Scratch,
        [q, k]: [Mat<'_>; 2],
        [dq, dk]: [MatMut<'_>; 2],
        scaled: Product,
    ) -> TablePart {
        let n = q.rows;
        let (low, count) = self.span();
        let blocks = match self.kind {
            RelativeKind::Bias => {
                let mut values = vec![0.0; count];
                for (query, d) in d.chunks_exact(n).enumerate() {
                    for (d, &row) in d.iter().zip(self.rows[..query + n].iter().rev()) {
                        values[row as usize - low] += d;
                    }
                }
                vec![Block { column: self.head, width: 1, values }]
            }
            RelativeKind::Disentangled => {
                let Scratch { by_query, by_key } = scratch;
                by_query.resize(n * count, 0.0);
                by_key.resize(n * count, 0.0);
                collect(d, by_query, by_key, self.rows, low, n, count);
                let (by_query, by_key) = (Mat::new(by_query, n, count), Mat::new(by_key, n, count));
                let added = Product { accumulate: true, ..scaled };
                multiply(dq, by_query, self.positions(1), added);
                multiply(dk, by_key, self.positions(0), added);
                let block = |part: usize, by: Mat, x: Mat| {
                    let mut values = vec![0.0; count * self.head_dim];
                    multiply(MatMut::new(&mut values, count, self.head_dim), by.t(), x, scaled);
                    Block { column: part * self.hidden + self.head * self.head_dim, width: self.head_dim, values }
                };
                vec![block(0, by_key, k), block(1, by_query, q)]
            }
        };
        TablePart { low, blocks }
    }
}
