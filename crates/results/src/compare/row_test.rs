//! Whether the scores of two models on the same rows differ by more than chance, from their predictions: of the column's own score,
//! whatever it is made of.

use glue_tasks::metrics::{Metric, Predictions, References, evaluate};
use records::record::predictions::{self, Values};
use records::record::{RecordFile, RunRecord};

use super::swapped_counts::PairCounts;
use crate::scored_rows::{score_metrics, scored};
use crate::statistics::{approximate_randomization, mcnemar, permutation_test};

/// Of numbers so many rows are scored again in all rounds of a test together, as far as that leaves [`FEWEST_ROUNDS`].
const SCORED_AGAIN: usize = 5_000_000;

/// A p-value near 0.05 is off by less than 0.014 then, in 19 of 20 cases.
const FEWEST_ROUNDS: usize = 999;

const MOST_ROUNDS: usize = 9999;

/// Scores of predictions and of the record are the same up to this.
const SAME_SCORE: f64 = 1e-4;

/// What two runs said of one split.
struct SplitPair {
    labels: References,
    ours: Predictions,
    theirs: Predictions,
}

/// Two runs of one seed on the same rows: their scored splits, with the metrics that make the score.
pub(super) struct RunPair {
    splits: Vec<SplitPair>,
    metrics: Vec<Metric>,
}

impl RunPair {
    /// `None` where predictions are missing, are not of these rows, or do not give the scores that the records have.
    pub(super) fn read(ours: &RecordFile, theirs: &RecordFile) -> Option<Self> {
        let metrics = score_metrics(&ours.1)?;
        let (ours_read, theirs_read) = (of_scored_splits(ours)?, of_scored_splits(theirs)?);
        if ours_read.len() != theirs_read.len() {
            return None;
        }
        let pair = |((labels, ours), (their_labels, theirs))| {
            let labels = references(labels);
            (labels == references(their_labels)).then_some(SplitPair { labels, ours, theirs })
        };
        let splits: Vec<SplitPair> = ours_read.into_iter().zip(theirs_read).map(pair).collect::<Option<_>>()?;
        let this = Self { splits, metrics };
        let is_score = |of: fn(&SplitPair) -> &Predictions, record: &RunRecord| {
            let computed = this.score(this.splits.iter().map(of))?;
            Some((computed - record.score?).abs() <= SAME_SCORE)
        };
        let is_known = is_score(|split| &split.ours, &ours.1)? && is_score(|split| &split.theirs, &theirs.1)?;
        is_known.then_some(this)
    }

    /// The mean of the metrics on each split, then of the splits.
    fn score<'a>(&self, predictions: impl Iterator<Item = &'a Predictions>) -> Option<f64> {
        let mut sum = 0.0;
        for (split, predictions) in self.splits.iter().zip(predictions) {
            let values = evaluate(&self.metrics, predictions, &split.labels).ok()?;
            sum += values.iter().take(self.metrics.len()).map(|(_, value)| value).sum::<f64>();
        }
        Some(sum / (self.splits.len() * self.metrics.len()) as f64)
    }

    fn rows(&self) -> usize {
        self.splits.iter().map(|split| split.ours.len()).sum()
    }

    /// Of each row, over all splits, what `of` says of it: the split, and the row's place there.
    fn of_rows<T>(&self, of: impl Fn(&SplitPair, usize) -> T) -> Vec<T> {
        self.splits
            .iter()
            .flat_map(|split| (0..split.ours.len()).map(|row| of(split, row)).collect::<Vec<_>>())
            .collect()
    }

    /// By how much a row makes our score larger than theirs, where the score is a sum over the rows.
    fn shares(&self) -> Option<Vec<f64>> {
        let is_sum = |metric: &Metric| matches!(metric, Metric::Accuracy | Metric::Mse | Metric::Mae);
        if !self.metrics.iter().all(is_sum) {
            return None;
        }
        let numbers = (self.splits.len() * self.metrics.len()) as f64;
        let share = |split: &SplitPair, row: usize| {
            let of = |predictions: &Predictions, metric: &Metric| of_row(*metric, predictions, &split.labels, row);
            let difference = |metric: &Metric| of(&split.ours, metric) - of(&split.theirs, metric);
            self.metrics.iter().map(difference).sum::<f64>() / (numbers * split.ours.len() as f64)
        };
        Some(self.of_rows(share))
    }

    /// McNemar's p-value of the rows that one of the two has right; `None` where rows are not right or wrong.
    pub(super) fn mcnemar(&self) -> Option<f64> {
        if self.splits.iter().any(|split| matches!(split.labels, References::Scores(_))) {
            return None;
        }
        let right = |predictions: &Predictions, split: &SplitPair, row: usize| {
            of_row(Metric::Accuracy, predictions, &split.labels, row) > 0.5
        };
        let both = self.of_rows(|split, row| (right(&split.ours, split, row), right(&split.theirs, split, row)));
        let only = |wanted: (bool, bool)| both.iter().filter(|both| **both == wanted).count();
        Some(mcnemar(only((true, false)), only((false, true))))
    }
}

