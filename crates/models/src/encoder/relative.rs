//! Relative positions: what the layers of one forward pass share of them, and the rows of their table.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::architecture::Distances;
use crate::layers::Norm;
use crate::ops::{EncoderOps, RelativeKind, RelativeSpec};

/// What the layers of one forward pass share of relative positions.
pub(crate) enum RelativePositions<B: Backend> {
    None,
    /// A table of biases, `[buckets, heads]`.
    Bias(Tensor<B, 2>, RelativeSpec),
    /// Embeddings of positions.
    Disentangled {
        /// All of them, before each layer's dropout: `[2 span, hidden]`.
        embeddings: Tensor<B, 2>,
        /// Rows of the distances, counted from the first one that is used.
        spec: RelativeSpec,
        /// The rows that sequences of the batch's lengths use.
        used: Range<usize>,
        /// Probability of each layer's dropout.
        dropout: f64,
    },
}

impl<B: EncoderOps> RelativePositions<B> {
    /// From the family's `table`, `[buckets, heads]` or `[2 span, hidden]`, for sequences of at most `max_len` tokens. `dropout`: the probability of each
    /// layer's.
    pub(super) fn new(
        distances: Distances,
        dropout: f64,
        table: Tensor<B, 2>,
        norm: Option<&Norm<B>>,
        max_len: usize,
    ) -> Self {
        match distances {
            Distances::None => Self::None,
            Distances::Buckets { num_buckets, bucket_of } => {
                let rows = distance_rows(max_len, |distance| bucket_of(distance, num_buckets));
                Self::Bias(table, RelativeSpec { kind: RelativeKind::Bias, rows })
            }
            Distances::Disentangled(d) => {
                let embeddings = match norm {
                    Some(norm) => norm.forward(table),
                    None => table,
                };
                let rows = distance_rows(max_len, |distance| d.row_of(distance));
                // Distances ascend, and rows with them: those outside are not used by this batch.
                let used = rows[0] as usize..rows[rows.len() - 1] as usize + 1;
                let rows = rows.iter().map(|row| row - used.start as u32).collect();
                let spec = RelativeSpec { kind: RelativeKind::Disentangled, rows };
                Self::Disentangled { embeddings, spec, used, dropout }
            }
        }
    }
}

/// The rows of the distances from `-(max_len - 1)` to `max_len - 1`.
fn distance_rows(max_len: usize, row_of: impl Fn(i64) -> u32) -> Arc<[u32]> {
    let last = max_len.max(1) as i64 - 1;
    (-last..=last).map(row_of).collect()
}
