//! Default bodies of [`super::EncoderOps`], composed of Burn's operations: what a backend without kernels of its own runs,
//! and what the kernels are tested against.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{IndexingUpdateOp, Int, Shape, Tensor, TensorData, TensorMetadata, activation};

use super::adamw::{AdamWSlot, AdamWStep, dense};
use super::class_targets::ClassTargets;
use super::dropout::RowDropout;
use super::encoder_ops::EncoderOps;
use super::forms::RotarySpec;
use super::gradient_norm::scale;
use super::low_rank::LowRankSpec;
use super::primitive::{indices, raw, wrap};
use crate::batch::TokenBatch;

pub(super) fn linear<B: Backend>(x: FloatTensor<B>, w: FloatTensor<B>, b: Option<FloatTensor<B>>) -> FloatTensor<B> {
    let y = wrap::<B, 2>(x).matmul(wrap::<B, 2>(w).transpose());
    raw(match b {
        Some(b) => y + wrap::<B, 1>(b).unsqueeze(),
        None => y,
    })
}

pub(super) fn linear_backward<B: Backend>(
    x: Option<FloatTensor<B>>,
    w: Option<FloatTensor<B>>,
    g: FloatTensor<B>,
    bias: bool,
) -> [Option<FloatTensor<B>>; 3] {
    let db = bias.then(|| column_sums::<B>(g.clone()));
    let g: Tensor<B, 2> = wrap(g);
    let dx = w.map(|w| raw(g.clone().matmul(wrap::<B, 2>(w))));
    let dw = x.map(|x| raw(g.transpose().matmul(wrap::<B, 2>(x))));
    [dx, dw, db]
}

pub(super) fn add_low_rank<B: Backend>(
    y: FloatTensor<B>,
    h: FloatTensor<B>,
    b: FloatTensor<B>,
    spec: LowRankSpec,
) -> FloatTensor<B> {
    let (y, h, b): (Tensor<B, 2>, Tensor<B, 2>, Tensor<B, 2>) = (wrap(y), wrap(h), wrap(b));
    let ([rows, _], [outputs, _]) = (y.dims(), b.dims());
    let place = [0..rows, spec.first_column..spec.first_column + outputs];
    let sum = y.clone().slice(place.clone()) + h.matmul(b.transpose()) * spec.scaling;
    raw(y.slice_assign(place, sum))
}

pub(super) fn add_low_rank_backward<B: Backend>(
    h: Option<FloatTensor<B>>,
    b: Option<FloatTensor<B>>,
    g: FloatTensor<B>,
    spec: LowRankSpec,
    [outputs, _]: [usize; 2],
) -> [Option<FloatTensor<B>>; 2] {
    let g: Tensor<B, 2> = wrap(g);
    let g = g.narrow(1, spec.first_column, outputs) * spec.scaling;
    let dh = b.map(|b| raw(g.clone().matmul(wrap::<B, 2>(b))));
    let db = h.map(|h| raw(g.transpose().matmul(wrap::<B, 2>(h))));
    [dh, db]
}

/// Gradients of the factors of `a b` that are asked for.
pub(super) fn matmul_backward<B: EncoderOps>(
    a: FloatTensor<B>,
    b: FloatTensor<B>,
    g: FloatTensor<B>,
    needs: [bool; 2],
) -> [Option<FloatTensor<B>>; 2] {
    let turned = |x: FloatTensor<B>| {
        let rank = x.shape().num_dims();
        B::float_swap_dims(x, rank - 2, rank - 1)
    };
    // What was repeated has the sum of the gradients.
    let reduced = |mut x: FloatTensor<B>, like: Shape| {
        for axis in 0..like.num_dims() - 2 {
            if like[axis] == 1 && x.shape()[axis] > 1 {
                x = B::float_sum_dim(x, axis);
            }
        }
        x
    };
    let (shape_a, shape_b) = (a.shape(), b.shape());
    let da = needs[0].then(|| reduced(B::matmul_f32(g.clone(), turned(b)), shape_a));
    let db = needs[1].then(|| reduced(B::matmul_f32(turned(a), g), shape_b));
    [da, db]
}

fn flat<B: Backend>(x: FloatTensor<B>) -> (Tensor<B, 1>, Vec<usize>) {
    let shape = burn::tensor::TensorMetadata::shape(&x);
    let dims = shape.to_vec();
    let n = shape.num_elements();
    (wrap(B::float_reshape(x, [n].into())), dims)
}

