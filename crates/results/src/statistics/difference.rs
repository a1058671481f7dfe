//! The difference of two means, each of a few runs, with its standard error.

use super::student_t::student_t_quantile;

/// The variance of a median of many draws of a normal distribution over that of their mean, `π / 2`; of few draws it is less
/// (<https://en.wikipedia.org/wiki/Median#Efficiency>).
const MEDIAN_VARIANCE: f64 = std::f64::consts::FRAC_PI_2;

/// A mean or a median of runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The mean, or the median.
    pub value: f64,
    /// Of how many runs, from 1.
    pub runs: usize,
    /// The standard deviation of the runs (divisor n - 1), not below 0; `None` where it is not known.
    pub std: Option<f64>,
    /// Whether the value is the median.
    pub is_median: bool,
}

impl Sample {
    /// The variance of the value, of runs with this standard deviation.
    fn variance(&self, std: f64) -> f64 {
        // Of one or two runs the median is the mean.
        let factor = if self.is_median && self.runs > 2 { MEDIAN_VARIANCE } else { 1.0 };
        factor * std * std / self.runs as f64
    }

    fn degrees(&self) -> f64 {
        self.runs.saturating_sub(1) as f64
    }
}

/// By how much one mean lies above another, as far as the runs tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The first value less the second.
    pub estimate: f64,
    /// The standard error of the estimate.
    pub standard_error: f64,
    /// The degrees of freedom of the standard error, above 0.
    pub degrees: f64,
}

impl Difference {
    /// The first sample's value less the second's.
    ///
    /// Of n and m runs with standard deviations s and σ the standard error is Welch's, `sqrt(s²/n + σ²/m)`
    /// (<https://www.itl.nist.gov/div898/handbook/eda/section3/eda353.htm>), and the degrees of freedom are those of the smaller side,
    /// `min(n, m) - 1`: Welch's own are too many for two or three runs beside ten, and wrong verdicts then come twice as often as they
    /// should (`verify/error_rates.rs` draws such cases).
    /// Where only one side has a spread, the other's is taken to be the same: `s sqrt(1/n + 1/m)` with n - 1 degrees of freedom, which for
    /// m = 1 is how far
    /// a single further run falls from the mean
    /// (<https://en.wikipedia.org/wiki/Prediction_interval#Unknown_mean,_unknown_variance>). `None` where neither has one.
    #[must_use]
    pub fn of(first: &Sample, second: &Sample) -> Option<Self> {
        let known = |sample: &Sample| sample.std.filter(|_| sample.runs > 1);
        let (variance, degrees) = match (known(first), known(second)) {
            (Some(s), Some(sigma)) => {
                (first.variance(s) + second.variance(sigma), first.degrees().min(second.degrees()))
            }
            (Some(s), None) => (first.variance(s) + second.variance(s), first.degrees()),
            (None, Some(sigma)) => (first.variance(sigma) + second.variance(sigma), second.degrees()),
            (None, None) => return None,
        };
        Some(Self { estimate: first.value - second.value, standard_error: variance.sqrt(), degrees })
    }

    /// How far the true difference lies from the estimate at most, to one side, with this probability; `None` for a probability outside
    /// (0, 1).
    #[must_use]
    pub fn half_width(&self, probability: f64) -> Option<f64> {
        Some(student_t_quantile(probability, self.degrees)? * self.standard_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(value: f64, runs: usize, std: f64) -> Sample {
        Sample { value, runs, std: (runs > 1).then_some(std), is_median: false }
    }

    /// By hand, with t of two degrees of freedom from a table, 2.9200 of 95 %.
    #[test]
    fn standard_errors_are_those_of_the_formulas() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        let ours = mean(0.65, 3, 0.01);
        let one = Difference::of(&ours, &mean(0.6, 1, 0.0)).unwrap();
        near(one.estimate, 0.05);
        near(one.half_width(0.95).unwrap(), 2.919_986 * 0.01 * (4.0 / 3.0_f64).sqrt());
        // The other way round: their spread is taken.
        let other = Difference::of(&mean(0.6, 1, 0.0), &ours).unwrap();
        assert_eq!((other.standard_error, other.degrees), (one.standard_error, 2.0));
        let both = Difference::of(&ours, &mean(0.6, 9, 0.03)).unwrap();
        near(both.standard_error, (1e-4 / 3.0 + 9e-4 / 9.0_f64).sqrt());
        assert_eq!(both.degrees, 2.0, "of the smaller side");
        assert_eq!(Difference::of(&mean(0.6, 1, 0.0), &mean(0.5, 1, 0.0)), None);
        let same = Difference::of(&mean(0.6, 2, 0.0), &mean(0.5, 2, 0.0)).unwrap();
        assert_eq!((same.standard_error, same.degrees), (0.0, 1.0));
    }

    #[test]
    fn a_median_is_less_sure_than_a_mean() {
        let theirs = Sample { is_median: true, ..mean(0.6, 5, 0.01) };
        let error = Difference::of(&mean(0.65, 3, 0.01), &theirs).unwrap().standard_error;
        let expected = (1e-4 / 3.0 + std::f64::consts::FRAC_PI_2 * 1e-4 / 5.0_f64).sqrt();
        assert!((error - expected).abs() < 1e-12);
        let of_two = Sample { is_median: true, ..mean(0.6, 2, 0.01) };
        assert_eq!(Difference::of(&of_two, &of_two), Difference::of(&mean(0.6, 2, 0.01), &mean(0.6, 2, 0.01)));
    }
}
