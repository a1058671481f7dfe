//! Three ways to each result: the kernels with their hand-written backward passes, the composed bodies with theirs, and
//! the composed forward bodies differentiated by Burn. All must agree, for odd sizes, single rows and padding. The kernels
//! are those of each backend that the crate is built with; the other two ways run on the CPU.

use std::sync::Arc;

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData, TensorMetadata};
use burn_autodiff::Autodiff;
use burn_flex::Flex;

use super::*;

type Ad = Autodiff<Flex>;
type Inner2 = Tensor<Flex, 2>;

/// Repeatable values around 0.
fn values(n: usize, seed: u32) -> Vec<f32> {
    let stream = Dropout::new(0.5, u64::from(seed)).row(1);
    (0..n).map(|i| (stream.draw(i as u32) as f32 / u32::MAX as f32 - 0.5) * 3.0).collect()
}

fn inner(rows: usize, columns: usize, seed: u32) -> Inner2 {
    Tensor::from_data(TensorData::new(values(rows * columns, seed), [rows, columns]), &Default::default())
}

fn close(a: &Inner2, b: &Inner2, tolerance: f32, what: &str) {
    let (a, b): (Vec<f32>, Vec<f32>) = (a.to_data().iter().collect(), b.to_data().iter().collect());
    assert_eq!(a.len(), b.len(), "{what}");
    for (i, (x, y)) in a.iter().zip(&b).enumerate() {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{what}: element {i} is {x}, expected {y}");
    }
}

/// A tensor of the CPU on another backend.
fn on<B: Backend, const D: usize>(x: &Tensor<Flex, D>) -> Tensor<B, D> {
    Tensor::from_data(x.to_data(), &Default::default())
}

/// Its primitive.
fn up<B: Backend, const D: usize>(x: &Tensor<Flex, D>) -> FloatTensor<B> {
    raw(on::<B, D>(x))
}

/// The way back.
fn down<B: Backend>(x: FloatTensor<B>) -> Inner2 {
    Tensor::from_data(wrap::<B, 2>(x).into_data(), &Default::default())
}

/// Output and the gradients of `sum(output * r)` for all inputs.
fn run<B: AutodiffBackend>(inputs: &[Inner2], f: impl Fn(Vec<Tensor<B, 2>>) -> Tensor<B, 2>) -> Vec<Inner2> {
    let inputs: Vec<Tensor<B, 2>> = inputs.iter().map(|x| on::<B, 2>(x).require_grad()).collect();
    let output = f(inputs.clone());
    let [rows, columns] = output.dims();
    let weights = on::<B, 2>(&inner(rows, columns, 99));
    let grads = (output.clone() * weights).sum().backward();
    let host = |x: Tensor<B::InnerBackend, 2>| down::<B::InnerBackend>(raw(x));
    let mut results = vec![host(output.inner())];
    results.extend(inputs.iter().map(|x| host(x.grad(&grads).expect("every input has a gradient"))));
    results
}

/// Compares a backend's kernels with another computation of the same function, on the CPU.
fn compare<T: EncoderOps>(
    what: &str,
    inputs: &[Inner2],
    tolerance: f32,
    fused: impl Fn(Vec<Tensor<Autodiff<T>, 2>>) -> Tensor<Autodiff<T>, 2>,
    composed: impl Fn(Vec<Tensor<Ad, 2>>) -> Tensor<Ad, 2>,
) {
    let (a, b) = (run::<Autodiff<T>>(inputs, fused), run::<Ad>(inputs, composed));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        close(a, b, tolerance, &format!("{what}, {}", if i == 0 { "output".into() } else { format!("gradient {i}") }));
    }
}

/// All elements side by side.
fn row<B: Backend>(x: FloatTensor<B>) -> Inner2 {
    let n = x.shape().num_elements();
    down::<B>(B::float_reshape(x, [1, n].into()))
}

fn vector<B: Backend>(x: &Tensor<B, 2>) -> Tensor<B, 1> {
    x.clone().reshape([-1])
}

