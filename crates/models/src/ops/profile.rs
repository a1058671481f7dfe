//! Time spent in each kind of operation, counted while the program runs: two clock readings an operation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A kind of operation. Forward and backward passes count alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Products of linear layers, bias gradients included.
    Linear,
    /// Scores, softmax, dropout of probabilities, and context.
    Attention,
    /// Bias and GELU.
    Activation,
    /// Bias, dropout, residual sum and layer normalisation.
    Norm,
    /// Dropout on its own.
    Dropout,
    /// Sum of embeddings.
    Embedding,
    /// Cross-entropy.
    Loss,
    /// The gradients' norm and AdamW.
    Optimizer,
}

/// The parts and their names, in the order of [`times`].
pub const PARTS: [(Part, &str); 8] = [
    (Part::Linear, "linear"),
    (Part::Attention, "attention"),
    (Part::Activation, "activation"),
    (Part::Norm, "norm"),
    (Part::Dropout, "dropout"),
    (Part::Embedding, "embedding"),
    (Part::Loss, "loss"),
    (Part::Optimizer, "optimizer"),
];

static NANOSECONDS: [AtomicU64; PARTS.len()] = [const { AtomicU64::new(0) }; PARTS.len()];

/// Runs `f` and counts its time.
#[cfg_attr(not(feature = "flex"), allow(dead_code, reason = "only backends with kernels of their own count"))]
pub(super) fn timed<T>(part: Part, f: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = f();
    NANOSECONDS[part as usize].fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
    result
}

/// Time in each part since the program started. Only backends with kernels of their own count.
#[must_use]
pub fn times() -> [Duration; PARTS.len()] {
    std::array::from_fn(|i| Duration::from_nanos(NANOSECONDS[i].load(Ordering::Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_at_their_index() {
        for (i, (part, _)) in PARTS.iter().enumerate() {
            assert_eq!(*part as usize, i);
        }
    }

    #[test]
    fn time_is_counted_where_it_belongs() {
        let before = times();
        let result = timed(Part::Dropout, || {
            std::thread::sleep(Duration::from_millis(2));
            7
        });
        assert_eq!(result, 7);
        let dropout = Part::Dropout as usize;
        assert!(times()[dropout] - before[dropout] >= Duration::from_millis(2));
    }
}
