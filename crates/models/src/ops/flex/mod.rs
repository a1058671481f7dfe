//! Kernels of the `flex` backend: plain slices, rows divided between threads, vectors chosen at run time, GEMM by the `gemm` crate.
//!
//! All sums are taken in an order that does not depend on the number of threads, so that runs repeat bit for bit.

mod adamw;
mod attention;
mod buffer;
mod cross_entropy;
mod elementwise;
mod embed;
mod gemm;
mod linear;
mod low_rank;
mod math;
mod matrix;
mod norm;
mod peak;
mod pool;
mod rms_norm;
mod rotary;
mod simd;
mod sizes;
mod threads;

use burn_flex::{Flex, FlexTensor};

use super::adamw::{AdamWSlot, AdamWStep};
use super::attention::{AttentionSpec, AttentionState, RelativeSpec};
use super::capabilities::Capabilities;
use super::class_targets::ClassTargets;
use super::composed_attention;
use super::dropout::RowDropout;
use super::encoder_ops::EncoderOps;
use super::forms::{ActivationForm, HeadNormSpec, RotarySpec};
use super::low_rank::LowRankSpec;
use super::precision::Precision;
use super::profile::{Part, timed};
use crate::batch::TokenBatch;

pub use self::peak::fma_gflops;
pub use self::simd::level as simd_level;

impl EncoderOps for Flex {
    fn fused_linear(x: FlexTensor, w: FlexTensor, b: Option<FlexTensor>, precision: Precision) -> FlexTensor {
        timed(Part::Linear, || linear::forward(x, w, b, precision))
    }

    fn fused_linear_backward(
        x: Option<FlexTensor>,
        w: Option<FlexTensor>,
        g: FlexTensor,
        bias: bool,
        precision: Precision,
    ) -> [Option<FlexTensor>; 3] {
        timed(Part::Linear, || linear::backward(x, w, g, bias, precision))
    }

    fn fused_add_low_rank(y: FlexTensor, h: FlexTensor, b: FlexTensor, spec: LowRankSpec) -> FlexTensor {
        timed(Part::Linear, || low_rank::add(y, h, b, spec))
    }

    fn fused_add_low_rank_backward(
        h: Option<FlexTensor>,
        b: Option<FlexTensor>,
        g: FlexTensor,
        spec: LowRankSpec,
        shape: [usize; 2],
    ) -> [Option<FlexTensor>; 2] {
        timed(Part::Linear, || low_rank::backward(h, b, g, spec, shape))
    }

    fn fused_bias_activation(x: FlexTensor, bias: FlexTensor, form: ActivationForm) -> (FlexTensor, FlexTensor) {
        timed(Part::Activation, || elementwise::bias_activation(x, bias, form))
    }

    fn fused_bias_activation_backward(sum: FlexTensor, g: FlexTensor, form: ActivationForm) -> [FlexTensor; 2] {
        timed(Part::Activation, || elementwise::bias_activation_backward(sum, g, form))
    }

    fn fused_gated_activation(x: FlexTensor, form: ActivationForm) -> FlexTensor {
        timed(Part::Activation, || elementwise::gated_activation(x, form))
    }

    fn fused_gated_activation_backward(x: FlexTensor, g: FlexTensor, form: ActivationForm) -> FlexTensor {
        timed(Part::Activation, || elementwise::gated_activation_backward(x, g, form))
    }

    fn fused_rotary(qkv: FlexTensor, spec: &RotarySpec) -> FlexTensor {
        timed(Part::Attention, || rotary::turn(qkv, spec))
    }

    fn fused_relative_attention(
        qkv: FlexTensor,
        table: FlexTensor,
        relative: &RelativeSpec,
        spec: &AttentionSpec,
    ) -> FlexTensor {
        timed(Part::Attention, || attention::relative_forward(qkv, table, relative, spec))
    }

    fn fused_relative_attention_backward(
        qkv: FlexTensor,
        table: FlexTensor,
        g: FlexTensor,
        relative: &RelativeSpec,
        spec: &AttentionSpec,
    ) -> [FlexTensor; 2] {
        timed(Part::Attention, || attention::relative_backward(qkv, table, g, relative, spec))
    }

    fn fused_dropout(x: FlexTensor, dropout: &RowDropout) -> FlexTensor {
        timed(Part::Dropout, || elementwise::dropout(x, dropout))
    }

