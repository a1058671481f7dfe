//! Attention one sequence at a time: scores of a head fit the cache, and padding is never computed.

mod relative;

use burn_flex::FlexTensor;

use self::relative::{RelativeHead, Scratch, Table, TablePart};

use super::buffer::{Buffer, dense, dims2, elements, tensor};
use super::elementwise::drop_row;
use super::gemm::{Product, multiply};
use super::math::{exp, row_sum};
use super::matrix::{Mat, MatMut};
use super::simd::kernel;
use super::threads::{self, Parallel};
use crate::batch::Sequences;
use crate::ops::attention::{AttentionSpec, HeadColumns, RelativeKind, RelativeSpec};

/// Tasks a thread, so that all end at nearly the same time; each is some heads of a sequence.
const TASKS: usize = 8;

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
    /// softmax(scale x) of each row of `[n, n]` in place; keys that the query does not look at get 0.
    fn softmax(x: &'k mut [f32], n: usize, scale: f32, spec: &'k AttentionSpec) {
        for (query, row) in x.chunks_exact_mut(n).enumerate() {
            let reach = spec.reach(query, n);
            row[..reach.start].fill(0.0);
            row[reach.end..].fill(0.0);
            let row = &mut row[reach];
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
    multiply(MatMut::new(out, n, n), q, k.t(), Product::SERIAL);
    let mut scale = spec.scale as f32;
    if let Some(relative) = relative {
        relative.add(out, q, k, n, scale, scratch);
        if relative.kind == RelativeKind::Bias {
            scale = 1.0;
        }
    }
    softmax(out, n, scale, spec);
}

/// How many heads of keys of a sequence one task takes, with the queries that look at them: no more than leaves every thread with
/// enough to do.
fn heads_of_a_task(spec: &AttentionSpec) -> usize {
    let tasks = (TASKS * threads::count()).div_ceil(spec.sequences.len().max(1));
    spec.key_value_heads.div_ceil(tasks).max(1)
}

/// The rows of a sequence; those after them, its padding, become 0.
fn own_rows(rows: &mut [f32], n: usize, width: usize) -> MatMut<'_> {
    let (own, padding) = rows.split_at_mut(n * width);
    padding.fill(0.0);
    MatMut::new(own, n, width)
}

/// Queries, keys and values of one head of queries, `[n, head_dim]` each, in rows of `width`.
fn head_of<'a>(qkv: &'a [f32], head: usize, n: usize, width: usize, spec: &AttentionSpec) -> [Mat<'a>; 3] {
    let HeadColumns { head_dim, queries, keys } = spec.columns(width);
    let shared = queries + head / spec.group() * head_dim;
    [head * head_dim, shared, shared + keys].map(|column| Mat::strided(&qkv[column..], n, head_dim, width))
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
    let HeadColumns { head_dim, queries: hidden, .. } = spec.columns(width);
    let all = elements(&qkv);
    let mut out = Buffer::new(rows * hidden);
    let group = heads_of_a_task(spec) * spec.group();
    let tasks = split_sequences(&mut out, hidden, &spec.sequences).into_iter().enumerate().flat_map(|(i, rows)| {
        let groups = own_rows(rows, spec.sequences.length(i), hidden).in_columns(group * head_dim);
        groups.enumerate().map(move |(j, out)| (i, j * group, out))
    });
    tasks.par_for_each_init(
        || (Vec::new(), Vec::new()),
        |(scores, scratch), (i, first, out)| {
            let n = spec.sequences.length(i);
            scores.resize(n * n, 0.0);
            let qkv = &all[spec.sequences.start(i) * width..];
            for (head, out) in (first..).zip(out.in_columns(head_dim)) {
                let [q, k, v] = head_of(qkv, head, n, width, spec);
                let relative = table.map(|table| table.head(head, n, hidden, head_dim));
                probabilities(scores, q, k, n, spec, relative.as_ref(), scratch);
                if !spec.dropout.is_off() {
                    drop_probabilities(scores, spec, i, head, n);
                }
                multiply(out, Mat::new(scores, n, n), v, Product::SERIAL);
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
    parts.iter().for_each(|part| part.add_to(&mut dtable, width));
    [dqkv, tensor(dtable, [rows, width])]
}

fn attend_backward(
    qkv: FlexTensor,
    g: FlexTensor,
    table: Option<Table<'_>>,
    spec: &AttentionSpec,
) -> (FlexTensor, Vec<TablePart>) {
    let (qkv, g) = (dense(qkv), dense(g));
    let [rows, width] = dims2(&qkv);
    let HeadColumns { head_dim, queries: hidden, keys } = spec.columns(width);
    let scaled = Product { scale: spec.scale as f32, ..Product::SERIAL };
    let (all, gradient) = (elements(&qkv), elements(&g));
    let mut out = Buffer::new(rows * width);
    let (shared, sharers) = (heads_of_a_task(spec), spec.group());
    let tasks = split_sequences(&mut out, width, &spec.sequences).into_iter().enumerate().flat_map(|(i, rows)| {
        let (q, rest) = own_rows(rows, spec.sequences.length(i), width).split_columns(hidden);
        let (k, v) = rest.split_columns(keys);
        let columns = shared * head_dim;
        let groups = q.in_columns(columns * sharers).zip(k.in_columns(columns)).zip(v.in_columns(columns));
        groups.enumerate().map(move |(j, ((q, k), v))| (i, j * shared, [q, k, v]))
    });
    let parts =
        tasks.par_map_init(<(Vec<f32>, Vec<f32>, Vec<f32>, Scratch)>::default, |scratch, (i, first, [dq, dk, dv])| {
            let (p, d, products, relative_scratch) = scratch;
            let n = spec.sequences.length(i);
            p.resize(n * n, 0.0);
            d.resize(n * n, 0.0);
            let start = spec.sequences.start(i);
            let qkv = &all[start * width..];
            let mut parts = Vec::new();
            let of_queries = dq.in_columns(head_dim * sharers);
            let gradients = of_queries.zip(dk.in_columns(head_dim)).zip(dv.in_columns(head_dim));
            for (key_head, ((dq, mut dk), mut dv)) in (first..).zip(gradients) {
                for (sharer, mut dq) in dq.in_columns(head_dim).enumerate() {
                    let head = key_head * sharers + sharer;
                    // Heads of queries that share keys add up what those get.
                    let accumulate = sharer > 0;
                    let [q, k, v] = head_of(qkv, head, n, width, spec);
                    let g = Mat::strided(&gradient[start * hidden + head * head_dim..], n, head_dim, hidden);
                    let relative = table.map(|table| table.head(head, n, hidden, head_dim));
                    probabilities(p, q, k, n, spec, relative.as_ref(), products);
                    multiply(MatMut::new(d, n, n), g, v.t(), Product::SERIAL);
                    scores_backward(p, d, spec, i, head, n);
                    multiply(dq.again(), Mat::new(d, n, n), k, scaled);
                    multiply(dk.again(), Mat::new(d, n, n).t(), q, Product { accumulate, ..scaled });
                    multiply(dv.again(), Mat::new(p, n, n).t(), g, Product { accumulate, ..Product::SERIAL });
                    parts.extend(
                        relative
                            .map(|relative| relative.gradients(d, relative_scratch, [q, k], [dq, dk.again()], scaled)),
                    );
                }
            }
            parts
        });
    (tensor(out, [rows, width]), parts.into_iter().flatten().collect())
}