/// Batches that exercise both layouts: one token, one sequence, odd lengths, padding.
fn layouts() -> Vec<Arc<Sequences>> {
    let mut layouts = Vec::new();
    for lengths in [vec![1], vec![3], vec![1, 5, 2], vec![7, 7], vec![33, 1, 17]] {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        layouts.push(Arc::new(Sequences::packed(lengths.clone())));
        layouts.push(Arc::new(Sequences::padded(lengths.clone(), longest)));
        layouts.push(Arc::new(Sequences::padded(lengths, longest + 3)));
    }
    layouts
}

const SIZES: [(usize, usize, usize); 5] = [(1, 1, 1), (1, 7, 3), (3, 32, 16), (65, 33, 17), (130, 40, 96)];

fn linear_agrees<T: EncoderOps>() {
    for (rows, inputs, outputs) in SIZES {
        let x = [inner(rows, inputs, 1), inner(outputs, inputs, 2), inner(1, outputs, 3)];
        compare::<T>(
            &format!("linear {rows} x {inputs} x {outputs}"),
            &x,
            2e-5,
            |t| linear(t[0].clone(), t[1].clone(), Some(vector(&t[2])), Precision::F32),
            |t| wrap(composed::linear::<Ad>(raw(t[0].clone()), raw(t[1].clone()), Some(raw(vector(&t[2]))))),
        );
        compare::<T>(
            "linear without bias",
            &x[..2],
            2e-5,
            |t| linear(t[0].clone(), t[1].clone(), None, Precision::F32),
            |t| wrap(composed::linear::<Ad>(raw(t[0].clone()), raw(t[1].clone()), None)),
        );
        let g = inner(rows, outputs, 4);
        let by_hand =
            composed::linear_backward::<Flex>(raw(x[0].clone()), raw(x[1].clone()), raw(g.clone()), (true, true));
        let (x, w, g) = (up::<T, 2>(&x[0]), up::<T, 2>(&x[1]), up::<T, 2>(&g));
        let kernel = T::eo_linear_backward(x, w, g, (true, true), Precision::F32);
        close(&down::<T>(kernel.0.unwrap()), &wrap(by_hand.0.unwrap()), 2e-5, "composed linear dx");
        close(&down::<T>(kernel.1), &wrap(by_hand.1), 2e-5, "composed linear dw");
    }
}

const FORMS: [GeluForm; 2] = [GeluForm::Erf, GeluForm::Tanh];

fn bias_gelu_agrees<T: EncoderOps>() {
    for ((rows, columns, _), form) in SIZES.into_iter().flat_map(|size| FORMS.map(|form| (size, form))) {
        let x = [inner(rows, columns, 1) * 2.0, inner(1, columns, 3)];
        compare::<T>(
            &format!("bias and gelu, {form:?}"),
            &x,
            5e-6,
            |t| bias_gelu(t[0].clone(), vector(&t[1]), form),
            |t| wrap(composed::bias_gelu::<Ad>(raw(t[0].clone()), raw(vector(&t[1])), form).0),
        );
        let (sum, g) = (&x[0], &inner(rows, columns, 2));
        let [dx, db] = T::eo_bias_gelu_backward(up::<T, 2>(sum), up::<T, 2>(g), form);
        let [expected_dx, expected_db] = composed::bias_gelu_backward::<Flex>(raw(sum.clone()), raw(g.clone()), form);
        close(&down::<T>(dx), &wrap(expected_dx), 1e-6, "composed bias and gelu backward");
        close(&row::<T>(db), &row::<Flex>(expected_db), 5e-6, "composed bias gradient");
    }
}