/// The p-value of the mean difference of the scores of pairs, one a seed, when the models of all pairs change places on each row at
/// random. Of a score that is a sum over the rows it is that of the sign-flip test; others are computed anew from the changed predictions.
pub(super) fn p_of_rows(pairs: &[RunPair]) -> Option<f64> {
    let first = pairs.first()?;
    if pairs.iter().any(|pair| pair.rows() != first.rows()) {
        return None;
    }
    if let Some(shares) = pairs.iter().map(RunPair::shares).collect::<Option<Vec<_>>>() {
        let of_row = |row: usize| shares.iter().map(|of_pair| of_pair[row]).sum::<f64>() / shares.len() as f64;
        return permutation_test(&(0..first.rows()).map(of_row).collect::<Vec<_>>());
    }
    // Rows that no pair says anything different of change nothing.
    let differs: Vec<Vec<bool>> =
        pairs.iter().map(|pair| pair.of_rows(|split, row| !is_same(&split.ours, &split.theirs, row))).collect();
    let moved: Vec<usize> = (0..first.rows()).filter(|&row| differs.iter().any(|of_pair| of_pair[row])).collect();
    let counts: Option<Vec<PairCounts>> = pairs.iter().map(|pair| pair.counts(&moved)).collect();
    let of_pairs = |differences: &mut dyn Iterator<Item = Option<f64>>| {
        differences.map(|difference| difference.unwrap_or(f64::NAN)).sum::<f64>() / pairs.len() as f64
    };
    if let Some(counts) = counts {
        return approximate_randomization(moved.len(), MOST_ROUNDS, |swapped| {
            of_pairs(&mut counts.iter().map(|counts| counts.difference(swapped)))
        });
    }
    let scored = 2 * pairs.len() * first.rows() * first.metrics.len();
    let rounds = (SCORED_AGAIN / scored.max(1)).clamp(FEWEST_ROUNDS, MOST_ROUNDS);
    let mut swapped = vec![false; first.rows()];
    approximate_randomization(moved.len(), rounds, |of_moved| {
        moved.iter().zip(of_moved).for_each(|(&row, &is_swapped)| swapped[row] = is_swapped);
        of_pairs(&mut pairs.iter().map(|pair| pair.difference(&swapped)))
    })
}

impl RunPair {
    /// Counts in place of rows, where these are of classes.
    fn counts(&self, moved: &[usize]) -> Option<PairCounts> {
        let splits = self.splits.iter().map(|split| (&split.labels, &split.ours, &split.theirs));
        PairCounts::of(splits, &self.metrics, moved)
    }

