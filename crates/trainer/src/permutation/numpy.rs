//! `numpy.random.default_rng(seed).permutation(n)`.
//!
//! Sources in numpy/numpy: `numpy/random/bit_generator.pyx` (`SeedSequence`), `numpy/random/src/pcg64/pcg64.h`,
//! `numpy/random/_generator.pyx` (`_shuffle_raw`).

use rand_pcg::Pcg64;
use rand_pcg::rand_core::RngCore;

const POOL: usize = 4;

/// What spreads the seed's bits over the pool; the constants are O'Neill's (<https://www.pcg-random.org/posts/developing-a-seed_seq-alternative.html>).
struct HashMix {
    constant: u32,
    multiplier: u32,
}

impl HashMix {
    fn of(&mut self, value: u32) -> u32 {
        let value = value ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.multiplier);
        let value = value.wrapping_mul(self.constant);
        value ^ (value >> 16)
    }
}

fn mix(x: u32, y: u32) -> u32 {
    let value = x.wrapping_mul(0xca01_f9dd).wrapping_sub(y.wrapping_mul(0x4973_f715));
    value ^ (value >> 16)
}

/// `SeedSequence(seed).generate_state(4, uint64)`.
fn generated_state(seed: u64) -> [u64; 4] {
    let words = [seed as u32, (seed >> 32) as u32, 0, 0];
    let mut hash = HashMix { constant: 0x43b0_d7e5, multiplier: 0x931e_8875 };
    let mut pool = words.map(|word| hash.of(word));
    for source in 0..POOL {
        for target in (0..POOL).filter(|target| *target != source) {
            pool[target] = mix(pool[target], hash.of(pool[source]));
        }
    }
    let mut hash = HashMix { constant: 0x8b51_f9dd, multiplier: 0x58f3_8ded };
    let mut word = |at: usize| u64::from(hash.of(pool[at % POOL]));
    std::array::from_fn(|at| word(2 * at) | (word(2 * at + 1) << 32))
}

/// The generator, which deals each 64 bits out in two halves, the low one first.
struct Halves {
    generator: Pcg64,
    high: Option<u32>,
}

impl Halves {
    fn new(seed: u64) -> Self {
        let [a, b, c, d] = generated_state(seed).map(u128::from);
        Self { generator: Pcg64::new((a << 64) | b, (c << 64) | d), high: None }
    }

    fn next(&mut self) -> u32 {
        if let Some(high) = self.high.take() {
            return high;
        }
        let both = self.generator.next_u64();
        self.high = Some((both >> 32) as u32);
        both as u32
    }
}

/// `datasets.Dataset.shuffle(seed)`, which is `numpy.random.default_rng(seed).permutation(rows)`: of each row of the new order its place
/// in the old one. `rows`: fewer than 2^32.
#[must_use]
pub fn permutation(rows: usize, seed: u64) -> Vec<usize> {
    let mut halves = Halves::new(seed);
    super::shuffled(rows, || halves.next())
}