fn gated_gelu_agrees<T: EncoderOps>() {
    for ((rows, columns, _), form) in SIZES.into_iter().flat_map(|size| FORMS.map(|form| (size, form))) {
        let x = inner(rows, 2 * columns, 1) * 2.0;
        compare::<T>(
            &format!("gated gelu, {form:?}"),
            std::slice::from_ref(&x),
            5e-6,
            |t| gated_gelu(t[0].clone(), form),
            |t| wrap(composed::gated_gelu::<Ad>(raw(t[0].clone()), form)),
        );
        let g = inner(rows, columns, 2);
        let kernel = T::eo_gated_gelu_backward(up::<T, 2>(&x), up::<T, 2>(&g), form);
        let composed = composed::gated_gelu_backward::<Flex>(raw(x), raw(g), form);
        close(&down::<T>(kernel), &wrap(composed), 5e-6, "composed gated gelu");
    }
}

fn rotary_agrees_and_is_undone<T: EncoderOps>() {
    for sequences in layouts() {
        let spec = RotarySpec { heads: 3, theta: 100.0, sequences: sequences.clone(), inverse: false };
        let qkv = inner(sequences.rows(), 3 * 3 * 6, 1);
        compare::<T>(
            &format!("rotary over {sequences:?}"),
            std::slice::from_ref(&qkv),
            5e-6,
            |t| rotary(t[0].clone(), &spec),
            |t| wrap(composed::rotary::<Ad>(raw(t[0].clone()), &spec)),
        );
        let back = RotarySpec { inverse: true, ..spec.clone() };
        let there_and_back = rotary(rotary(on::<T, 2>(&qkv), &spec), &back);
        close(&down::<T>(raw(there_and_back)), &qkv, 5e-6, "there and back");
    }
}

pub(super) fn layer_norm_agrees<T: EncoderOps>() {
    for (rows, columns, _) in SIZES.into_iter().filter(|(_, columns, _)| *columns > 1) {
        let x = [inner(rows, columns, 1), inner(1, columns, 2), inner(1, columns, 3)];
        compare::<T>(
            "layer norm",
            &x,
            2e-5,
            |t| layer_norm(t[0].clone(), vector(&t[1]), vector(&t[2]), 1e-12),
            |t| {
                let [gamma, beta] = [1, 2].map(|i| raw(vector(&t[i])));
                wrap(composed::layer_norm::<Ad>(raw(t[0].clone()), gamma, beta, 1e-12))
            },
        );
        let (gamma, g) = (x[1].clone().reshape([-1]) as Tensor<Flex, 1>, inner(rows, columns, 4));
        let kernel = T::eo_layer_norm_backward(up::<T, 2>(&x[0]), up::<T, 1>(&gamma), up::<T, 2>(&g), 1e-12);
        let by_hand = composed::layer_norm_backward::<Flex>(raw(x[0].clone()), raw(gamma), raw(g), 1e-12);
        for (a, b) in kernel.into_iter().zip(by_hand) {
            close(&row::<T>(a), &row::<Flex>(b), 2e-5, "composed layer norm backward");
        }
    }
}

fn dropout_and_add_norm_agree<T: EncoderOps>() {
    for sequences in layouts() {
        let row_dropout = RowDropout { dropout: Dropout::new(0.3, 7), sequences: sequences.clone() };
        let x: Vec<Inner2> = [(sequences.rows(), 1), (sequences.rows(), 2), (1, 3), (1, 4), (1, 5)]
            .map(|(r, s)| inner(r, 24, s))
            .to_vec();
        compare::<T>(
            "dropout",
            &x[..1],
            1e-6,
            |t| dropout(t[0].clone(), row_dropout.dropout, &sequences),
            |t| wrap(composed::dropout::<Ad>(raw(t[0].clone()), &row_dropout)),
        );
        for dropout in [row_dropout.dropout, Dropout::OFF] {
            let row_dropout = RowDropout { dropout, sequences: sequences.clone() };
            compare::<T>(
                "add norm",
                &x,
                2e-5,
                |t| {
                    let [gamma, beta, bias] = [2, 3, 4].map(|i| vector(&t[i]));
                    add_norm(t[0].clone(), bias, t[1].clone(), gamma, beta, 1e-12, &row_dropout)
                },
                |t| {
                    let [gamma, beta, bias] = [2, 3, 4].map(|i| raw(vector(&t[i])));
                    let [x, residual] = [0, 1].map(|i| raw(t[i].clone()));
                    wrap(composed::add_norm::<Ad>(x, bias, residual, gamma, beta, 1e-12, &row_dropout).0)
                },
            );
            let gamma: Tensor<Flex, 1> = x[2].clone().reshape([-1]);
            let (sum, g) = (&x[0], &x[1]);
            let kernel =
                T::eo_add_norm_backward(up::<T, 2>(sum), up::<T, 1>(&gamma), up::<T, 2>(g), 1e-12, &row_dropout);
            let (sum, g) = (raw(sum.clone()), raw(g.clone()));
            let by_hand = composed::add_norm_backward::<Flex>(sum, raw(gamma), g, 1e-12, &row_dropout);
            for (a, b) in kernel.into_iter().zip(by_hand) {
                close(&row::<T>(a), &row::<Flex>(b), 2e-5, "composed add norm backward");
            }
        }
    }
}

