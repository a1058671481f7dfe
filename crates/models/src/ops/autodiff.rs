//! [`EncoderOps`] on `Autodiff`: one node an operation, with the backend's own backward pass.

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::attention::{AttentionSpec, AttentionState, RelativeSpec};
use super::capabilities::{Capabilities, DeviceMemory};
use super::class_targets::ClassTargets;
use super::composed;
use super::dropout::RowDropout;
use super::encoder_ops::EncoderOps;
use super::forms::{ActivationForm, HeadNormSpec, RotarySpec};
use super::low_rank::LowRankSpec;
use super::precision::Precision;
use crate::batch::TokenBatch;

/// What is kept of a linear layer: each factor where the other one learns.
#[derive(Clone, Debug)]
struct LinearFactors<B: Backend> {
    x: Option<FloatTensor<B>>,
    w: Option<FloatTensor<B>>,
    precision: Precision,
}

/// What is kept of a product of low rank: each factor where the other one learns.
#[derive(Clone, Debug)]
struct LowRankFactors<B: Backend> {
    h: Option<FloatTensor<B>>,
    b: Option<FloatTensor<B>>,
    spec: LowRankSpec,
    /// Of b.
    shape: [usize; 2],
}

/// A backward pass: a type, its saved state, and what it registers.
macro_rules! backward {
    ($name:ident, $n:literal, $state:ty, |$saved:ident, $g:ident, $parents:ident| $body:expr) => {
        #[derive(Debug)]
        struct $name;
        impl<B: EncoderOps> Backward<B, $n> for $name {
            type State = $state;
            fn backward(self, ops: Ops<Self::State, $n>, grads: &mut Gradients, _: &mut Checkpointer) {
                let $parents = ops.parents;
                let $g = grads.consume::<B>(&ops.node);
                let $saved = ops.state;
                let results: [Option<FloatTensor<B>>; $n] = $body;
                for (parent, gradient) in $parents.into_iter().zip(results) {
                    if let (Some(node), Some(gradient)) = (parent, gradient) {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }
    };
}

backward!(LinearBias, 3, LinearFactors<B>, |s, g, parents| {
    B::fused_linear_backward(s.x, s.w, g, parents[2].is_some(), s.precision)
});
backward!(Linear, 2, LinearFactors<B>, |s, g, parents| {
    let [dx, dw, _] = B::fused_linear_backward(s.x, s.w, g, false, s.precision);
    [dx, dw]
});
backward!(AddLowRank, 3, LowRankFactors<B>, |s, g, parents| {
    let [dh, db] = B::fused_add_low_rank_backward(s.h, s.b, g.clone(), s.spec, s.shape);
    [Some(g), dh, db]
});
backward!(BiasActivation, 2, (FloatTensor<B>, ActivationForm), |s, g, parents| B::fused_bias_activation_backward(
    s.0, g, s.1
)
.map(Some));
backward!(GatedActivation, 1, (FloatTensor<B>, ActivationForm), |s, g, parents| [Some(
    B::fused_gated_activation_backward(s.0, g, s.1)
)]);
backward!(Rotary, 1, RotarySpec, |spec, g, parents| [Some(B::fused_rotary(g, &spec))]);
backward!(DropoutRows, 1, RowDropout, |dropout, g, parents| [Some(B::fused_dropout(g, &dropout))]);
backward!(LayerNorm, 3, (FloatTensor<B>, FloatTensor<B>, f64), |s, g, parents| {
    B::fused_layer_norm_backward(s.0, s.1, g, s.2).map(Some)
});
backward!(RmsNorm, 2, (FloatTensor<B>, FloatTensor<B>, f64), |s, g, parents| {
    B::fused_rms_norm_backward(s.0, s.1, g, s.2).map(Some)
});
backward!(HeadNorm, 3, (FloatTensor<B>, [FloatTensor<B>; 2], HeadNormSpec), |s, g, parents| {
    B::fused_head_norm_backward(s.0, s.1, g, s.2).map(Some)
});
backward!(AddNorm, 5, (FloatTensor<B>, FloatTensor<B>, f64, RowDropout), |s, g, parents| {
    B::fused_add_norm_backward(s.0, s.1, g, s.2, &s.3).map(Some)
});
backward!(Embed, 3, ([usize; 2], TokenBatch), |s, g, parents| {
    let [words, positions, types] = B::fused_embed_backward(g, s.0, &s.1);
    let [word, position] = s.1.frozen;
    // Of the words' table only the batch's own rows are there.
    let word = word.and_then(|id| s.1.distinct_tokens().ids.binary_search(&id).ok());
    let words = composed::without_row::<B>(words, word);
    [words, composed::without_row::<B>(positions, position.map(|row| row as usize)), types].map(Some)
});
backward!(Matmul, 2, (FloatTensor<B>, FloatTensor<B>), |s, g, parents| {
    composed::matmul_backward::<B>(s.0, s.1, g, [parents[0].is_some(), parents[1].is_some()])
});
backward!(Attention, 1, (FloatTensor<B>, AttentionState<FloatTensor<B>>, AttentionSpec), |s, g, parents| {
    [Some(B::fused_attention_backward(s.0, s.1, g, &s.2))]
});
backward!(RelativeAttention, 2, (FloatTensor<B>, FloatTensor<B>, RelativeSpec, AttentionSpec), |s, g, parents| {
    B::fused_relative_attention_backward(s.0, s.1, g, &s.2, &s.3).map(Some)
});
backward!(CrossEntropy, 1, (FloatTensor<B>, ClassTargets), |s, g, parents| {
    [Some(B::fused_cross_entropy_backward(s.0, g, &s.1))]
});

/// The gradient that another backward pass left for x, whatever comes from above.
#[derive(Debug)]
struct SurrogateLoss;

impl<B: EncoderOps> Backward<B, 1> for SurrogateLoss {
    type State = FloatTensor<B>;
    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [parent] = ops.parents;
        if let Some(node) = parent {
            grads.register::<B>(node.id, ops.state);
        }
    }
}

/// Second derivatives are not defined: training never asks for them.
fn first_order_only() -> ! {
    unreachable!("backward passes of encoder operations are not differentiated again")
}

impl<B: EncoderOps, C: CheckpointStrategy> EncoderOps for Autodiff<B, C> {
    fn fused_linear(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        b: Option<FloatTensor<Self>>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let learns = |tensor: &FloatTensor<Self>| !tensor.node.requirement.is_none();
        let kept = LinearFactors {
            x: learns(&w).then(|| x.primitive.clone()),
            w: learns(&x).then(|| w.primitive.clone()),
            precision,
        };
        let (x, w) = ((x.primitive, x.node), (w.primitive, w.node));
        match b {
            Some(b) => {
                let y = B::fused_linear(x.0, w.0, Some(b.primitive), precision);
                match LinearBias.prepare::<C>([x.1, w.1, b.node]).compute_bound().stateful() {
                    OpsKind::Tracked(prep) => prep.finish(kept, y),
                    OpsKind::UnTracked(prep) => prep.finish(y),
                }
            }
            None => {
                let y = B::fused_linear(x.0, w.0, None, precision);
                match Linear.prepare::<C>([x.1, w.1]).compute_bound().stateful() {
                    OpsKind::Tracked(prep) => prep.finish(kept, y),
                    OpsKind::UnTracked(prep) => prep.finish(y),
                }
            }
        }
    }

    fn fused_add_low_rank(
        y: FloatTensor<Self>,
        h: FloatTensor<Self>,
        b: FloatTensor<Self>,
        spec: LowRankSpec,
    ) -> FloatTensor<Self> {
        let learns = |tensor: &FloatTensor<Self>| !tensor.node.requirement.is_none();
        let shape = b.primitive.shape().dims();
        let kept = LowRankFactors {
            h: learns(&b).then(|| h.primitive.clone()),
            b: learns(&h).then(|| b.primitive.clone()),
            spec,
            shape,
        };
        let sum = B::fused_add_low_rank(y.primitive, h.primitive, b.primitive, spec);
        match AddLowRank.prepare::<C>([y.node, h.node, b.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(kept, sum),
            OpsKind::UnTracked(prep) => prep.finish(sum),
        }
    }

    fn fused_bias_activation(
        x: FloatTensor<Self>,
        b: FloatTensor<Self>,
        form: ActivationForm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (y, sum) = B::fused_bias_activation(x.primitive, b.primitive, form);
        let y = match BiasActivation.prepare::<C>([x.node, b.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((sum.clone(), form), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        (y, FloatTensor::<Self>::new(sum))
    }

    fn fused_gated_activation(x: FloatTensor<Self>, form: ActivationForm) -> FloatTensor<Self> {
        let y = B::fused_gated_activation(x.primitive.clone(), form);
        match GatedActivation.prepare::<C>([x.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x.primitive, form), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_rotary(qkv: FloatTensor<Self>, spec: &RotarySpec) -> FloatTensor<Self> {
        let y = B::fused_rotary(qkv.primitive, spec);
        match Rotary.prepare::<C>([qkv.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(RotarySpec { inverse: !spec.inverse, ..spec.clone() }, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_relative_attention(
        qkv: FloatTensor<Self>,
        table: FloatTensor<Self>,
        relative: &RelativeSpec,
        spec: &AttentionSpec,
    ) -> FloatTensor<Self> {
        let y = B::fused_relative_attention(qkv.primitive.clone(), table.primitive.clone(), relative, spec);
        match RelativeAttention.prepare::<C>([qkv.node, table.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((qkv.primitive, table.primitive, relative.clone(), spec.clone()), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_dropout(x: FloatTensor<Self>, dropout: &RowDropout) -> FloatTensor<Self> {
        let y = B::fused_dropout(x.primitive, dropout);
        match DropoutRows.prepare::<C>([x.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(dropout.clone(), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let y = B::fused_layer_norm(x.primitive.clone(), gamma.primitive.clone(), beta.primitive, epsilon);
        match LayerNorm.prepare::<C>([x.node, gamma.node, beta.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x.primitive, gamma.primitive, epsilon), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_rms_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        let y = B::fused_rms_norm(x.primitive.clone(), gamma.primitive.clone(), epsilon);
        match RmsNorm.prepare::<C>([x.node, gamma.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x.primitive, gamma.primitive, epsilon), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_head_norm(
        qkv: FloatTensor<Self>,
        gammas: [FloatTensor<Self>; 2],
        spec: HeadNormSpec,
    ) -> FloatTensor<Self> {
        let [of_queries, of_keys] = gammas;
        let saved = [of_queries.primitive, of_keys.primitive];
        let y = B::fused_head_norm(qkv.primitive.clone(), saved.clone(), spec);
        match HeadNorm.prepare::<C>([qkv.node, of_queries.node, of_keys.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((qkv.primitive, saved, spec), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_add_norm(
        x: FloatTensor<Self>,
        b: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let parts = (x.primitive, b.primitive, residual.primitive);
        let affine = (gamma.primitive.clone(), beta.primitive);
        let (y, sum) = B::fused_add_norm(parts.0, parts.1, parts.2, affine.0, affine.1, epsilon, dropout);
        let nodes = [x.node, b.node, residual.node, gamma.node, beta.node];
        let y = match AddNorm.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((sum.clone(), gamma.primitive, epsilon, dropout.clone()), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        (y, FloatTensor::<Self>::new(sum))
    }

    fn fused_embed(
        word: FloatTensor<Self>,
        position: FloatTensor<Self>,
        token_type: FloatTensor<Self>,
        batch: &TokenBatch,
    ) -> FloatTensor<Self> {
        let sizes = [&position.primitive, &token_type.primitive].map(|table| table.shape()[0]);
        let y = B::fused_embed(word.primitive, position.primitive, token_type.primitive, batch);
        match Embed.prepare::<C>([word.node, position.node, token_type.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((sizes, batch.clone()), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn matmul_f32(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let y = B::matmul_f32(a.primitive.clone(), b.primitive.clone());
        match Matmul.prepare::<C>([a.node, b.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((a.primitive, b.primitive), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_attention(
        qkv: FloatTensor<Self>,
        spec: &AttentionSpec,
    ) -> (FloatTensor<Self>, AttentionState<FloatTensor<Self>>) {
        let (y, state) = B::fused_attention(qkv.primitive.clone(), spec);
        let y = match Attention.prepare::<C>([qkv.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((qkv.primitive, state, spec.clone()), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        (y, None)
    }

    fn attention_dropout_mask(spec: &AttentionSpec, device: &Self::Device) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::attention_dropout_mask(spec, device))
    }

    fn fused_cross_entropy(logits: FloatTensor<Self>, targets: &ClassTargets) -> FloatTensor<Self> {
        let y = B::fused_cross_entropy(logits.primitive.clone(), targets);
        match CrossEntropy.prepare::<C>([logits.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((logits.primitive, targets.clone()), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn surrogate_loss(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let y = B::surrogate_loss(x.primitive, gradient.primitive.clone());
        match SurrogateLoss.prepare::<C>([x.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(gradient.primitive, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_linear_backward(
        _: Option<FloatTensor<Self>>,
        _: Option<FloatTensor<Self>>,
        _: FloatTensor<Self>,
        _: bool,
        _: Precision,
    ) -> [Option<FloatTensor<Self>>; 3] {
        first_order_only()
    }

    fn fused_add_low_rank_backward(
        _: Option<FloatTensor<Self>>,
        _: Option<FloatTensor<Self>>,
        _: FloatTensor<Self>,
        _: LowRankSpec,
        _: [usize; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        first_order_only()
    }

    fn fused_gated_activation_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: ActivationForm,
    ) -> FloatTensor<Self> {
        first_order_only()
    }

    fn fused_relative_attention_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: &RelativeSpec,
        _: &AttentionSpec,
    ) -> [FloatTensor<Self>; 2] {
        first_order_only()
    }

    fn fused_bias_activation_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: ActivationForm,
    ) -> [FloatTensor<Self>; 2] {
        first_order_only()
    }

    fn fused_layer_norm_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: f64,
    ) -> [FloatTensor<Self>; 3] {
        first_order_only()
    }

    fn fused_rms_norm_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: f64,
    ) -> [FloatTensor<Self>; 2] {
        first_order_only()
    }

    fn fused_add_norm_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: f64,
        _: &RowDropout,
    ) -> [FloatTensor<Self>; 5] {
        first_order_only()
    }

    fn fused_embed_backward(_: FloatTensor<Self>, _: [usize; 2], _: &TokenBatch) -> [FloatTensor<Self>; 3] {
        first_order_only()
    }

    fn fused_attention_backward(
        _: FloatTensor<Self>,
        _: AttentionState<FloatTensor<Self>>,
        _: FloatTensor<Self>,
        _: &AttentionSpec,
    ) -> FloatTensor<Self> {
        first_order_only()
    }

    fn fused_cross_entropy_backward(_: FloatTensor<Self>, _: FloatTensor<Self>, _: &ClassTargets) -> FloatTensor<Self> {
        first_order_only()
    }

    fn supports_precision(precision: Precision, device: &Self::Device) -> Result<(), String> {
        B::supports_precision(precision, device)
    }

    fn memory_usage(device: &Self::Device) -> Option<DeviceMemory> {
        B::memory_usage(device)
    }

    fn capabilities() -> Capabilities {
        B::capabilities()
    }
}
