//! Draws for resampling: the same on every machine and in every version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of random draws, ChaCha8.
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

    /// A number from 0 to below 1, with the 53 bits that a float holds.
    pub fn unit(&mut self) -> f64 {
        let bits = u64::from(self.rng.next_u32()) << 32 | u64::from(self.rng.next_u32());
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True or false, each half of the time.
    pub fn coin(&mut self) -> bool {
        self.rng.next_u32() & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_fill_their_interval_evenly() {
        let mut draw = Draw::new(0);
        let mut tenths = [0usize; 10];
        (0..10_000).for_each(|_| tenths[(draw.unit() * 10.0) as usize] += 1);
        assert!(tenths.iter().all(|&count| (900..1100).contains(&count)), "{tenths:?}");
    }
}