/// Zeroes padding rows, whose attention output is not defined.
fn tokens_only<B: burn::tensor::backend::Backend>(x: Tensor<B, 2>, sequences: &Sequences) -> Tensor<B, 2> {
    let mut token = vec![0.0f32; sequences.rows()];
    for i in 0..sequences.len() {
        token[sequences.start(i)..sequences.start(i) + sequences.length(i)].fill(1.0);
    }
    let device = x.device();
    x * Tensor::<B, 2>::from_data(TensorData::new(token, [sequences.rows(), 1]), &device)
}

fn attention_agrees<T: EncoderOps>() {
    for sequences in layouts() {
        for dropout in [Dropout::OFF, Dropout::new(0.2, 11)] {
            let window = dropout.is_off().then_some(4);
            let spec = AttentionSpec { heads: 3, scale: 0.4, window, sequences: sequences.clone(), dropout };
            let qkv = inner(sequences.rows(), 3 * 3 * 5, 1);
            compare::<T>(
                &format!("attention over {sequences:?}"),
                std::slice::from_ref(&qkv),
                2e-5,
                |t| tokens_only(attention(t[0].clone(), &spec), &sequences),
                |t| {
                    let out = attention::composed::forward::<Ad>(raw(t[0].clone()), &spec);
                    tokens_only(wrap::<Ad, 2>(out), &sequences)
                },
            );
            let g = tokens_only(inner(sequences.rows(), 15, 2), &sequences);
            let (_, state) = T::eo_attention(up::<T, 2>(&qkv), &spec);
            let kernel = T::eo_attention_backward(up::<T, 2>(&qkv), state, up::<T, 2>(&g), &spec);
            let by_hand = attention::composed::backward::<Flex>(raw(qkv), raw(g), &spec);
            close(&down::<T>(kernel), &wrap(by_hand), 2e-5, "composed attention backward");
        }
    }
}

/// Distances from `-(n - 1)` on to rows of a table of `count`: exact near 0, then shared.
fn distances(n: usize, count: usize) -> Arc<[u32]> {
    let middle = count as i64 / 2;
    let row = |distance: i64| (middle + distance.clamp(-3, 3) + distance / 9).clamp(0, count as i64 - 1) as u32;
    (1 - n as i64..n as i64).map(row).collect()
}

