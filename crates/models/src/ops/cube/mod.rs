//! Kernels of the GPU backends, written once in CubeCL for every runtime that it has.
//!
//! All arithmetic is f32, but for the factors of linear layers' products where a [`Precision`] rounds them; sums are taken in
//! an order that depends on the shapes alone. Widths are compiled into the kernels, numbers of rows are not, so that batches
//! of other lengths need no new kernels.
#![allow(clippy::too_many_arguments, reason = "kernels take their arrays and numbers one by one")]

mod adamw;
mod attention;
mod columns;
mod cross_entropy;
mod elementwise;
mod embed;
#[cfg(feature = "fusion")]
mod fusion;
mod layout;
mod linear;
mod matmul;
mod norm;
mod probability;
mod random;
mod rotary;
mod rows;
mod tensor;

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, IntElement};

use super::adamw::{AdamWSlot, AdamWStep};
use super::attention::{AttentionSpec, AttentionState};
use super::capabilities::{Bucket, Capabilities, DeviceMemory};
use super::class_targets::ClassTargets;
use super::dropout::RowDropout;
use super::encoder_ops::EncoderOps;
use super::forms::{ActivationForm, RotarySpec};
use super::gradient_norm::GradientNorm;
use super::precision::Precision;
use crate::batch::TokenBatch;

const CAPABILITIES: Capabilities = Capabilities {
    synchronous: false,
    prefers_packed: true,
    // Rows in multiples of the largest tiles of products: these are then compiled without checks at their edges.
    bucket: Bucket { rows: 64, length: 16 },
    reports_out_of_memory: true,
};

impl<R: CubeRuntime, I: IntElement, B: BoolElement> EncoderOps for CubeBackend<R, f32, I, B> {
    fn fused_linear(
        x: CubeTensor<R>,
        w: CubeTensor<R>,
        b: Option<CubeTensor<R>>,
        precision: Precision,
    ) -> CubeTensor<R> {
        linear::forward(x, w, b, precision)
    }

    fn fused_linear_backward(
        x: Option<CubeTensor<R>>,
        w: Option<CubeTensor<R>>,
        g: CubeTensor<R>,
        bias: bool,
        precision: Precision,
    ) -> [Option<CubeTensor<R>>; 3] {
        linear::backward(x, w, g, bias, precision)
    }

    fn matmul_f32(a: CubeTensor<R>, b: CubeTensor<R>) -> CubeTensor<R> {
        matmul::exact(a, b)
    }

    fn fused_bias_activation(
        x: CubeTensor<R>,
        b: CubeTensor<R>,
        form: ActivationForm,
    ) -> (CubeTensor<R>, CubeTensor<R>) {
        elementwise::bias_activation(x, b, form).into()
    }

    fn fused_bias_activation_backward(
        sum: CubeTensor<R>,
        g: CubeTensor<R>,
        form: ActivationForm,
    ) -> [CubeTensor<R>; 2] {
        elementwise::bias_activation_backward(sum, g, form)
    }

    fn fused_gated_activation(x: CubeTensor<R>, form: ActivationForm) -> CubeTensor<R> {
        elementwise::gated_activation(x, form)
    }

    fn fused_gated_activation_backward(x: CubeTensor<R>, g: CubeTensor<R>, form: ActivationForm) -> CubeTensor<R> {
        elementwise::gated_activation_backward(x, g, form)
    }

    fn fused_rotary(qkv: CubeTensor<R>, spec: &RotarySpec) -> CubeTensor<R> {
        rotary::turn(qkv, spec)
    }

    fn fused_dropout(x: CubeTensor<R>, dropout: &RowDropout) -> CubeTensor<R> {
        elementwise::dropout(x, dropout)
    }

    fn fused_layer_norm(x: CubeTensor<R>, gamma: CubeTensor<R>, beta: CubeTensor<R>, epsilon: f64) -> CubeTensor<R> {
        norm::forward(x, gamma, beta, epsilon)
    }

