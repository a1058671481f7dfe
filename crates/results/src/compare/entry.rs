//! What a model has on a task, over its seeds.

use std::collections::BTreeMap;

use super::lacking::{Lacking, SCORE};
use crate::statistics::Summary;

/// What the mark of [`Entry::partial`] means.
pub(super) const PARTIAL: &str =
    "§ was published without some of the metrics that make the score of its column, and counts in no average.";

/// What a model has on a task.
#[derive(Clone)]
pub struct Entry {
    /// The task's number over the seeds: the mean of its metrics. `None`: undefined in a run, see [`lacking`](Self::lacking).
    pub score: Option<Summary>,
    /// Student's interval of the mean over seeds.
    pub interval: Option<(f64, f64)>,
    /// The bootstrap's interval of that mean.
    pub bootstrap: Option<(f64, f64)>,
    /// Every metric over the seeds, the loss too.
    pub metrics: BTreeMap<String, Option<Summary>>,
    /// Why there is no mean of some of them, or of the score.
    pub lacking: Vec<Lacking>,
    /// The class that precision, recall and F1 are of, of data that are no benchmark's, where the records name it.
    pub class: Option<String>,
    /// The metrics that the score is of where they are not all that make the column's, in words; of published numbers alone.
    pub partial: Option<String>,
    /// Seeds, with the score of each; none of those that were published. An evaluation of a saved model has no seed that its score depends
    /// on.
    pub seeds: Vec<(Option<u64>, Option<f64>)>,
    /// How many runs predicted one class only.
    pub collapsed: usize,
    /// Mean seconds of a run.
    pub seconds: Option<f64>,
    /// Mean seconds of its training.
    pub train_seconds: Option<f64>,
    /// Mean rows trained on a second.
    pub train_samples_per_second: Option<f64>,
    /// The most memory of a run, in bytes.
    pub peak_memory_bytes: Option<u64>,
}

impl Entry {
    /// The score that goes with a seed: that of the run with it, or of one that is the same with any. The inner `None`: undefined.
    pub(super) fn score_of(&self, seed: u64) -> Option<Option<f64>> {
        let goes_with = |own: &Option<u64>| own.is_none_or(|own| own == seed);
        self.seeds.iter().find(|(own, _)| goes_with(own)).map(|(_, score)| *score)
    }

    /// Why there is no mean of a metric, or of the score, in words.
    pub(super) fn why_no(&self, metric: &str) -> Option<String> {
        let is_there = match metric {
            SCORE => self.score.is_some(),
            metric => self.metrics.get(metric).is_some_and(Option::is_some),
        };
        let why = self.lacking.iter().filter(|lacking| !is_there && lacking.is_why(metric));
        let why = why.map(Lacking::as_reason).collect::<Vec<_>>().join("; ");
        (!why.is_empty()).then_some(why)
    }
}
