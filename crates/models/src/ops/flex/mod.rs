//! Kernels of the `flex` backend: plain slices, `rayon` over rows, vectors chosen at run time, GEMM by the `gemm` crate.
//!
//! All sums are taken in an order that does not depend on the number of threads, so that runs repeat bit for bit.

mod adamw;
mod attention;
mod buffer;
mod elementwise;
mod embed;
mod gemm;
mod linear;
mod math;
mod norm;
mod pool;
mod simd;

use burn_flex::{Flex, FlexTensor};

use super::{AdamWSlot, AdamWStep, AttentionSpec, EncoderOps, RowDropout};
use crate::batch::TokenBatch;

pub use simd::level as simd_level;

/// Elements that one task of an element-wise kernel works on.
const CHUNK: usize = 16 * 1024;

/// Rows that one task of a row-wise kernel works on.
const ROWS: usize = 64;

impl EncoderOps for Flex {
    fn eo_linear(x: FlexTensor, w: FlexTensor, b: Option<FlexTensor>) -> FlexTensor {
        linear::forward(x, w, b)
    }

    fn eo_linear_backward(
        x: FlexTensor,
        w: FlexTensor,
        g: FlexTensor,
        needs: (bool, bool),
    ) -> (Option<FlexTensor>, FlexTensor, Option<FlexTensor>) {
        linear::backward(x, w, g, needs)
    }

    fn eo_bias_gelu(x: FlexTensor, bias: FlexTensor) -> (FlexTensor, FlexTensor) {
        elementwise::bias_gelu(x, bias)
    }

    fn eo_bias_gelu_backward(sum: FlexTensor, g: FlexTensor) -> [FlexTensor; 2] {
        elementwise::bias_gelu_backward(sum, g)
    }

    fn eo_dropout(x: FlexTensor, dropout: &RowDropout) -> FlexTensor {
        elementwise::dropout(x, dropout)
    }

    fn eo_layer_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f64) -> FlexTensor {
        norm::forward(x, gamma, beta, epsilon)
    }

    fn eo_layer_norm_backward(x: FlexTensor, gamma: FlexTensor, g: FlexTensor, epsilon: f64) -> [FlexTensor; 3] {
        norm::backward(x, gamma, g, epsilon)
    }

    fn eo_add_norm(
        x: FlexTensor,
        bias: FlexTensor,
        residual: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> (FlexTensor, FlexTensor) {
        norm::add_forward(x, bias, residual, gamma, beta, epsilon, dropout)
    }

    fn eo_add_norm_backward(
        sum: FlexTensor,
        gamma: FlexTensor,
        g: FlexTensor,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> [FlexTensor; 5] {
        norm::add_backward(sum, gamma, g, epsilon, dropout)
    }

    fn eo_embed(word: FlexTensor, position: FlexTensor, token_type: FlexTensor, batch: &TokenBatch) -> FlexTensor {
        embed::forward([word, position, token_type], batch)
    }

    fn eo_embed_backward(g: FlexTensor, sizes: [usize; 2], batch: &TokenBatch) -> [FlexTensor; 3] {
        embed::backward(g, sizes, batch)
    }

    fn eo_attention(qkv: FlexTensor, spec: &AttentionSpec) -> FlexTensor {
        attention::forward(qkv, spec)
    }

    fn eo_attention_backward(qkv: FlexTensor, g: FlexTensor, spec: &AttentionSpec) -> FlexTensor {
        attention::backward(qkv, g, spec)
    }

    fn eo_adamw(slots: Vec<AdamWSlot<FlexTensor>>, step: &AdamWStep) -> Vec<AdamWSlot<FlexTensor>> {
        adamw::step(slots, step)
    }

    fn eo_sum_of_squares(tensors: Vec<FlexTensor>) -> f64 {
        adamw::sum_of_squares(tensors)
    }

    fn eo_prefers_packed() -> bool {
        true
    }
}
