//! A published number and how it was made.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::statistics::Summary;

/// Of a hash of rows.
const SHA256_DIGITS: usize = 64;

/// What a published number is of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The number of one run.
    Single,
    /// The mean of several runs.
    Mean,
    /// The median of several runs.
    Median,
    /// The best of several runs or settings.
    Best,
}

/// How a number was made, as far as its source says. What a number leaves out holds of its row, then of its table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Circumstances {
    /// What it is of its runs.
    pub statistic: Option<Statistic>,
    /// Of how many runs, from 1.
    pub runs: Option<u64>,
    /// What the training started from where that was not the model itself, such as `MNLI`.
    pub initialisation: Option<String>,
    /// Settings of the training, in words.
    pub recipe: Option<String>,
    /// The split that was scored.
    pub split: Option<String>,
    /// Address of whoever published it.
    pub source: Option<String>,
}

impl Circumstances {
    /// These, filled up from what holds of more.
    pub(super) fn or(self, wider: &Self) -> Self {
        let text = |own: Option<String>, wider: &Option<String>| own.or_else(|| wider.clone());
        // How many runs there were goes with what was made of them.
        let runs = if self.statistic.is_some() { self.runs } else { self.runs.or(wider.runs) };
        Self {
            statistic: self.statistic.or(wider.statistic),
            runs,
            initialisation: text(self.initialisation, &wider.initialisation),
            recipe: text(self.recipe, &wider.recipe),
            split: text(self.split, &wider.split),
            source: text(self.source, &wider.source),
        }
    }
}

/// A published number.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PublishedValue {
    /// A fraction, or an error of a regression.
    pub value: f64,
    /// How it was made.
    #[serde(flatten)]
    pub made: Circumstances,
    /// Sample standard deviation of the runs, in the unit of the number.
    pub standard_deviation: Option<f64>,
    /// What stands behind a ± that the source does not explain, in the unit of the number; it is shown and not computed with.
    pub plus_minus: Option<f64>,
    /// The number of every run, where all of them were published.
    #[serde(default, deserialize_with = "some_values")]
    pub values: Vec<f64>,
    /// How far another mean may lie from it and still count as the same, in the unit of the number.
    pub tolerance: Option<f64>,
    /// How many rows were scored.
    pub rows: Option<u64>,
    /// SHA-256 of the rows, as records have it.
    pub rows_sha256: Option<String>,
}

/// A list that is there has something in it.
fn some_values<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::deserialize(from)?;
    if values.is_empty() {
        return Err(D::Error::custom(
            "values is empty, expected the number of every run; leave the field out where they are not known",
        ));
    }
    Ok(values)
}

impl PublishedValue {
    /// A bare number, of which nothing else is known.
    pub(super) fn bare(value: f64) -> Self {
        Self { value, ..Self::default() }
    }

    /// How many runs it is of, where that is known.
    #[must_use]
    pub fn run_count(&self) -> Option<u64> {
        match self.values.len() {
            0 if self.made.statistic == Some(Statistic::Single) => Some(1),
            0 => self.made.runs,
            count => Some(count as u64),
        }
    }

    /// What the number is of its runs, in words: `median of 5`; nothing where that is not known. Of several values that are there it is the
    /// mean where nothing else is said.
    #[must_use]
    pub fn statistic_in_words(&self) -> Option<String> {
        let of_values = (self.values.len() > 1).then_some(Statistic::Mean);
        let word = match self.made.statistic.or(of_values)? {
            Statistic::Single => return Some("one run".to_owned()),
            Statistic::Mean => "mean",
            Statistic::Median => "median",
            Statistic::Best => "best",
        };
        Some(self.run_count().map_or_else(|| word.to_owned(), |runs| format!("{word} of {runs}")))
    }

    /// The standard deviation of its runs, where it was published or follows from what was.
    #[must_use]
    pub fn spread(&self) -> Option<f64> {
        Summary::of(&self.values).and_then(|summary| summary.std).or(self.standard_deviation)
    }

    /// # Errors
    /// What its rows cannot be, in words: a number without rows, or a hash of another kind, which would be one of other rows.
    pub(crate) fn check_rows(&self) -> Result<(), String> {
        if self.rows == Some(0) {
            return Err("rows is 0, expected 1 or more".to_owned());
        }
        let is_sha256 =
            |hash: &String| hash.len() == SHA256_DIGITS && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        match self.rows_sha256.as_ref().filter(|hash| !is_sha256(hash)) {
            Some(hash) => Err(format!(
                "rows_sha256 is {hash:?}, expected the {SHA256_DIGITS} hexadecimal digits of SHA-256, as records have it in dataset.splits"
            )),
            None => Ok(()),
        }
    }