fn unflat<B: Backend>(x: Tensor<B, 1>, dims: Vec<usize>) -> FloatTensor<B> {
    B::float_reshape(raw(x), dims.into())
}

/// Sums over the rows.
fn column_sums<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    raw(wrap::<B, 2>(x).sum_dim(0).squeeze_dim::<1>(0))
}

/// The factors 0 or 1 / (1 - p) of `[rows, columns]`, drawn on the host.
fn dropout_factors<B: Backend>(columns: usize, dropout: &RowDropout, device: &B::Device) -> Tensor<B, 2> {
    let keys = dropout.sequences.row_keys();
    let factors: Vec<f32> = keys.iter().flat_map(|&key| dropout.dropout.factors(key, columns)).collect();
    Tensor::from_data(TensorData::new(factors, [keys.len(), columns]), device)
}

pub(super) fn dropout<B: Backend>(x: FloatTensor<B>, dropout: &RowDropout) -> FloatTensor<B> {
    if dropout.dropout.is_off() {
        return x;
    }
    let x: Tensor<B, 2> = wrap(x);
    let factors = dropout_factors::<B>(x.dims()[1], dropout, &x.device());
    raw(x * factors)
}

/// (x - mean) / sqrt(var + eps) and 1 / sqrt(var + eps).
fn normalise<B: Backend>(x: Tensor<B, 2>, epsilon: f64) -> (Tensor<B, 2>, Tensor<B, 2>) {
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let rstd = variance.add_scalar(epsilon).sqrt().recip();
    (centred * rstd.clone(), rstd)
}

pub(super) fn layer_norm<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    epsilon: f64,
) -> FloatTensor<B> {
    let (normal, _) = normalise::<B>(wrap(x), epsilon);
    raw(normal * wrap::<B, 1>(gamma).unsqueeze() + wrap::<B, 1>(beta).unsqueeze())
}

pub(super) fn layer_norm_backward<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    g: FloatTensor<B>,
    epsilon: f64,
) -> [FloatTensor<B>; 3] {
    let (normal, rstd) = normalise::<B>(wrap(x), epsilon);
    let g: Tensor<B, 2> = wrap(g);
    let dgamma = (g.clone() * normal.clone()).sum_dim(0).squeeze_dim::<1>(0);
    let dbeta = g.clone().sum_dim(0).squeeze_dim::<1>(0);
    let scaled = g * wrap::<B, 1>(gamma).unsqueeze();
    let along = (scaled.clone() * normal.clone()).mean_dim(1);
    let dx = (scaled.clone() - scaled.mean_dim(1) - normal * along) * rstd;
    [raw(dx), raw(dgamma), raw(dbeta)]
}

/// x / sqrt(mean(x²) + eps) and 1 / sqrt(mean(x²) + eps).
fn rms_normalise<B: Backend>(x: Tensor<B, 2>, epsilon: f64) -> (Tensor<B, 2>, Tensor<B, 2>) {
    let rstd = (x.clone() * x.clone()).mean_dim(1).add_scalar(epsilon).sqrt().recip();
    (x * rstd.clone(), rstd)
}

pub(super) fn rms_norm<B: Backend>(x: FloatTensor<B>, gamma: FloatTensor<B>, epsilon: f64) -> FloatTensor<B> {
    raw(rms_normalise::<B>(wrap(x), epsilon).0 * wrap::<B, 1>(gamma).unsqueeze())
}

pub(super) fn rms_norm_backward<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    g: FloatTensor<B>,
    epsilon: f64,
) -> [FloatTensor<B>; 2] {
    let (normal, rstd) = rms_normalise::<B>(wrap(x), epsilon);
    let g: Tensor<B, 2> = wrap(g);
    let dgamma = (g.clone() * normal.clone()).sum_dim(0).squeeze_dim::<1>(0);
    let scaled = g * wrap::<B, 1>(gamma).unsqueeze();
    let along = (scaled.clone() * normal.clone()).mean_dim(1);
    [raw((scaled - normal * along) * rstd), raw(dgamma)]
}

pub(super) fn add_norm<B: Backend>(
    x: FloatTensor<B>,
    b: FloatTensor<B>,
    residual: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    epsilon: f64,
    row_dropout: &RowDropout,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let x = raw(wrap::<B, 2>(x) + wrap::<B, 1>(b).unsqueeze());
    let sum = B::float_add(residual, dropout::<B>(x, row_dropout));
    (layer_norm::<B>(sum.clone(), gamma, beta, epsilon), sum)
}

