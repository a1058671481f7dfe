//! Attention one sequence at a time: scores of a head fit the cache, and padding is never computed.

use burn_flex::FlexTensor;

use super::buffer::{Buffer, dense, dims2, elements, tensor};
use super::elementwise::drop_row;
use super::gemm::{Product, multiply};
use super::linear::add_rows;
use super::math::{exp, row_sum};
use super::matrix::Mat;
use super::simd::kernel;
use super::threads::Parallel;
use crate::batch::Sequences;
use crate::ops::attention::{AttentionSpec, RelativeKind, RelativeSpec};

/// Cuts `[rows, width]` into one slice a sequence, padding rows at its end included.
fn split_sequences<'a>(mut x: &'a mut [f32], width: usize, sequences: &Sequences) -> Vec<&'a mut [f32]> {
    let mut parts = Vec::with_capacity(sequences.len());
    for i in 0..sequences.len() {
        let rows = sequences.padded_len().unwrap_or(sequences.length(i));
        let (part, rest) = x.split_at_mut(rows * width);
        parts.push(part);
        x = rest;
    }
    // Rows of no sequence.
    x.fill(0.0);
    parts
}

/// Largest element, by independent lanes.
#[inline(always)]
fn row_max(x: &[f32]) -> f32 {
    const LANES: usize = 16;
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, larger);
    for chunk in chunks {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, v);
        }
    }
    lanes.into_iter().fold(rest, larger)
}

kernel! {
    /// softmax(scale x) of each row of `[n, n]` in place; keys further than `window` from the query get 0.
    fn softmax(x: &'k mut [f32], n: usize, scale: f32, window: Option<usize>) {
        for (query, row) in x.chunks_exact_mut(n).enumerate() {
            let row = match window {
                None => row,
                Some(window) => {
                    let (first, last) = (query.saturating_sub(window), (query + window + 1).min(n));
                    row[..first].fill(0.0);
                    row[last..].fill(0.0);
                    &mut row[first..last]
                }
            };
            let highest = row_max(row);
            for v in row.iter_mut() {
                *v = exp((*v - highest) * scale);
            }
            let inverse = 1.0 / row_sum(row, |v| v);
            for v in row.iter_mut() {
                *v *= inverse;
            }
        }
    }
}

