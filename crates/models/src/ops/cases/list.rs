//! The cases: operations with what distinguishes their forms, at sizes.

use crate::ops::attention::RelativeKind;
use crate::ops::forms::ActivationForm;

/// An operation with what distinguishes its forms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// [`crate::ops::EncoderOps::fused_linear`], with or without bias.
    Linear {
        /// Whether a bias is added.
        bias: bool,
    },
    /// [`crate::ops::EncoderOps::matmul_f32`].
    Matmul,
    /// [`crate::ops::EncoderOps::fused_add_low_rank`] of this rank, into the last columns.
    AddLowRank(usize),
    /// [`crate::ops::EncoderOps::fused_bias_activation`].
    BiasActivation(ActivationForm),
    /// [`crate::ops::EncoderOps::fused_gated_activation`].
    GatedActivation(ActivationForm),
    /// [`crate::ops::EncoderOps::fused_rotary`].
    Rotary {
        /// Back instead of forth.
        inverse: bool,
        /// Pairs are neighbours, and half of each head's columns turn.
        interleaved: bool,
        /// Heads of queries for each one of keys.
        group: usize,
    },
    /// [`crate::ops::EncoderOps::fused_dropout`] with this probability.
    Dropout(f64),
    /// [`crate::ops::EncoderOps::fused_layer_norm`].
    LayerNorm,
    /// [`crate::ops::EncoderOps::fused_rms_norm`].
    RmsNorm,
    /// [`crate::ops::EncoderOps::fused_head_norm`], with so many heads of queries for each one of keys.
    HeadNorm(usize),
    /// [`crate::ops::EncoderOps::fused_add_norm`] with dropout of this probability.
    AddNorm(f64),
    /// [`crate::ops::EncoderOps::fused_embed`].
    Embed,
    /// [`crate::ops::EncoderOps::fused_attention`].
    Attention {
        /// How far tokens look.
        window: Option<usize>,
        /// Tokens look at none behind them.
        causal: bool,
        /// Heads of queries for each one of keys.
        group: usize,
        /// Of the scores.
        softcap: Option<f64>,
        /// Of the probabilities.
        dropout: f64,
    },
    /// [`crate::ops::EncoderOps::fused_relative_attention`].
    RelativeAttention {
        /// What the table adds.
        kind: RelativeKind,
        /// Of the probabilities.
        dropout: f64,
    },
    /// [`crate::ops::EncoderOps::fused_cross_entropy`].
    CrossEntropy {
        /// Share of the target spread over all classes.
        label_smoothing: f64,
        /// Whether classes have weights.
        weighted: bool,
    },
    /// Four steps of [`crate::ops::EncoderOps::fused_adamw`], of a matrix and of a few rows of another.
    AdamW {
        /// Decoupled weight decay.
        weight_decay: f64,
    },
    /// [`crate::ops::EncoderOps::gradient_norm`].
    GradientNorm,
}

/// An operation at a size.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name in tables, with its sizes.
    pub name: &'static str,
    /// The operation, with what distinguishes its forms.
    pub operation: Operation,
    /// Lengths of the sequences, whose tokens are the rows.
    pub lengths: &'static [usize],
    /// Rows that each sequence takes at least; `None`: tokens lie end to end.
    pub pad_to: Option<usize>,
    /// Columns of what goes in, and of what comes out.
    pub columns: [usize; 2],
    /// Heads of attention and rotary positions; 1 elsewhere.
    pub heads: usize,
}

const fn case(name: &'static str, operation: Operation, lengths: &'static [usize], columns: [usize; 2]) -> Case {
    Case { name, operation, lengths, pad_to: None, columns, heads: 1 }
}

const fn heads(case: Case, heads: usize, pad_to: Option<usize>) -> Case {
    Case { heads, pad_to, ..case }
}

/// Lengths that fit no vector and no tile.
const ODD: &[usize] = &[33, 1, 17, 5];
/// A batch of GLUE's usual size.
const USUAL: &[usize] = &[128, 64, 100, 41];

const fn attention_of(window: Option<usize>, dropout: f64) -> Operation {
    Operation::Attention { window, causal: false, group: 1, softcap: None, dropout }
}

/// Of a decoder.
const fn causal(window: Option<usize>, group: usize, softcap: Option<f64>) -> Operation {
    Operation::Attention { window, causal: true, group, softcap, dropout: 0.1 }
}

const fn rotary(inverse: bool, interleaved: bool, group: usize) -> Operation {
    Operation::Rotary { inverse, interleaved, group }
}

const fn relative(kind: RelativeKind, dropout: f64) -> Operation {
    Operation::RelativeAttention { kind, dropout }
}

const fn loss(label_smoothing: f64, weighted: bool) -> Operation {
    Operation::CrossEntropy { label_smoothing, weighted }
}

