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
        let attention = [
            MaskShape { heads: self.attention.heads, ..mask(Place::Attention, self.dropout.attention, len, len) },
            mask(Place::AttentionOutput, self.dropout.attention_output, len, hidden),
        ];
        let first_of_second = self.decoder.map_or(usize::MAX, |decoder| decoder.first_layer);
        let put_out = self.decoder.map(|decoder| mask(Place::StackOutput, decoder.output_dropout, len, hidden));
        let embeddings = mask(Place::Embeddings, self.dropout.embeddings, len, embedded);
        let mut masks = vec![embeddings];
        for &layer in &self.layer_order {
            if layer == first_of_second {
                masks.extend(put_out);
                masks.push(embeddings);
            }
            if let Distances::Disentangled(d) = self.attention.distances {
                // One for all examples.
                let table = mask(Place::RelativeTable, self.dropout.output, 2 * d.span, hidden);
                masks.push(MaskShape { batch: 1, ..table });
            }
            masks.extend(attention);
            if layer >= first_of_second {
                masks.extend(attention);
            }
            masks.push(mask(Place::FeedForward, self.dropout.inner, len, self.intermediate_size));
            masks.push(mask(Place::FeedForward, self.dropout.output, len, hidden));
            let convolution = self.convolution.filter(|_| layer == 0);
            masks.extend(convolution.map(|_| mask(Place::Convolution, self.dropout.output, len, hidden)));
        }
        if first_of_second == self.layer_order.len() {
            masks.extend(put_out);
            masks.push(embeddings);
        }
        masks.extend(put_out);
        masks.extend(self.head.dense.map(|dense| mask(Place::Pooled, dense.dropout, 1, hidden)));
        masks.push(mask(Place::Classifier, self.head.dropout, 1, hidden));
        masks.retain(|mask| mask.probability > 0.0);
        masks
    }
}
