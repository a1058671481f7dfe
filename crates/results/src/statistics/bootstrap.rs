//! Percentile bootstrap: Efron and Tibshirani 1993, chapter 13, and
//! <https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.bootstrap.html>.

use super::draw::Draw;
use super::level::is_level;

/// How many resamples are drawn, as scipy has it.
pub const RESAMPLES: usize = 9999;

/// Up to this many values, every possible resample is taken in place of draws: `6^6 = 46656`.
const ALL_RESAMPLES: usize = 6;

/// The interval of the mean of some values; none for fewer than two, a value that is no number, or a level outside (0, 1).
///
/// With few values it is narrower than Student's (`Summary::confidence_interval`): three seeds have 27 resamples.
#[must_use]
pub fn bootstrap_mean_interval(values: &[f64], level: f64) -> Option<(f64, f64)> {
    let n = values.len();
    if n < 2 || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    if n > ALL_RESAMPLES {
        return bootstrap_interval(level, RESAMPLES, |draw| {
            (0..n).map(|_| values[draw.below(n)]).sum::<f64>() / n as f64
        });
    }
    // The sums of all choices of one value, of two, and so on.
    let more = |sums: Vec<f64>| -> Vec<f64> {
        sums.iter().flat_map(|sum| values.iter().map(move |value| sum + value)).collect()
    };
    let sums = (0..n).fold(vec![0.0], |sums, _| more(sums));
    percentiles(sums.into_iter().map(|sum| sum / n as f64).collect(), level)
}

/// The interval of any statistic: `statistic` draws rows and says what it is on them. None where it is no number on some
/// of them, such as a correlation of equal values, or for a level outside (0, 1).
pub fn bootstrap_interval(
    level: f64,
    resamples: usize,
    mut statistic: impl FnMut(&mut Draw) -> f64,
) -> Option<(f64, f64)> {
    let mut draw = Draw::new(0);
    percentiles((0..resamples).map(|_| statistic(&mut draw)).collect(), level)
}

fn percentiles(mut values: Vec<f64>, level: f64) -> Option<(f64, f64)> {
    if !is_level(level) || values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    Some((quantile(&mut values, tail), quantile(&mut values, 1.0 - tail)))
}

/// The smallest value that the share of all values does not exceed: method 1 of Hyndman and Fan 1996, numpy's
/// `inverted_cdf`. Nothing lies between the values of a few seeds' resamples.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    // The level is a decimal: what is a whole number but for rounding is one.
    let place = (share * values.len() as f64 - 1e-9).ceil() as usize;
    let place = place.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}
