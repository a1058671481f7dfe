//! Descriptions of attention: heads and layout, and what relative positions add to the scores.

use std::sync::Arc;

use crate::batch::Sequences;
use crate::ops::dropout::Dropout;

/// Number of heads, who looks at whom, layout, and dropout on the probabilities.
#[derive(Clone, Debug)]
pub struct AttentionSpec {
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values, each for `heads / key_value_heads` neighbouring heads of queries (Ainslie et al. 2023).
    pub key_value_heads: usize,
    /// What scores are multiplied with: 1 / sqrt(head_dim) as a rule.
    pub scale: f64,
    /// Tokens look at those at most so far away; `None`: at all.
    pub window: Option<usize>,
    /// Tokens look at none behind them.
    pub causal: bool,
    /// Scaled scores s become `cap tanh(s / cap)` (Gemma 2).
    pub softcap: Option<f64>,
    /// Where the sequences lie among the rows: tokens look only at their own sequence.
    pub sequences: Arc<Sequences>,
    /// Dropout of the probabilities, after the softmax.
    pub dropout: Dropout,
}

/// The columns of qkv: queries of all heads, then keys, then values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadColumns {
    /// Of one head.
    pub head_dim: usize,
    /// Of all queries, and of what attention gives.
    pub queries: usize,
    /// Of all keys, and of all values.
    pub keys: usize,
}

impl AttentionSpec {
    /// How qkv of `width` columns is divided.
    #[must_use]
    pub fn columns(&self, width: usize) -> HeadColumns {
        let head_dim = width / (self.heads + 2 * self.key_value_heads);
        HeadColumns { head_dim, queries: self.heads * head_dim, keys: self.key_value_heads * head_dim }
    }

    /// Heads of queries for each one of keys.
    #[must_use]
    pub fn group(&self) -> usize {
        self.heads / self.key_value_heads
    }

    /// The keys that a query of `n` tokens looks at.
    #[inline(always)]
    #[must_use]
    pub fn reach(&self, query: usize, n: usize) -> std::ops::Range<usize> {
        let (first, last) = match self.window {
            Some(window) => (query.saturating_sub(window), query.saturating_add(window).saturating_add(1).min(n)),
            None => (0, n),
        };
        first..if self.causal { last.min(query + 1) } else { last }
    }

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

/// What a table of relative positions adds to the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelativeKind {
    /// A table `[rows, heads]`: its number is added to the scaled score (Raffel et al. 2020, section 2.1).
    Bias,
    /// A table `[rows, 2 hidden or more]`, queries and keys of positions side by side: query times key of position, and key
    /// times query of position, are added before scaling (He et al. 2021, DeBERTa, equation 4).
    Disentangled,
}

/// A table of relative positions.
#[derive(Clone, Debug)]
pub struct RelativeSpec {
    /// What it adds.
    pub kind: RelativeKind,
    /// The table's row of each distance `query - key`, from `-(n - 1)` on, for the longest sequence's n tokens.
    pub rows: Arc<[u32]>,
}

impl RelativeSpec {
    /// Rows of the distances in a sequence of `n` tokens, from `-(n - 1)` on.
    #[must_use]
    pub fn rows_of(&self, n: usize) -> &[u32] {
        let spare = (self.rows.len() - (2 * n - 1)) / 2;
        &self.rows[spare..self.rows.len() - spare]
    }
}
