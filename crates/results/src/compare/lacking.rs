//! Why a cell has no number: a mean of the other runs would be one of fewer seeds than it says, so there is none, and it is said why.

use std::collections::{BTreeMap, BTreeSet};

use records::record::RunRecord;

use super::shown::is_loss;

/// What the mark of cells without a number means.
pub(super) const NO_MEAN: &str = "¶ has no mean, since a number of it is undefined or missing, as is said below.";

/// The name of what the metrics make, beside theirs.
pub(super) const SCORE: &str = "score";

/// Why there is no mean of some metrics of a model on a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// Some runs have no such number.
    InRuns {
        /// The metrics, or the score where it is no matter of these.
        metrics: Vec<String>,
        /// In which runs.
        runs: LackingRuns,
    },
    /// What was published makes no score: these metrics alone.
    Published(Vec<String>),
}

/// In how many runs a number does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LackingRuns {
    /// Undefined: a correlation with predictions that are all alike, a loss beyond all numbers.
    undefined: usize,
    /// Of these the runs whose predictions are all alike.
    alike: usize,
    /// Not in the record.
    missing: usize,
    /// Of so many.
    all: usize,
}

impl LackingRuns {
    /// `values`: of each run the number; the outer `None` where its record does not have it.
    fn of<'a>(records: &[&'a RunRecord], value: impl Fn(&'a RunRecord) -> Option<Option<f64>>) -> Option<Self> {
        let is_undefined = |record: &&&'a RunRecord| value(record) == Some(None);
        let undefined = records.iter().filter(is_undefined);
        let this = Self {
            undefined: undefined.clone().count(),
            alike: undefined.filter(|record| record.collapsed).count(),
            missing: records.iter().filter(|record| value(record).is_none()).count(),
            all: records.len(),
        };
        (this.undefined + this.missing > 0).then_some(this)
    }

    /// `undefined in 2 of 6 runs of m (all predictions alike)`.
    fn in_words(&self, of: &str) -> String {
        let Self { undefined, alike, missing, all } = *self;
        let why = match alike {
            0 => String::new(),
            alike if alike == undefined => " (all predictions alike)".to_owned(),
            alike => format!(" (in {alike} all predictions alike)"),
        };
        let runs = if all == 1 { "run" } else { "runs" };
        let undefined = (undefined > 0).then(|| format!("undefined in {undefined} of {all} {runs}{of}{why}"));
        let missing = (missing > 0).then(|| format!("missing in {missing} of {all} {runs}{of}"));
        undefined.into_iter().chain(missing).collect::<Vec<_>>().join(" and ")
    }
}

impl Lacking {
    /// Of the runs of a row in a column. Runs that were not evaluated lack nothing.
    pub(super) fn of(records: &[&RunRecord]) -> Vec<Self> {
        let names: BTreeSet<&String> = records.iter().flat_map(|record| record.metrics.keys()).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let mut by_runs: BTreeMap<LackingRuns, Vec<String>> = BTreeMap::new();
        for name in names {
            if let Some(runs) = LackingRuns::of(records, |record| record.metrics.get(name).copied()) {
                by_runs.entry(runs).or_default().push(name.clone());
            }
        }
        // The score is what the metrics make of it, so it is said where these do not say it.
        let is_explained = by_runs.values().flatten().any(|name| !is_loss(name));
        if let Some(runs) = LackingRuns::of(records, |record| Some(record.score)).filter(|_| !is_explained) {
            by_runs.entry(runs).or_default().push(SCORE.to_owned());
        }
        by_runs.into_iter().map(|(runs, metrics)| Self::InRuns { metrics, runs }).collect()
    }

    /// With the name of the row where that is not said beside it.
    pub(super) fn in_words(&self, row: Option<&str>) -> String {
        match self {
            Self::InRuns { metrics, runs } => {
                let of = row.map_or_else(String::new, |row| format!(" of {row}"));
                let is = if metrics.len() == 1 { "is" } else { "are" };
                format!("{} {is} {}, so there is no mean", metrics.join(" and "), runs.in_words(&of))
            }
            Self::Published(metrics) => {
                let of = row.map_or_else(String::new, |row| format!("of {row} "));
                format!("{of}{} alone was published, which makes no score of this column", metrics.join(" and "))
            }
        }
    }

    /// Whether it is why there is no mean of this metric, or of the score.
    pub(super) fn is_why(&self, metric: &str) -> bool {
        match self {
            Self::InRuns { metrics, .. } => {
                let counts = |name: &String| name == metric || metric == SCORE && !is_loss(name);
                metrics.iter().any(counts)
            }
            Self::Published(_) => metric == SCORE,
        }
    }
}