/// All of them. Small ones have odd sizes, large ones those of an encoder's layer.
pub const CASES: &[Case] = &[
    case("linear, 1 x 7 x 3", Operation::Linear { bias: true }, &[1], [7, 3]),
    case("linear, 56 x 33 x 17", Operation::Linear { bias: true }, ODD, [33, 17]),
    case("linear without bias, 56 x 40 x 96", Operation::Linear { bias: false }, ODD, [40, 96]),
    case("linear, 333 x 768 x 768", Operation::Linear { bias: true }, USUAL, [768, 768]),
    case("product, 56 x 33 x 17", Operation::Matmul, ODD, [33, 17]),
    case("product, 333 x 768 x 512", Operation::Matmul, USUAL, [768, 512]),
    case("product of rank 3, 56 x 17 of 33", Operation::AddLowRank(3), ODD, [33, 17]),
    case("product of rank 8, 333 x 768 of 2304", Operation::AddLowRank(8), USUAL, [2304, 768]),
    case("bias and GELU, 56 x 33", Operation::BiasActivation(ActivationForm::Gelu), ODD, [33, 33]),
    case("bias and GELU, 333 x 1536", Operation::BiasActivation(ActivationForm::Gelu), USUAL, [1536, 1536]),
    case("bias and GELU by tanh, 56 x 33", Operation::BiasActivation(ActivationForm::GeluTanh), ODD, [33, 33]),
    case("bias and SiLU, 56 x 33", Operation::BiasActivation(ActivationForm::Silu), ODD, [33, 33]),
    case("bias and ReLU, 56 x 33", Operation::BiasActivation(ActivationForm::Relu), ODD, [33, 33]),
    case("gated SiLU, 56 x 66", Operation::GatedActivation(ActivationForm::Silu), ODD, [66, 33]),
    case("gated GELU, 56 x 66", Operation::GatedActivation(ActivationForm::Gelu), ODD, [66, 33]),
    case("gated GELU by tanh, 333 x 1152", Operation::GatedActivation(ActivationForm::GeluTanh), USUAL, [1152, 576]),
    heads(case("rotary positions, 3 heads of 6", rotary(false, false, 1), ODD, [54, 54]), 3, None),
    heads(case("rotary positions back, 4 heads of 64", rotary(true, false, 1), USUAL, [768, 768]), 4, Some(0)),
    heads(
        case("rotary positions of neighbours, 4 heads of 6, 2 of keys", rotary(false, true, 2), ODD, [48, 48]),
        4,
        None,
    ),
    case("dropout, 56 x 33", Operation::Dropout(0.3), ODD, [33, 33]),
    case("layer norm, 56 x 33", Operation::LayerNorm, ODD, [33, 33]),
    case("layer norm, 333 x 768", Operation::LayerNorm, USUAL, [768, 768]),
    case("RMS norm, 56 x 33", Operation::RmsNorm, ODD, [33, 33]),
    case("RMS norm, 333 x 768", Operation::RmsNorm, USUAL, [768, 768]),
    heads(case("RMS norm of heads, 3 heads of 6", Operation::HeadNorm(1), ODD, [54, 54]), 3, None),
    heads(case("RMS norm of heads, 8 heads of 64, 4 of keys", Operation::HeadNorm(2), USUAL, [1024, 1024]), 8, None),
    case("sum and layer norm, 56 x 33", Operation::AddNorm(0.0), ODD, [33, 33]),
    heads(case("dropout, sum and layer norm, padded, 56 x 33", Operation::AddNorm(0.3), ODD, [33, 33]), 1, Some(40)),
    case("dropout, sum and layer norm, 333 x 768", Operation::AddNorm(0.1), USUAL, [768, 768]),
    case("embeddings, 56 x 33", Operation::Embed, ODD, [33, 33]),
    heads(case("embeddings, padded, 4 x 128 x 384", Operation::Embed, USUAL, [384, 384]), 1, Some(0)),
    heads(case("attention, 3 heads of 5", attention_of(None, 0.0), ODD, [45, 15]), 3, None),
    heads(case("attention with dropout, padded, 3 heads of 5", attention_of(None, 0.2), ODD, [45, 15]), 3, Some(36)),
    heads(case("attention in a window, 3 heads of 5", attention_of(Some(4), 0.0), ODD, [45, 15]), 3, None),
    heads(case("attention with dropout, 12 heads of 64", attention_of(None, 0.1), USUAL, [2304, 768]), 12, None),
    heads(case("causal attention, 4 heads of 5, 2 of keys", causal(None, 2, None), ODD, [40, 20]), 4, Some(0)),
    heads(
        case("causal attention in a window, 12 heads of 64, 4 of keys", causal(Some(30), 3, None), USUAL, [1280, 768]),
        12,
        None,
    ),
    heads(
        case("causal attention with a cap, 4 heads of 5, 2 of keys", causal(None, 2, Some(2.0)), ODD, [40, 20]),
        4,
        None,
    ),
    heads(
        case("attention with a bias of distances, 3 heads of 5", relative(RelativeKind::Bias, 0.2), ODD, [45, 15]),
        3,
        None,
    ),
    heads(
        case("disentangled attention, 3 heads of 5", relative(RelativeKind::Disentangled, 0.0), ODD, [45, 15]),
        3,
        Some(0),
    ),
    heads(
        case(
            "disentangled attention with dropout, 4 heads of 64",
            relative(RelativeKind::Disentangled, 0.1),
            USUAL,
            [768, 256],
        ),
        4,
        None,
    ),
    case("cross-entropy, 56 x 3", loss(0.0, false), ODD, [3, 1]),
    case("cross-entropy, smoothed, 56 x 3", loss(0.1, false), ODD, [3, 1]),
    case("cross-entropy, weighted, 56 x 5", loss(0.0, true), ODD, [5, 1]),
    case("AdamW, 4 steps", Operation::AdamW { weight_decay: 0.0 }, ODD, [33, 33]),
    case("AdamW with decay, 4 steps", Operation::AdamW { weight_decay: 0.1 }, USUAL, [768, 768]),
    case("gradient norm", Operation::GradientNorm, USUAL, [768, 768]),
];
