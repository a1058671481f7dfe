//! How large a model is: numbers it learns, and memory of a training step.

use super::architecture::{Architecture, Block, Distances, Projection};

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
        let norm = |columns: usize| columns * (1 + usize::from(self.norm_bias));
        let linear = |inputs: usize, outputs: usize, bias: bool| outputs * (inputs + usize::from(bias));
        let rows = self.vocab_size
            + self.embeddings.positions.map_or(0, |(rows, _)| rows)
            + self.embeddings.token_types.rows().unwrap_or(0);
        let (normed, projection) = match self.embeddings.projection {
            Projection::None => (size, 0),
            Projection::BeforeNorm => (hidden, linear(size, hidden, false)),
            Projection::AfterNorm => (size, linear(size, hidden, true)),
        };
        let (own, shared) = match self.block.distances() {
            Distances::None => (0, 0),
            Distances::Buckets { num_buckets, .. } => (0, num_buckets * self.num_attention_heads),
            Distances::Disentangled(d) => {
                let own = if d.share_att_key { 0 } else { linear(hidden, 2 * hidden, true) };
                (own, 2 * d.span * hidden + if d.norm { norm(hidden) } else { 0 })
            }
        };
        let (attention_bias, mlp_bias, inner) = match &self.block {
            Block::PostNorm(_) => (true, true, ffn),
            Block::PreNormGated(block) => (block.attention_bias, block.mlp_bias, 2 * ffn),
        };
        let layer = linear(hidden, 4 * hidden, attention_bias)
            + linear(hidden, inner, mlp_bias)
            + linear(ffn, hidden, mlp_bias)
            + 2 * norm(hidden)
            + own;
        let head = linear(hidden, hidden, self.head.dense_bias)
            + if self.head.norm { norm(hidden) } else { 0 }
            + linear(hidden, num_labels, true);
        // With normalisation first, the first layer has one less, and one follows the last: the number is the same.
        let embeddings = rows * size + shared;
        let total = embeddings + norm(normed) + projection + self.num_layers * layer + head;
        Parameters { total, embeddings }
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
        let numbers = match self.block {
            Block::PostNorm(_) => 8 * hidden + 2 * ffn,
            Block::PreNormGated(_) => 8 * hidden + 3 * ffn,
        };
        F32_BYTES * tokens * self.layer_order.len() * numbers
    }
}
