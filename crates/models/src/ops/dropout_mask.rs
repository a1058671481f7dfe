//! Masks of dropout that were drawn before they are used, a bit a unit.

use std::sync::Arc;

use crate::batch::POSITIONS_PER_EXAMPLE;
use crate::torch_rng::TorchRng;

/// Where units are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The embeddings, after their normalisation.
    Embeddings,
    /// The table of relative positions, in each layer.
    RelativeTable,
    /// The probabilities of attention.
    Attention,
    /// The output of attention.
    AttentionOutput,
    /// The feed-forward layer.
    FeedForward,
    /// The convolution beside the first layer.
    Convolution,
    /// What a stack of layers puts out, after its normalisation.
    StackOutput,
    /// What the head looks at, before its dense layer.
    Pooled,
    /// Before the classifier.
    Classifier,
    /// The input of a LoRA layer.
    Lora,
}

/// How many [`Place`]s there are.
const PLACES: usize = Place::Lora as usize + 1;

/// The extent of a mask, `[batch, heads, len, columns]`, in the order in which PyTorch draws it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskShape {
    /// Where it is used.
    pub place: Place,
    /// Of dropping a unit, above 0 and below 1.
    pub probability: f64,
    /// Examples.
    pub batch: usize,
    /// Heads of attention; 1 elsewhere.
    pub heads: usize,
    /// Rows of an example, padding included: tokens, or 1 where one vector stands for the example.
    pub len: usize,
    /// Units of a row.
    pub columns: usize,
}

impl MaskShape {
    /// Rows of units.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batch * self.heads * self.len
    }
}

/// Which units are kept. Rows begin at words, so that a kernel reads them without shifts.
#[derive(Debug)]
pub struct Mask {
    shape: MaskShape,
    /// The number of the first example in its optimizer step.
    first_example: usize,
    /// [`Self::words_of`] a row.
    words: Vec<u32>,
}

impl Mask {
    /// The mask that `torch.nn.functional.dropout` draws for a contiguous tensor of this shape, whose first example is number `first_example` of
    /// its optimizer step.
    #[must_use]
    pub fn draw(rng: &mut TorchRng, shape: MaskShape, first_example: usize) -> Self {
        let of_row = Self::words_of(shape.columns);
        let mut words = vec![0; shape.rows() * of_row];
        for row in words.chunks_exact_mut(of_row.max(1)) {
            rng.bernoulli(1.0 - shape.probability, shape.columns, row);
        }
        Self { shape, first_example, words }
    }

    /// Words that a row of `columns` units takes.
    fn words_of(columns: usize) -> usize {
        columns.div_ceil(32)
    }

    pub(crate) fn probability(&self) -> f64 {
        self.shape.probability
    }

    /// The words of a row by its key ([`Sequences::row_key`](crate::batch::Sequences::row_key), times the heads plus the head). A row of padding
    /// beyond the mask has none: nothing is dropped there, and nothing reads it.
    pub(crate) fn row(&self, key: u64) -> &[u32] {
        let MaskShape { heads, len, columns, .. } = self.shape;
        let (token, head) = (key / heads as u64, key as usize % heads);
        let (example, position) = (token / POSITIONS_PER_EXAMPLE, (token % POSITIONS_PER_EXAMPLE) as usize);
        if position >= len {
            return &[];
        }
        let row = ((example as usize - self.first_example) * heads + head) * len + position;
        let words = Self::words_of(columns);
        &self.words[row * words..][..words]
    }

    /// Whether the unit `column` of a row is kept.
    pub(crate) fn is_kept(words: &[u32], column: usize) -> bool {
        words.get(column / 32).is_none_or(|word| word >> (column % 32) & 1 == 1)
    }
}

/// The masks of a forward pass, of which each place takes one after the other.
#[derive(Clone, Debug)]
pub(crate) struct DrawnMasks {
    masks: Arc<[(Place, Arc<Mask>)]>,
    taken: [usize; PLACES],
}

impl DrawnMasks {
    pub(crate) fn new(masks: Arc<[(Place, Arc<Mask>)]>) -> Self {
        Self { masks, taken: [0; PLACES] }
    }

    pub(crate) fn next(&mut self, place: Place, probability: f64) -> Arc<Mask> {
        let taken = &mut self.taken[place as usize];
        let mut here = self.masks.iter().filter(|(of, _)| *of == place).map(|(_, mask)| mask);
        match here.nth(*taken) {
            Some(mask) if mask.probability() == probability => {
                *taken += 1;
                mask.clone()
            }
            other => unreachable!(
                "mask {taken} of {place:?} has not the probability {probability}: {:?}",
                other.map(|mask| mask.shape)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Sequences;

    #[test]
    fn rows_are_found_by_their_keys_in_any_layout() {
        let shape = MaskShape { place: Place::Attention, probability: 0.5, batch: 2, heads: 3, len: 4, columns: 40 };
        // The words of a row say which it is.
        let words = (0..shape.rows() as u32).flat_map(|row| [row, row]).collect();
        let mask = Mask { shape, first_example: 5, words };
        for sequences in [Sequences::packed(vec![4, 2]), Sequences::padded(vec![4, 2], 6)] {
            let sequences = sequences.with_first_example(5);
            for (example, position, head) in [(0, 0, 0), (0, 3, 2), (1, 1, 1)] {
                let key = sequences.row_key(example, position) * 3 + head as u64;
                let row = (example * 3 + head) * 4 + position;
                assert_eq!(mask.row(key), [row as u32; 2]);
            }
            // A row that only the layout has.
            assert!(mask.row(sequences.row_key(1, 5) * 3).is_empty());
        }
    }

    #[test]
    fn each_place_takes_its_masks_in_their_order() {
        let mask = |place, probability, word| {
            let shape = MaskShape { place, probability, batch: 1, heads: 1, len: 1, columns: 8 };
            (place, Arc::new(Mask { shape, first_example: 0, words: vec![word] }))
        };
        let (a, b) = (Place::Attention, Place::FeedForward);
        let mut masks = DrawnMasks::new(Arc::new([mask(b, 0.1, 1), mask(a, 0.2, 2), mask(b, 0.1, 3)]));
        let again = masks.clone();
        let mut taken = |place, probability| masks.next(place, probability).row(0)[0];
        assert_eq!([taken(a, 0.2), taken(b, 0.1), taken(b, 0.1)], [2, 1, 3]);
        let mut again = again;
        assert_eq!(again.next(b, 0.1).row(0), [1]);
    }
}
