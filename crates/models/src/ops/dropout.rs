//! Dropout masks as a pure function of (seed, step, site, token, element): no state, no stored masks. On request masks that were drawn before
//! are read in their place ([`Mask`]), so that they can be those of another program.
//!
//! A counter-based generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") makes the mask the same
//! whatever the number of threads, the layout of the batch or a restart, and lets a backward pass draw it again instead
//! of keeping it.

use std::sync::Arc;

use crate::batch::Sequences;
use crate::ops::dropout_mask::{DrawnMasks, Mask, Place};

/// One place of the network in one step where units are dropped.
#[derive(Clone, Debug)]
pub struct Dropout {
    probability: f64,
    key: u64,
    mask: Option<Arc<Mask>>,
}

impl Dropout {
    /// Nothing is dropped: evaluation, or a probability of 0.
    pub const OFF: Self = Self { probability: 0.0, key: 0, mask: None };

    /// Drops units with `probability`, in the stream that `key` names.
    #[must_use]
    pub fn new(probability: f64, key: u64) -> Self {
        Self { probability, key, mask: None }
    }

    /// Drops the units that `mask` drops.
    #[must_use]
    pub fn drawn(mask: Arc<Mask>) -> Self {
        Self { probability: mask.probability(), key: 0, mask: Some(mask) }
    }

    /// Whether any unit can be dropped.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.probability <= 0.0
    }

    /// What the kept units are multiplied with: 1 / (1 - p). Of a drawn mask it is the quotient of two f32, as PyTorch has it, which can differ
    /// in the last bit.
    #[must_use]
    pub fn scale(&self) -> f32 {
        match self.mask {
            None => (1.0 / (1.0 - self.probability)) as f32,
            Some(_) => 1.0 / (1.0 - self.probability) as f32,
        }
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

    /// What decides on the units of one row (a token, or a token and a head).
    #[inline(always)]
    #[must_use]
    pub fn row(&self, row_key: u64) -> DropoutRow<'_> {
        match &self.mask {
            None => DropoutRow::Stream(self.stream(row_key)),
            Some(mask) => DropoutRow::Bits(mask.row(row_key)),
        }
    }

    /// The draws of one row, by its key.
    #[inline(always)]
    #[must_use]
    pub fn stream(&self, row_key: u64) -> RowStream {
        let mixed = mix64(self.key ^ row_key.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        RowStream { a: mixed as u32, b: (mixed >> 32) as u32 }
    }

    /// The factors of the units of a row of `columns`: 0, or [`Self::scale`].
    pub(crate) fn factors(&self, row_key: u64, columns: usize) -> impl Iterator<Item = f32> + '_ {
        let (row, threshold, scale) = (self.row(row_key), self.threshold(), self.scale());
        (0..columns as u32).map(move |column| {
            let is_kept = match row {
                DropoutRow::Stream(stream) => stream.draw(column) >= threshold,
                DropoutRow::Bits(words) => Mask::is_kept(words, column as usize),
            };
            if is_kept { scale } else { 0.0 }
        })
    }
}

/// What decides which units of a row are kept.
#[derive(Clone, Copy, Debug)]
pub enum DropoutRow<'a> {
    /// Those whose draw is at least [`Dropout::threshold`].
    Stream(RowStream),
    /// Those of set bits, 32 a word, the lowest first; what lies beyond the words is kept.
    Bits(&'a [u32]),
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

/// Names the dropout streams of a training step, or holds its masks; each use takes the next of its place.
#[derive(Clone, Debug)]
pub struct DropoutPlan(Source);

#[derive(Clone, Debug)]
enum Source {
    Off,
    /// The step's key, and the number of streams that were named.
    Counter(u64, u64),
    Drawn(DrawnMasks),
}

impl DropoutPlan {
    /// The streams of optimizer step `step` of a run with `seed`.
    #[must_use]
    pub fn train(seed: u64, step: u64) -> Self {
        Self(Source::Counter(mix64(mix64(seed).wrapping_add(step)), 0))
    }

    /// These masks, which an architecture lists by its `masks`.
    #[must_use]
    pub fn drawn(masks: Arc<[(Place, Arc<Mask>)]>) -> Self {
        Self(Source::Drawn(DrawnMasks::new(masks)))
    }

    /// No dropout anywhere.
    #[must_use]
    pub fn evaluate() -> Self {
        Self(Source::Off)
    }

    /// The next time that units are dropped at `place` with `probability`.
    ///
    /// # Panics
    /// Where masks were drawn, and there is none left for the place, or one of another probability.
    pub fn next(&mut self, place: Place, probability: f64) -> Dropout {
        match &mut self.0 {
            Source::Off => Dropout::OFF,
            Source::Counter(step_key, site) => {
                *site += 1;
                match probability > 0.0 {
                    true => Dropout::new(probability, mix64(*step_key ^ (*site << 48))),
                    false => Dropout::OFF,
                }
            }
            Source::Drawn(masks) if probability > 0.0 => Dropout::drawn(masks.next(place, probability)),
            Source::Drawn(_) => Dropout::OFF,
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
        let dropout = DropoutPlan::train(42, 7).next(Place::Embeddings, 0.1);
        let (rows, columns) = (2000u64, 512);
        let dropped: usize =
            (0..rows).map(|r| dropout.factors(r, columns).filter(|&factor| factor == 0.0).count()).sum();
        let n = (rows * columns as u64) as f64;
        // Five standard deviations of a binomial.
        assert!((dropped as f64 / n - 0.1).abs() < 5.0 * (0.09 / n).sqrt());
    }

    #[test]
    fn neighbouring_rows_columns_steps_and_sites_are_not_correlated() {
        let place = Place::Embeddings;
        let first = DropoutPlan::train(42, 7).next(place, 0.5);
        let agree = |a: &dyn Fn(u32) -> u32, b: &dyn Fn(u32) -> u32| {
            let n = 100_000;
            let same = (0..n).filter(|&i| (a(i) >> 31) == (b(i) >> 31)).count();
            (same as f64 / f64::from(n) - 0.5).abs()
        };
        let base = |i: u32| first.stream(u64::from(i / 512)).draw(i % 512);
        let next_row = |i: u32| first.stream(u64::from(i / 512) + 1).draw(i % 512);
        let next_column = |i: u32| first.stream(u64::from(i / 512)).draw(i % 512 + 1);
        let mut plan = DropoutPlan::train(42, 7);
        plan.next(place, 0.5);
        let site = plan.next(place, 0.5);
        let step = DropoutPlan::train(42, 8).next(place, 0.5);
        let other_site = |i: u32| site.stream(u64::from(i / 512)).draw(i % 512);
        let other_step = |i: u32| step.stream(u64::from(i / 512)).draw(i % 512);
        for other in [&next_row as &dyn Fn(u32) -> u32, &next_column, &other_site, &other_step] {
            assert!(agree(&base, other) < 0.01);
        }
    }

    #[test]
    fn evaluation_drops_nothing() {
        assert!(DropoutPlan::evaluate().next(Place::Embeddings, 0.5).is_off());
        assert!(DropoutPlan::train(1, 1).next(Place::Embeddings, 0.0).is_off());
    }
}