    fn fused_layer_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f64) -> FlexTensor {
        timed(Part::Norm, || norm::forward(x, gamma, beta, epsilon))
    }

    fn fused_layer_norm_backward(x: FlexTensor, gamma: FlexTensor, g: FlexTensor, epsilon: f64) -> [FlexTensor; 3] {
        timed(Part::Norm, || norm::backward(x, gamma, g, epsilon))
    }

    fn fused_rms_norm(x: FlexTensor, gamma: FlexTensor, epsilon: f64) -> FlexTensor {
        timed(Part::Norm, || rms_norm::forward(x, gamma, epsilon))
    }

    fn fused_head_norm(qkv: FlexTensor, gammas: [FlexTensor; 2], spec: HeadNormSpec) -> FlexTensor {
        timed(Part::Norm, || rms_norm::of_heads(qkv, gammas, spec))
    }

    fn fused_head_norm_backward(
        qkv: FlexTensor,
        gammas: [FlexTensor; 2],
        g: FlexTensor,
        spec: HeadNormSpec,
    ) -> [FlexTensor; 3] {
        timed(Part::Norm, || rms_norm::of_heads_backward(qkv, gammas, g, spec))
    }

    fn fused_rms_norm_backward(x: FlexTensor, gamma: FlexTensor, g: FlexTensor, epsilon: f64) -> [FlexTensor; 2] {
        timed(Part::Norm, || rms_norm::backward(x, gamma, g, epsilon))
    }

    fn fused_add_norm(
        x: FlexTensor,
        bias: FlexTensor,
        residual: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> (FlexTensor, FlexTensor) {
        timed(Part::Norm, || norm::add_forward(x, bias, residual, gamma, beta, epsilon, dropout))
    }

    fn fused_add_norm_backward(
        sum: FlexTensor,
        gamma: FlexTensor,
        g: FlexTensor,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> [FlexTensor; 5] {
        timed(Part::Norm, || norm::add_backward(sum, gamma, g, epsilon, dropout))
    }

    fn fused_embed(word: FlexTensor, position: FlexTensor, token_type: FlexTensor, batch: &TokenBatch) -> FlexTensor {
        timed(Part::Embedding, || embed::forward([word, position, token_type], batch))
    }

    fn fused_embed_backward(g: FlexTensor, sizes: [usize; 2], batch: &TokenBatch) -> [FlexTensor; 3] {
        timed(Part::Embedding, || embed::backward(g, sizes, batch))
    }

    fn fused_attention(qkv: FlexTensor, spec: &AttentionSpec) -> (FlexTensor, AttentionState<FlexTensor>) {
        let attend = || match spec.softcap {
            None => attention::forward(qkv, spec),
            Some(_) => composed_attention::forward::<Self>(qkv, spec),
        };
        (timed(Part::Attention, attend), None)
    }

    fn fused_attention_backward(
        qkv: FlexTensor,
        _: AttentionState<FlexTensor>,
        g: FlexTensor,
        spec: &AttentionSpec,
    ) -> FlexTensor {
        timed(Part::Attention, || match spec.softcap {
            None => attention::backward(qkv, g, spec),
            Some(_) => composed_attention::backward::<Self>(qkv, g, spec),
        })
    }

    fn fused_cross_entropy(logits: FlexTensor, targets: &ClassTargets) -> FlexTensor {
        timed(Part::Loss, || cross_entropy::forward(logits, targets))
    }

    fn fused_cross_entropy_backward(logits: FlexTensor, g: FlexTensor, targets: &ClassTargets) -> FlexTensor {
        timed(Part::Loss, || cross_entropy::backward(logits, g, targets))
    }

    fn fused_adamw(
        slots: Vec<AdamWSlot<FlexTensor>>,
        step: &AdamWStep,
        clip: Option<FlexTensor>,
    ) -> Vec<AdamWSlot<FlexTensor>> {
        timed(Part::Optimizer, || adamw::step(slots, step, clip))
    }

    fn sum_of_squares(tensors: Vec<FlexTensor>) -> f64 {
        timed(Part::Optimizer, || adamw::sum_of_squares(tensors))
    }

    fn supports_precision(precision: Precision, _: &Self::Device) -> Result<(), String> {
        match precision {
            Precision::F32 => Ok(()),
            Precision::Bf16 => gemm::bf16_support().map_err(str::to_owned),
            Precision::Tf32 | Precision::Fp16 => Err(format!("CPUs have no {} products", precision.name())),
        }
    }

    fn precision_remark(precision: Precision, _: &Self::Device) -> Option<&'static str> {
        gemm::bf16_remark().filter(|_| precision == Precision::Bf16)
    }

    fn capabilities() -> Capabilities {
        Capabilities { prefers_packed: true, ..Capabilities::CPU }
    }
}
