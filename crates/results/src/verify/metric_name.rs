//! What metrics are called in references.

use crate::compare::is_loss;
use crate::compare::published::UNSTATED;
use glue_tasks::metrics::{COMBINED_SCORE, Metric};

/// Whether `--margin` may be given for this name.
pub(super) fn has_margin(name: &str) -> bool {
    metric(name).is_some() || is_loss(name) || glue_tasks::plain_key(name) == COMBINED_SCORE
}

/// Whether numbers of this name lie from -1 to 1: all metrics but the errors of a regression.
pub(super) fn is_fraction(name: &str) -> bool {
    metric(name).is_some_and(Metric::higher_is_better)
        || name == UNSTATED
        || glue_tasks::plain_key(name) == COMBINED_SCORE
}

/// The metric behind a name, without the split.
pub(super) fn metric(name: &str) -> Option<Metric> {
    Metric::from_key(glue_tasks::plain_key(name))
}
