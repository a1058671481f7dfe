//! The encoder's operations, as an extension of Burn's backends.
//!
//! [`EncoderOps`] has a default body, composed of Burn's own operations, for each forward and each backward pass, so any
//! backend satisfies it with an empty `impl`. `flex` overrides them with kernels of its own. `Autodiff` records one
//! node an operation, whose backward pass is the hand-written one. See Burn's book, "Backend extension".

pub mod adamw;
mod attention;
mod autodiff;
mod capabilities;
pub mod cases;
mod class_targets;
mod composed;
mod composed_activation;
mod composed_attention;
mod composed_head_norm;
mod composed_relative;
#[cfg(feature = "cube")]
mod cube;
mod dropout;
mod dropout_mask;
mod encoder_ops;
#[cfg(feature = "flex")]
mod flex;
mod forms;
mod functions;
mod gradient_norm;
mod low_rank;
mod precision;
mod primitive;
pub mod profile;
#[cfg(test)]
mod tests;

pub use self::adamw::{AdamWSlot, AdamWStep, Gradient};
pub use self::attention::{AttentionSpec, AttentionState, HeadColumns, RelativeKind, RelativeSpec};
pub use self::capabilities::{Bucket, Capabilities, DeviceMemory};
pub use self::class_targets::ClassTargets;
pub use self::dropout::{Dropout, DropoutPlan, DropoutRow, RowDropout, RowStream};
pub use self::dropout_mask::{Mask, MaskShape, Place};
pub use self::encoder_ops::EncoderOps;
#[cfg(feature = "flex")]
pub use self::flex::{fma_gflops, simd_level};
pub use self::forms::{ActivationForm, HeadNormSpec, Rotary, RotarySpec};
pub use self::functions::{
    add_low_rank, add_norm, attention, bias_activation, cat, cross_entropy, dropout, embed, gated_activation,
    head_norm, layer_norm, linear, matmul, relative_attention, rms_norm, rotary, surrogate_loss,
};
pub use self::gradient_norm::{ClipFactor, GradientNorm, scale};
pub use self::low_rank::LowRankSpec;
pub use self::precision::Precision;
pub(crate) use self::primitive::indices;