    /// Our score less theirs, where the two have changed places on some rows.
    fn difference(&self, swapped: &[bool]) -> Option<f64> {
        let (mut ours, mut theirs, mut start) = (Vec::new(), Vec::new(), 0);
        for split in &self.splits {
            let of_split = swapped.get(start..start + split.ours.len())?;
            let (one, other) = exchanged(&split.ours, &split.theirs, of_split)?;
            ours.push(one);
            theirs.push(other);
            start += split.ours.len();
        }
        Some(self.score(ours.iter())? - self.score(theirs.iter())?)
    }
}

/// Predictions of two models that have changed places on some rows.
fn exchanged(ours: &Predictions, theirs: &Predictions, swapped: &[bool]) -> Option<(Predictions, Predictions)> {
    fn of<T: Clone>(ours: &[T], theirs: &[T], swapped: &[bool]) -> (Vec<T>, Vec<T>) {
        let pairs = ours.iter().zip(theirs).zip(swapped);
        pairs.map(|((a, b), &is)| if is { (b.clone(), a.clone()) } else { (a.clone(), b.clone()) }).unzip()
    }
    Some(match (ours, theirs) {
        (Predictions::Classes(a), Predictions::Classes(b)) => {
            let (a, b) = of(a, b, swapped);
            (Predictions::Classes(a), Predictions::Classes(b))
        }
        (Predictions::Scores(a), Predictions::Scores(b)) => {
            let (a, b) = of(a, b, swapped);
            (Predictions::Scores(a), Predictions::Scores(b))
        }
        (Predictions::Sets(a), Predictions::Sets(b)) => {
            let (a, b) = of(a, b, swapped);
            (Predictions::Sets(a), Predictions::Sets(b))
        }
        _ => return None,
    })
}

/// Whether two models say the same of a row.
fn is_same(ours: &Predictions, theirs: &Predictions, row: usize) -> bool {
    match (ours, theirs) {
        (Predictions::Classes(a), Predictions::Classes(b)) => a.get(row) == b.get(row),
        (Predictions::Scores(a), Predictions::Scores(b)) => a.get(row) == b.get(row),
        (Predictions::Sets(a), Predictions::Sets(b)) => a.get(row) == b.get(row),
        _ => false,
    }
}

/// A metric on one row alone, of those that are means over the rows.
fn of_row(metric: Metric, predictions: &Predictions, labels: &References, row: usize) -> f64 {
    match (predictions, labels) {
        (Predictions::Scores(p), References::Scores(r)) if metric == Metric::Mse => (p[row] - r[row]).powi(2),
        (Predictions::Scores(p), References::Scores(r)) => (p[row] - r[row]).abs(),
        (Predictions::Classes(p), References::Classes(r)) => f64::from(p[row] == r[row]),
        (Predictions::Sets(p), References::Sets(r)) => f64::from(p[row] == r[row]),
        _ => f64::NAN,
    }
}

/// Labels and predictions of the splits that the score is of, in the record's order.
fn of_scored_splits(of: &RecordFile) -> Option<Vec<(Values, Predictions)>> {
    let (path, record) = of;
    let mut read = predictions::read(path)?;
    let splits = scored(record).into_iter().map(|split| {
        let place = read.iter().position(|one| one.split == split.split)?;
        let one = read.swap_remove(place);
        let predictions = match one.predictions {
            Values::Classes(classes) => Predictions::Classes(classes),
            Values::Scores(scores) => Predictions::Scores(scores.into_iter().map(f64::from).collect()),
            Values::Sets(sets) => Predictions::Sets(sets),
        };
        (predictions.len() == length(&one.labels)).then_some((one.labels, predictions))
    });
    splits.collect::<Option<Vec<_>>>().filter(|splits| !splits.is_empty())
}

fn length(values: &Values) -> usize {
    match values {
        Values::Classes(classes) => classes.len(),
        Values::Scores(scores) => scores.len(),
        Values::Sets(sets) => sets.len(),
    }
}

fn references(values: Values) -> References {
    match values {
        Values::Classes(classes) => References::Classes(classes),
        Values::Scores(scores) => References::Scores(scores.into_iter().map(f64::from).collect()),
        Values::Sets(sets) => References::Sets(sets),
    }
}
