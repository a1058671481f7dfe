//! Multi-head attention within sequences: its description, and the composed default bodies.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData, activation};
use burn_autodiff::Autodiff;

use super::composed::differentiate;
use super::{Dropout, EncoderOps, matmul, raw, wrap};
use crate::batch::Sequences;

/// Number of heads, layout, and dropout on the probabilities.
#[derive(Clone, Debug)]
pub struct AttentionSpec {
    /// Heads; the hidden size is a multiple.
    pub heads: usize,
    /// What scores are multiplied with: 1 / sqrt(head_dim) as a rule.
    pub scale: f64,
    /// Tokens look at those at most so far away; `None`: at all.
    pub window: Option<usize>,
    /// Where the sequences lie.
    pub sequences: Arc<Sequences>,
    /// Dropout of the probabilities.
    pub dropout: Dropout,
}

/// What a table of relative positions adds to the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelativeKind {
    /// A table `[rows, heads]`: its number is added to the scaled score (Raffel et al. 2020, section 2.1).
    Bias,
    /// A table `[rows, 2 hidden or more]`, queries and keys of positions side by side: query times key of position, and key
    /// times query of position, are added before scaling (He et al. 2021, DeBERTa, equation 4).
    Disentangled,
}

/// A table of relative positions.
#[derive(Clone, Debug)]
pub struct Relative {
    /// What it adds.
    pub kind: RelativeKind,
    /// The table's row of each distance `query - key`, from `-(n - 1)` on, for the longest sequence's n tokens.
    pub rows: Arc<[u32]>,
}

impl Relative {
    /// Rows of the distances in a sequence of `n` tokens, from `-(n - 1)` on.
    #[must_use]
    pub fn rows_of(&self, n: usize) -> &[u32] {
        let spare = (self.rows.len() - (2 * n - 1)) / 2;
        &self.rows[spare..self.rows.len() - spare]
    }
}

impl AttentionSpec {
    /// The dropout stream key of a query token and a head; columns of the stream are key positions.
    #[inline(always)]
    #[must_use]
    pub fn row_key(&self, sequence: usize, position: usize, head: usize) -> u64 {
        self.sequences.row_key(sequence, position) * self.heads as u64 + head as u64
    }
}

/// What a backend keeps from its forward pass for its backward pass beyond qkv: the output, `[rows, hidden]`, and of each row
/// and head the log of the sum of its scores' exponentials, `[rows, heads]`.
pub type AttentionState<T> = Option<[T; 2]>;

/// Everything that both passes share, in the padded `[batch, heads, len, head_dim]` form.
struct Padded<B: Backend> {
    q: Tensor<B, 4>,
    k: Tensor<B, 4>,
    v: Tensor<B, 4>,
    /// softmax of the scores, `[batch, heads, len, len]`.
    probabilities: Tensor<B, 4>,
    factors: Option<Tensor<B, 4>>,
}

/// Row of the `[rows, ..]` matrix for each (sequence, position), 0 for padding; and the way back.
fn row_maps(sequences: &Sequences) -> (Vec<i32>, Vec<i32>) {
    let (batch, len) = (sequences.len(), sequences.max_len());
    let mut to_padded = vec![0; batch * len];
    let mut to_rows = vec![0; sequences.rows()];
    for i in 0..batch {
        for position in 0..sequences.length(i) {
            to_padded[i * len + position] = (sequences.start(i) + position) as i32;
            to_rows[sequences.start(i) + position] = (i * len + position) as i32;
        }
    }
    (to_padded, to_rows)
}

fn select<B: Backend>(x: Tensor<B, 2>, rows: Vec<i32>) -> Tensor<B, 2> {
    let n = rows.len();
    let rows = Tensor::<B, 1, Int>::from_data(TensorData::new(rows, [n]), &x.device());
    x.select(0, rows)
}

/// `[rows, hidden]` to `[batch, heads, len, head_dim]`.
fn split_heads<B: Backend>(x: Tensor<B, 2>, spec: &AttentionSpec) -> Tensor<B, 4> {
    let hidden = x.dims()[1];
    let (batch, len) = (spec.sequences.len(), spec.sequences.max_len());
    select(x, row_maps(&spec.sequences).0).reshape([batch, len, spec.heads, hidden / spec.heads]).swap_dims(1, 2)
}