pub(super) fn add_norm_backward<B: Backend>(
    sum: FloatTensor<B>,
    gamma: FloatTensor<B>,
    g: FloatTensor<B>,
    epsilon: f64,
    row_dropout: &RowDropout,
) -> [FloatTensor<B>; 5] {
    let [dsum, dgamma, dbeta] = layer_norm_backward::<B>(sum, gamma, g, epsilon);
    let dx = dropout::<B>(dsum.clone(), row_dropout);
    [dx.clone(), column_sums::<B>(dx), dsum, dgamma, dbeta]
}

pub(super) fn embed<B: Backend>(
    word: FloatTensor<B>,
    position: FloatTensor<B>,
    token_type: FloatTensor<B>,
    batch: &TokenBatch,
) -> FloatTensor<B> {
    let device = B::float_device(&word);
    let rows =
        |table: FloatTensor<B>, ids: &[u32]| wrap::<B, 2>(table).select(0, indices(ids.iter().copied(), &device));
    raw(rows(word, &batch.input_ids) + rows(token_type, &batch.token_type_ids) + rows(position, &batch.position_ids))
}

pub(super) fn embed_backward<B: Backend>(
    g: FloatTensor<B>,
    sizes: [usize; 2],
    batch: &TokenBatch,
) -> [FloatTensor<B>; 3] {
    let g: Tensor<B, 2> = wrap(g);
    let (device, hidden) = (g.device(), g.dims()[1]);
    let tokens = batch.distinct_tokens();
    let sums =
        [(tokens.ids.len(), &tokens.index_of_row), (sizes[0], &batch.position_ids), (sizes[1], &batch.token_type_ids)];
    sums.map(|(rows, ids)| {
        let zeros = Tensor::<B, 2>::zeros([rows, hidden], &device);
        raw(zeros.select_assign(0, indices(ids.iter().copied(), &device), g.clone(), IndexingUpdateOp::Add))
    })
}

/// The matrix with zeros in a row, where one is named.
pub(super) fn without_row<B: Backend>(x: FloatTensor<B>, row: Option<usize>) -> FloatTensor<B> {
    let Some(row) = row else { return x };
    let x: Tensor<B, 2> = wrap(x);
    let zeros = Tensor::zeros([1, x.dims()[1]], &x.device());
    let columns = x.dims()[1];
    raw(x.slice_assign([row..row + 1, 0..columns], zeros))
}

/// The classes as a column, `[rows, 1]`.
fn class_column<B: Backend>(targets: &ClassTargets, device: &B::Device) -> Tensor<B, 2, Int> {
    indices(targets.classes.iter().copied(), device).unsqueeze_dim(1)
}

pub(super) fn cross_entropy<B: Backend>(logits: FloatTensor<B>, targets: &ClassTargets) -> FloatTensor<B> {
    let logits: Tensor<B, 2> = wrap(logits);
    let classes = class_column(targets, &logits.device());
    let (columns, smoothing) = (logits.dims()[1] as f64, targets.label_smoothing);
    let log_probabilities = activation::log_softmax(logits, 1);
    let spread = log_probabilities.clone().sum() * (smoothing / columns);
    let chosen = weighted(log_probabilities.gather(1, classes), targets);
    raw((chosen.sum() * (1.0 - smoothing) + spread).neg() / targets.divisor)
}

pub(super) fn cross_entropy_backward<B: Backend>(
    logits: FloatTensor<B>,
    g: FloatTensor<B>,
    targets: &ClassTargets,
) -> FloatTensor<B> {
    let probabilities = activation::softmax(wrap::<B, 2>(logits), 1);
    let classes = class_column(targets, &probabilities.device());
    let (columns, smoothing) = (probabilities.dims()[1] as f64, targets.label_smoothing);
    let one_hot = Tensor::<B, 2>::full([targets.classes.len(), 1], smoothing - 1.0, &probabilities.device());
    let difference = probabilities.scatter(1, classes, one_hot, IndexingUpdateOp::Add) - smoothing / columns;
    raw(weighted(difference, targets) / targets.divisor * wrap::<B, 1>(g).unsqueeze())
}

