//! Pearson's and Spearman's correlation, as scipy computes them.

use super::error::MetricError;
use super::lengths::check_lengths;

/// Pearson's correlation.
///
/// NaN where it is undefined: a constant column, a single row, or a NaN or infinity in either column. scipy returns
/// NaN for all of these but the single row, for which it raises:
/// <https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.pearsonr.html>.
///
/// # Errors
/// Columns of different lengths, or empty ones.
pub fn pearson(predictions: &[f64], references: &[f64]) -> Result<f64, MetricError> {
    check_lengths(predictions.len(), references.len())?;
    // Tested on the values themselves, as scipy does: the deviations of a constant column may come out as 1e-17.
    if is_constant(predictions) || is_constant(references) {
        return Ok(f64::NAN);
    }
    let (x, y) = (unit_deviations(predictions), unit_deviations(references));
    let r: f64 = x.iter().zip(&y).map(|(a, b)| a * b).sum();
    Ok(r.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation: Pearson's correlation of the ranks, equal values sharing their average rank.
///
/// NaN where it is undefined: a constant column, a single row, or a NaN in either column:
/// <https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.spearmanr.html>.
///
/// # Errors
/// Columns of different lengths, or empty ones.
pub fn spearman(predictions: &[f64], references: &[f64]) -> Result<f64, MetricError> {
    check_lengths(predictions.len(), references.len())?;
    if predictions.iter().chain(references).any(|value| value.is_nan()) {
        return Ok(f64::NAN);
    }
    pearson(&average_ranks(predictions), &average_ranks(references))
}

/// Ranks from 1; equal values get the mean of the ranks that they would share.
///
/// `scipy.stats.rankdata(method="average")`:
/// <https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.rankdata.html>.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    // `==` makes -0.0 and 0.0 one run, as numpy does; total_cmp puts them next to each other.
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        // The ranks start + 1 to start + len have this mean, which is exact in f64.
        let rank = start as f64 + (run.len() as f64 + 1.0) / 2.0;
        for &row in run {
            ranks[row] = rank;
        }
        start += run.len();
    }
    ranks
}

fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

/// Deviations from the mean, scaled to length 1.
///
/// Two passes, and the mean of the first pass's deviations is taken off again: with values like 1e8 + 1e-6 the rounding
/// of the mean is as large as the deviations (Chan, Golub & LeVeque 1983, "Algorithms for Computing the Sample
/// Variance", <https://doi.org/10.1080/00031305.1983.10483115>). scipy only warns there (`NearConstantInputWarning`).
/// The largest deviation is divided out before squaring, as scipy does, so that nothing overflows or vanishes.
fn unit_deviations(values: &[f64]) -> Vec<f64> {
    let mut deviations = values.to_vec();
    for _ in 0..2 {
        let mean = mean(&deviations);
        deviations.iter_mut().for_each(|value| *value -= mean);
    }
    let largest = deviations.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    deviations.iter_mut().for_each(|value| *value /= largest);
    let norm = deviations.iter().map(|value| value * value).sum::<f64>().sqrt();
    deviations.iter_mut().for_each(|value| *value /= norm);
    deviations
}

/// The mean, each value divided first only where the sum would overflow.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    if sum.is_finite() { sum / n } else { values.iter().map(|value| value / n).sum() }
}
