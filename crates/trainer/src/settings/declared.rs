//! How settings are declared and checked.

use serde_json::Value;

use crate::error::Error;

/// The setting that tells runs apart that are otherwise the same, and may be averaged.
pub(super) const SEED: &str = "seed";

/// What a setting can change of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changes {
    /// Nothing that is measured: where things lie, what is said, how fast it goes.
    Nothing,
    /// In which order numbers are added up, and so their last bits.
    Rounding,
    /// What is evaluated or predicted, with the weights as they are.
    Evaluation,
    /// Which of the weights of the training the run ends with.
    Weights,
    /// The steps of the training, and so all weights after them.
    Steps,
    /// The rows that are trained on.
    Rows,
}

impl Changes {
    /// As docs/flags.md says it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Nothing => "no number",
            Self::Rounding => "the last bits of numbers",
            Self::Evaluation => "the evaluation",
            Self::Weights => "the choice of the weights",
            Self::Steps => "the steps of the training",
            Self::Rows => "the training rows",
        }
    }

    /// Whether another value makes another run.
    #[must_use]
    pub fn is_measured(self) -> bool {
        self >= Self::Evaluation
    }

    /// Whether a run must not go on from a checkpoint that was made with another value.
    #[must_use]
    pub fn decides_weights(self) -> bool {
        self >= Self::Weights
    }
}

/// Where the value of a setting counts, apart from what it can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// In the hash of a request, before a run goes on from a checkpoint, and in the record.
    Everywhere,
    /// In all but the record, which says it in fields of its own.
    NotInRecord,
    /// In the hash of a request alone: the record knows its content better (the model by its weights' hashes), or the
    /// record's numbers do not depend on it (whether test splits are predicted too).
    InRequest,
}

/// One setting of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// As TrainingArguments and run_glue.py spell it.
    pub name: &'static str,
    /// Its value; `null` where it was left out and nothing stands for it.
    pub value: Value,
    /// What it can change, beside the values of the others.
    pub changes: Changes,
    /// Where its value counts.
    pub counts: Counts,
}

impl Setting {
    /// A setting of this name and value.
    pub fn new(name: &'static str, value: impl Into<Value>, changes: Changes) -> Self {
        Self { name, value: value.into(), changes, counts: Counts::Everywhere }
    }

    /// The same, counted there alone.
    #[must_use]
    pub fn counting(self, counts: Counts) -> Self {
        Self { counts, ..self }
    }
}

/// The value of a setting in words: what was left out is none.
pub(crate) fn said(value: Option<&Value>) -> String {
    value.filter(|value| !value.is_null()).map_or_else(|| "none".to_owned(), Value::to_string)
}

/// A number's bounds, checked with the setting's name.
///
/// # Errors
/// Names the setting, its value, and what was expected.
pub fn check(ok: bool, name: &str, value: impl std::fmt::Display, expected: &str) -> Result<(), Error> {
    if ok { Ok(()) } else { Err(Error::usage(format!("--{name} is {value}, expected {expected}"))) }
}

/// A count that must not be 0.
///
/// # Errors
/// Names the setting.
pub fn at_least_one(name: &str, value: usize) -> Result<usize, Error> {
    check(value >= 1, name, value, "at least 1").map(|()| value)
}

/// A number of steps, or a share of all of them below 1.
///
/// # Errors
/// Names the setting.
pub(super) fn check_steps(name: &str, value: f64) -> Result<(), Error> {
    let whole_or_share = value > 0.0 && value.is_finite() && (value < 1.0 || value.fract() == 0.0);
    check(whole_or_share, name, value, "a whole number of steps, or a share of all steps below 1")
}

/// Steps from one event to the next, of a number that is a share of all steps where it is below 1.
#[must_use]
pub fn interval(steps: f64, max_steps: usize) -> usize {
    let steps = if steps < 1.0 { (steps * max_steps as f64).ceil() } else { steps };
    (steps as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_below_one_are_shares() {
        assert_eq!([interval(500.0, 10), interval(0.25, 10), interval(0.001, 10)], [500, 3, 1]);
    }
}
