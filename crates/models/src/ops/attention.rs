//! Multi-head attention within sequences: its description.

use std::sync::Arc;

use super::Dropout;
use crate::batch::Sequences;

pub(super) mod composed;
mod relative;

pub use relative::{RelativeKind, RelativeSpec};

/// Number of heads, layout, and dropout on the probabilities.
#[derive(Clone, Debug)]
pub struct AttentionSpec {
    /// Heads; the hidden size is a multiple.
    pub heads: usize,
    /// What scores are multiplied with: 1 / sqrt(head_dim) as a rule.
    pub scale: f64,
    /// Tokens look at those at most so far away; `None`: at all.
    pub window: Option<usize>,
    /// Where the sequences lie.
    pub sequences: Arc<Sequences>,
    /// Dropout of the probabilities.
    pub dropout: Dropout,
}

impl AttentionSpec {
    /// The dropout stream key of a query token and a head; columns of the stream are key positions.
    #[inline(always)]
    #[must_use]
    pub fn row_key(&self, sequence: usize, position: usize, head: usize) -> u64 {
        self.sequences.row_key(sequence, position) * self.heads as u64 + head as u64
    }
}

/// What a backend keeps from its forward pass for its backward pass beyond qkv: the output, `[rows, hidden]`, and of each row
/// and head the log of the sum of its scores' exponentials, `[rows, heads]`.
pub type AttentionState<T> = Option<[T; 2]>;
