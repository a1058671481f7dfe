//! `bernoulli_`, which masks of dropout are made of.
//!
//! Sources: `aten/src/ATen/native/Dropout.cpp` and `aten/src/ATen/native/cpu/DistributionTemplates.h` (`bernoulli_kernel`) of pytorch/pytorch.
//! Builds of other versions may draw with MKL on Intel's CPUs; 2.15 was seen to draw this way on AMD's and on Intel's.

use super::TorchRng;

/// Bits of the uniform number that is compared.
const BITS: i32 = 53;

impl TorchRng {
    /// `torch.empty(len).bernoulli_(p, generator=self)` for a `p` from 0 to 1, a bit each, 32 in a word, the lowest first: of each element two
    /// words are drawn, and it is 1 where the number of 53 bits that they make is below `p`. `words` has room for `len` bits, and is overwritten.
    pub fn bernoulli(&mut self, p: f64, len: usize, words: &mut [u32]) {
        // `p` is a number of 53 bits too, so that whole numbers can be compared: u / 2^53 < p where u < p 2^53.
        let limit = (p * 2f64.powi(BITS)).ceil() as u64;
        let mut drawn = [0; 2 * 32];
        for (i, word) in words.iter_mut().enumerate().take(len.div_ceil(32)) {
            let drawn = &mut drawn[..2 * (len - 32 * i).min(32)];
            self.fill(drawn);
            *word = 0;
            for (bit, pair) in drawn.as_chunks::<2>().0.iter().enumerate() {
                let number = (u64::from(pair[0]) << 32 | u64::from(pair[1])) & ((1 << BITS) - 1);
                *word |= u32::from(number < limit) << bit;
            }
        }
    }
}
