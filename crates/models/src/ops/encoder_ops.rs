//! The backend extension: a trait whose every method has a default body.

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use super::adamw::{AdamWSlot, AdamWStep};
use super::attention::{AttentionSpec, AttentionState, RelativeSpec};
use super::capabilities::{Capabilities, DeviceMemory};
use super::class_targets::ClassTargets;
use super::dropout::RowDropout;
use super::forms::{ActivationForm, HeadNormSpec, RotarySpec};
use super::gradient_norm::GradientNorm;
use super::low_rank::LowRankSpec;
use super::precision::Precision;
use super::{composed, composed_activation, composed_attention, composed_head_norm};
use crate::batch::TokenBatch;

/// What the encoder asks of a backend beyond Burn's own operations. Matrices are `[rows, columns]`, row-major.
pub trait EncoderOps: Backend {
    /// `x wᵀ + b`: x `[rows, in]`, w `[out, in]` as PyTorch stores it, b `[out]`; gives `[rows, out]`.
    fn fused_linear(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        b: Option<FloatTensor<Self>>,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        composed::linear::<Self>(x, w, b)
    }

    /// Gradients of [`Self::fused_linear`] for x, w and b: `g w` where w is given, `gᵀ x` where x is, the sum of g's rows where `bias`
    /// asks for it. So a factor whose counterpart is not trained need not be kept.
    fn fused_linear_backward(
        x: Option<FloatTensor<Self>>,
        w: Option<FloatTensor<Self>>,
        g: FloatTensor<Self>,
        bias: bool,
        _precision: Precision,
    ) -> [Option<FloatTensor<Self>>; 3] {
        composed::linear_backward::<Self>(x, w, g, bias)
    }

    /// `y[:, first..first + out] + scaling h bᵀ`, the other columns of y as they are: y `[rows, columns]`, h `[rows, rank]`, b
    /// `[out, rank]`.
    fn fused_add_low_rank(
        y: FloatTensor<Self>,
        h: FloatTensor<Self>,
        b: FloatTensor<Self>,
        spec: LowRankSpec,
    ) -> FloatTensor<Self> {
        composed::add_low_rank::<Self>(y, h, b, spec)
    }

    /// Gradients of [`Self::fused_add_low_rank`] for h, where b is given, and for b of `[out, rank]`, where h is. That for y is g.
    fn fused_add_low_rank_backward(
        h: Option<FloatTensor<Self>>,
        b: Option<FloatTensor<Self>>,
        g: FloatTensor<Self>,
        spec: LowRankSpec,
        shape: [usize; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        composed::add_low_rank_backward::<Self>(h, b, g, spec, shape)
    }

    /// `a b` in f32: matrices `[.., m, k]` and `[.., k, n]`, any number of axes before them; an axis of 1 is repeated.
    fn matmul_f32(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(a, b)
    }

    /// The activation of `s = x + b`, `s F(s)`, and s, which the backward pass needs.
    fn fused_bias_activation(
        x: FloatTensor<Self>,
        b: FloatTensor<Self>,
        form: ActivationForm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed_activation::bias_activation::<Self>(x, b, form)
    }

    /// Gradients of [`Self::fused_bias_activation`] for x, `g (F(s) + s F'(s))`, and b.
    fn fused_bias_activation_backward(
        sum: FloatTensor<Self>,
        g: FloatTensor<Self>,
        form: ActivationForm,
    ) -> [FloatTensor<Self>; 2] {
        composed_activation::bias_activation_backward::<Self>(sum, g, form)
    }

    /// `activation(x[:, ..n]) x[:, n..]` of `[rows, 2 n]` (Shazeer 2020, GEGLU, SwiGLU); gives `[rows, n]`.
    fn fused_gated_activation(x: FloatTensor<Self>, form: ActivationForm) -> FloatTensor<Self> {
        composed_activation::gated_activation::<Self>(x, form)
    }

    /// Gradient of [`Self::fused_gated_activation`].
    fn fused_gated_activation_backward(
        x: FloatTensor<Self>,
        g: FloatTensor<Self>,
        form: ActivationForm,
    ) -> FloatTensor<Self> {
        composed_activation::gated_activation_backward::<Self>(x, g, form)
    }

    /// Queries and keys of `[rows, queries + keys + values]` turned by their positions (Su et al. 2021), values as they are. Its own
    /// backward pass with the spec's inverse.
    fn fused_rotary(qkv: FloatTensor<Self>, spec: &RotarySpec) -> FloatTensor<Self> {
        composed::rotary::<Self>(qkv, spec)
    }

    /// Drops elements of `[rows, columns]` and scales the kept ones; its own backward pass.
    fn fused_dropout(x: FloatTensor<Self>, dropout: &RowDropout) -> FloatTensor<Self> {
        composed::dropout::<Self>(x, dropout)
    }

    /// Layer normalisation over the columns (Ba et al. 2016), biased variance.
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        composed::layer_norm::<Self>(x, gamma, beta, epsilon)
    }

