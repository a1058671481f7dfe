//! Attention composed of Burn's own operations, in the padded `[batch, heads, len, head_dim]` form. The backward passes are
//! written out: one that asked Burn to differentiate would wait for itself, since it runs within a backward pass.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData, activation};

use super::attention::{AttentionSpec, HeadColumns, RelativeSpec};
use super::composed_relative::RelativeTable;
use crate::batch::Sequences;
use crate::ops::encoder_ops::EncoderOps;
use crate::ops::functions::matmul;
use crate::ops::primitive::{raw, wrap};

/// Everything that both passes share.
struct Padded<B: Backend> {
    q: Tensor<B, 4>,
    /// Keys and values of every head of queries: those that share them have the same.
    k: Tensor<B, 4>,
    v: Tensor<B, 4>,
    /// Of each score its slope by the product of query and key, over the scale, where a cap bends it.
    slopes: Option<Tensor<B, 4>>,
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
fn split_heads<B: Backend>(x: Tensor<B, 2>, heads: usize, spec: &AttentionSpec) -> Tensor<B, 4> {
    let hidden = x.dims()[1];
    let (batch, len) = (spec.sequences.len(), spec.sequences.max_len());
    select(x, row_maps(&spec.sequences).0).reshape([batch, len, heads, hidden / heads]).swap_dims(1, 2)
}

/// Keys or values for every head of queries, each `group` times: `[batch, key_value_heads, len, head_dim]` to as many heads.
fn repeated<B: Backend>(x: Tensor<B, 4>, group: usize) -> Tensor<B, 4> {
    if group == 1 {
        return x;
    }
    let [batch, heads, len, head_dim] = x.dims();
    x.reshape([batch, heads, 1, len * head_dim]).repeat_dim(2, group).reshape([batch, heads * group, len, head_dim])
}

/// The gradient of [`repeated`].
fn summed<B: Backend>(x: Tensor<B, 4>, group: usize) -> Tensor<B, 4> {
    if group == 1 {
        return x;
    }
    let [batch, heads, len, head_dim] = x.dims();
    let shape = [batch, heads / group, len, head_dim];
    x.reshape([batch, heads / group, group, len * head_dim]).sum_dim(2).reshape(shape)
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
pub(in crate::ops) fn probability_factors<B: Backend>(spec: &AttentionSpec, device: &B::Device) -> FloatTensor<B> {
    let (batch, len) = (spec.sequences.len(), spec.sequences.max_len());
    let mut factors = Vec::with_capacity(batch * spec.heads * len * len);
    for i in 0..batch {
        for head in 0..spec.heads {
            for position in 0..len {
                factors.extend(spec.dropout.factors(spec.row_key(i, position, head), len));
            }
        }
    }
    raw(Tensor::<B, 4>::from_data(TensorData::new(factors, [batch, spec.heads, len, len]), device))
}

/// 0 where a query may look at a key, else a number that makes its probability 0: `[batch, 1, len or 1, len]`.
fn mask<B: Backend>(spec: &AttentionSpec, device: &B::Device) -> Tensor<B, 4> {
    const HIDDEN: f32 = -1e30;
    let (batch, len) = (spec.sequences.len(), spec.sequences.max_len());
    let queries = if spec.window.is_some() || spec.causal { len } else { 1 };
    let mut mask = vec![0.0f32; batch * queries * len];
    for (row, keys) in mask.chunks_exact_mut(len).enumerate() {
        let (sequence, query) = (row / queries, row % queries);
        keys[spec.sequences.length(sequence)..].fill(HIDDEN);
        if queries > 1 {
            let reach = spec.reach(query, len);
            keys[..reach.start].fill(HIDDEN);
            keys[reach.end..].fill(HIDDEN);
        }
    }
    Tensor::from_data(TensorData::new(mask, [batch, queries, 1, len]), device).swap_dims(1, 2)
}

fn padded<B: EncoderOps>(qkv: Tensor<B, 2>, positions: Option<&RelativeTable<B>>, spec: &AttentionSpec) -> Padded<B> {
    let device = qkv.device();
    let HeadColumns { queries, keys, .. } = spec.columns(qkv.dims()[1]);
    let shared = |first: usize| {
        repeated(split_heads(qkv.clone().narrow(1, first, keys), spec.key_value_heads, spec), spec.group())
    };
    let (k, v) = (shared(queries), shared(queries + keys));
    let q = split_heads(qkv.narrow(1, 0, queries), spec.heads, spec);
    let mut scores = matmul(q.clone(), k.clone().swap_dims(2, 3)) * spec.scale;
    let mut slopes = None;
    if let Some(cap) = spec.softcap {
        let bent = activation::tanh(scores / cap);
        slopes = Some((bent.clone() * bent.clone()).neg().add_scalar(1.0));
        scores = bent * cap;
    }
    scores = scores + mask::<B>(spec, &device);
    if let Some(positions) = positions {
        scores = scores + positions.scores(&q, &k, spec.scale);
    }
    let factors = (!spec.dropout.is_off()).then(|| wrap(B::attention_dropout_mask(spec, &device)));
    Padded { q, k, v, slopes, probabilities: activation::softmax(scores, 3), factors }
}

fn drop<B: Backend>(x: Tensor<B, 4>, factors: &Option<Tensor<B, 4>>) -> Tensor<B, 4> {
    match factors {
        Some(factors) => x * factors.clone(),
        None => x,
    }
}

fn attend<B: EncoderOps>(p: Padded<B>, spec: &AttentionSpec) -> FloatTensor<B> {
    raw(merge_heads(matmul(drop(p.probabilities, &p.factors), p.v), spec))
}

/// Gradients for qkv and the table of positions, from the output's.
fn gradients<B: EncoderOps>(
    qkv: FloatTensor<B>,
    positions: Option<&RelativeTable<B>>,
    g: FloatTensor<B>,
    spec: &AttentionSpec,
) -> (FloatTensor<B>, Option<Tensor<B, 2>>) {
    let g: Tensor<B, 2> = wrap(g);
    let token = padding_rows::<B>(&spec.sequences, &g.device()).neg().add_scalar(1.0);
    let p = padded::<B>(wrap(qkv), positions, spec);
    // Padding positions of the gathered gradient repeat row 0: they must not reach keys and values.
    let [batch, _, len, _] = p.q.dims();
    let mut valid = vec![0.0f32; batch * len];
    for i in 0..batch {
        valid[i * len..i * len + spec.sequences.length(i)].fill(1.0);
    }
    let valid = Tensor::<B, 4>::from_data(TensorData::new(valid, [batch, 1, len, 1]), &g.device());
    let g = split_heads(g, spec.heads, spec) * valid;
    let dropped = drop(p.probabilities.clone(), &p.factors);
    let dv = matmul(dropped.swap_dims(2, 3), g.clone());
    let dprobabilities = drop(matmul(g, p.v.swap_dims(2, 3)), &p.factors);
    let along = (dprobabilities.clone() * p.probabilities.clone()).sum_dim(3);
    let dscores = p.probabilities * (dprobabilities - along);
    let scaled = match p.slopes {
        Some(slopes) => dscores.clone() * slopes * spec.scale,
        None => dscores.clone() * spec.scale,
    };
    let mut dq = matmul(scaled.clone(), p.k.clone());
    let mut dk = matmul(scaled.clone().swap_dims(2, 3), p.q.clone());
    let dtable = positions.map(|positions| {
        let of_positions = positions.gradients(&p.q, &p.k, dscores, scaled);
        if let Some([of_q, of_k]) = of_positions.content {
            (dq, dk) = (dq.clone() + of_q, dk.clone() + of_k);
        }
        of_positions.table
    });
    let (dk, dv) = (summed(dk, spec.group()), summed(dv, spec.group()));
    let merged = [dq, dk, dv].map(|d| merge_heads(d, spec) * token.clone());
    (raw(Tensor::cat(merged.to_vec(), 1)), dtable)
}

pub(in crate::ops) fn forward<B: EncoderOps>(qkv: FloatTensor<B>, spec: &AttentionSpec) -> FloatTensor<B> {
    attend(padded::<B>(wrap(qkv), None, spec), spec)
}

pub(in crate::ops) fn backward<B: EncoderOps>(
    qkv: FloatTensor<B>,
    g: FloatTensor<B>,
    spec: &AttentionSpec,
) -> FloatTensor<B> {
    gradients::<B>(qkv, None, g, spec).0
}

/// With what a table of relative positions adds to the scores.
pub(in crate::ops) fn relative_forward<B: EncoderOps>(
    qkv: FloatTensor<B>,
    table: FloatTensor<B>,
    relative: &RelativeSpec,
    spec: &AttentionSpec,
) -> FloatTensor<B> {
    let positions = RelativeTable::new(wrap(table), relative, spec);
    attend(padded::<B>(wrap(qkv), Some(&positions), spec), spec)
}

/// Gradients of [`relative_forward`] for qkv and the table.
pub(in crate::ops) fn relative_backward<B: EncoderOps>(
    qkv: FloatTensor<B>,
    table: FloatTensor<B>,
    g: FloatTensor<B>,
    relative: &RelativeSpec,
    spec: &AttentionSpec,
) -> [FloatTensor<B>; 2] {
    let positions = RelativeTable::new(wrap(table), relative, spec);
    let (dqkv, dtable) = gradients::<B>(qkv, Some(&positions), g, spec);
    [dqkv, raw(dtable.unwrap_or_else(|| positions.table.zeros_like()))]
}
