//! What relative positions add to the scores of attention, composed of Burn's own operations.

use burn::tensor::backend::Backend;
use burn::tensor::{IndexingUpdateOp, Int, Tensor};

use super::attention::{AttentionSpec, RelativeKind, RelativeSpec};
use crate::ops::encoder_ops::EncoderOps;
use crate::ops::functions::matmul;
use crate::ops::primitive::indices;

/// The table and its rows for the sequences of a batch.
pub(super) struct RelativeTable<'a, B: Backend> {
    pub(super) table: Tensor<B, 2>,
    relative: &'a RelativeSpec,
    heads: usize,
    len: usize,
}

/// Gradients of [`RelativeTable::scores`].
pub(super) struct PositionGradients<B: Backend> {
    pub(super) table: Tensor<B, 2>,
    /// For queries and keys, where they have a part in it: `[batch, heads, len, head_dim]`.
    pub(super) content: Option<[Tensor<B, 4>; 2]>,
}

impl<'a, B: EncoderOps> RelativeTable<'a, B> {
    pub(super) fn new(table: Tensor<B, 2>, relative: &'a RelativeSpec, spec: &AttentionSpec) -> Self {
        Self { table, relative, heads: spec.heads, len: spec.sequences.max_len() }
    }

    /// The table's row of each query and key, `[len * len]`.
    fn rows(&self) -> Tensor<B, 1, Int> {
        let (len, rows) = (self.len, self.relative.rows_of(self.len));
        let of_pairs = (0..len * len).map(|at| rows[at / len + len - 1 - at % len]);
        indices::<B>(of_pairs, &self.table.device())
    }

    /// As [`Self::rows`], for each head of each sequence: `[batch, heads, len, len]`.
    fn rows_of_heads(&self, batch: usize) -> Tensor<B, 4, Int> {
        self.rows().reshape([1, 1, self.len, self.len]).repeat(&[batch, self.heads, 1, 1])
    }

    /// Queries and keys of the positions, `[1, heads, head_dim, count]`.
    fn queries_and_keys(&self, head_dim: usize) -> [Tensor<B, 4>; 2] {
        let (count, hidden) = (self.table.dims()[0], self.heads * head_dim);
        [0, 1].map(|i| {
            let part = self.table.clone().narrow(1, i * hidden, hidden);
            part.reshape([1, count, self.heads, head_dim]).permute([0, 2, 3, 1])
        })
    }

    /// What is added to the scores, scaled: `[batch or 1, heads, len, len]`.
    pub(super) fn scores(&self, q: &Tensor<B, 4>, k: &Tensor<B, 4>, scale: f64) -> Tensor<B, 4> {
        let [batch, heads, len, head_dim] = q.dims();
        match self.relative.kind {
            RelativeKind::Bias => {
                self.table.clone().select(0, self.rows()).reshape([1, len, len, heads]).permute([0, 3, 1, 2])
            }
            RelativeKind::Disentangled => {
                let ([queries, keys], rows) = (self.queries_and_keys(head_dim), self.rows_of_heads(batch));
                let content_to_position = matmul(q.clone(), keys).gather(3, rows.clone());
                // The distance from query to key picks the row here too, and the key's index comes first.
                let by_key = rows.swap_dims(2, 3);
                let position_to_content = matmul(k.clone(), queries).gather(3, by_key).swap_dims(2, 3);
                (content_to_position + position_to_content) * scale
            }
        }
    }

    /// From the gradient of the scores, and from that times the scale: `[batch, heads, len, len]`.
    pub(super) fn gradients(
        &self,
        q: &Tensor<B, 4>,
        k: &Tensor<B, 4>,
        dscores: Tensor<B, 4>,
        scaled: Tensor<B, 4>,
    ) -> PositionGradients<B> {
        match self.relative.kind {
            RelativeKind::Bias => PositionGradients { table: self.bias_gradient(dscores), content: None },
            RelativeKind::Disentangled => self.disentangled_gradients(q, k, scaled),
        }
    }

    fn bias_gradient(&self, dscores: Tensor<B, 4>) -> Tensor<B, 2> {
        let [_, heads, len, _] = dscores.dims();
        let device = dscores.device();
        // Sums over pairs of one distance, so that few numbers are left to be added up by rows: with keys in reverse order
        // they stand in diagonals, which are columns once each row is one number longer than it is read as.
        let pairs = dscores.sum_dim(0).reshape([heads, len, len]).flip([2]);
        let longer = Tensor::cat(vec![pairs, Tensor::zeros([heads, len, len], &device)], 2);
        let turned = longer.reshape([heads, 2 * len * len]).narrow(1, 0, len * (2 * len - 1));
        let by_distance = turned.reshape([heads, len, 2 * len - 1]).sum_dim(1).reshape([heads, 2 * len - 1]);
        let rows = indices::<B>(self.relative.rows_of(len).iter().copied(), &device);
        self.table.zeros_like().select_assign(0, rows, by_distance.transpose(), IndexingUpdateOp::Add)
    }

    fn disentangled_gradients(&self, q: &Tensor<B, 4>, k: &Tensor<B, 4>, scaled: Tensor<B, 4>) -> PositionGradients<B> {
        let [batch, heads, len, head_dim] = q.dims();
        let ([count, width], hidden) = (self.table.dims(), heads * head_dim);
        let ([queries, keys], rows) = (self.queries_and_keys(head_dim), self.rows_of_heads(batch));
        let products = |rows, values| {
            let zeros = Tensor::<B, 4>::zeros([batch, heads, len, count], &self.table.device());
            zeros.scatter(3, rows, values, IndexingUpdateOp::Add)
        };
        let content_to_position = products(rows.clone(), scaled.clone());
        let position_to_content = products(rows.swap_dims(2, 3), scaled.swap_dims(2, 3));
        let of_table = |content: &Tensor<B, 4>, products: Tensor<B, 4>| {
            let part = matmul(content.clone().swap_dims(2, 3), products).sum_dim(0);
            part.permute([0, 3, 1, 2]).reshape([count, hidden])
        };
        let mut table = vec![of_table(k, position_to_content.clone()), of_table(q, content_to_position.clone())];
        if width > 2 * hidden {
            table.push(Tensor::zeros([count, width - 2 * hidden], &self.table.device()));
        }
        let dq = matmul(content_to_position, keys.swap_dims(2, 3));
        let dk = matmul(position_to_content, queries.swap_dims(2, 3));
        PositionGradients { table: Tensor::cat(table, 1), content: Some([dq, dk]) }
    }
}
