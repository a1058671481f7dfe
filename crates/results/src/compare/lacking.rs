//! What some runs of a cell lack: a mean of the others would be one of fewer seeds than it says, so there is none. Where that leaves the
//! cell without its number, it is said why.

use std::collections::{BTreeMap, BTreeSet};

use glue_tasks::plain_key;
use records::record::RunRecord;

use crate::scored_rows::score_metrics;

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
        /// Whether these have no score either, so that the cell has no number.
        leaves_no_score: bool,
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
        let unscored: Vec<&RunRecord> = records.iter().copied().filter(|record| record.score.is_none()).collect();
        let leaves_no_score = |name: &str| unscored.iter().any(|record| has_no_score_without(record, name));
        let mut by_runs: BTreeMap<(LackingRuns, bool), Vec<String>> = BTreeMap::new();
        for &name in &names {
            if let Some(runs) = LackingRuns::of(records, |record| record.metrics.get(name).copied()) {
                by_runs.entry((runs, leaves_no_score(name))).or_default().push(name.clone());
            }
        }
        // That there is none is said by itself where the metrics do not say it.
        let is_explained = |record: &RunRecord| names.iter().any(|name| has_no_score_without(record, name));
        let is_open = unscored.iter().any(|record| !is_explained(record));
        if let Some(runs) = LackingRuns::of(records, |record| Some(record.score)).filter(|_| is_open) {
            by_runs.entry((runs, true)).or_default().push(SCORE.to_owned());
        }
        let said = |((runs, leaves_no_score), metrics)| Self::InRuns { metrics, runs, leaves_no_score };
        by_runs.into_iter().map(said).collect()
    }

    /// What is lacking, with the name of the row where that is not said beside it; and that there is no mean where the cell has no number
    /// because of it.
    pub(super) fn in_words(&self, row: Option<&str>) -> String {
        format!("{}{}", self.fact(row), if self.is_why(SCORE) { self.consequence() } else { "" })
    }

    /// The same of a number that does not exist because of it, whichever that is.
    pub(super) fn as_reason(&self) -> String {
        format!("{}{}", self.fact(None), self.consequence())
    }

    fn fact(&self, row: Option<&str>) -> String {
        match self {
            Self::InRuns { metrics, runs, .. } => {
                let of = row.map_or_else(String::new, |row| format!(" of {row}"));
                let is = if metrics.len() == 1 { "is" } else { "are" };
                format!("{} {is} {}", metrics.join(" and "), runs.in_words(&of))
            }
            Self::Published(metrics) => {
                let of = row.map_or_else(String::new, |row| format!("of {row} "));
                format!("{of}{} alone was published, which makes no score of this column", metrics.join(" and "))
            }
        }
    }

    fn consequence(&self) -> &'static str {
        match self {
            Self::InRuns { .. } => ", so there is no mean",
            Self::Published(_) => "",
        }
    }

    /// Whether it is why there is no mean of this metric, or of the score.
    pub(super) fn is_why(&self, metric: &str) -> bool {
        match self {
            Self::InRuns { leaves_no_score, .. } if metric == SCORE => *leaves_no_score,
            Self::InRuns { metrics, .. } => metrics.iter().any(|name| name == metric),
            Self::Published(_) => metric == SCORE,
        }
    }
}

/// Whether a metric is one that makes the score of a record, which does not have it. Of an unknown score any may be but the loss.
fn has_no_score_without(record: &RunRecord, name: &str) -> bool {
    let is_part = match score_metrics(record) {
        Some(metrics) => metrics.iter().any(|metric| metric.key() == plain_key(name)),
        None => plain_key(name) != "loss",
    };
    is_part && record.metrics.get(name).copied().flatten().is_none()
}
