//! Whether a difference between two means is one that matters.
//!
//! Two one-sided tests (Schuirmann 1987, <https://doi.org/10.1007/BF01068419>; the same as an interval:
//! <https://support.sas.com/documentation/cdl/en/statug/63962/HTML/default/statug_ttest_a0000000128.htm>): the means are the same at
//! level α where the interval of their difference with probability 1 - 2α lies within the margin, from -M to +M. With a true
//! difference of M or more that comes of chance in at most α of all cases.
//!
//! They differ where the interval lies outside. With no true difference at all that must come of chance in at most α of all cases too,
//! on both sides together: four fifths of α are spent on *worse*, since a reproduction that fails nearly always falls short, and
//! one fifth on *better*. Where better is welcome, all of it is spent on worse.

use super::outcome::Outcome;
use super::wanted::Wanted;
use crate::statistics::{Difference, Sample};

/// Room for rounding: 0.66 and 0.64 lie 0.02 apart.
const ROUNDING: f64 = 1e-9;

/// The share of α that is spent on *worse*.
const SHARE_OF_WORSE: f64 = 0.8;

/// Further seeds that are thought of at most.
const MOST_FURTHER: usize = 1000;

/// Seeds that one run needs beside it before a spread says anything.
pub(super) const SECOND_AND_THIRD: usize = 2;

/// When two means count as the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// How far they may lie apart, M.
    pub(super) margin: f64,
    /// The probability of a wrong verdict, α, between 0 and one half.
    pub(super) alpha: f64,
    /// Whether better is welcome.
    pub(super) one_sided: bool,
}

/// What would settle what cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Further {
    /// So many more seeds of ours, with the difference and the spread as they are.
    Seeds(usize),
    /// No number up to [`MOST_FURTHER`]: the reference itself is too unsure, or the difference lies at the margin.
    Nothing,
    /// One run has no spread; nothing can be said before there are [`SECOND_AND_THIRD`] more.
    Spread,
    /// The number is the best of several, and it is unknown how far below it their mean lies.
    Mean,
}

/// A verdict and what it rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    /// The interval of ours less theirs with probability 1 - 2α; an end may be infinite. `None` where there is no spread.
    pub(super) interval: Option<(f64, f64)>,
    /// Where it cannot be told.
    pub(super) further: Option<Further>,
}

/// The bounds of a difference of which more is better.
struct Bounds<'a> {
    ours: Sample,
    wanted: &'a Wanted,
    difference: Difference,
}

impl<'a> Bounds<'a> {
    fn of(ours: Sample, wanted: &'a Wanted) -> Option<Self> {
        let mut difference = Difference::of(&ours, &wanted.sample())?;
        if wanted.lower_is_better() {
            difference.estimate = -difference.estimate;
        }
        Some(Self { ours, wanted, difference })
    }

    /// How far the truth may lie off to one side with this probability, and by how much the reference was rounded.
    fn half(&self, probability: f64) -> f64 {
        self.difference.half_width(probability).unwrap_or(f64::INFINITY) + self.wanted.last_digit / 2.0
    }

    fn lower(&self, probability: f64) -> f64 {
        self.difference.estimate - self.half(probability)
    }

    /// The best of N runs lies far above a mean where one of the N does, and so in at most N times as many cases as one run
    /// (<https://en.wikipedia.org/wiki/Boole%27s_inequality>); the best of who knows how many may lie anywhere above it.
    fn upper(&self, probability: f64) -> f64 {
        let among = if self.wanted.is_best() { self.wanted.theirs.run_count() } else { Some(1) };
        among
            .map_or(f64::INFINITY, |runs| self.difference.estimate + self.half(1.0 - (1.0 - probability) / runs as f64))
    }

    fn outcome(&self, rule: &Rule) -> Outcome {
        let Rule { margin, alpha, one_sided } = *rule;
        let not_worse = self.lower(1.0 - alpha) >= -margin - ROUNDING;
        let not_better = self.upper(1.0 - alpha) <= margin + ROUNDING;
        let of_worse = if one_sided { alpha } else { SHARE_OF_WORSE * alpha };
        let worse = self.upper(1.0 - of_worse) < -margin - ROUNDING;
        let better = !one_sided && self.lower(1.0 - (alpha - of_worse)) > margin + ROUNDING;
        match (not_worse && (one_sided || not_better), worse || better) {
            (true, _) => Outcome::Reproduced,
            (_, true) => Outcome::NotReproduced,
            _ => Outcome::CannotTell,
        }
    }
}

/// Judges the mean (or, where theirs is one, the median) of our runs beside theirs.
pub(super) fn judge(ours: Sample, wanted: &Wanted, rule: &Rule) -> Judgement {
    let Some(bounds) = Bounds::of(ours, wanted) else {
        return Judgement { outcome: Outcome::CannotTell, interval: None, further: Some(Further::Spread) };
    };
    let outcome = bounds.outcome(rule);
    let further = (outcome == Outcome::CannotTell).then(|| further(&bounds, rule));
    let (low, high) = (bounds.lower(1.0 - rule.alpha), bounds.upper(1.0 - rule.alpha));
    let interval = Some(if wanted.lower_is_better() { (-high, -low) } else { (low, high) });
    Judgement { outcome, interval, further }
}

fn further(now: &Bounds<'_>, rule: &Rule) -> Further {
    let settled = |more: usize| {
        let ours = Sample { runs: now.ours.runs + more, ..now.ours };
        // One run has no spread of its own; theirs goes on to stand for it.
        Bounds::of(ours, now.wanted).is_some_and(|then| then.outcome(rule) != Outcome::CannotTell)
    };
    if !settled(MOST_FURTHER) {
        return if now.wanted.is_best() { Further::Mean } else { Further::Nothing };
    }
    // The interval gets narrower with every seed.
    let (mut too_few, mut enough) = (0, MOST_FURTHER);
    while enough - too_few > 1 {
        let middle = usize::midpoint(too_few, enough);
        if settled(middle) { enough = middle } else { too_few = middle }
    }
    Further::Seeds(enough)
}
