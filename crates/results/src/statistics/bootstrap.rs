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
            draw.rows(n).into_iter().map(|row| values[row]).sum::<f64>() / n as f64
        });
    }
    let resample = |mut code: usize| {
        let mut sum = 0.0;
        for _ in 0..n {
            sum += values[code % n];
            code /= n;
        }
        sum / n as f64
    };
    percentiles((0..n.pow(n as u32)).map(resample).collect(), level)
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
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some((quantile(&values, tail), quantile(&values, 1.0 - tail)))
}

/// The smallest value that the share of all values does not exceed: method 1 of Hyndman and Fan 1996, numpy's
/// `inverted_cdf`. Nothing lies between the values of a few seeds' resamples.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    // The level is a decimal: what is a whole number but for rounding is one.
    let place = (share * sorted.len() as f64 - 1e-9).ceil() as usize;
    sorted[place.clamp(1, sorted.len()) - 1]
}
