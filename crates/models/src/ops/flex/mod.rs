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
mod simd;

use burn_flex::{Flex, FlexTensor};

use super::{AdamWStep, AttentionSpec, EncoderOps, RowDropout};
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
        needs_x: bool,
    ) -> (Option<FlexTensor>, FlexTensor, FlexTensor) {
        linear::backward(x, w, g, needs_x)
    }

    fn eo_gelu(x: FlexTensor) -> FlexTensor {
        elementwise::gelu(x)
    }

    fn eo_gelu_backward(x: FlexTensor, g: FlexTensor) -> FlexTensor {
        elementwise::gelu_backward(x, g)
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
        residual: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> (FlexTensor, FlexTensor) {
        norm::add_forward(x, residual, gamma, beta, epsilon, dropout)
    }

    fn eo_add_norm_backward(
        sum: FlexTensor,
        gamma: FlexTensor,
        g: FlexTensor,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> [FlexTensor; 4] {
        let [dsum, dgamma, dbeta] = norm::backward(sum, gamma, g, epsilon);
        [elementwise::dropout(dsum.clone(), dropout), dsum, dgamma, dbeta]
    }

    fn eo_embed(word: FlexTensor, position: FlexTensor, token_type: FlexTensor, batch: &TokenBatch) -> FlexTensor {
        embed::forward([word, position, token_type], batch)
    }

    fn eo_embed_backward(g: FlexTensor, sizes: [usize; 3], batch: &TokenBatch) -> [FlexTensor; 3] {
        embed::backward(g, sizes, batch)
    }

    fn eo_attention(qkv: FlexTensor, spec: &AttentionSpec) -> FlexTensor {
        attention::forward(qkv, spec)
    }

    fn eo_attention_backward(qkv: FlexTensor, g: FlexTensor, spec: &AttentionSpec) -> FlexTensor {
        attention::backward(qkv, g, spec)
    }

    fn eo_adamw(
        parameter: FlexTensor,
        gradient: FlexTensor,
        moments: (FlexTensor, FlexTensor),
        step: &AdamWStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        adamw::step(parameter, gradient, moments, step)
    }

    fn eo_sum_of_squares(x: FlexTensor) -> f64 {
        adamw::sum_of_squares(x)
    }

    fn eo_prefers_packed() -> bool {
        true
    }
}