    fn fused_layer_norm_backward(
        x: CubeTensor<R>,
        gamma: CubeTensor<R>,
        g: CubeTensor<R>,
        epsilon: f64,
    ) -> [CubeTensor<R>; 3] {
        norm::backward(x, gamma, g, epsilon)
    }

    fn fused_add_norm(
        x: CubeTensor<R>,
        b: CubeTensor<R>,
        residual: CubeTensor<R>,
        gamma: CubeTensor<R>,
        beta: CubeTensor<R>,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> (CubeTensor<R>, CubeTensor<R>) {
        norm::add_forward(x, b, residual, gamma, beta, epsilon, dropout).into()
    }

    fn fused_add_norm_backward(
        sum: CubeTensor<R>,
        gamma: CubeTensor<R>,
        g: CubeTensor<R>,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> [CubeTensor<R>; 5] {
        norm::add_backward(sum, gamma, g, epsilon, dropout)
    }

    fn fused_embed(
        word: CubeTensor<R>,
        position: CubeTensor<R>,
        token_type: CubeTensor<R>,
        batch: &TokenBatch,
    ) -> CubeTensor<R> {
        embed::forward(word, position, token_type, batch)
    }

    fn fused_embed_backward(g: CubeTensor<R>, sizes: [usize; 2], batch: &TokenBatch) -> [CubeTensor<R>; 3] {
        embed::backward(g, sizes, batch)
    }

    fn fused_attention(qkv: CubeTensor<R>, spec: &AttentionSpec) -> (CubeTensor<R>, AttentionState<CubeTensor<R>>) {
        let qkv = tensor::dense(qkv);
        match attention::configs(&qkv.client, tensor::dims2(&qkv)[1], spec) {
            Some([config, _]) => {
                let [out, logs] = attention::forward(&qkv, spec, config);
                (out.clone(), Some([out, logs]))
            }
            None => (super::composed_attention::forward::<Self>(qkv, spec), None),
        }
    }

    fn fused_attention_backward(
        qkv: CubeTensor<R>,
        state: AttentionState<CubeTensor<R>>,
        g: CubeTensor<R>,
        spec: &AttentionSpec,
    ) -> CubeTensor<R> {
        let (qkv, g) = (tensor::dense(qkv), tensor::dense(g));
        match (state, attention::configs(&qkv.client, tensor::dims2(&qkv)[1], spec)) {
            (Some(state), Some([_, config])) => attention::backward(&qkv, state, &g, spec, config),
            _ => super::composed_attention::backward::<Self>(qkv, g, spec),
        }
    }

    fn attention_dropout_mask(spec: &AttentionSpec, device: &Self::Device) -> CubeTensor<R> {
        probability::factors(spec, device)
    }

    fn fused_cross_entropy(logits: CubeTensor<R>, targets: &ClassTargets) -> CubeTensor<R> {
        cross_entropy::forward(logits, targets)
    }

    fn fused_cross_entropy_backward(logits: CubeTensor<R>, g: CubeTensor<R>, targets: &ClassTargets) -> CubeTensor<R> {
        cross_entropy::backward(logits, g, targets)
    }

    fn fused_adamw(
        mut slots: Vec<AdamWSlot<CubeTensor<R>>>,
        step: &AdamWStep,
        clip: Option<CubeTensor<R>>,
    ) -> Vec<AdamWSlot<CubeTensor<R>>> {
        slots.iter_mut().for_each(AdamWSlot::touch);
        adamw::step(slots, step, clip)
    }

    fn gradient_norm(tensors: Vec<CubeTensor<R>>) -> GradientNorm<CubeTensor<R>> {
        adamw::norm(tensors).map_or(GradientNorm::Host(0.0), GradientNorm::Device)
    }

    fn supports_precision(precision: Precision, device: &Self::Device) -> Result<(), String> {
        matmul::supports(&R::client(device), precision)
    }

    fn memory_usage(device: &Self::Device) -> Option<DeviceMemory> {
        let usage = R::client(device).memory_usage().ok()?;
        Some(DeviceMemory { in_use: usage.bytes_in_use, reserved: usage.bytes_reserved })
    }

    fn capabilities() -> Capabilities {
        CAPABILITIES
    }
}
