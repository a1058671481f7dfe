//! Which rows make which batch: a pure function of the settings and the epoch.

use models::torch_rng::TorchRng;

use crate::cli::args::SamplingStrategy;

/// Row numbers of epoch `epoch` in the order in which run_glue.py visits them: `torch.randperm(n)` from a generator
/// seeded with `(data_seed or seed) + epoch` (accelerate's `SeedableRandomSampler`).
#[must_use]
pub fn epoch_order(strategy: SamplingStrategy, rows: usize, seed: u64, epoch: u64) -> Vec<u32> {
    match strategy {
        SamplingStrategy::Random => TorchRng::new(seed.wrapping_add(epoch)).randperm(rows),
        SamplingStrategy::Sequential => (0..rows as u32).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_differ_and_seeds_shift_them() {
        let order = |seed, epoch| epoch_order(SamplingStrategy::Random, 100, seed, epoch);
        assert_ne!(order(42, 0), order(42, 1));
        assert_eq!(order(42, 1), order(43, 0));
    }
}
