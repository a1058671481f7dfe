//! One number over several seeds, condensed.

use super::student_t::student_t_quantile;

/// Mean, spread and extremes of a number over several seeds.
///
/// A NaN among the values makes every statistic NaN: a run that collapsed must show, not vanish in an average.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Summary {
    /// How many values there are.
    pub count: usize,
    /// The arithmetic mean.
    pub mean: f64,
    /// The sample standard deviation (divisor n - 1); none for a single value.
    pub std: Option<f64>,
    /// The middle value, or the mean of the two in the middle.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

impl Summary {
    /// The statistics of some values; none for no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (count, &min, &max) = (sorted.len(), sorted.first()?, sorted.last()?);
        if sorted.iter().any(|value| value.is_nan()) {
            let std = (count > 1).then_some(f64::NAN);
            return Some(Self { count, mean: f64::NAN, std, median: f64::NAN, min: f64::NAN, max: f64::NAN });
        }
        let mean = sorted.iter().sum::<f64>() / count as f64;
        let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
        let median = f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]);
        let std = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        Some(Self { count, mean, std, median, min, max })
    }

    /// The interval `mean ± t(level, n - 1) · std / sqrt(n)`, for a level such as 0.95; none for a single value or a
    /// level outside (0, 1).
    ///
    /// Student's t and not the normal distribution, since seeds are few:
    /// <https://www.itl.nist.gov/div898/handbook/eda/section3/eda352.htm>.
    pub fn confidence_interval(&self, level: f64) -> Option<(f64, f64)> {
        let t = student_t_quantile(f64::midpoint(1.0, level), self.count.checked_sub(1)? as f64)?;
        let half = t * self.std? / (self.count as f64).sqrt();
        Some((self.mean - half, self.mean + half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_no_spread() {
        let one = Summary::of(&[0.5]).unwrap();
        assert_eq!((one.mean, one.std, one.median, one.min, one.max), (0.5, None, 0.5, 0.5, 0.5));
        assert_eq!(one.confidence_interval(0.95), None);
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn a_collapsed_run_shows() {
        let summary = Summary::of(&[0.8, f64::NAN, 0.9]).unwrap();
        assert!(summary.mean.is_nan() && summary.median.is_nan() && summary.min.is_nan() && summary.max.is_nan());
        assert!(summary.std.is_some_and(f64::is_nan));
    }

    #[test]
    fn equal_values_have_an_interval_of_width_zero() {
        let same = Summary::of(&[0.25; 4]).unwrap();
        assert_eq!(same.confidence_interval(0.95), Some((0.25, 0.25)));
        assert_eq!(same.confidence_interval(1.0), None);
        assert_eq!(same.confidence_interval(f64::NAN), None);
    }
}
