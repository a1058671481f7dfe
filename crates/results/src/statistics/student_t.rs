//! Quantiles, for confidence intervals over a handful of seeds.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The value below which a t-distributed number with `degrees` degrees of freedom lies with this probability.
///
/// None for degrees that are not above 0, or a probability outside (0, 1); Welch's degrees are no whole number. As near to `scipy.stats.t.ppf` as 1e-11 up to 100
/// degrees, and 1e-8 up to 1000; what has more is [`normal_quantile`]'s.
#[must_use]
pub fn student_t_quantile(probability: f64, degrees: f64) -> Option<f64> {
    let is_between = probability > 0.0 && probability < 1.0;
    let distribution = StudentsT::new(0.0, 1.0, degrees).ok()?;
    is_between.then(|| distribution.inverse_cdf(probability))
}

/// The value below which a number of the standard normal distribution lies with this probability; none for a probability
/// outside (0, 1).
#[must_use]
pub fn normal_quantile(probability: f64) -> Option<f64> {
    (probability > 0.0 && probability < 1.0).then(|| Normal::standard().inverse_cdf(probability))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_two_degrees_have_closed_forms() {
        // Cauchy: tan(π (p - 1/2)); two degrees: (2p - 1) / sqrt(2 p (1 - p)).
        for p in [0.5, 0.6, 0.9, 0.975, 0.995, 0.25] {
            let cauchy = (std::f64::consts::PI * (p - 0.5)).tan();
            let two = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
            assert!((student_t_quantile(p, 1.0).unwrap() - cauchy).abs() < 1e-9 * cauchy.abs().max(1.0), "{p}");
            assert!((student_t_quantile(p, 2.0).unwrap() - two).abs() < 1e-9 * two.abs().max(1.0), "{p}");
        }
    }

    #[test]
    fn what_is_no_probability_has_no_quantile() {
        for (p, degrees) in [(0.0, 3.0), (1.0, 3.0), (f64::NAN, 3.0), (0.9, 0.0), (0.9, f64::NAN)] {
            assert_eq!(student_t_quantile(p, degrees), None);
        }
        assert_eq!([0.0, 1.0, f64::NAN].map(normal_quantile), [None; 3]);
    }

    #[test]
    fn the_normal_quantiles_are_those_of_the_tables() {
        for (p, z) in [(0.975, 1.959_963_984_540_054), (0.995, 2.575_829_303_548_901), (0.5, 0.0)] {
            assert!((normal_quantile(p).unwrap() - z).abs() < 1e-14, "{p}");
        }
    }
}