fn relative_attention_agrees<T: EncoderOps>() {
    let (heads, head_dim, count) = (3, 5, 13);
    let hidden = heads * head_dim;
    for sequences in layouts() {
        for (kind, width) in [
            (RelativeKind::Bias, heads),
            (RelativeKind::Disentangled, 2 * hidden),
            // As where the values' columns follow.
            (RelativeKind::Disentangled, 3 * hidden),
        ] {
            for dropout in [Dropout::OFF, Dropout::new(0.2, 11)] {
                let relative = Relative { kind, rows: distances(sequences.max_len(), count) };
                let window = dropout.is_off().then_some(20);
                let spec = AttentionSpec { heads, scale: 0.3, window, sequences: sequences.clone(), dropout };
                let inputs = [inner(sequences.rows(), 3 * hidden, 1), inner(count, width, 2)];
                compare::<T>(
                    &format!("relative attention, {kind:?}, over {sequences:?}"),
                    &inputs,
                    3e-5,
                    |t| tokens_only(relative_attention(t[0].clone(), t[1].clone(), &relative, &spec), &sequences),
                    |t| {
                        let (qkv, table) = (raw(t[0].clone()), raw(t[1].clone()));
                        let out = attention::composed::relative_forward::<Ad>(qkv, table, &relative, &spec);
                        tokens_only(wrap::<Ad, 2>(out), &sequences)
                    },
                );
                let g = tokens_only(inner(sequences.rows(), hidden, 2), &sequences);
                let [qkv, table, gradient] = [&inputs[0], &inputs[1], &g].map(up::<T, 2>);
                let kernel = T::eo_relative_attention_backward(qkv, table, gradient, &relative, &spec);
                let [qkv, table] = inputs.map(raw);
                let composed = attention::composed::relative_backward::<Flex>(qkv, table, raw(g), &relative, &spec);
                for (kernel, composed) in kernel.into_iter().zip(composed) {
                    close(&down::<T>(kernel), &wrap(composed), 3e-5, "composed relative attention backward");
                }
            }
        }
    }
}

fn cross_entropy_agrees<T: EncoderOps>() {
    for (rows, classes, label_smoothing, is_weighted) in
        [(1, 2, 0.0, false), (3, 2, 0.0, true), (7, 3, 0.1, false), (32, 5, 0.0, true), (2, 1, 0.0, false)]
    {
        let classes_of = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
        let class_weights = is_weighted.then(|| (0..classes).map(|class| 0.5 + class as f64).collect());
        let targets = ClassTargets { classes: classes_of, divisor: 9.0, label_smoothing, class_weights };
        let logits = inner(rows, classes, 1) * 3.0;
        compare::<T>(
            "cross-entropy",
            std::slice::from_ref(&logits),
            1e-6,
            |t| cross_entropy(t[0].clone(), &targets).unsqueeze(),
            |t| wrap::<Ad, 1>(composed::cross_entropy::<Ad>(raw(t[0].clone()), &targets)).unsqueeze(),
        );
        let g = Tensor::<Flex, 1>::from_data([0.7f32], &Default::default());
        let kernel = T::eo_cross_entropy_backward(up::<T, 2>(&logits), up::<T, 1>(&g), &targets);
        let by_hand = composed::cross_entropy_backward::<Flex>(raw(logits), raw(g), &targets);
        close(&down::<T>(kernel), &wrap(by_hand), 1e-6, "composed cross-entropy backward");
    }
}

/// A gradient of the rows `ids` of a table of `rows`, as the whole table.
fn whole(values: Inner2, ids: &[u32], rows: usize) -> Inner2 {
    wrap(adamw::dense::<Flex>(Gradient { values: raw(values), rows: Some(ids.into()) }, rows))
}

fn embedding_agrees<T: EncoderOps>() {
    let rows: [(&[u32], &[u8]); 3] = [(&[1, 4, 4], &[0, 0, 1]), (&[2], &[0]), (&[4, 0], &[0, 1])];
    for pad_to in [None, Some(0), Some(5)] {
        let batch = TokenBatch::new(&rows, 3, pad_to, 0);
        let ids = batch.words().ids.clone();
        let tables = [inner(6, 8, 1), inner(7, 8, 2), inner(2, 8, 3)];
        let mut fused = run::<Autodiff<T>>(&tables, |t| embed(t[0].clone(), t[1].clone(), t[2].clone(), &batch));
        let composed = run::<Ad>(&tables, |t| {
            let [w, p, s] = [0, 1, 2].map(|i| raw(t[i].clone()));
            wrap(composed::embed::<Ad>(w, p, s, &batch))
        });
        assert_eq!(fused[1].dims(), [ids.len(), 8], "only the rows of the batch");
        fused[1] = whole(fused[1].clone(), &ids, 6);
        for (a, b) in fused.iter().zip(&composed) {
            close(a, b, 1e-5, "embedding");
        }
        let g = inner(batch.input_ids.len(), 8, 4);
        let kernel = T::eo_embed_backward(up::<T, 2>(&g), [7, 2], &batch);
        let by_hand = composed::embed_backward::<Flex>(raw(g), [7, 2], &batch);
        for (a, b) in kernel.into_iter().zip(by_hand) {
            close(&down::<T>(a), &wrap(b), 1e-5, "composed embedding backward");
        }
    }
}

