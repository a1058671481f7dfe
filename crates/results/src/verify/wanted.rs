//! A number to reproduce.

use glue_tasks::metrics::Metric;

use crate::statistics::Summary;
use records::Error;

/// What a published table calls a metric that it does not state.
pub(super) const UNSTATED: &str = "unstated";
/// The metric behind a name, without the split.
pub(super) fn metric(name: &str) -> Option<Metric> {
    Metric::from_key(glue_tasks::plain_key(name))
}

/// A number to reproduce.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Whose it is; `None`: of whatever model was run.
    pub(super) model: Option<String>,
    pub(super) task: String,
    pub(super) metric: String,
    pub(super) value: f64,
    pub(super) tolerance: Option<f64>,
    /// Where it is the mean of other runs.
    pub(super) runs: Option<Summary>,
    /// The smallest step of the numbers as they were published, such as 0.0001.
    pub(super) last_digit: f64,
    /// The file or table.
    pub(super) source: String,
}

impl Wanted {
    /// Whether it lies from -1 to 1: all metrics but the errors of a regression.
    pub(super) fn is_fraction(&self) -> bool {
        metric(&self.metric).is_some_and(|metric| metric.higher_is_better()) || self.metric == UNSTATED
    }

    /// Whether less is better.
    pub(super) fn lower_is_better(&self) -> bool {
        metric(&self.metric).is_some_and(|metric| !metric.higher_is_better())
    }

    /// # Errors
    /// A number that is none of this metric.
    pub(super) fn checked(self) -> Result<Self, Error> {
        let Self { task, metric, value, source, .. } = &self;
        if self.is_fraction() && !(-1.0..=1.0).contains(value) {
            let hint =
                if value.abs() <= 100.0 { format!(" (is {} meant?)", short(value / 100.0)) } else { String::new() };
            return Err(Error::input(format!(
                "{source}: {metric} of {task} is {value}, expected a fraction, not percent{hint}"
            )));
        }
        if let Some(tolerance) = self.tolerance
            && (tolerance < 0.0 || self.is_fraction() && tolerance > 1.0)
        {
            return Err(Error::input(format!(
                "{source}: the tolerance of {task} is {tolerance}, expected 0 to 1, such as 0.03 for three points"
            )));
        }
        Ok(self)
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
