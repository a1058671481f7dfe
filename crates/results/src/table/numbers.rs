//! Numbers of the table: their means and intervals, and how they are written.

use crate::clipped::{Half, Range};
use crate::statistics::{DEFAULT_LEVEL, Summary};
use records::python_json::float_repr;

/// A fraction in percent with two decimals; `-` for what is undefined.
pub(super) fn percent(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "-".to_owned(), |value| format!("{:.2}", value * 100.0))
}

/// A fraction with all its digits; nothing for what is undefined.
pub(super) fn exact(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(String::new, float_repr)
}

#[expect(clippy::cast_precision_loss, reason = "a handful of tasks or seeds")]
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Student's interval of the mean over seeds; none for a single one.
pub(super) fn interval(values: &[f64]) -> Option<(f64, f64)> {
    Summary::of(values)?.confidence_interval(DEFAULT_LEVEL)
}

/// Half of an interval, or as much of it as there can be of what lies in a range: in percent, that of an error as it is. Nothing where
/// there is no interval.
pub(super) fn half(score: Option<f64>, interval: Option<(f64, f64)>, range: Option<Range>, is_error: bool) -> String {
    let text = |width: f64| if is_error { format!("{width:.4}") } else { format!("{:.2}", width * 100.0) };
    let half = score.zip(interval).map(|(mean, ends)| format!(" {}", Half::of(mean, ends, range, text)));
    half.unwrap_or_default()
}
