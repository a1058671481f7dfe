//! `bernoulli_`, and the masks of dropout that it makes.
//!
//! Sources: `aten/src/ATen/native/Dropout.cpp` and `aten/src/ATen/native/cpu/DistributionTemplates.h` (`bernoulli_kernel`) of pytorch/pytorch.
//! Builds of other versions may draw with MKL on Intel's CPUs; 2.15 was seen to draw this way on AMD's and Intel's.

use super::TorchRng;
use crate::ops::{Mask, MaskShape};

/// Bits of the uniform number that is compared.
const BITS: i32 = 53;

/// Words that are drawn at once, two a unit.
const AT_ONCE: usize = 2 * 32;

impl TorchRng {
    /// `torch.nn.functional.dropout`'s mask of a contiguous tensor, its elements in order: two words each, and an element is kept where the number
    /// of 53 bits that they make is below `1 - p`.
    #[must_use]
    pub fn mask(&mut self, shape: MaskShape, first_example: usize) -> Mask {
        // The probability is a number of 53 bits too, so that whole numbers can be compared: u / 2^53 < q where u < q 2^53.
        let limit = ((1.0 - shape.probability) * 2f64.powi(BITS)).ceil() as u64;
        let words = Mask::words_of(shape.columns);
        let mut mask = vec![0; shape.rows() * words];
        let mut drawn = [0; AT_ONCE];
        for row in mask.chunks_exact_mut(words.max(1)) {
            let mut left = shape.columns;
            for word in row {
                let units = left.min(32);
                let drawn = &mut drawn[..2 * units];
                self.fill(drawn);
                for (bit, pair) in drawn.as_chunks::<2>().0.iter().enumerate() {
                    let number = (u64::from(pair[0]) << 32 | u64::from(pair[1])) & ((1 << BITS) - 1);
                    *word |= u32::from(number < limit) << bit;
                }
                left -= units;
            }
        }
        Mask::new(shape, first_example, mask)
    }
}
