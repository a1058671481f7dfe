//! Which trial is the best.

use std::cmp::Ordering;

use records::record::RunRecord;

/// What trials are compared by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranking {
    collapsed: bool,
    score: Option<f64>,
    loss: Option<f64>,
}

impl Ranking {
    pub(super) fn of(record: &RunRecord) -> Self {
        let loss = record.metrics.get("loss").copied().flatten();
        Self { collapsed: record.collapsed, score: record.score, loss }
    }

    /// Whether it has the better score, and comes after the other all the same, since it collapsed.
    pub(super) fn is_passed_over_for(self, other: Self, higher_is_better: bool) -> bool {
        let is_better = by_number(self.score, other.score, higher_is_better) == Ordering::Less;
        self.collapsed && !other.collapsed && is_better
    }
}

/// The place of the best of some runs whose scores are better the higher they are.
pub(in crate::grid) fn best_of(records: &[&RunRecord]) -> Option<usize> {
    let rankings: Vec<_> = records.iter().map(|record| Some(Ranking::of(record))).collect();
    ranked(&rankings, true).first().copied()
}

/// Places of the trials that have results, best first: those that did not collapse before those that did, then by score,
/// then by loss, then as they are listed.
pub(super) fn ranked(trials: &[Option<Ranking>], higher_is_better: bool) -> Vec<usize> {
    let mut places: Vec<(usize, Ranking)> =
        trials.iter().enumerate().filter_map(|(at, trial)| Some((at, (*trial)?))).collect();
    places.sort_by(|(_, a), (_, b)| {
        let score = by_number(a.score, b.score, higher_is_better);
        a.collapsed.cmp(&b.collapsed).then(score).then(by_number(a.loss, b.loss, false))
    });
    places.into_iter().map(|(at, _)| at).collect()
}

/// What is undefined comes last.
fn by_number(a: Option<f64>, b: Option<f64>, higher_is_better: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if higher_is_better => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_has_learnt_something_then_the_score_counts_then_the_loss() {
        let trial = |collapsed, score, loss| Some(Ranking { collapsed, score, loss });
        let trials = [
            trial(true, Some(0.9), Some(0.1)),
            trial(false, Some(0.7), Some(0.5)),
            None,
            trial(false, None, None),
            trial(false, Some(0.8), Some(0.6)),
            trial(false, Some(0.8), Some(0.5)),
            trial(false, Some(0.8), Some(0.5)),
        ];
        let [collapsed, sound, .., best] = trials.map(|trial| trial.unwrap_or(trials[1].unwrap()));
        assert!(collapsed.is_passed_over_for(best, true) && !collapsed.is_passed_over_for(best, false));
        assert!(!sound.is_passed_over_for(best, true) && !sound.is_passed_over_for(best, false));
        assert!(!collapsed.is_passed_over_for(collapsed, true));
        assert_eq!(ranked(&trials, true), [5, 6, 4, 1, 3, 0]);
        assert_eq!(ranked(&trials, false), [1, 5, 6, 4, 3, 0]);
    }
}
