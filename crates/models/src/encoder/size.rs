//! How large a model is: numbers it learns, and memory of a training step.

use super::architecture::{Architecture, Block, Distances, Projection};
use crate::layers::NormForm;

/// Numbers that a model learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// All of them, the head included.
    pub total: usize,
    /// In the tables of embeddings.
    pub embeddings: usize,
}

const F32_BYTES: usize = size_of::<f32>();

impl Architecture {
    /// Numbers that a classifier with `num_labels` logits learns.
    #[must_use]
    pub fn parameters(&self, num_labels: usize) -> Parameters {
        let (hidden, ffn, size) = (self.hidden_size, self.intermediate_size, self.embeddings.size);
        let norm = |columns: usize| columns * (1 + usize::from(self.norm == NormForm::Layer { bias: true }));
        let linear = |inputs: usize, outputs: usize, bias: bool| outputs * (inputs + usize::from(bias));
        let rows = self.vocab_size
            + self.embeddings.positions.map_or(0, |positions| positions.rows)
            + self.embeddings.token_types.rows().unwrap_or(0)
            + self.embeddings.task_types.unwrap_or(0);
        let (normed, projection) = match self.embeddings.projection {
            Projection::None => (size, 0),
            Projection::BeforeNorm => (hidden, linear(size, hidden, false)),
            Projection::AfterNorm => (size, linear(size, hidden, true)),
        };
        let (attention, stacks) = (&self.attention, 1 + usize::from(self.decoder.is_some()));
        let (own, shared) = match attention.distances {
            Distances::None => (0, 0),
            Distances::Buckets(b) if b.of_each_layer => (b.rows * attention.heads, 0),
            // A stack without layers has none.
            Distances::Buckets(b) => (0, (1 + self.crossing_layers().min(1)) * b.rows * attention.heads),
            Distances::Disentangled(d) => {
                let [queries, keys] = d.own_projections();
                let own = if queries { linear(hidden, hidden, true) } else { 0 }
                    + if keys { linear(hidden, hidden, d.key_bias) } else { 0 };
                (own, 2 * d.span * hidden + if d.norm { norm(hidden) } else { 0 })
            }
        };
        let [queries, keys] = attention.columns();
        let inner = if self.feed_forward.gated { 2 * ffn } else { ffn };
        let norms = if self.block == Block::Sandwich { 4 } else { 2 };
        let layer = linear(hidden, queries + 2 * keys, attention.bias)
            + linear(queries, hidden, attention.output_bias)
            + linear(hidden, inner, self.feed_forward.bias)
            + linear(ffn, hidden, self.feed_forward.output_bias)
            + if attention.query_value_bias { queries + keys } else { 0 }
            + norms * norm(hidden)
            + if attention.query_key_norm { 2 * norm(attention.head_dim) } else { 0 }
            + own;
        // The same layers as those of its own rows, and a normalisation.
        let cross = linear(hidden, queries + 2 * keys, attention.bias)
            + linear(queries, hidden, attention.output_bias)
            + norm(hidden);
        let dense = self
            .head
            .dense
            .map_or(0, |dense| linear(hidden, hidden, dense.bias) + if dense.norm { norm(hidden) } else { 0 });
        let head = dense + linear(hidden, num_labels, self.head.classifier_bias);
        let bare = usize::from(self.block == Block::PreNorm { first_attention: false });
        let norms = stacks * usize::from(self.block.has_final_norm()) * norm(hidden) - bare * norm(hidden)
            + usize::from(self.embeddings.norm) * norm(normed);
        let convolution =
            self.convolution.map_or(0, |c| hidden * (hidden / c.groups * c.kernel_size + 1) + norm(hidden));
        let embeddings = rows * size + shared;
        let layers = self.num_layers * layer + self.crossing_layers() * cross;
        let total = embeddings + norms + projection + convolution + layers + head;
        Parameters { total, embeddings }
    }

    /// Layers of a second stack, which look at the first one's output too.
    #[must_use]
    pub fn crossing_layers(&self) -> usize {
        self.decoder.map_or(0, |decoder| self.num_layers.saturating_sub(decoder.first_layer))
    }

    /// Bytes of weights, gradients and AdamW's two moments.
    #[must_use]
    pub fn training_bytes(&self, num_labels: usize) -> usize {
        4 * F32_BYTES * self.parameters(num_labels).total
    }

    /// About how many bytes of activations a training step keeps for its backward pass: for each token and layer, the
    /// inputs of the products and of the normalisations. Attention's probabilities are computed again.
    #[must_use]
    pub fn activation_bytes(&self, tokens: usize) -> usize {
        let (hidden, ffn) = (self.hidden_size, self.intermediate_size);
        let ffn = if self.feed_forward.gated { 3 * ffn } else { 2 * ffn };
        F32_BYTES * tokens * (self.layer_order.len() * (8 * hidden + ffn) + self.crossing_layers() * 6 * hidden)
    }
}
