//! Draws for resampling: the same on every machine and in every version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of draws.
pub struct Draw {
    rng: ChaCha8Rng,
}

impl Draw {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// One of `0..n`. Its bias is below `n / 2^32`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.rng.next_u32()) * n as u64) >> 32) as usize
    }

    /// `n` of `0..n`, with replacement.
    pub fn rows(&mut self, n: usize) -> Vec<usize> {
        (0..n).map(|_| self.below(n)).collect()
    }

    /// A coin.
    pub fn coin(&mut self) -> bool {
        self.rng.next_u32() & 1 == 1
    }
}