/// The inverse of [`split_heads`]; padding rows get the values of some token.
fn merge_heads<B: Backend>(x: Tensor<B, 4>, spec: &AttentionSpec) -> Tensor<B, 2> {
    let [batch, heads, len, head_dim] = x.dims();
    select(x.swap_dims(1, 2).reshape([batch * len, heads * head_dim]), row_maps(&spec.sequences).1)
}

/// 0 where the row is a token, else 1: `[rows, 1]`.
fn padding_rows<B: Backend>(sequences: &Sequences, device: &B::Device) -> Tensor<B, 2> {
    let mut padding = vec![1.0f32; sequences.rows()];
    for i in 0..sequences.len() {
        padding[sequences.start(i)..sequences.start(i) + sequences.length(i)].fill(0.0);
    }
    Tensor::from_data(TensorData::new(padding, [sequences.rows(), 1]), device)
}

/// The factors, drawn on the host.
pub(super) fn probability_factors<B: Backend>(spec: &AttentionSpec, device: &B::Device) -> FloatTensor<B> {
    let (batch, len) = (spec.sequences.len(), spec.sequences.max_len());
    let (threshold, scale) = (spec.dropout.threshold(), spec.dropout.scale());
    let mut factors = Vec::with_capacity(batch * spec.heads * len * len);
    for i in 0..batch {
        for head in 0..spec.heads {
            for position in 0..len {
                let row = spec.dropout.row(spec.row_key(i, position, head));
                factors.extend((0..len as u32).map(|c| if row.draw(c) >= threshold { scale } else { 0.0 }));
            }
        }
    }
    raw(Tensor::<B, 4>::from_data(TensorData::new(factors, [batch, spec.heads, len, len]), device))
}

/// 0 where a query may look at a key, else a number that makes its probability 0: `[batch, 1, len or 1, len]`.
fn mask<B: Backend>(spec: &AttentionSpec, device: &B::Device) -> Tensor<B, 4> {
    const HIDDEN: f32 = -1e30;
    let (batch, len) = (spec.sequences.len(), spec.sequences.max_len());
    let queries = if spec.window.is_some() { len } else { 1 };
    let mut mask = vec![0.0f32; batch * queries * len];
    for (row, keys) in mask.chunks_exact_mut(len).enumerate() {
        let (sequence, query) = (row / queries, row % queries);
        keys[spec.sequences.length(sequence)..].fill(HIDDEN);
        for (key, slot) in keys.iter_mut().enumerate() {
            if spec.window.is_some_and(|window| key.abs_diff(query) > window) {
                *slot = HIDDEN;
            }
        }
    }
    Tensor::from_data(TensorData::new(mask, [batch, queries, 1, len]), device).swap_dims(1, 2)
}

/// What the table adds to the scores, scaled: `[batch or 1, heads, len, len]`.
fn relative_scores<B: EncoderOps>(
    q: &Tensor<B, 4>,
    k: &Tensor<B, 4>,
    table: Tensor<B, 2>,
    relative: &Relative,
    scale: f64,
) -> Tensor<B, 4> {
    let [batch, heads, len, head_dim] = q.dims();
    // Row of the table for each query and key.
    let rows: Vec<i32> = (0..len * len).map(|at| relative.rows[at / len + len - 1 - at % len] as i32).collect();
    let device = table.device();
    let index = Tensor::<B, 1, Int>::from_data(TensorData::new(rows, [len * len]), &device);
    match relative.kind {
        RelativeKind::Bias => table.select(0, index).reshape([1, len, len, heads]).permute([0, 3, 1, 2]),
        RelativeKind::Disentangled => {
            let (count, hidden) = (table.dims()[0], heads * head_dim);
            let part = |i: usize| {
                let part = table.clone().narrow(1, i * hidden, hidden);
                part.reshape([1, count, heads, head_dim]).permute([0, 2, 3, 1])
            };
            let (queries, keys) = (part(0), part(1));
            let index = index.reshape([1, 1, len, len]).repeat(&[batch, heads, 1, 1]);
            let content_to_position = matmul(q.clone(), keys).gather(3, index.clone());
            // The distance from query to key picks the row here too, and the key's index comes first.
            let by_key = index.swap_dims(2, 3);
            let position_to_content = matmul(k.clone(), queries).gather(3, by_key).swap_dims(2, 3);
            (content_to_position + position_to_content) * scale
        }
    }
}

