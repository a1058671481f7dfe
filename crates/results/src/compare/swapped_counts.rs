//! Scores of classes when two models change places on some rows, from counts: only the rows that change are counted anew.

use glue_tasks::metrics::{ConfusionMatrix, Metric, Predictions, References};

/// Counts of a right and a predicted class.
type Counts = Vec<Vec<u64>>;

/// What was right of a row, and what the two models say of it.
type Row = (usize, usize, usize);

/// Two models on one split.
struct SplitCounts {
    ours: Counts,
    theirs: Counts,
    /// Of the rows that may change, by their places in the list of all of these.
    moved: Vec<(usize, Row)>,
}

impl SplitCounts {
    /// `moved`: rows of the split that may change, each with its place in the list of all of them.
    fn of(
        labels: &[usize],
        ours: &[usize],
        theirs: &[usize],
        moved: impl Iterator<Item = (usize, usize)>,
    ) -> Option<Self> {
        let all = || labels.iter().chain(ours).chain(theirs);
        // Two classes at least: metrics are of class 1, whether it occurs or not.
        let classes = all().max()?.max(&1) + 1;
        let count = |said: &[usize]| {
            let mut counts = vec![vec![0; classes]; classes];
            labels.iter().zip(said).for_each(|(&right, &said)| counts[right][said] += 1);
            counts
        };
        let row = |(place, row): (usize, usize)| Some((place, (*labels.get(row)?, *ours.get(row)?, *theirs.get(row)?)));
        Some(Self { ours: count(ours), theirs: count(theirs), moved: moved.map(row).collect::<Option<_>>()? })
    }

    /// Our counts and theirs, where the two have changed places on some rows.
    fn swapped(&self, swapped: &[bool]) -> [Counts; 2] {
        let (mut one, mut other) = (self.ours.clone(), self.theirs.clone());
        for &(place, (right, ours, theirs)) in &self.moved {
            if swapped[place] {
                one[right][ours] -= 1;
                one[right][theirs] += 1;
                other[right][theirs] -= 1;
                other[right][ours] += 1;
            }
        }
        [one, other]
    }
}

/// Two runs, split by split, with the metrics that make the score.
pub(super) struct PairCounts {
    splits: Vec<SplitCounts>,
    metrics: Vec<Metric>,
}

impl PairCounts {
    /// `splits`: labels and what the two say; `moved`: the rows that may change, numbered over all splits. `None` where these are no
    /// classes.
    pub(super) fn of<'a>(
        splits: impl Iterator<Item = (&'a References, &'a Predictions, &'a Predictions)>,
        metrics: &[Metric],
        moved: &[usize],
    ) -> Option<Self> {
        let (mut all, mut start) = (Vec::new(), 0);
        for split in splits {
            let (References::Classes(labels), Predictions::Classes(ours), Predictions::Classes(theirs)) = split else {
                return None;
            };
            let end = start + labels.len();
            let of_split = moved.iter().enumerate().filter(|(_, row)| (start..end).contains(*row));
            let of_split = of_split.map(|(place, row)| (place, row - start));
            all.push(SplitCounts::of(labels, ours, theirs, of_split)?);
            start = end;
        }
        Some(Self { splits: all, metrics: metrics.to_vec() })
    }

    /// Our score less theirs, the mean of the metrics and splits, where the two have changed places on those of the moved rows that are
    /// true.
    pub(super) fn difference(&self, swapped: &[bool]) -> Option<f64> {
        let mut sum = 0.0;
        for split in &self.splits {
            let [ours, theirs] = split.swapped(swapped);
            let (ours, theirs) = (ConfusionMatrix::of_counts(ours).ok()?, ConfusionMatrix::of_counts(theirs).ok()?);
            for metric in &self.metrics {
                sum += metric.of_counts(&ours)? - metric.of_counts(&theirs)?;
            }
        }
        Some(sum / (self.splits.len() * self.metrics.len()) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glue_tasks::metrics::evaluate;

    #[test]
    fn counts_give_the_score_of_the_rows() {
        let labels = vec![0, 1, 1, 0, 1, 0, 1, 1];
        let (ours, theirs) = (vec![0, 1, 0, 0, 1, 1, 1, 0], vec![1, 1, 1, 0, 0, 0, 1, 0]);
        let moved: Vec<usize> = (0..8).filter(|&row| ours[row] != theirs[row]).collect();
        let (metrics, right) = ([Metric::F1, Metric::Matthews], References::Classes(labels));
        let (one, other) = (Predictions::Classes(ours.clone()), Predictions::Classes(theirs.clone()));
        let counts = PairCounts::of([(&right, &one, &other)].into_iter(), &metrics, &moved).unwrap();
        for code in 0..1 << moved.len() {
            let swapped: Vec<bool> = (0..moved.len()).map(|place| code >> place & 1 == 1).collect();
            let (mut a, mut b) = (ours.clone(), theirs.clone());
            for (&row, _) in moved.iter().zip(&swapped).filter(|(_, is)| **is) {
                std::mem::swap(&mut a[row], &mut b[row]);
            }
            let score = |said: Vec<usize>| evaluate(&metrics, &Predictions::Classes(said), &right).unwrap()[2].1;
            let expected = score(a) - score(b);
            assert!((counts.difference(&swapped).unwrap() - expected).abs() < 1e-12, "{swapped:?}");
        }
    }
}