#[test]
fn gradients_of_rows_add_up() {
    let gradient = |ids: &[u32], seed| Gradient { values: raw(inner(ids.len(), 4, seed)), rows: Some(ids.into()) };
    let (a, b) = (gradient(&[1, 3, 6], 1), gradient(&[0, 3], 2));
    let sum = adamw::add::<Flex>(a.clone(), b.clone(), 7);
    assert_eq!(sum.rows.as_deref(), Some(&[0, 1, 3, 6][..]));
    let dense = |g: &Gradient<_>| -> Inner2 { wrap(adamw::dense::<Flex>(g.clone(), 7)) };
    close(&dense(&sum), &(dense(&a) + dense(&b)), 0.0, "sum of rows");
    let whole = Gradient { values: raw(inner(7, 4, 3)), rows: None };
    let sum = adamw::add::<Flex>(a.clone(), whole.clone(), 7);
    assert!(sum.rows.is_none());
    close(&dense(&sum), &(dense(&a) + dense(&whole)), 0.0, "sum of rows and a whole table");
}

/// A parameter of `rows` x 9 at the start of a run.
fn slot<B: Backend>(rows: usize, weight_decay: f64) -> AdamWSlot<FloatTensor<B>> {
    let parameter = up::<B, 2>(&inner(rows, 9, 1));
    let moments = adamw::zero_moments::<B>(&parameter);
    AdamWSlot { parameter, gradient: None, moments, weight_decay, learning_rate_scale: 0.5, touched: vec![false; rows] }
}

fn adamw_agrees_and_skips_only_what_does_not_change<T: EncoderOps>() {
    let step =
        |n| AdamWStep { learning_rate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: n, gradient_scale: 0.5 };
    let clip = Tensor::<Flex, 1>::from_data([0.25f32], &Default::default());
    let by_rows: [&[u32]; 4] = [&[2, 5], &[5, 6], &[0], &[]];
    for (weight_decay, clips) in [(0.0, false), (0.1, true)] {
        let mut kernels = [200, 7, 3].map(|rows| slot::<T>(rows, weight_decay)).into_iter().collect::<Vec<_>>();
        let mut composed = [200, 7, 3].map(|rows| slot::<Flex>(rows, weight_decay)).into_iter().collect::<Vec<_>>();
        for (n, ids) in by_rows.into_iter().enumerate() {
            let dense = inner(200, 9, 10 + n as u32);
            let rows = inner(ids.len().max(1), 9, 20 + n as u32);
            kernels[0].gradient = Some(Gradient { values: up::<T, 2>(&dense), rows: None });
            composed[0].gradient = Some(Gradient { values: raw(dense), rows: None });
            if !ids.is_empty() {
                kernels[1].gradient = Some(Gradient { values: up::<T, 2>(&rows), rows: Some(ids.into()) });
                composed[1].gradient = Some(Gradient { values: raw(rows), rows: Some(ids.into()) });
            }
            let step = step(n as i32 + 1);
            kernels = T::eo_adamw(kernels, &step, clips.then(|| up::<T, 1>(&clip)));
            let clip = clips.then(|| raw(clip.clone()));
            composed = composed.into_iter().map(|slot| composed::adamw::<Flex>(slot, &step, clip.as_ref())).collect();
            for (a, b) in kernels.iter().zip(&composed) {
                close(&down::<T>(a.parameter.clone()), &wrap(b.parameter.clone()), 1e-6, "parameter");
                close(&down::<T>(a.moments.0.clone()), &wrap(b.moments.0.clone()), 1e-6, "first moment");
                close(&down::<T>(a.moments.1.clone()), &wrap(b.moments.1.clone()), 1e-6, "second moment");
            }
        }
        assert_eq!(kernels[1].touched, [true, false, true, false, false, true, true], "rows with a gradient");
        close(&down::<T>(kernels[2].parameter.clone()), &inner(3, 9, 1), 0.0, "a parameter without a gradient");
    }
}

