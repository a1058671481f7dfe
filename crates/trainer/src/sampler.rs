//! Which rows make which batch: a pure function of the settings and the epoch.

use std::cmp::Reverse;

use models::torch_rng::TorchRng;

use crate::settings::{SamplingStrategy, TrainingSettings};

/// Row numbers of an epoch in the order in which run_glue.py visits them. `seed` is `(data_seed or seed) + epoch`
/// (accelerate's `SeedableRandomSampler`), `length` the tokens of a row.
#[must_use]
pub fn epoch_order(settings: &TrainingSettings, rows: usize, length: impl Fn(u32) -> usize, seed: u64) -> Vec<u32> {
    match settings.train_sampling_strategy {
        SamplingStrategy::Random => TorchRng::new(seed).randperm(rows),
        SamplingStrategy::Sequential => (0..rows as u32).collect(),
        SamplingStrategy::GroupByLength => order_by_length(settings, TorchRng::new(seed).randperm(rows), length),
    }
}

/// Shuffled rows, those of like length together.
#[must_use]
pub fn order_by_length(settings: &TrainingSettings, shuffled: Vec<u32>, length: impl Fn(u32) -> usize) -> Vec<u32> {
    let step = settings.per_device_train_batch_size * settings.gradient_accumulation_steps;
    grouped_by_length(shuffled, length, step)
}

/// transformers' `get_length_grouped_indices`: runs of up to 50 batches of the shuffled rows, each run sorted from long to
/// short, the longest row of all in front, so that what does not fit the memory fails at once.
fn grouped_by_length(mut order: Vec<u32>, length: impl Fn(u32) -> usize, batch: usize) -> Vec<u32> {
    let multiple = (order.len() / (batch * 4)).clamp(1, 50);
    let run = multiple * batch;
    order.chunks_mut(run).for_each(|run| run.sort_by_key(|&row| Reverse(length(row))));
    let firsts = (0..order.len()).step_by(run);
    // Of equals the first, as Python's `index(max(..))`.
    if let Some(longest) = firsts.min_by_key(|&place| Reverse(length(order[place]))) {
        order.swap(0, longest);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_differ_and_seeds_shift_them() {
        let settings = TrainingSettings::default();
        let order = |seed| epoch_order(&settings, 100, |_| 1, seed);
        assert_ne!(order(42), order(43));
        assert_eq!(order(43), order(43));
    }

    #[test]
    fn grouped_rows_are_those_of_transformers() {
        // `get_length_grouped_indices(lengths, 2)` of transformers 5.23 where `torch.randperm` gives 0, 1, 2, ...
        let lengths = [3usize, 9, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2];
        let order = grouped_by_length((0..17).collect(), |row| lengths[row as usize], 2);
        assert_eq!(order, [1, 2, 0, 3, 5, 7, 4, 6, 11, 8, 10, 9, 12, 14, 13, 15, 16]);
    }
}
