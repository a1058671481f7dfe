//! Dropout masks as a pure function of (seed, step, site, token, element): no state, no stored masks.
//!
//! A counter-based generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") makes the mask the same
//! whatever the number of threads, the layout of the batch or a restart, and lets a backward pass draw it again instead
//! of keeping it.

use std::sync::Arc;

use crate::batch::Sequences;

/// One place of the network in one step where units are dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
    key: u64,
}

impl Dropout {
    /// Nothing is dropped: evaluation, or a probability of 0.
    pub const OFF: Self = Self { probability: 0.0, key: 0 };

    /// Drops units with `probability`, in the stream that `key` names.
    #[must_use]
    pub fn new(probability: f64, key: u64) -> Self {
        Self { probability, key }
    }

    /// Whether any unit can be dropped.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.probability <= 0.0
    }

    /// What the kept units are multiplied with: 1 / (1 - p).
    #[must_use]
    pub fn scale(&self) -> f32 {
        (1.0 / (1.0 - self.probability)) as f32
    }

    /// A unit is kept when its 32-bit draw is at least this.
    #[must_use]
    pub fn threshold(&self) -> u32 {
        (self.probability * 4_294_967_296.0) as u32
    }

    /// The stream's name.
    #[cfg(feature = "cube")]
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// The stream of one row (a token, or a token and a head).
    #[inline(always)]
    #[must_use]
    pub fn row(&self, row_key: u64) -> RowStream {
        let mixed = mix64(self.key ^ row_key.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        RowStream { a: mixed as u32, b: (mixed >> 32) as u32 }
    }
}

/// Dropout of the rows of a matrix, `[rows, columns]`.
#[derive(Clone, Debug)]
pub struct RowDropout {
    /// Probability and stream.
    pub dropout: Dropout,
    /// Names the rows: what is dropped does not depend on where they lie.
    pub sequences: Arc<Sequences>,
}

/// The draws of one row, by column.
#[derive(Clone, Copy, Debug)]
pub struct RowStream {
    a: u32,
    b: u32,
}

impl RowStream {
    /// The draw of `column`: uniform over all 32-bit numbers. Multiplications and shifts only, so that it vectorises.
    #[inline(always)]
    #[must_use]
    pub fn draw(&self, column: u32) -> u32 {
        // The finaliser of MurmurHash3 (Appleby), with a second key between its rounds.
        let mut h = column.wrapping_mul(0x9E37_79B1).wrapping_add(self.a);
        h ^= h >> 16;
        h = h.wrapping_mul(0x85EB_CA6B) ^ self.b;
        h ^= h >> 13;
        h = h.wrapping_mul(0xC2B2_AE35);
        h ^ (h >> 16)
    }
}

/// Names the dropout streams of a training step; each use takes the next site.
#[derive(Clone, Debug)]
pub struct DropoutPlan {
    step_key: u64,
    site: u64,
    train: bool,
}

impl DropoutPlan {
    /// The streams of optimizer step `step` of a run with `seed`.
    #[must_use]
    pub fn train(seed: u64, step: u64) -> Self {
        Self { step_key: mix64(mix64(seed).wrapping_add(step)), site: 0, train: true }
    }

    /// No dropout anywhere.
    #[must_use]
    pub fn evaluate() -> Self {
        Self { step_key: 0, site: 0, train: false }
    }

    /// The next place where units are dropped with `probability`.
    pub fn next(&mut self, probability: f64) -> Dropout {
        self.site += 1;
        if self.train && probability > 0.0 {
            Dropout::new(probability, mix64(self.step_key ^ (self.site << 48)))
        } else {
            Dropout::OFF
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
#[inline(always)]
fn mix64(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_dropped_units_is_the_probability() {
        let dropout = DropoutPlan::train(42, 7).next(0.1);
        let threshold = dropout.threshold();
        let (rows, columns) = (2000u64, 512u32);
        let dropped: usize = (0..rows)
            .map(|r| {
                let row = dropout.row(r);
                (0..columns).filter(|&c| row.draw(c) < threshold).count()
            })
            .sum();
        let n = (rows * u64::from(columns)) as f64;
        // Five standard deviations of a binomial.
        assert!((dropped as f64 / n - 0.1).abs() < 5.0 * (0.09 / n).sqrt());
    }

    #[test]
    fn neighbouring_rows_columns_steps_and_sites_are_not_correlated() {
        let first = DropoutPlan::train(42, 7).next(0.5);
        let agree = |a: &dyn Fn(u32) -> u32, b: &dyn Fn(u32) -> u32| {
            let n = 100_000;
            let same = (0..n).filter(|&i| (a(i) >> 31) == (b(i) >> 31)).count();
            (same as f64 / f64::from(n) - 0.5).abs()
        };
        let base = |i: u32| first.row(u64::from(i / 512)).draw(i % 512);
        let next_row = |i: u32| first.row(u64::from(i / 512) + 1).draw(i % 512);
        let next_column = |i: u32| first.row(u64::from(i / 512)).draw(i % 512 + 1);
        let mut plan = DropoutPlan::train(42, 7);
        plan.next(0.5);
        let site = plan.next(0.5);
        let step = DropoutPlan::train(42, 8).next(0.5);
        let other_site = |i: u32| site.row(u64::from(i / 512)).draw(i % 512);
        let other_step = |i: u32| step.row(u64::from(i / 512)).draw(i % 512);
        for other in [&next_row as &dyn Fn(u32) -> u32, &next_column, &other_site, &other_step] {
            assert!(agree(&base, other) < 0.01);
        }
    }

    #[test]
    fn evaluation_drops_nothing() {
        assert!(DropoutPlan::evaluate().next(0.5).is_off());
        assert!(DropoutPlan::train(1, 1).next(0.0).is_off());
    }
}
