//! Relative positions: what the layers of one forward pass share of them, and the rows of their table.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::architecture::{Buckets, Distances, PositionTerms};
use crate::layers::Norm;
use crate::ops::{EncoderOps, RelativeKind, RelativeSpec};

/// What the layers of one forward pass share of relative positions.
pub(crate) enum RelativePositions<B: Backend> {
    None,
    /// A table that no score has a term of.
    Unread {
        /// Probability of each layer's dropout, which is drawn all the same.
        dropout: f64,
    },
    /// A table of biases, `[buckets, heads]`; `None`: each layer has its own.
    Bias(Option<Tensor<B, 2>>, RelativeSpec),
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
    /// From the family's `table`, `[buckets, heads]` or `[2 span, hidden]`, for sequences of at most `max_len` tokens. `dropout`: the
    /// probability of each layer's. `one_sided`: tokens look at none behind them.
    pub(super) fn new(
        distances: Distances,
        dropout: f64,
        table: Option<Tensor<B, 2>>,
        norm: Option<&Norm<B>>,
        max_len: usize,
        one_sided: bool,
    ) -> Self {
        match (distances, table) {
            (Distances::Buckets(buckets), table) => {
                let rows = distance_rows(max_len, |distance| buckets.row_of(distance, one_sided));
                Self::Bias(table, RelativeSpec { kind: RelativeKind::Bias, rows })
            }
            (Distances::Disentangled(d), _) if d.terms == PositionTerms::Neither => Self::Unread { dropout },
            (Distances::Disentangled(d), Some(table)) => {
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
            (Distances::None | Distances::Disentangled(_), _) => Self::None,
        }
    }
}

/// The rows of the distances from `-(max_len - 1)` to `max_len - 1`.
fn distance_rows(max_len: usize, row_of: impl Fn(i64) -> u32) -> Arc<[u32]> {
    let last = max_len.max(1) as i64 - 1;
    (-last..=last).map(row_of).collect()
}

impl Buckets {
    /// The row of a distance `query - key`: T5's `_relative_position_bucket`, in f32 as there. `one_sided`: keys behind the query are not
    /// looked at.
    #[must_use]
    pub fn row_of(&self, distance: i64, one_sided: bool) -> u32 {
        let (count, n) = match one_sided {
            true => (self.rows as i64, distance.max(0)),
            false => (self.rows as i64 / 2, distance.abs()),
        };
        let exact = count / 2;
        let bucket = if n < exact {
            n
        } else {
            let range = (self.max_distance as f64 / exact as f64).ln() as f32;
            let log = (n as f32 / exact as f32).ln() / range * (count - exact) as f32;
            (exact + log as i64).min(count - 1)
        };
        (bucket + if !one_sided && distance < 0 { count } else { 0 }) as u32
    }
}
