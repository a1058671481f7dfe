//! Each operation of the encoder, forward and backward, beside the same made of Burn's own operations, at the sizes of a
//! MiniLM-L6 layer with 32 sequences of 64 tokens: `cargo bench -p run-glue-models`.

use std::hint::black_box;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData, activation};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use criterion::{Criterion, criterion_group, criterion_main};
use models::batch::{Sequences, TokenBatch};
use models::ops::{self, ActivationForm, AttentionSpec, ClassTargets, Dropout, EncoderOps, Precision, RowDropout};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Ad = Autodiff<Flex>;

const BATCH: usize = 32;
const LEN: usize = 64;
const ROWS: usize = BATCH * LEN;
const HIDDEN: usize = 384;
const FFN: usize = 1536;
const HEADS: usize = 12;

fn matrix(rows: usize, columns: usize) -> Tensor<Ad, 2> {
    let values: Vec<f32> = (0..rows * columns).map(|i| ((i * 7919) % 2003) as f32 / 2003.0 - 0.5).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &Default::default()).require_grad()
}

fn vector(n: usize) -> Tensor<Ad, 1> {
    matrix(1, n).reshape([n]).detach().require_grad()
}

fn sequences() -> Arc<Sequences> {
    Arc::new(Sequences::packed(vec![LEN; BATCH]))
}

/// Times `f` together with the backward pass of its output's sum. (A forward pass alone would measure the autodiff graph
/// that piles up when no backward pass takes it down.)
fn time<const D: usize>(c: &mut Criterion, op: &str, variant: &str, f: impl Fn() -> Tensor<Ad, D>) {
    let mut group = c.benchmark_group(op);
    group.sample_size(20);
    group.bench_function(variant, |b| b.iter(|| black_box(f().sum().backward())));
    group.finish();
}

fn linear(c: &mut Criterion) {
    let (x, w, b) = (matrix(ROWS, HIDDEN), matrix(FFN, HIDDEN), vector(FFN));
    let fused = |precision| {
        let (x, w, b) = (x.clone(), w.clone(), b.clone());
        move || ops::linear(x.clone(), w.clone(), Some(b.clone()), precision)
    };
    time(c, "linear", "fused", fused(Precision::F32));
    if Flex::supports_precision(Precision::Bf16, &Default::default()).is_ok() {
        time(c, "linear", "fused, bf16", fused(Precision::Bf16));
    }
    time(c, "linear", "Burn", || x.clone().matmul(w.clone().transpose()) + b.clone().unsqueeze());
}

fn bias_activation(c: &mut Criterion) {
    let (x, b) = (matrix(ROWS, FFN), vector(FFN));
    time(c, "bias and GELU", "fused", || ops::bias_activation(x.clone(), b.clone(), ActivationForm::Gelu));
    time(c, "bias and GELU", "Burn", || activation::gelu(x.clone() + b.clone().unsqueeze()));
}

fn add_norm(c: &mut Criterion) {
    let (x, residual, b) = (matrix(ROWS, HIDDEN), matrix(ROWS, HIDDEN), vector(HIDDEN));
    let (gamma, beta) = (vector(HIDDEN), vector(HIDDEN));
    let dropout = RowDropout { dropout: Dropout::new(0.1, 1), sequences: sequences() };
    let [x1, r1, b1, g1, e1] =
        [x.clone(), residual.clone(), b.clone().unsqueeze(), gamma.clone().unsqueeze(), beta.clone().unsqueeze()];
    time(c, "bias, dropout, sum and norm", "fused", || {
        ops::add_norm(x.clone(), b.clone(), residual.clone(), gamma.clone(), beta.clone(), 1e-12, &dropout)
    });
    time(c, "bias, dropout, sum and norm", "Burn", || {
        let kept = Tensor::<Ad, 2>::random([ROWS, HIDDEN], burn::tensor::Distribution::Bernoulli(0.9), &x1.device());
        let sum = r1.clone() + (x1.clone() + b1.clone()) * kept / 0.9;
        let centred = sum.clone() - sum.mean_dim(1);
        let variance = (centred.clone() * centred.clone()).mean_dim(1);
        centred / (variance + 1e-12).sqrt() * g1.clone() + e1.clone()
    });
}

fn attention(c: &mut Criterion) {
    let qkv = matrix(ROWS, 3 * HIDDEN);
    let scale = 1.0 / ((HIDDEN / HEADS) as f64).sqrt();
    let dropout = Dropout::new(0.1, 1);
    let spec = AttentionSpec {
        heads: HEADS,
        key_value_heads: HEADS,
        scale,
        window: None,
        causal: false,
        softcap: None,
        sequences: sequences(),
        dropout,
    };
    time(c, "attention", "fused", || ops::attention(qkv.clone(), &spec));
    let heads = |i: usize| {
        let part = qkv.clone().slice([0..ROWS, i * HIDDEN..(i + 1) * HIDDEN]);
        part.reshape([BATCH, LEN, HEADS, HIDDEN / HEADS]).swap_dims(1, 2)
    };
    time(c, "attention", "Burn", || {
        let scores = heads(0).matmul(heads(1).transpose()) / ((HIDDEN / HEADS) as f64).sqrt();
        let kept = Tensor::<Ad, 4>::random(
            [BATCH, HEADS, LEN, LEN],
            burn::tensor::Distribution::Bernoulli(0.9),
            &scores.device(),
        );
        (activation::softmax(scores, 3) * kept / 0.9).matmul(heads(2)).swap_dims(1, 2).reshape([ROWS, HIDDEN])
    });
}

fn embed(c: &mut Criterion) {
    let ids: Vec<u32> = (0..LEN as u32).map(|i| i * 97 % 30_000).collect();
    let types = [0; LEN];
    let rows: Vec<(&[u32], &[u8])> = (0..BATCH).map(|_| (&ids[..], &types[..])).collect();
    let batch = TokenBatch::new(&rows, 0, None, 0);
    let (word, position, segment) = (matrix(30_522, HIDDEN), matrix(512, HIDDEN), matrix(2, HIDDEN));
    time(c, "embedding", "fused", || ops::embed(word.clone(), position.clone(), segment.clone(), &batch));
}

fn cross_entropy(c: &mut Criterion) {
    let logits = matrix(BATCH, 3);
    let targets = ClassTargets {
        classes: (0..BATCH as u32).map(|i| i % 3).collect(),
        divisor: BATCH as f64,
        label_smoothing: 0.0,
        class_weights: None,
    };
    time(c, "cross-entropy", "fused", || ops::cross_entropy(logits.clone(), &targets));
}

criterion_group!(benches, linear, bias_activation, add_norm, attention, embed, cross_entropy);
criterion_main!(benches);
