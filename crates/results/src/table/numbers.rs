//! Numbers of the table: their means and intervals, and how they are written.

use crate::statistics::{DEFAULT_LEVEL, Summary};
use records::python_json::float_repr;

/// A fraction in percent with two decimals; `-` for what is undefined.
pub(super) fn percent(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "-".to_owned(), |value| format!("{:.2}", value * 100.0))
}

/// A fraction with all its digits; `-` for what is undefined.
pub(super) fn exact(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "-".to_owned(), float_repr)
}

#[expect(clippy::cast_precision_loss, reason = "a handful of tasks or seeds")]
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Student's interval of the mean over seeds; none for a single one.
pub(super) fn interval(values: &[f64]) -> Option<(f64, f64)> {
    Summary::of(values)?.confidence_interval(DEFAULT_LEVEL)
}

/// A score with half of its interval behind it, where it has one: in percent, that of an error as it is.
pub(super) fn with_half(score: String, interval: Option<(f64, f64)>, is_error: bool) -> String {
    match interval {
        None => score,
        Some((low, high)) if is_error => format!("{score} ±{:.4}", (high - low) / 2.0),
        Some((low, high)) => format!("{score} ±{:.2}", (high - low) * 50.0),
    }
}

/// Both ends of an interval as cells of a piped line.
pub(super) fn ends(interval: Option<(f64, f64)>) -> String {
    let ends = |(low, high): (f64, f64)| format!("\tlow={}\thigh={}", exact(Some(low)), exact(Some(high)));
    interval.map_or_else(String::new, ends)
}
