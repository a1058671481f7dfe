//! Attention one sequence at a time: scores of a head fit the cache, and padding is never computed.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::buffer::{Buffer, dense, dims2, elements, tensor};
use super::elementwise::drop_row;
use super::gemm::{Mat, Product, multiply};
use super::math::{exp, row_sum};
use super::simd::kernel;
use crate::batch::Sequences;
use crate::ops::AttentionSpec;

/// Cuts `[rows, width]` into one slice a sequence, padding rows at its end included.
fn split_sequences<'a>(mut x: &'a mut [f32], width: usize, sequences: &Sequences) -> Vec<&'a mut [f32]> {
    let mut parts = Vec::with_capacity(sequences.len());
    for i in 0..sequences.len() {
        let rows = sequences.padded_len().unwrap_or(sequences.length(i));
        let (part, rest) = x.split_at_mut(rows * width);
        parts.push(part);
        x = rest;
    }
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
    /// softmax(scale x) of each row of `[n, n]` in place.
    fn softmax(x: &'k mut [f32], n: usize, scale: f32) {
        for row in x.chunks_exact_mut(n) {
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
fn probabilities(out: &mut [f32], q: Mat, k: Mat, n: usize, scale: f32) {
    multiply(out, n, q, k.t(), Product::SERIAL);
    softmax(out, n, scale);
}

/// Queries, keys and values of one head, `[n, head_dim]` each, in rows of `3 hidden`.
fn head_of(qkv: &[f32], head: usize, n: usize, hidden: usize, head_dim: usize) -> [Mat<'_>; 3] {
    [0, 1, 2].map(|i| Mat::strided(&qkv[i * hidden + head * head_dim..], n, head_dim, 3 * hidden))
}

pub(super) fn forward(qkv: FlexTensor, spec: &AttentionSpec) -> FlexTensor {
    let qkv = dense(qkv);
    let [rows, width] = dims2(&qkv);
    let hidden = width / 3;
    let head_dim = hidden / spec.heads;
    let scale = 1.0 / (head_dim as f32).sqrt();
    let all = elements(&qkv);
    let mut out = Buffer::new(rows * hidden);
    split_sequences(&mut out, hidden, &spec.sequences).into_par_iter().enumerate().for_each_init(
        Vec::new,
        |scores, (i, out)| {
            let n = spec.sequences.length(i);
            scores.resize(n * n, 0.0);
            out[n * hidden..].fill(0.0);
            let qkv = &all[spec.sequences.start(i) * width..];
            for head in 0..spec.heads {
                let [q, k, v] = head_of(qkv, head, n, hidden, head_dim);
                probabilities(scores, q, k, n, scale);
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
    let (qkv, g) = (dense(qkv), dense(g));
    let [rows, width] = dims2(&qkv);
    let hidden = width / 3;
    let head_dim = hidden / spec.heads;
    let scale = 1.0 / (head_dim as f32).sqrt();
    let (all, gradient) = (elements(&qkv), elements(&g));
    let mut out = Buffer::new(rows * width);
    split_sequences(&mut out, width, &spec.sequences).into_par_iter().enumerate().for_each_init(
        || (Vec::new(), Vec::new()),
        |(p, d), (i, out)| {
            let n = spec.sequences.length(i);
            p.resize(n * n, 0.0);
            d.resize(n * n, 0.0);
            out[n * width..].fill(0.0);
            let start = spec.sequences.start(i);
            let qkv = &all[start * width..];
            for head in 0..spec.heads {
                let [q, k, v] = head_of(qkv, head, n, hidden, head_dim);
                let g = Mat::strided(&gradient[start * hidden + head * head_dim..], n, head_dim, hidden);
                probabilities(p, q, k, n, scale);
                multiply(d, n, g, v.t(), Product::SERIAL);
                scores_backward(p, d, spec, i, head, n);
                let column = head * head_dim;
                let scaled = Product { scale, ..Product::SERIAL };
                multiply(&mut out[column..], width, Mat::new(d, n, n), k, scaled);
                multiply(&mut out[hidden + column..], width, Mat::new(d, n, n).t(), q, scaled);
                multiply(&mut out[2 * hidden + column..], width, Mat::new(p, n, n).t(), g, Product::SERIAL);
            }
        },
    );
    tensor(out, [rows, width])
}