fn padded<B: EncoderOps>(
    qkv: Tensor<B, 2>,
    relative: Option<(Tensor<B, 2>, &Relative)>,
    spec: &AttentionSpec,
) -> Padded<B> {
    let device = qkv.device();
    let [q, k, v]: [Tensor<B, 4>; 3] = {
        let hidden = qkv.dims()[1] / 3;
        std::array::from_fn(|i| split_heads(qkv.clone().narrow(1, i * hidden, hidden), spec))
    };
    let mut scores = matmul(q.clone(), k.clone().swap_dims(2, 3)) * spec.scale + mask::<B>(spec, &device);
    if let Some((table, relative)) = relative {
        scores = scores + relative_scores(&q, &k, table, relative, spec.scale);
    }
    let factors = (!spec.dropout.is_off()).then(|| wrap(B::eo_probability_factors(spec, &device)));
    Padded { q, k, v, probabilities: activation::softmax(scores, 3), factors }
}

fn drop<B: Backend>(x: Tensor<B, 4>, factors: &Option<Tensor<B, 4>>) -> Tensor<B, 4> {
    match factors {
        Some(factors) => x * factors.clone(),
        None => x,
    }
}

pub(super) fn composed_forward<B: EncoderOps>(qkv: FloatTensor<B>, spec: &AttentionSpec) -> FloatTensor<B> {
    attend(padded::<B>(wrap(qkv), None, spec), spec)
}

fn attend<B: EncoderOps>(p: Padded<B>, spec: &AttentionSpec) -> FloatTensor<B> {
    raw(merge_heads(matmul(drop(p.probabilities, &p.factors), p.v), spec))
}

/// With what a table of relative positions adds to the scores.
pub(super) fn composed_relative<B: EncoderOps>(
    qkv: FloatTensor<B>,
    table: FloatTensor<B>,
    relative: &Relative,
    spec: &AttentionSpec,
) -> FloatTensor<B> {
    attend(padded::<B>(wrap(qkv), Some((wrap(table), relative)), spec), spec)
}

/// The gradients of [`composed_relative`], by Burn's differentiation of it.
pub(super) fn composed_relative_backward<B: EncoderOps>(
    qkv: FloatTensor<B>,
    table: FloatTensor<B>,
    g: FloatTensor<B>,
    relative: &Relative,
    spec: &AttentionSpec,
) -> [FloatTensor<B>; 2] {
    let g: Tensor<B, 2> = wrap(g);
    // Padding rows repeat some token's values: what comes back to them is not meant.
    let token = padding_rows::<B>(&spec.sequences, &g.device()).neg().add_scalar(1.0);
    differentiate([qkv, table], g * token, |[qkv, table]| {
        wrap(composed_relative::<Autodiff<B>>(raw(qkv), raw(table), relative, spec))
    })
}

pub(super) fn composed_backward<B: EncoderOps>(
    qkv: FloatTensor<B>,
    g: FloatTensor<B>,
    spec: &AttentionSpec,
) -> FloatTensor<B> {
    let g: Tensor<B, 2> = wrap(g);
    let token = padding_rows::<B>(&spec.sequences, &g.device()).neg().add_scalar(1.0);
    let p = padded::<B>(wrap(qkv), None, spec);
    // Padding positions of the gathered gradient repeat row 0: they must not reach keys and values.
    let [batch, _, len, _] = p.q.dims();
    let mut valid = vec![0.0f32; batch * len];
    for i in 0..batch {
        valid[i * len..i * len + spec.sequences.length(i)].fill(1.0);
    }
    let valid = Tensor::<B, 4>::from_data(TensorData::new(valid, [batch, 1, len, 1]), &g.device());
    let g = split_heads(g, spec) * valid;
    let dropped = drop(p.probabilities.clone(), &p.factors);
    let dv = matmul(dropped.swap_dims(2, 3), g.clone());
    let dprobabilities = drop(matmul(g, p.v.swap_dims(2, 3)), &p.factors);
    let along = (dprobabilities.clone() * p.probabilities.clone()).sum_dim(3);
    let dscores = p.probabilities * (dprobabilities - along) * spec.scale;
    let dq = matmul(dscores.clone(), p.k);
    let dk = matmul(dscores.swap_dims(2, 3), p.q);
    let merged = [dq, dk, dv].map(|d| merge_heads(d, spec) * token.clone());
    raw(Tensor::cat(merged.to_vec(), 1))
}
