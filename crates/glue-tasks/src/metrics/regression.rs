//! Distances between numbers: MSE, RMSE, MAE.
//!
//! <https://scikit-learn.org/stable/modules/model_evaluation.html#regression-metrics>

use super::error::MetricError;
use super::lengths::check_lengths;

/// The mean of the squared differences.
///
/// # Errors
/// Columns of different lengths, or empty ones.
pub fn mse(predictions: &[f64], references: &[f64]) -> Result<f64, MetricError> {
    mean_of(predictions, references, |difference| difference * difference)
}

/// The square root of [`mse`].
///
/// # Errors
/// As [`mse`].
pub fn rmse(predictions: &[f64], references: &[f64]) -> Result<f64, MetricError> {
    mse(predictions, references).map(f64::sqrt)
}

/// The mean of the absolute differences.
///
/// # Errors
/// As [`mse`].
pub fn mae(predictions: &[f64], references: &[f64]) -> Result<f64, MetricError> {
    mean_of(predictions, references, f64::abs)
}

fn mean_of(predictions: &[f64], references: &[f64], of: impl Fn(f64) -> f64) -> Result<f64, MetricError> {
    check_lengths(predictions.len(), references.len())?;
    let sum: f64 = predictions.iter().zip(references).map(|(p, r)| of(p - r)).sum();
    Ok(sum / references.len() as f64)
}
