//! The operations on tensors, for code that is generic over the backend.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::attention::{AttentionSpec, RelativeSpec};
use super::class_targets::ClassTargets;
use super::dropout::{Dropout, RowDropout};
use super::encoder_ops::EncoderOps;
use super::forms::{ActivationForm, HeadNormSpec, RotarySpec};
use super::low_rank::LowRankSpec;
use super::precision::Precision;
use super::primitive::{raw, wrap};
use crate::batch::{Sequences, TokenBatch};

/// [`EncoderOps::fused_linear`].
pub fn linear<B: EncoderOps>(
    x: Tensor<B, 2>,
    w: Tensor<B, 2>,
    b: Option<Tensor<B, 1>>,
    precision: Precision,
) -> Tensor<B, 2> {
    wrap(B::fused_linear(raw(x), raw(w), b.map(raw), precision))
}

/// [`EncoderOps::fused_add_low_rank`].
pub fn add_low_rank<B: EncoderOps>(
    y: Tensor<B, 2>,
    h: Tensor<B, 2>,
    b: Tensor<B, 2>,
    spec: LowRankSpec,
) -> Tensor<B, 2> {
    wrap(B::fused_add_low_rank(raw(y), raw(h), raw(b), spec))
}

/// [`EncoderOps::matmul_f32`].
pub fn matmul<B: EncoderOps, const D: usize>(a: Tensor<B, D>, b: Tensor<B, D>) -> Tensor<B, D> {
    wrap(B::matmul_f32(raw(a), raw(b)))
}

/// `Tensor::cat` whose gradients are not lost while another thread ends a backward pass.
///
/// What nobody holds is cleared from every thread's graph when a backward pass ends, and burn-autodiff 0.21 lets go of the parts
/// before it has recorded the whole (`float_cat`). The parts of a graph whose parameters an earlier pass has consumed were
/// forgotten in between, and their gradients with them, without a word.
pub fn cat<B: Backend, const D: usize>(parts: Vec<Tensor<B, D>>, dim: usize) -> Tensor<B, D> {
    let held = parts.clone();
    let whole = Tensor::cat(parts, dim);
    drop(held);
    whole
}

/// [`EncoderOps::fused_bias_activation`].
pub fn bias_activation<B: EncoderOps>(x: Tensor<B, 2>, b: Tensor<B, 1>, form: ActivationForm) -> Tensor<B, 2> {
    wrap(B::fused_bias_activation(raw(x), raw(b), form).0)
}

/// [`EncoderOps::fused_gated_activation`].
pub fn gated_activation<B: EncoderOps>(x: Tensor<B, 2>, form: ActivationForm) -> Tensor<B, 2> {
    wrap(B::fused_gated_activation(raw(x), form))
}

/// [`EncoderOps::fused_rotary`].
pub fn rotary<B: EncoderOps>(qkv: Tensor<B, 2>, spec: &RotarySpec) -> Tensor<B, 2> {
    wrap(B::fused_rotary(raw(qkv), spec))
}

/// [`EncoderOps::fused_head_norm`].
pub fn head_norm<B: EncoderOps>(qkv: Tensor<B, 2>, gammas: [Tensor<B, 1>; 2], spec: HeadNormSpec) -> Tensor<B, 2> {
    wrap(B::fused_head_norm(raw(qkv), gammas.map(raw), spec))
}

/// [`EncoderOps::fused_dropout`].
pub fn dropout<B: EncoderOps>(x: Tensor<B, 2>, dropout: Dropout, sequences: &Arc<Sequences>) -> Tensor<B, 2> {
    if dropout.is_off() {
        return x;
    }
    wrap(B::fused_dropout(raw(x), &RowDropout { dropout, sequences: sequences.clone() }))
}

/// [`EncoderOps::fused_layer_norm`].
pub fn layer_norm<B: EncoderOps>(
    x: Tensor<B, 2>,
    gamma: Tensor<B, 1>,
    beta: Tensor<B, 1>,
    epsilon: f64,
) -> Tensor<B, 2> {
    wrap(B::fused_layer_norm(raw(x), raw(gamma), raw(beta), epsilon))
}

/// [`EncoderOps::fused_rms_norm`].
pub fn rms_norm<B: EncoderOps>(x: Tensor<B, 2>, gamma: Tensor<B, 1>, epsilon: f64) -> Tensor<B, 2> {
    wrap(B::fused_rms_norm(raw(x), raw(gamma), epsilon))
}

/// [`EncoderOps::fused_add_norm`].
pub fn add_norm<B: EncoderOps>(
    x: Tensor<B, 2>,
    b: Tensor<B, 1>,
    residual: Tensor<B, 2>,
    gamma: Tensor<B, 1>,
    beta: Tensor<B, 1>,
    epsilon: f64,
    dropout: &RowDropout,
) -> Tensor<B, 2> {
    wrap(B::fused_add_norm(raw(x), raw(b), raw(residual), raw(gamma), raw(beta), epsilon, dropout).0)
}

/// [`EncoderOps::fused_embed`].
pub fn embed<B: EncoderOps>(
    word: Tensor<B, 2>,
    position: Tensor<B, 2>,
    token_type: Tensor<B, 2>,
    batch: &TokenBatch,
) -> Tensor<B, 2> {
    wrap(B::fused_embed(raw(word), raw(position), raw(token_type), batch))
}

/// [`EncoderOps::fused_attention`].
pub fn attention<B: EncoderOps>(qkv: Tensor<B, 2>, spec: &AttentionSpec) -> Tensor<B, 2> {
    wrap(B::fused_attention(raw(qkv), spec).0)
}

/// [`EncoderOps::fused_relative_attention`].
pub fn relative_attention<B: EncoderOps>(
    qkv: Tensor<B, 2>,
    table: Tensor<B, 2>,
    relative: &RelativeSpec,
    spec: &AttentionSpec,
) -> Tensor<B, 2> {
    wrap(B::fused_relative_attention(raw(qkv), raw(table), relative, spec))
}

/// [`EncoderOps::fused_cross_entropy`].
pub fn cross_entropy<B: EncoderOps>(logits: Tensor<B, 2>, targets: &ClassTargets) -> Tensor<B, 1> {
    wrap(B::fused_cross_entropy(raw(logits), targets))
}

/// [`EncoderOps::surrogate_loss`].
pub fn surrogate_loss<B: EncoderOps>(x: Tensor<B, 2>, gradient: Tensor<B, 2>) -> Tensor<B, 1> {
    wrap(B::surrogate_loss(raw(x), raw(gradient)))
}
