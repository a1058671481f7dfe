//! A number to reproduce.

use std::sync::Arc;

use super::margins::Margins;
use super::metric_name::{has_margin, is_fraction};
use crate::compare::published::{PublishedValue, Statistic};
use crate::compare::{published_start, start_of};
use crate::statistics::Sample;
use records::Error;
use records::record::RunRecord;

/// How far two means may lie apart and still count as the same where nothing else says so: two points. Of fractions only.
pub(super) const DEFAULT_MARGIN: f64 = 0.02;

/// A number to reproduce.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Whose it is; `None`: of whatever model was run.
    pub(super) model: Option<String>,
    pub(super) task: String,
    pub(super) metric: String,
    /// The number, and how it was made.
    pub(super) theirs: PublishedValue,
    /// The smallest step of the numbers as they were published, such as 0.0001; 0 of records.
    pub(super) last_digit: f64,
    /// The file or table.
    pub(super) source: String,
    /// The runs that it is of, which have model, training and settings in common; none where it is no mean of runs that are there.
    pub(super) runs: Arc<[RunRecord]>,
    /// In how many of these runs there is no such number, so that there is no mean of them; the value is no number then.
    pub(super) lacking: Option<Lacking>,
}

/// Runs of a reference that have no number of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lacking {
    /// Where it does not exist, such as a correlation with predictions that are all alike.
    pub(super) undefined: usize,
    /// Whose records do not have it.
    pub(super) missing: usize,
    /// Of so many runs.
    pub(super) runs: usize,
}

impl Lacking {
    /// Of the numbers of all runs; `None` where each has one.
    pub(super) fn of(records: &[RunRecord], metric: &str) -> Option<Self> {
        let values = || records.iter().map(|record| record.metrics.get(metric));
        let undefined =
            values().filter(|value| matches!(value, Some(value) if !value.is_some_and(f64::is_finite))).count();
        let missing = values().filter(Option::is_none).count();
        (undefined + missing > 0).then_some(Self { undefined, missing, runs: records.len() })
    }

    /// `the reference's pearson is undefined in 1 of its 3 runs`.
    pub(super) fn in_words(&self, metric: &str) -> String {
        let of_runs =
            |count: usize, what: &str| (count > 0).then(|| format!("{what} in {count} of its {} runs", self.runs));
        let said = [of_runs(self.undefined, "undefined"), of_runs(self.missing, "missing")];
        format!("the reference's {metric} is {}", said.into_iter().flatten().collect::<Vec<_>>().join(" and "))
    }
}

impl Wanted {
    /// Any of the runs that it is of, where there are some.
    pub(super) fn one_of_the_runs(&self) -> Option<&RunRecord> {
        self.runs.first()
    }

    /// Whether it lies from -1 to 1: all metrics but the errors of a regression.
    pub(super) fn is_fraction(&self) -> bool {
        is_fraction(&self.metric)
    }

    /// Whether less is better: of errors and losses.
    pub(super) fn lower_is_better(&self) -> bool {
        !self.is_fraction()
    }

    /// What stands behind the metric's name where it is of a second split: `_mm`.
    pub(super) fn key_suffix(&self) -> &str {
        self.metric.strip_prefix(glue_tasks::plain_key(&self.metric)).unwrap_or_default()
    }

    /// What its trainings began from, as columns have it; empty where that is the model itself, as far as it says.
    pub(super) fn start(&self) -> String {
        let written = || published_start(self.theirs.made.initialisation.as_deref());
        self.one_of_the_runs().map_or_else(written, start_of)
    }

    /// Whether the number is the median of runs.
    pub(super) fn is_median(&self) -> bool {
        self.theirs.made.statistic == Some(Statistic::Median)
    }

    /// Whether the number is the best of runs or settings, which is no mean.
    pub(super) fn is_best(&self) -> bool {
        self.theirs.made.statistic == Some(Statistic::Best)
    }

    /// The number as a sample of runs. A best, and what does not say of how many runs it is or what it is of them, count as one run, of
    /// which least is known.
    pub(super) fn sample(&self) -> Sample {
        let is_counted = !self.is_best() && self.uncounted_runs().is_none();
        let runs = self.theirs.run_count().filter(|_| is_counted).unwrap_or(1);
        Sample {
            value: self.theirs.value,
            runs: usize::try_from(runs).unwrap_or(usize::MAX),
            std: self.theirs.spread(),
            is_median: self.is_median(),
        }
    }

    /// How many runs there were where it is not said what the number is of them: their mean, their median, their best or one of them.
    pub(super) fn uncounted_runs(&self) -> Option<u64> {
        // Of several values that are there it is the mean.
        let is_said = self.theirs.statistic_in_words().is_some();
        self.theirs.made.runs.filter(|runs| !is_said && *runs > 1)
    }

    /// How far the means may lie apart: `--margin`, the reference's tolerance, or two points of a fraction.
    ///
    /// # Errors
    /// Of an error or loss, where none of the first two is given.
    pub(super) fn margin(&self, margins: &Margins) -> Result<f64, Error> {
        let given = margins.of(&self.metric, self.is_fraction());
        let default = || self.is_fraction().then_some(DEFAULT_MARGIN);
        given.or(self.theirs.tolerance).or_else(default).ok_or_else(|| {
            let key = glue_tasks::plain_key(&self.metric);
            let flag = if has_margin(key) { format!(", or --margin {key}=X") } else { String::new() };
            Error::input(format!(
                "{}: {} of {} is no fraction, and so no margin is usual: give a tolerance there{flag}",
                self.source, self.metric, self.task
            ))
        })
    }

    /// # Errors
    /// A number that is none of this metric, or contradicts what is said of it.
    pub(super) fn checked(self) -> Result<Self, Error> {
        if self.lacking.is_some() {
            return Ok(self);
        }
        let Self { task, metric, source, .. } = &self;
        let value = self.theirs.value;
        if self.is_fraction() && !(-1.0..=1.0).contains(&value) {
            let hint =
                if value.abs() <= 100.0 { format!(" (is {} meant?)", short(value / 100.0)) } else { String::new() };
            return Err(Error::input(format!(
                "{source}: {metric} of {task} is {value}, expected a fraction, not percent{hint}"
            )));
        }
        let tolerance = self.theirs.check_tolerance(metric);
        tolerance.map_err(|what| Error::input(format!("{source}: the tolerance of {task} {what}")))?;
        // Records have hashes of the program's own.
        let rows = if self.runs.is_empty() { self.theirs.check_rows() } else { Ok(()) };
        let theirs = rows.and_then(|()| self.theirs.check()).and_then(|()| self.theirs.check_range(metric));
        theirs.map_err(|what| Error::input(format!("{source}: {metric} of {task}: {what}")))?;
        Ok(self)
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