    /// Gradients of [`Self::fused_layer_norm`] for x, gamma, beta.
    fn fused_layer_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        g: FloatTensor<Self>,
        epsilon: f64,
    ) -> [FloatTensor<Self>; 3] {
        composed::layer_norm_backward::<Self>(x, gamma, g, epsilon)
    }

    /// `gamma x / sqrt(mean(x²) + epsilon)` over the columns (Zhang & Sennrich 2019).
    fn fused_rms_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        composed::rms_norm::<Self>(x, gamma, epsilon)
    }

    /// Gradients of [`Self::fused_rms_norm`] for x and gamma.
    fn fused_rms_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        g: FloatTensor<Self>,
        epsilon: f64,
    ) -> [FloatTensor<Self>; 2] {
        composed::rms_norm_backward::<Self>(x, gamma, g, epsilon)
    }

    /// [`Self::fused_rms_norm`] of each head of the queries, by the first gamma, and of the keys, by the second, of
    /// `[rows, queries + keys + values]`; values as they are. A gamma has a head's columns.
    fn fused_head_norm(
        qkv: FloatTensor<Self>,
        gammas: [FloatTensor<Self>; 2],
        spec: HeadNormSpec,
    ) -> FloatTensor<Self> {
        composed_head_norm::head_norm::<Self>(qkv, gammas, spec, |x, gamma| {
            Self::fused_rms_norm(x, gamma, spec.epsilon)
        })
    }

    /// Gradients of [`Self::fused_head_norm`] for qkv and the two gammas.
    fn fused_head_norm_backward(
        qkv: FloatTensor<Self>,
        gammas: [FloatTensor<Self>; 2],
        g: FloatTensor<Self>,
        spec: HeadNormSpec,
    ) -> [FloatTensor<Self>; 3] {
        composed_head_norm::head_norm_backward::<Self>(qkv, gammas, g, spec, |x, gamma, g| {
            Self::fused_rms_norm_backward(x, gamma, g, spec.epsilon)
        })
    }

    /// `LayerNorm(residual + dropout(x + b))`; gives the output and the sum, which the backward pass needs.
    fn fused_add_norm(
        x: FloatTensor<Self>,
        b: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::add_norm::<Self>(x, b, residual, gamma, beta, epsilon, dropout)
    }

    /// Gradients of [`Self::fused_add_norm`] for x, b, residual, gamma, beta, from its sum.
    fn fused_add_norm_backward(
        sum: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        g: FloatTensor<Self>,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> [FloatTensor<Self>; 5] {
        composed::add_norm_backward::<Self>(sum, gamma, g, epsilon, dropout)
    }

    /// Sum of word, position and segment embeddings: `[rows, hidden]`.
    fn fused_embed(
        word: FloatTensor<Self>,
        position: FloatTensor<Self>,
        token_type: FloatTensor<Self>,
        batch: &TokenBatch,
    ) -> FloatTensor<Self> {
        composed::embed::<Self>(word, position, token_type, batch)
    }

    /// Gradients of [`Self::fused_embed`]: of the words' table only the rows of [`TokenBatch::distinct_tokens`], in their order; of the
    /// others, tables of `sizes` rows (position, segment).
    fn fused_embed_backward(g: FloatTensor<Self>, sizes: [usize; 2], batch: &TokenBatch) -> [FloatTensor<Self>; 3] {
        composed::embed_backward::<Self>(g, sizes, batch)
    }

    /// Scaled dot-product attention within each sequence (Vaswani et al. 2017):
    /// qkv `[rows, queries + keys + values]` side by side, gives `[rows, queries]`, and what the backward pass
    /// is to get. Padding rows give anything finite.
    fn fused_attention(
        qkv: FloatTensor<Self>,
        spec: &AttentionSpec,
    ) -> (FloatTensor<Self>, AttentionState<FloatTensor<Self>>) {
        (composed_attention::forward::<Self>(qkv, spec), None)
    }

    /// Gradient of [`Self::fused_attention`] for qkv; probabilities are computed again, not stored.
    fn fused_attention_backward(
        qkv: FloatTensor<Self>,
        _state: AttentionState<FloatTensor<Self>>,
        g: FloatTensor<Self>,
        spec: &AttentionSpec,
    ) -> FloatTensor<Self> {
        composed_attention::backward::<Self>(qkv, g, spec)
    }

    /// The dropout factors of the probabilities, 0 or 1 / (1 - p): `[batch, heads, len, len]` for the longest sequence.
    fn attention_dropout_mask(spec: &AttentionSpec, device: &Self::Device) -> FloatTensor<Self> {
        composed_attention::probability_factors::<Self>(spec, device)
    }

    /// As [`Self::fused_attention`], with what a table of relative positions adds to the scores.
    fn fused_relative_attention(
        qkv: FloatTensor<Self>,
        table: FloatTensor<Self>,
        relative: &RelativeSpec,
        spec: &AttentionSpec,
    ) -> FloatTensor<Self> {
        composed_attention::relative_forward::<Self>(qkv, table, relative, spec)
    }

    /// Gradients of [`Self::fused_relative_attention`] for qkv and the table.
    fn fused_relative_attention_backward(
        qkv: FloatTensor<Self>,
        table: FloatTensor<Self>,
        g: FloatTensor<Self>,
        relative: &RelativeSpec,
        spec: &AttentionSpec,
    ) -> [FloatTensor<Self>; 2] {
        composed_attention::relative_backward::<Self>(qkv, table, g, relative, spec)
    }

    /// Sum over the rows of -log of the class's softmax, smoothed, over `divisor`: logits `[rows, classes]`, gives `[1]`.
    fn fused_cross_entropy(logits: FloatTensor<Self>, targets: &ClassTargets) -> FloatTensor<Self> {
        composed::cross_entropy::<Self>(logits, targets)
    }

    /// Gradient of [`Self::fused_cross_entropy`] for the logits, `g (softmax - target) / divisor`.
    fn fused_cross_entropy_backward(
        logits: FloatTensor<Self>,
        g: FloatTensor<Self>,
        targets: &ClassTargets,
    ) -> FloatTensor<Self> {
        composed::cross_entropy_backward::<Self>(logits, g, targets)
    }

    /// A number, `[1]`, whose gradient for x is `gradient`: where a backward pass starts that goes on another one's end.
    /// Only backends that record gradients have a use for it.
    fn surrogate_loss(x: FloatTensor<Self>, _gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_zeros([1].into(), &Self::float_device(&x), x.dtype().into())
    }

    /// One AdamW step of all parameters, in place where the backend can. `clip`, `[1]`, is a further factor of the
    /// gradients ([`super::ClipFactor::Device`]).
    fn fused_adamw(
        slots: Vec<AdamWSlot<FloatTensor<Self>>>,
        step: &AdamWStep,
        clip: Option<FloatTensor<Self>>,
    ) -> Vec<AdamWSlot<FloatTensor<Self>>> {
        slots.into_iter().map(|slot| composed::adamw::<Self>(slot, step, clip.as_ref())).collect()
    }

    /// Sum of squares of all elements of all tensors, in f64 on the host.
    fn sum_of_squares(tensors: Vec<FloatTensor<Self>>) -> f64 {
        composed::sum_of_squares::<Self>(tensors)
    }

    /// L2 norm over all elements of all tensors; stays on the device where the host would have to wait for it.
    fn gradient_norm(tensors: Vec<FloatTensor<Self>>) -> GradientNorm<FloatTensor<Self>> {
        GradientNorm::Host(Self::sum_of_squares(tensors).sqrt())
    }

    /// Why linear layers on `device` cannot be asked for `precision`, where they cannot.
    ///
    /// # Errors
    /// The reason, in words.
    fn supports_precision(precision: Precision, _device: &Self::Device) -> Result<(), String> {
        match precision {
            Precision::F32 => Ok(()),
            other => Err(format!("this backend has no {} products", other.name())),
        }
    }

    /// What is to be said to whoever asks for `precision` on `device`, where anything is.
    fn precision_remark(_precision: Precision, _device: &Self::Device) -> Option<&'static str> {
        None
    }

    /// The memory that this process holds on `device`; `None` where the backend does not count it.
    fn memory_usage(_device: &Self::Device) -> Option<DeviceMemory> {
        None
    }

    /// What the backend is like to work with.
    fn capabilities() -> Capabilities {
        Capabilities::CPU
    }
}

#[cfg(feature = "ndarray")]
impl EncoderOps for burn_ndarray::NdArray {}
