//! Which masks of dropout a forward pass draws in transformers, in which order.

use super::architecture::{Architecture, Distances, Projection};
use crate::ops::{MaskShape, Place};

impl Architecture {
    /// The masks that PyTorch draws in one training forward pass of transformers' classifier over `batch` examples, padded to `len` tokens:
    /// padding is drawn too, and attention draws the whole square also where it looks at a window. Where a probability is 0, nothing is
    /// drawn. Checked against the generator's state by `scripts/fixtures/dropout_stream.py`.
    #[must_use]
    pub fn masks(&self, batch: usize, len: usize) -> Vec<MaskShape> {
        let hidden = self.hidden_size;
        let mask = |place, probability, len, columns| MaskShape { place, probability, batch, heads: 1, len, columns };
        let embedded = match self.embeddings.projection {
            Projection::None | Projection::AfterNorm => self.embeddings.size,
            Projection::BeforeNorm => hidden,
        };
        let mut layer = Vec::new();
        if let Distances::Disentangled(d) = self.attention.distances {
            // One for all examples.
            let table = mask(Place::RelativeTable, self.dropout.output, 2 * d.span, hidden);
            layer.push(MaskShape { batch: 1, ..table });
        }
        let attention = mask(Place::Attention, self.dropout.attention, len, len);
        layer.push(MaskShape { heads: self.attention.heads, ..attention });
        layer.push(mask(Place::AttentionOutput, self.dropout.attention_output, len, hidden));
        layer.push(mask(Place::FeedForward, self.dropout.inner, len, self.intermediate_size));
        layer.push(mask(Place::FeedForward, self.dropout.output, len, hidden));
        let mut masks = vec![mask(Place::Embeddings, self.dropout.embeddings, len, embedded)];
        masks.extend(layer.iter().copied());
        masks.extend(self.convolution.map(|_| mask(Place::Convolution, self.dropout.output, len, hidden)));
        masks.extend(self.layer_order.iter().skip(1).flat_map(|_| layer.iter().copied()));
        masks.extend(self.head.dense.map(|dense| mask(Place::Pooled, dense.dropout, 1, hidden)));
        masks.push(mask(Place::Classifier, self.head.dropout, 1, hidden));
        masks.retain(|mask| mask.probability > 0.0);
        masks
    }
}
