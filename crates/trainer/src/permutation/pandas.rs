//! `numpy.random.RandomState(seed).permutation(n)`, which `pandas.DataFrame.sample(frac=1, random_state=seed)` takes.
//!
//! Sources: `pandas/core/sample.py`; in numpy/numpy `numpy/random/mtrand.pyx` (`shuffle`).

use models::torch_rng::TorchRng;

/// `pandas.DataFrame.sample(frac=1, random_state=seed)`: of each row of the new order its place in the old one. `rows`: fewer than 2^32.
#[must_use]
pub fn permutation(rows: usize, seed: u32) -> Vec<usize> {
    // The same generator, seeded in the same way.
    let mut generator = TorchRng::new(u64::from(seed));
    super::shuffled(rows, || generator.next_u32())
}
