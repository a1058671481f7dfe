//! Whether a published number, its spread and the numbers of its runs are ones that their metric can have: tables are often in percent.

use super::value::{PublishedValue, Statistic, last_digit};
use crate::credible::range_named;

/// What a table calls a metric that it does not state.
pub(crate) const UNSTATED: &str = "unstated";

/// Room for rounding.
const ROOM: f64 = 1e-6;

/// What numbers of a metric lie between; one that is not stated is a fraction. `None` of names that are not known.
fn range(metric: &str) -> Option<(f64, f64)> {
    if metric == UNSTATED { Some((-1.0, 1.0)) } else { range_named(metric) }
}

/// Whether two means may lie so far apart and still count as the same: no more than a fraction has between nothing and all. Errors and
/// losses have no end.
pub(crate) fn is_margin(value: f64, is_fraction: bool) -> bool {
    value.is_finite() && value >= 0.0 && (!is_fraction || value <= 1.0)
}

impl PublishedValue {
    /// # Errors
    /// What the tolerance of a number of this metric cannot be, in words that go on from its name.
    pub(crate) fn check_tolerance(&self, metric: &str) -> Result<(), String> {
        let is_fraction = range(metric).is_some_and(|(_, high)| high.is_finite());
        let expected = if is_fraction { "0 to 1, such as 0.03 for three points" } else { "0 or more" };
        match self.tolerance {
            Some(tolerance) if !is_margin(tolerance, is_fraction) => {
                Err(format!("is {tolerance}, expected {expected}"))
            }
            _ => Ok(()),
        }
    }

    /// # Errors
    /// What a number of this metric cannot be, in words.
    pub(crate) fn check_range(&self, metric: &str) -> Result<(), String> {
        let Some((low, high)) = range(metric) else { return Ok(()) };
        let expected = if high.is_finite() { format!("{low} to {high}") } else { format!("{low} or more") };
        let is_within = |value: f64| value >= low - ROOM && value <= high + ROOM;
        if !is_within(self.value) {
            return Err(format!("value is {}, expected {expected}{}", self.value, meant(self.value, is_within)));
        }
        if let Some(value) = self.values.iter().find(|value| !is_within(**value)) {
            return Err(format!("values has {value} in it, expected {expected}{}", meant(*value, is_within)));
        }
        // The spread is rounded as the number is.
        let is_too_wide = |spread: f64, most: f64| spread > most + last_digit([spread].into_iter()) + ROOM;
        if let (Some(std), Some(most)) = (self.standard_deviation, self.most_deviation(low, high))
            && is_too_wide(std, most)
        {
            let hint = meant(std, |std| !is_too_wide(std, most));
            return Err(format!(
                "standard_deviation is {std}, and that of such numbers from {low} to {high} is {most:.4} at most{hint}"
            ));
        }
        if let Some(half) = self.plus_minus.filter(|half| !(0.0..=high - low).contains(half)) {
            let hint = meant(half, |half| half <= high - low);
            return Err(format!("plus_minus is {half}, expected no more than lies between {low} and {high}{hint}"));
        }
        Ok(())
    }

    /// The largest standard deviation of so many numbers within two ends: `(high - low) / 2`
    /// (<https://en.wikipedia.org/wiki/Popoviciu%27s_inequality_on_variances>), and with the mean m `sqrt((high - m) (m - low))`
    /// (<https://en.wikipedia.org/wiki/Bhatia%E2%80%93Davis_inequality>), each times `sqrt(n / (n - 1))` of a sample of n.
    fn most_deviation(&self, low: f64, high: f64) -> Option<f64> {
        let runs = self.run_count().filter(|runs| *runs > 1 && high.is_finite())? as f64;
        let middle = f64::midpoint(low, high);
        let mean = match self.made.statistic {
            // The number is rounded.
            Some(Statistic::Mean) if self.value > middle => {
                (self.value - last_digit([self.value].into_iter())).max(middle)
            }
            Some(Statistic::Mean) => (self.value + last_digit([self.value].into_iter())).min(middle),
            _ => middle,
        };
        Some(((high - mean) * (mean - low) * runs / (runs - 1.0)).sqrt())
    }
}

/// ` (is 0.012 meant?)` of 1.2, where that can be.
fn meant(value: f64, can_be: impl Fn(f64) -> bool) -> String {
    let fraction = value / 100.0;
    if value > 0.0 && can_be(fraction) {
        format!("; expected a fraction, not percent (is {fraction} meant?)")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_metric_cannot_have_is_found() {
        let check = |text: &str, metric: &str| {
            serde_json::from_str::<PublishedValue>(text).unwrap().check_range(metric).err().unwrap_or_default()
        };
        for (text, metric, expected) in [
            (r#"{"value": 0.9, "standard_deviation": 1.2, "runs": 5}"#, "accuracy", "(is 0.012 meant?)"),
            (r#"{"value": 0.5, "standard_deviation": 0.7182, "runs": 2}"#, "accuracy", "is 0.7071 at most"),
            (r#"{"value": 0.5, "standard_deviation": 0.73, "runs": 2}"#, "accuracy", "is 0.7071 at most"),
            // The mean tells more.
            (r#"{"value": 0.9, "standard_deviation": 0.5, "runs": 5, "statistic": "mean"}"#, "f1", "(is 0.005 meant?)"),
            (r#"{"value": 0.8, "standard_deviation": 1.2, "runs": 5}"#, "pearson", "is 1.1180 at most"),
            (r#"{"value": 0.8, "standard_deviation": 1.2, "runs": 5}"#, "unstated", "(is 0.012 meant?)"),
            (r#"{"value": 0.8, "values": [80, 81], "statistic": "best"}"#, "accuracy", "values has 80 in it"),
            (r#"{"value": 0.8, "plus_minus": 1.3}"#, "accuracy_mm", "plus_minus is 1.3"),
            (r#"{"value": -0.3}"#, "accuracy", "value is -0.3, expected 0 to 1"),
            (r#"{"value": -0.3}"#, "loss", "value is -0.3, expected 0 or more"),
        ] {
            let error = check(text, metric);
            assert!(error.contains(expected), "{text}: {error}");
        }
        for (text, metric) in [
            // Of two runs, one at each end.
            (r#"{"value": 0.5, "standard_deviation": 0.7071, "runs": 2, "statistic": "mean"}"#, "accuracy"),
            (r#"{"value": 0.5, "standard_deviation": 0.71, "runs": 2, "statistic": "mean"}"#, "accuracy"),
            (r#"{"value": 0.5, "standard_deviation": 0.708, "runs": 2, "statistic": "mean"}"#, "accuracy"),
            (r#"{"value": 1.0, "standard_deviation": 0.01, "runs": 5, "statistic": "mean"}"#, "accuracy"),
            (r#"{"value": 40.0, "standard_deviation": 12.5, "runs": 5}"#, "mse"),
            (r#"{"value": 0.8, "standard_deviation": 12.5, "runs": 5}"#, "a metric of one's own"),
        ] {
            assert_eq!(check(text, metric), "", "{text}");
        }
    }
}
