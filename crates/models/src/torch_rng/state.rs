//! The generator's state as `torch.get_rng_state()` gives it.
//!
//! Source: `CPUGeneratorImplState` in `aten/src/ATen/CPUGeneratorImpl.cpp` of pytorch/pytorch: little-endian, the seed (u64), how many words are
//! left (i32), 1 (i32), the next word (u64), 624 words (u64 each), and what is left of pairs of normal numbers.

use super::{N, TorchRng};

/// Bytes of a state.
const STATE_BYTES: usize = 5056;

/// Where its parts begin.
const LEFT: usize = 8;
const SEEDED: usize = 12;
const NEXT: usize = 16;
const WORDS: usize = 24;
const NORMAL: usize = 5024;
const HAS_NORMAL: usize = 5040;

impl TorchRng {
    /// The bytes of `torch.get_rng_state()`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; STATE_BYTES];
        // The words of a new generator are not used: the first draw makes others of them.
        let (left, next) = if self.is_begun { (N + 1 - self.next, self.next) } else { (1, 0) };
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &self.seed.to_le_bytes());
        put(LEFT, &(left as i32).to_le_bytes());
        put(SEEDED, &1i32.to_le_bytes());
        put(NEXT, &(next as u64).to_le_bytes());
        for (i, word) in self.state.iter().enumerate() {
            put(WORDS + 8 * i, &u64::from(*word).to_le_bytes());
        }
        if let Some(normal) = self.cached_normal {
            put(NORMAL, &normal.to_le_bytes());
            put(HAS_NORMAL, &1i32.to_le_bytes());
        }
        bytes
    }

    /// `torch.set_rng_state(bytes)`; `None` where they are no such state.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; STATE_BYTES] = bytes.try_into().ok()?;
        let number = |at: usize| bytes[at..].first_chunk().map(|part| u64::from_le_bytes(*part));
        let small = |at: usize| bytes[at..].first_chunk().map(|part| i32::from_le_bytes(*part));
        let mut state = [0; N];
        for (i, word) in state.iter_mut().enumerate() {
            *word = u32::try_from(number(WORDS + 8 * i)?).ok()?;
        }
        let next = usize::try_from(number(NEXT)?).ok().filter(|next| *next <= N)?;
        let is_begun = next > 0;
        if small(SEEDED)? != 1 {
            return None;
        }
        let cached_normal = (small(HAS_NORMAL)? == 1).then(|| number(NORMAL).map(f64::from_bits)).flatten();
        Some(Self { seed: number(0)?, state, next: if is_begun { next } else { N }, is_begun, cached_normal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_goes_to_bytes_and_back_wherever_the_generator_stands() {
        let mut rng = TorchRng::new(u64::MAX - 7);
        for draws in [0, 1, 622, 1, 1, 300, 1000] {
            rng.fill(&mut vec![0; draws]);
            let bytes = rng.to_bytes();
            let mut other = TorchRng::from_bytes(&bytes).unwrap();
            assert_eq!(other, rng);
            assert_eq!(other.next_u64(), rng.next_u64());
        }
        rng.normal(1, 1.0);
        assert_eq!(TorchRng::from_bytes(&rng.to_bytes()).unwrap(), rng);
        assert_eq!(TorchRng::from_bytes(&[0; 5056]), None);
        assert_eq!(TorchRng::from_bytes(&[1; 12]), None);
    }
}
