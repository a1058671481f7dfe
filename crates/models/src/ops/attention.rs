//! Multi-head attention within sequences: its description, and the composed default bodies.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData, activation};

use super::{Dropout, raw, wrap};
use crate::batch::Sequences;

/// Number of heads, layout, and dropout on the probabilities.
#[derive(Clone, Debug)]
pub struct AttentionSpec {
    /// Heads; the hidden size is a multiple.
    pub heads: usize,
    /// Where the sequences lie.
    pub sequences: Arc<Sequences>,
    /// Dropout of the probabilities.
    pub dropout: Dropout,
}

impl AttentionSpec {
    /// The dropout stream key of a query token and a head; columns of the stream are key positions.
    #[inline(always)]
    #[must_use]
    pub fn row_key(&self, sequence: usize, position: usize, head: usize) -> u64 {
        self.sequences.row_key(sequence, position) * self.heads as u64 + head as u64
    }
}

/// Everything that both passes share, in the padded `[batch, heads, len, head_dim]` form.
struct Padded<B: Backend> {
    q: Tensor<B, 4>,
    k: Tensor<B, 4>,
    v: Tensor<B, 4>,
    /// softmax(q kᵀ / sqrt(d)), `[batch, heads, len, len]`.
    probabilities: Tensor<B, 4>,
    factors: Option<Tensor<B, 4>>,
    scale: f64,
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

fn dropout_factors<B: Backend>(spec: &AttentionSpec, device: &B::Device) -> Option<Tensor<B, 4>> {
    if spec.dropout.is_off() {
        return None;
    }
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
    Some(Tensor::from_data(TensorData::new(factors, [batch, spec.heads, len, len]), device))
}

fn padded<B: Backend>(qkv: Tensor<B, 2>, spec: &AttentionSpec) -> Padded<B> {
    let device = qkv.device();
    let [q, k, v]: [Tensor<B, 4>; 3] = {
        let hidden = qkv.dims()[1] / 3;
        std::array::from_fn(|i| split_heads(qkv.clone().narrow(1, i * hidden, hidden), spec))
    };
    let [batch, _, len, head_dim] = q.dims();
    let scale = 1.0 / (head_dim as f64).sqrt();
    let mut bias = vec![0.0f32; batch * len];
    for i in 0..batch {
        bias[i * len + spec.sequences.length(i)..(i + 1) * len].fill(-1e30);
    }
    let bias = Tensor::<B, 4>::from_data(TensorData::new(bias, [batch, 1, 1, len]), &device);
    let scores = q.clone().matmul(k.clone().swap_dims(2, 3)) * scale + bias;
    let factors = dropout_factors(spec, &device);
    Padded { q, k, v, probabilities: activation::softmax(scores, 3), factors, scale }
}

fn drop<B: Backend>(x: Tensor<B, 4>, factors: &Option<Tensor<B, 4>>) -> Tensor<B, 4> {
    match factors {
        Some(factors) => x * factors.clone(),
        None => x,
    }
}

pub(super) fn composed_forward<B: Backend>(qkv: FloatTensor<B>, spec: &AttentionSpec) -> FloatTensor<B> {
    let p = padded::<B>(wrap(qkv), spec);
    raw(merge_heads(drop(p.probabilities, &p.factors).matmul(p.v), spec))
}

pub(super) fn composed_backward<B: Backend>(
    qkv: FloatTensor<B>,
    g: FloatTensor<B>,
    spec: &AttentionSpec,
) -> FloatTensor<B> {
    let g: Tensor<B, 2> = wrap(g);
    let token = padding_rows::<B>(&spec.sequences, &g.device()).neg().add_scalar(1.0);
    let p = padded::<B>(wrap(qkv), spec);
    // Padding positions of the gathered gradient repeat row 0: they must not reach keys and values.
    let [batch, _, len, _] = p.q.dims();
    let mut valid = vec![0.0f32; batch * len];
    for i in 0..batch {
        valid[i * len..i * len + spec.sequences.length(i)].fill(1.0);
    }
    let valid = Tensor::<B, 4>::from_data(TensorData::new(valid, [batch, 1, len, 1]), &g.device());
    let g = split_heads(g, spec) * valid;
    let dropped = drop(p.probabilities.clone(), &p.factors);
    let dv = dropped.swap_dims(2, 3).matmul(g.clone());
    let dprobabilities = drop(g.matmul(p.v.swap_dims(2, 3)), &p.factors);
    let along = (dprobabilities.clone() * p.probabilities.clone()).sum_dim(3);
    let dscores = p.probabilities * (dprobabilities - along) * p.scale;
    let dq = dscores.clone().matmul(p.k);
    let dk = dscores.swap_dims(2, 3).matmul(p.q);
    let merged = [dq, dk, dv].map(|d| merge_heads(d, spec) * token.clone());
    raw(Tensor::cat(merged.to_vec(), 1))
}
