//! What a comparison gives, as a row of a table and as JSON.

use serde_json::{Value, json};

/// A tensor or a series of numbers beside its reference.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    /// `operation`, `step`, `run`.
    pub(super) group: &'static str,
    /// The name of an operation, a family or a run.
    pub(super) case: String,
    /// Which of its results: an output, a gradient, the losses.
    pub(super) part: String,
    /// What it is compared with.
    pub(super) reference: &'static str,
    pub(super) difference: Difference,
    /// Of the relative difference.
    pub(super) limit: f64,
    /// Of the whole case on the backend, kernels compiled included.
    pub(super) seconds: f64,
    /// Why there is nothing to compare.
    pub(super) failure: Option<String>,
}

/// How far two arrays are from each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) absolute: f64,
    pub(super) relative: f64,
}

impl Difference {
    /// Nothing to compare.
    pub(super) const NONE: Self = Self { absolute: f64::INFINITY, relative: f64::INFINITY };

    /// The largest difference of two elements, and relative to the largest element of `expected`, or to `floor` where
    /// that is larger. Arrays of other lengths, and numbers that are none, differ infinitely.
    pub(super) fn of(values: &[f32], expected: &[f32], floor: f64) -> Self {
        if values.len() != expected.len() {
            return Self::NONE;
        }
        let mut absolute = 0.0f64;
        for (&a, &b) in values.iter().zip(expected) {
            let difference = (f64::from(a) - f64::from(b)).abs();
            absolute = if difference.is_nan() { f64::INFINITY } else { absolute.max(difference) };
        }
        let scale = largest(expected).max(floor);
        Self { absolute, relative: if absolute == 0.0 { 0.0 } else { absolute / scale } }
    }

    /// The largest difference of two numbers, and of two numbers relative to the expected one.
    pub(super) fn of_series(values: &[f64], expected: &[f64]) -> Self {
        if values.len() != expected.len() {
            return Self::NONE;
        }
        let worst = |relative: bool| {
            values.iter().zip(expected).fold(0.0f64, |worst, (&a, &b)| {
                let difference = (a - b).abs() / if relative { b.abs().max(1e-12) } else { 1.0 };
                if difference.is_nan() { f64::INFINITY } else { worst.max(difference) }
            })
        };
        Self { absolute: worst(false), relative: worst(true) }
    }
}

/// The largest absolute value.
pub(super) fn largest(values: &[f32]) -> f64 {
    values.iter().fold(0.0f64, |largest, &value| largest.max(f64::from(value).abs()))
}

impl Comparison {
    pub(super) fn is_ok(&self) -> bool {
        self.failure.is_none() && self.difference.relative <= self.limit
    }

    pub(super) fn json(&self) -> Value {
        // Infinities are no JSON.
        let finite = |value: f64| value.is_finite().then_some(value);
        json!({
            "group": self.group,
            "case": self.case,
            "part": self.part,
            "reference": self.reference,
            "absolute": finite(self.difference.absolute),
            "relative": finite(self.difference.relative),
            "limit": self.limit,
            "ok": self.is_ok(),
            "seconds": self.seconds,
            "failure": self.failure,
        })
    }

    fn cells(&self) -> [String; 6] {
        let number = |value: f64| if value.is_finite() { format!("{value:.1e}") } else { "-".to_owned() };
        let verdict = if self.is_ok() { "ok" } else { "MISS" };
        [
            format!("{}: {}", self.case, self.part),
            number(self.difference.absolute),
            number(self.difference.relative),
            number(self.limit),
            self.failure.as_ref().map_or_else(|| verdict.to_owned(), |failure| format!("{verdict}: {failure}")),
            format!("{:.3}", self.seconds),
        ]
    }
}

/// Heads of the columns.
const HEADS: [&str; 6] = ["case", "absolute", "relative", "limit", "", "seconds"];

/// One line a comparison, under heads, numbers to the right.
pub(super) fn table(comparisons: &[Comparison]) -> String {
    let rows: Vec<[String; 6]> =
        std::iter::once(HEADS.map(str::to_owned)).chain(comparisons.iter().map(Comparison::cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let [case, absolute, relative, limit, verdict, seconds] = row;
        format!(
            "{case:<0$}  {absolute:>1$}  {relative:>2$}  {limit:>3$}  {verdict:<4$}  {seconds}\n",
            widths[0], widths[1], widths[2], widths[3], widths[4]
        )
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_relative_to_the_largest_element() {
        let difference = Difference::of(&[1.0, -3.5, 0.0], &[1.0, -4.0, 0.25], 0.0);
        assert_eq!(difference, Difference { absolute: 0.5, relative: 0.125 });
        assert_eq!(Difference::of(&[1e-9], &[0.0], 1e-3).relative as f32, 1e-6);
        assert_eq!(Difference::of(&[0.0], &[0.0], 0.0).relative, 0.0);
        for values in [&[f32::NAN][..], &[f32::INFINITY], &[1.0, 1.0]] {
            assert_eq!(Difference::of(values, &[1.0], 0.0).relative, f64::INFINITY, "{values:?}");
        }
    }

    #[test]
    fn series_are_compared_one_by_one() {
        let difference = Difference::of_series(&[1.0, 110.0], &[2.0, 100.0]);
        assert_eq!(difference, Difference { absolute: 10.0, relative: 0.5 });
        assert_eq!(Difference::of_series(&[f64::NAN, 1.0], &[1.0, 1.0]).absolute, f64::INFINITY);
    }

    #[test]
    fn the_table_says_which_miss() {
        let comparison = |relative, failure: Option<&str>| Comparison {
            group: "operation",
            case: "linear".to_owned(),
            part: "output".to_owned(),
            reference: "cpu",
            difference: Difference { absolute: 0.5, relative },
            limit: 1e-3,
            seconds: 0.25,
            failure: failure.map(str::to_owned),
        };
        let text = table(&[comparison(1e-3, None), comparison(2e-3, None), comparison(0.0, Some("it broke"))]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("1.0e-3  1.0e-3  ok "), "{text}");
        assert!(lines[2].contains("2.0e-3  1.0e-3  MISS "), "{text}");
        assert!(lines[3].contains("MISS: it broke"), "{text}");
        assert_eq!(comparison(f64::INFINITY, None).json()["relative"], Value::Null);
    }
}