    /// # Errors
    /// What contradicts itself, in words.
    pub fn check(&self) -> Result<(), String> {
        let runs = self.made.runs;
        if runs == Some(0) {
            return Err("runs is 0, expected 1 or more".to_owned());
        }
        let of_several = runs.is_some_and(|runs| runs > 1) || self.values.len() > 1;
        if self.made.statistic == Some(Statistic::Single) && of_several {
            return Err("statistic is single, and there are several runs; expected mean, median or best".to_owned());
        }
        if let Some(std) = self.standard_deviation {
            if !std.is_finite() || std < 0.0 {
                return Err(format!("standard_deviation is {std}, expected 0 or more"));
            }
            if self.run_count().is_none_or(|runs| runs < 2) {
                return Err(
                    "standard_deviation says nothing without runs: give how many there were, 2 or more".to_owned()
                );
            }
        }
        let Some(all) = Summary::of(&self.values) else { return Ok(()) };
        if runs.is_some_and(|runs| runs != self.values.len() as u64) {
            return Err(format!("runs is {}, and there are {} values", runs.unwrap_or_default(), self.values.len()));
        }
        let (word, of_all) = match self.made.statistic {
            None | Some(Statistic::Mean) => ("mean", all.mean),
            Some(Statistic::Median) => ("median", all.median),
            Some(Statistic::Single | Statistic::Best) => return Ok(()),
        };
        // The number is rounded.
        if (of_all - self.value).abs() > last_digit([self.value].into_iter()) {
            return Err(format!("value is {}, and the {word} of its values is {of_all:.6}", self.value));
        }
        Ok(())
    }
}

/// Numbers have at least so many digits; JSON drops the zeros at the end.
const LEAST_DIGITS: usize = 2;

/// The smallest step of numbers of one table, such as 0.0001: all have as many digits as the one with the most.
pub(crate) fn last_digit(values: impl Iterator<Item = f64>) -> f64 {
    let digits = |value: f64| value.to_string().split_once('.').map_or(0, |(_, digits)| digits.len());
    10f64.powi(-(values.map(digits).max().unwrap_or(0).clamp(LEAST_DIGITS, 15) as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_is_that_of_the_whole_table() {
        for (values, expected) in [(&[0.9, 0.8407][..], 1e-4), (&[1.0], 1e-2), (&[0.5], 1e-2), (&[0.875], 1e-3)] {
            assert!((last_digit(values.iter().copied()) / expected - 1.0).abs() < 1e-12, "{values:?}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_found() {
        let read = |text: &str| serde_json::from_str::<PublishedValue>(text).unwrap();
        for (text, part) in [
            (r#"{"value": 0.8, "runs": 0}"#, "runs is 0"),
            (r#"{"value": 0.8, "statistic": "single", "runs": 3}"#, "there are several runs"),
            (r#"{"value": 0.8, "standard_deviation": -0.1, "runs": 3}"#, "expected 0 or more"),
            (r#"{"value": 0.8, "standard_deviation": 0.1}"#, "says nothing without runs"),
            (r#"{"value": 0.8, "standard_deviation": 0.1, "runs": 1}"#, "says nothing without runs"),
            (r#"{"value": 0.8, "values": [0.7, 0.9], "runs": 3}"#, "there are 2 values"),
            (r#"{"value": 0.85, "values": [0.7, 0.9]}"#, "the mean of its values is 0.800000"),
        ] {
            assert!(read(text).check().unwrap_err().contains(part), "{text}");
        }
        let fine = read(r#"{"value": 0.8, "values": [0.7, 0.9], "statistic": "mean"}"#);
        assert_eq!(fine.check(), Ok(()));
        assert!((fine.spread().unwrap() - 0.02_f64.sqrt()).abs() < 1e-12 && fine.run_count() == Some(2));
        assert!(serde_json::from_str::<PublishedValue>(r#"{"value": 0.8, "statistic": "most"}"#).is_err());
        let error = serde_json::from_str::<PublishedValue>(r#"{"value": 0.8, "values": []}"#).unwrap_err().to_string();
        assert!(error.starts_with("values is empty, expected the number of every run"), "{error}");
    }

    #[test]
    fn rows_are_some_and_their_hash_is_whole() {
        let check = |field: &str, value: serde_json::Value| {
            serde_json::from_value::<PublishedValue>(serde_json::json!({"value": 0.8, field: value}))
                .unwrap()
                .check_rows()
        };
        assert!(check("rows", 0.into()).is_err_and(|what| what == "rows is 0, expected 1 or more"));
        for wrong in ["", "ab", &"g".repeat(64), &"a".repeat(63), &format!("{} ", "a".repeat(64))] {
            let error = check("rows_sha256", wrong.into()).unwrap_err();
            assert!(
                error.contains(&format!("rows_sha256 is {wrong:?}, expected the 64 hexadecimal digits")),
                "{error}"
            );
        }
        assert_eq!(check("rows", 1.into()), Ok(()));
        assert_eq!(check("rows_sha256", "aB".repeat(32).into()), Ok(()));
    }

    #[test]
    fn the_number_of_runs_is_said_however_it_is_known() {
        for (text, expected) in [
            (r#"{"value": 0.8, "values": [0.7, 0.9], "statistic": "mean"}"#, Some("mean of 2")),
            (r#"{"value": 0.8, "values": [0.7, 0.9]}"#, Some("mean of 2")),
            (r#"{"value": 0.8, "runs": 5, "statistic": "median"}"#, Some("median of 5")),
            (r#"{"value": 0.8, "statistic": "best"}"#, Some("best")),
            (r#"{"value": 0.8, "statistic": "single"}"#, Some("one run")),
            (r#"{"value": 0.8, "runs": 5}"#, None),
        ] {
            let value: PublishedValue = serde_json::from_str(text).unwrap();
            assert_eq!(value.statistic_in_words().as_deref(), expected, "{text}");
        }
    }
}