fn sums_of_squares_agree<T: EncoderOps>() {
    let tensors = [inner(7, 9, 1), inner(300, 100, 2), inner(1, 1, 3)];
    let expected = composed::sum_of_squares::<Flex>(tensors.clone().map(raw).into());
    let squares = T::eo_sum_of_squares(tensors.iter().map(up::<T, 2>).collect());
    assert!((squares - expected).abs() < 1e-5 * expected, "{squares} {expected}");
    let norm = T::eo_gradient_norm(tensors.iter().map(up::<T, 2>).collect());
    let value = norm.value::<T>();
    assert!((value - expected.sqrt()).abs() < 1e-5 * value, "{value}");
    // Far below the norm, and far above it.
    for max_norm in [1.0, 1e6] {
        let factor = match norm.clip_factor::<T>(max_norm) {
            ClipFactor::Host(factor) => factor,
            ClipFactor::Device(factor) => wrap::<T, 1>(factor).into_data().iter::<f64>().sum(),
        };
        assert!((factor - (max_norm / value).min(1.0)).abs() < 1e-5 * factor, "{factor}");
    }
    assert!(matches!(norm.clip_factor::<T>(0.0), ClipFactor::Host(factor) if factor == 1.0));
}

/// Bit for bit the CPU's masks, for odd widths and keys that fill both halves.
fn masks_are_those_of_the_cpu<T: EncoderOps>() {
    for sequences in layouts().into_iter().map(|s| Arc::new(Sequences::clone(&s).with_first_example(70_000))) {
        for (columns, key) in [(24, 7), (33, u64::MAX - 5)] {
            let dropout = RowDropout { dropout: Dropout::new(0.3, key), sequences: sequences.clone() };
            let ones = inner(sequences.rows(), columns, 1).ones_like();
            let kernel = down::<T>(T::eo_dropout(up::<T, 2>(&ones), &dropout));
            close(&kernel, &wrap(composed::dropout::<Flex>(raw(ones), &dropout)), 0.0, "mask of rows");
        }
        let dropout = Dropout::new(0.4, u64::MAX / 3);
        let spec = AttentionSpec { heads: 3, scale: 1.0, window: None, sequences, dropout };
        let kernel = T::eo_probability_factors(&spec, &Default::default());
        let expected = attention::composed::probability_factors::<Flex>(&spec, &Default::default());
        close(&row::<T>(kernel), &row::<Flex>(expected), 0.0, "mask of probabilities");
    }
}

/// Batches of matrices, an axis of 1 among them, as attention with relative positions has.
fn products_agree<T: EncoderOps>() {
    let product = |x: &[Tensor<Ad, 2>]| {
        let (a, b) = (x[0].clone().reshape([2, 3, 4, 5]), x[1].clone().reshape([1, 3, 5, 7]));
        a.matmul(b).reshape([24, 7])
    };
    let inputs = [inner(24, 5, 1), inner(15, 7, 2)];
    compare::<T>(
        "batched products",
        &inputs,
        1e-5,
        |x| matmul(x[0].clone().reshape([2, 3, 4, 5]), x[1].clone().reshape([1, 3, 5, 7])).reshape([24, 7]),
        |x| product(&x),
    );
}