/// Each row times the weight of its class.
fn weighted<B: Backend>(rows: Tensor<B, 2>, targets: &ClassTargets) -> Tensor<B, 2> {
    if targets.class_weights.is_none() {
        return rows;
    }
    let weights: Vec<f32> = targets.classes.iter().map(|&class| targets.weight(class) as f32).collect();
    let column = TensorData::new(weights, [targets.classes.len(), 1]);
    let device = rows.device();
    rows * Tensor::from_data(column, &device)
}

pub(super) fn adamw<B: Backend>(
    mut slot: AdamWSlot<FloatTensor<B>>,
    step: &AdamWStep,
    clip: Option<&FloatTensor<B>>,
) -> AdamWSlot<FloatTensor<B>> {
    slot.touch();
    let Some(gradient) = slot.gradient.take() else { return slot };
    let rows = slot.parameter.shape()[0];
    let (p, dims) = flat::<B>(slot.parameter);
    let g = flat::<B>(scale::<B>(dense::<B>(gradient, rows), clip)).0 * step.gradient_scale;
    let m = flat::<B>(slot.moments.0).0 * step.beta1 + g.clone() * (1.0 - step.beta1);
    let v = flat::<B>(slot.moments.1).0 * step.beta2 + g.clone() * g * (1.0 - step.beta2);
    let correction1 = 1.0 - step.beta1.powi(step.step);
    let correction2 = 1.0 - step.beta2.powi(step.step);
    let denominator = v.clone().sqrt() / correction2.sqrt() + step.epsilon;
    let learning_rate = step.learning_rate * slot.learning_rate_scale;
    let p = p * (1.0 - learning_rate * slot.weight_decay) - m.clone() / denominator * (learning_rate / correction1);
    AdamWSlot { parameter: unflat(p, dims.clone()), moments: (unflat(m, dims.clone()), unflat(v, dims)), ..slot }
}

pub(super) fn sum_of_squares<B: Backend>(tensors: Vec<FloatTensor<B>>) -> f64 {
    let square = |x| {
        let (x, _) = flat::<B>(x);
        (x.clone() * x).sum().into_data().iter::<f64>().sum::<f64>()
    };
    tensors.into_iter().map(square).sum()
}

/// Queries and keys turned by their positions, values as they are.
pub(super) fn rotary<B: Backend>(qkv: FloatTensor<B>, spec: &RotarySpec) -> FloatTensor<B> {
    let qkv: Tensor<B, 2> = wrap(qkv);
    let [rows, width] = qkv.dims();
    let (heads, head_dim, pairs) = (spec.turned_heads(), spec.head_dim(width), spec.pairs());
    let (device, angles) = (qkv.device(), spec.angles());
    let positions = spec.sequences.positions();
    // A pair's columns lie in one axis, and the pairs in the other.
    let (pair_axis, shape) = match spec.rotary.interleaved {
        true => (3, [rows, heads, pairs, 2]),
        false => (2, [rows, heads, 2, pairs]),
    };
    let table = |part: usize| {
        let values: Vec<f32> =
            positions.iter().flat_map(|&p| &angles[p as usize * pairs..][..pairs]).map(|pair| pair[part]).collect();
        let shape = if spec.rotary.interleaved { [rows, 1, pairs, 1] } else { [rows, 1, 1, pairs] };
        Tensor::<B, 4>::from_data(TensorData::new(values, shape), &device)
    };
    let (cosine, sine) = (table(0), table(1));
    let x = qkv.clone().narrow(1, 0, heads * head_dim).reshape([rows, heads, head_dim]);
    let turning = x.clone().narrow(2, 0, 2 * pairs).reshape(shape);
    let (first, second) = (turning.clone().narrow(pair_axis, 0, 1), turning.narrow(pair_axis, 1, 1));
    let turned = Tensor::cat(
        vec![first.clone() * cosine.clone() - second.clone() * sine.clone(), second * cosine + first * sine],
        pair_axis,
    );
    let mut turned = turned.reshape([rows, heads, 2 * pairs]);
    if 2 * pairs < head_dim {
        turned = Tensor::cat(vec![turned, x.narrow(2, 2 * pairs, head_dim - 2 * pairs)], 2);
    }
    let rest = width - heads * head_dim;
    raw(Tensor::cat(vec![turned.reshape([rows, heads * head_dim]), qkv.narrow(1, heads * head_dim, rest)], 1))
}