/// What the table of relative positions does to one head of one sequence.
pub(super) struct RelativeHead<'a> {
    kind: RelativeKind,
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
    fn add(&self, scores: &mut [f32], q: Mat, k: Mat, n: usize, scale: f32, scratch: &mut Vec<f32>) {
        match self.kind {
            RelativeKind::Bias => add_bias(scores, self.rows, self.table, self.width, self.head, n, scale),
            RelativeKind::Disentangled => {
                let (low, count) = self.span();
                scratch.resize(n * count, 0.0);
                multiply(scratch, count, q, self.positions(1).t(), Product::SERIAL);
                add_by_query(scores, scratch, self.rows, low, n, count);
                multiply(scratch, count, k, self.positions(0).t(), Product::SERIAL);
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

/// The probabilities of one head of one sequence: `[n, n]`.
fn probabilities(
    out: &mut [f32],
    q: Mat,
    k: Mat,
    n: usize,
    spec: &AttentionSpec,
    relative: Option<&RelativeHead<'_>>,
    scratch: &mut Vec<f32>,
) {
    multiply(out, n, q, k.t(), Product::SERIAL);
    let mut scale = spec.scale as f32;
    if let Some(relative) = relative {
        relative.add(out, q, k, n, scale, scratch);
        if relative.kind == RelativeKind::Bias {
            scale = 1.0;
        }
    }
    softmax(out, n, scale, spec.window);
}

/// A table of relative positions, for all heads and sequences.
#[derive(Clone, Copy)]
struct Table<'a> {
    relative: &'a RelativeSpec,
    values: &'a [f32],
    width: usize,
}

impl<'a> Table<'a> {
    fn head(&self, head: usize, n: usize, hidden: usize, head_dim: usize) -> RelativeHead<'a> {
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

/// Queries, keys and values of one head, `[n, head_dim]` each, in rows of `3 hidden`.
fn head_of(qkv: &[f32], head: usize, n: usize, hidden: usize, head_dim: usize) -> [Mat<'_>; 3] {
    [0, 1, 2].map(|i| Mat::strided(&qkv[i * hidden + head * head_dim..], n, head_dim, 3 * hidden))
}

pub(super) fn forward(qkv: FlexTensor, spec: &AttentionSpec) -> FlexTensor {
    attend(qkv, None, spec)
}

pub(super) fn relative_forward(
    qkv: FlexTensor,
    table: FlexTensor,
    relative: &RelativeSpec,
    spec: &AttentionSpec,
) -> FlexTensor {
    let table = dense(table);
    let [_, width] = dims2(&table);
    attend(qkv, Some(Table { relative, values: elements(&table), width }), spec)
}

fn attend(qkv: FlexTensor, table: Option<Table<'_>>, spec: &AttentionSpec) -> FlexTensor {
    let qkv = dense(qkv);
    let [rows, width] = dims2(&qkv);
    let hidden = width / 3;
    let head_dim = hidden / spec.heads;
    let all = elements(&qkv);
    let mut out = Buffer::new(rows * hidden);
    split_sequences(&mut out, hidden, &spec.sequences).into_iter().enumerate().par_for_each_init(
        || (Vec::new(), Vec::new()),
        |(scores, scratch), (i, out)| {
            let n = spec.sequences.length(i);
            scores.resize(n * n, 0.0);
            out[n * hidden..].fill(0.0);
            let qkv = &all[spec.sequences.start(i) * width..];
            for head in 0..spec.heads {
                let [q, k, v] = head_of(qkv, head, n, hidden, head_dim);
                let relative = table.map(|table| table.head(head, n, hidden, head_dim));
                probabilities(scores, q, k, n, spec, relative.as_ref(), scratch);
                if !spec.dropout.is_off() {
                    drop_probabilities(scores, spec, i, head, n);
                }
                multiply(&mut out[head * head_dim..], hidden, Mat::new(scores, n, n), v, Product::SERIAL);
            }
        },
    );
    tensor(out, [rows, hidden])
}

kernel! {
    fn drop_probabilities(x: &'k mut [f32], spec: &'k AttentionSpec, sequence: usize, head: usize, n: usize) {
        let (threshold, scale) = (spec.dropout.threshold(), spec.dropout.scale());
        for (position, row) in x.chunks_exact_mut(n).enumerate() {
            drop_row(row, spec.dropout.row(spec.row_key(sequence, position, head)), threshold, scale);
        }
    }
}

kernel! {
    /// From probabilities p and the gradient of the dropped ones, `[n, n]` each, in place: the gradient of the scores
    /// (p (dp - sum(dp p)) a row), and the dropped probabilities.
    fn scores_backward(p: &'k mut [f32], d: &'k mut [f32], spec: &'k AttentionSpec, sequence: usize, head: usize, n: usize) {
        let (threshold, scale) = (spec.dropout.threshold(), spec.dropout.scale());
        for (position, (p, d)) in p.chunks_exact_mut(n).zip(d.chunks_exact_mut(n)).enumerate() {
            let stream = spec.dropout.row(spec.row_key(sequence, position, head));
            if !spec.dropout.is_off() {
                drop_row(d, stream, threshold, scale);
            }
            let along = dot(p, d);
            for (d, &p) in d.iter_mut().zip(p.iter()) {
                *d = p * (*d - along);
            }
            if !spec.dropout.is_off() {
                drop_row(p, stream, threshold, scale);
            }
        }
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [0.0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for j in 0..LANES {
            lanes[j] = a[j].mul_add(b[j], lanes[j]);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

pub(super) fn backward(qkv: FlexTensor, g: FlexTensor, spec: &AttentionSpec) -> FlexTensor {
    attend_backward(qkv, g, None, spec).0
}

pub(super) fn relative_backward(
    qkv: FlexTensor,
    table: FlexTensor,
    g: FlexTensor,
    relative: &RelativeSpec,
    spec: &AttentionSpec,
) -> [FlexTensor; 2] {
    let table = dense(table);
    let [rows, width] = dims2(&table);
    let (dqkv, parts) = attend_backward(qkv, g, Some(Table { relative, values: elements(&table), width }), spec);
    // Sequences are added in their order, whatever threads they were computed by.
    let mut dtable = Buffer::zeros(rows * width);
    for part in &parts {
        let columns = part.columns;
        for (row, values) in dtable[part.low * width..].chunks_exact_mut(width).zip(part.values.chunks_exact(columns)) {
            add_rows(&mut row[..columns], values);
        }
    }
    [dqkv, tensor(dtable, [rows, width])]
}

/// What one sequence adds to the gradient of the table: rows from `low` on, their first columns.
struct TablePart {
    low: usize,
    columns: usize,
    values: Vec<f32>,
}

impl TablePart {
    fn new(table: Table<'_>, n: usize, hidden: usize) -> Self {
        let (low, count) = table.head(0, n, hidden, 0).span();
        let columns = match table.relative.kind {
            RelativeKind::Bias => table.width,
            RelativeKind::Disentangled => 2 * hidden,
        };
        Self { low, columns, values: vec![0.0; count * columns] }
    }
}

/// Memory of one thread.
#[derive(Default)]
struct Scratch {
    p: Vec<f32>,
    d: Vec<f32>,
    products: Vec<f32>,
    by_query: Vec<f32>,
    by_key: Vec<f32>,
}

fn attend_backward(
    qkv: FlexTensor,
    g: FlexTensor,
    table: Option<Table<'_>>,
    spec: &AttentionSpec,
) -> (FlexTensor, Vec<TablePart>) {
    let (qkv, g) = (dense(qkv), dense(g));
    let [rows, width] = dims2(&qkv);
    let hidden = width / 3;
    let head_dim = hidden / spec.heads;
    let scaled = Product { scale: spec.scale as f32, ..Product::SERIAL };
    let (all, gradient) = (elements(&qkv), elements(&g));
    let mut out = Buffer::new(rows * width);
    let parts = split_sequences(&mut out, width, &spec.sequences).into_iter().enumerate().par_map_init(
        Scratch::default,
        |scratch, (i, out)| {
            let n = spec.sequences.length(i);
            scratch.p.resize(n * n, 0.0);
            scratch.d.resize(n * n, 0.0);
            out[n * width..].fill(0.0);
            let start = spec.sequences.start(i);
            let qkv = &all[start * width..];
            let mut part = table.map(|table| TablePart::new(table, n, hidden));
            for head in 0..spec.heads {
                let [q, k, v] = head_of(qkv, head, n, hidden, head_dim);
                let g = Mat::strided(&gradient[start * hidden + head * head_dim..], n, head_dim, hidden);
                let relative = table.map(|table| table.head(head, n, hidden, head_dim));
                let Scratch { p, d, products, .. } = scratch;
                probabilities(p, q, k, n, spec, relative.as_ref(), products);
                multiply(d, n, g, v.t(), Product::SERIAL);
                scores_backward(p, d, spec, i, head, n);
                let column = head * head_dim;
                multiply(&mut out[column..], width, Mat::new(d, n, n), k, scaled);
                multiply(&mut out[hidden + column..], width, Mat::new(d, n, n).t(), q, scaled);
                multiply(&mut out[2 * hidden + column..], width, Mat::new(p, n, n).t(), g, Product::SERIAL);
                if let (Some(relative), Some(part)) = (&relative, &mut part) {
                    relative_gradients(relative, part, scratch, [q, k], &mut out[column..], n, scaled);
                }
            }
            part
        },
    );
    (tensor(out, [rows, width]), parts.into_iter().flatten().collect())
}

/// From the gradient of one head's scores, in `scratch.d`: what the table's part adds to those of queries and keys
/// (`dqk`, rows of `3 hidden`), and the table's own.
fn relative_gradients(
    relative: &RelativeHead<'_>,
    part: &mut TablePart,
    scratch: &mut Scratch,
    [q, k]: [Mat<'_>; 2],
    dqk: &mut [f32],
    n: usize,
    scaled: Product,
) {
    let Scratch { d, by_query, by_key, .. } = scratch;
    let low = part.low;
    let (hidden, column) = (relative.hidden, relative.head * relative.head_dim);
    match relative.kind {
        RelativeKind::Bias => {
            for (query, d) in d.chunks_exact(n).enumerate() {
                for (d, &row) in d.iter().zip(relative.rows[..query + n].iter().rev()) {
                    part.values[(row as usize - low) * part.columns + relative.head] += d;
                }
            }
        }
        RelativeKind::Disentangled => {
            let (_, count) = relative.span();
            by_query.resize(n * count, 0.0);
            by_key.resize(n * count, 0.0);
            collect(d, by_query, by_key, relative.rows, low, n, count);
            let (by_query, by_key) = (Mat::new(by_query, n, count), Mat::new(by_key, n, count));
            let added = Product { accumulate: true, ..scaled };
            multiply(dqk, 3 * hidden, by_query, relative.positions(1), added);
            multiply(&mut dqk[hidden..], 3 * hidden, by_key, relative.positions(0), added);
            multiply(&mut part.values[column..], part.columns, by_key.t(), k, scaled);
            multiply(&mut part.values[hidden + column..], part.columns, by_query.t(), q, scaled);
        }
    }
}