/// Each of the tests above on each backend.
macro_rules! on_each_backend {
    ($($test:ident),* $(,)?) => {
        mod flex {
            $(#[test]
            fn $test() {
                super::$test::<burn_flex::Flex>();
            })*
        }
        #[cfg(feature = "ndarray")]
        mod ndarray {
            $(#[test]
            fn $test() {
                super::$test::<crate::backends::NdArray>();
            })*
        }
        #[cfg(feature = "wgpu")]
        mod wgpu {
            $(#[test]
            fn $test() {
                match crate::backends::wgpu_names() {
                    Ok(_) => super::$test::<crate::backends::Wgpu>(),
                    Err(reason) => println!("not tested: {reason}"),
                }
            })*
        }
    };
}

on_each_backend!(
    linear_agrees,
    bias_gelu_agrees,
    gated_gelu_agrees,
    rotary_agrees_and_is_undone,
    layer_norm_agrees,
    dropout_and_add_norm_agree,
    attention_agrees,
    relative_attention_agrees,
    cross_entropy_agrees,
    embedding_agrees,
    adamw_agrees_and_skips_only_what_does_not_change,
    sums_of_squares_agree,
    masks_are_those_of_the_cpu,
    products_agree,
);

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn any_attention_agrees(
        lengths in proptest::collection::vec(1usize..40, 1..6),
        heads in 1usize..5,
        head_dim in 1usize..20,
        padding in proptest::option::of(0usize..5),
        window in proptest::option::of(0usize..50),
        probability in 0.0f64..0.9,
    ) {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let sequences = Arc::new(match padding {
            None => Sequences::packed(lengths),
            Some(more) => Sequences::padded(lengths, longest + more),
        });
        let dropout = Dropout::new(probability, 3);
        let scale = 1.0 / (head_dim as f64).sqrt();
        let spec = AttentionSpec { heads, scale, window, sequences: sequences.clone(), dropout };
        let qkv = inner(sequences.rows(), 3 * heads * head_dim, 1);
        compare::<Flex>(
            "attention",
            &[qkv],
            1e-4,
            |t| tokens_only(attention(t[0].clone(), &spec), &sequences),
            |t| tokens_only(wrap(attention::composed::forward::<Ad>(raw(t[0].clone()), &spec)), &sequences),
        );
    }

    #[test]
    fn any_linear_agrees(rows in 1usize..70, inputs in 1usize..70, outputs in 1usize..70) {
        let x = [inner(rows, inputs, 1), inner(outputs, inputs, 2), inner(1, outputs, 3)];
        compare::<Flex>(
            "linear",
            &x,
            5e-5,
            |t| linear(t[0].clone(), t[1].clone(), Some(vector(&t[2])), Precision::F32),
            |t| wrap(composed::linear::<Ad>(raw(t[0].clone()), raw(t[1].clone()), Some(raw(vector(&t[2]))))),
        );
    }

    #[test]
    fn any_norm_agrees(
        lengths in proptest::collection::vec(1usize..30, 1..6),
        columns in 8usize..150,
        probability in 0.0f64..0.9,
    ) {
        let sequences = Arc::new(Sequences::packed(lengths));
        let rows = sequences.rows();
        let dropout = RowDropout { dropout: Dropout::new(probability, 5), sequences };
        let sizes = [(rows, 1), (rows, 2), (1, 3), (1, 4), (1, 5)];
        let x = sizes.map(|(rows, seed)| inner(rows, columns, seed));
        compare::<Flex>(
            "add norm",
            &x,
            1e-3,
            |t| {
                let [gamma, beta, bias] = [2, 3, 4].map(|i| vector(&t[i]));
                add_norm(t[0].clone(), bias, t[1].clone(), gamma, beta, 1e-5, &dropout)
            },
            |t| {
                let [gamma, beta, bias] = [2, 3, 4].map(|i| raw(vector(&t[i])));
                let [x, residual] = [0, 1].map(|i| raw(t[i].clone()));
                wrap(composed::add_norm::<Ad>(x, bias, residual, gamma, beta, 1e-5, &dropout).0)
            },
        );
    }
}
