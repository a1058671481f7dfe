//! What is searched: flags with the values that they may take, and settings out of them.

use std::collections::BTreeSet;

use results::statistics::Draw;
use serde_json::{Value, json};

use records::python_json::float_repr;
use trainer::error::Error;

/// The grid of BERT's paper, appendix A.3 (Devlin et al. 2019, <https://arxiv.org/abs/1810.04805>).
const USUAL: [(&str, &[&str]); 3] = [
    ("learning_rate", &["5e-5", "3e-5", "2e-5"]),
    ("per_device_train_batch_size", &["16", "32"]),
    (EPOCHS, &["2", "3", "4"]),
];

/// The flag of the epochs.
pub const EPOCHS: &str = "num_train_epochs";
/// The flag of the steps, which goes before the epochs.
pub const STEPS: &str = "max_steps";

/// Flags whose ranges are drawn from evenly by their logarithm: their orders of magnitude matter.
const LOGARITHMIC: [&str; 3] = ["learning_rate", "weight_decay", "adam_epsilon"];

/// Digits of numbers that are drawn: enough to search, few enough to type.
const DIGITS: usize = 3;

/// How an axis is typed.
pub const FORMS: &str =
    "expected FLAG=V,V such as learning_rate=1e-5,2e-5, or FLAG=LOW..HIGH such as learning_rate=1e-5..1e-4";

/// A list that would be a mistake.
const MOST: usize = 100_000;

/// Flags with a value each, in the order of the axes.
pub type Setting = Vec<(String, String)>;

/// One flag, and what it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    flag: String,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    /// These.
    List(Vec<String>),
    /// From `low` to `high`. `whole`: whole numbers alone.
    Range { low: f64, high: f64, whole: bool },
}

impl Axis {
    /// A flag, by its own name, with values `V,V` or `LOW..HIGH`.
    ///
    /// # Errors
    /// What is wrong with the values, and what was expected.
    pub fn new(flag: String, values: &str) -> Result<Self, String> {
        let values = match values.split_once("..") {
            Some((low, high)) => range(low.trim(), high.trim())?,
            None => {
                let list: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
                if list.iter().any(String::is_empty) {
                    return Err(FORMS.to_owned());
                }
                Values::List(list)
            }
        };
        let this = Self { flag, values };
        if let Some((low, high)) = this.bounds()
            && this.is_logarithmic()
            && low <= 0.0
        {
            return Err(format!("{low} to {high} is drawn by its logarithm: LOW must be above 0"));
        }
        Ok(this)
    }

    /// The flag that it is about.
    #[must_use]
    pub fn flag(&self) -> &str {
        &self.flag
    }

    fn bounds(&self) -> Option<(f64, f64)> {
        match self.values {
            Values::Range { low, high, .. } => Some((low, high)),
            Values::List(_) => None,
        }
    }

    fn list(&self) -> Option<&[String]> {
        match &self.values {
            Values::List(list) => Some(list),
            Values::Range { .. } => None,
        }
    }

    fn is_logarithmic(&self) -> bool {
        LOGARITHMIC.contains(&self.flag.as_str())
    }

    fn draw(&self, draw: &mut Draw) -> String {
        match &self.values {
            Values::List(list) => list[draw.below(list.len())].clone(),
            Values::Range { low, high, whole: true } => {
                format!("{}", low + draw.below((high - low) as usize + 1) as f64)
            }
            Values::Range { low, high, .. } if self.is_logarithmic() => {
                shortened((low.ln() + draw.unit() * (high.ln() - low.ln())).exp().clamp(*low, *high))
            }
            Values::Range { low, high, .. } => shortened(low + draw.unit() * (high - low)),
        }
    }

    /// As the file of a search has it.
    pub(super) fn describe(&self) -> Value {
        match &self.values {
            Values::List(list) => {
                json!({"flag": self.flag, "values": list.iter().map(|v| value(v)).collect::<Value>()})
            }
            Values::Range { low, high, whole } => {
                let scale = if self.is_logarithmic() && !whole { "log" } else { "linear" };
                json!({"flag": self.flag, "low": low, "high": high, "whole": whole, "scale": scale})
            }
        }
    }

    /// In words.
    pub(super) fn in_words(&self) -> String {
        match &self.values {
            Values::List(list) => format!("{} {}", self.flag, list.join("|")),
            Values::Range { low, high, .. } => format!("{} {}..{}", self.flag, float_repr(*low), float_repr(*high)),
        }
    }
}

fn range(low: &str, high: &str) -> Result<Values, String> {
    let number = |text: &str| {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("`{text}` is no number; expected LOW..HIGH such as 1e-5..1e-4"))
    };
    let whole = [low, high].iter().all(|text| text.parse::<i64>().is_ok());
    let (low, high) = (number(low)?, number(high)?);
    if low >= high {
        return Err(format!("{low} is not below {high}; expected LOW..HIGH"));
    }
    Ok(Values::Range { low, high, whole })
}

/// A number with few digits.
fn shortened(number: f64) -> String {
    let rounded = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    float_repr(rounded)
}

/// A value as JSON has it: a number or a truth value where it is one.
pub(super) fn value(text: &str) -> Value {
    let plain = serde_json::from_str::<Value>(text).ok().filter(|value| value.is_number() || value.is_boolean());
    plain.unwrap_or_else(|| json!(text))
}

/// The usual space, but for the flags in `given`.
#[must_use]
pub fn usual(given: &[&str]) -> Vec<Axis> {
    let left = USUAL.iter().filter(|(flag, _)| !given.contains(flag));
    left.map(|(flag, list)| Axis {
        flag: (*flag).to_owned(),
        values: Values::List(list.iter().map(|value| (*value).to_owned()).collect()),
    })
    .collect()
}

/// How many settings there are; `None` where some are drawn from a range.
pub(super) fn size(space: &[Axis]) -> Option<usize> {
    space.iter().map(|axis| axis.list().map(<[String]>::len)).try_fold(1usize, |all, n| Some(all.saturating_mul(n?)))
}

/// Setting `at` of all combinations of the lists, the first axis outermost.
fn combination(space: &[Axis], mut at: usize) -> Setting {
    let mut setting: Setting = Vec::new();
    for axis in space.iter().rev() {
        let list = axis.list().unwrap_or_default();
        setting.push((axis.flag.clone(), list[at % list.len()].clone()));
        at /= list.len();
    }
    setting.reverse();
    setting
}

/// All combinations.
///
/// # Errors
/// A range among the axes, or too many.
pub(super) fn all(space: &[Axis]) -> Result<Vec<Setting>, Error> {
    let Some(size) = size(space) else {
        let ranges = space.iter().filter(|axis| axis.list().is_none()).map(|axis| axis.flag.as_str());
        return Err(Error::usage(format!(
            "--search grid takes lists, and {} is a range: give its values, or --search random",
            ranges.collect::<Vec<_>>().join(", ")
        )));
    };
    check_size(size)?;
    Ok((0..size).map(|at| combination(space, at)).collect())
}

fn check_size(size: usize) -> Result<(), Error> {
    if size > MOST {
        return Err(Error::usage(format!("--search_space has {size} settings, expected at most {MOST}")));
    }
    Ok(())
}

/// `most` settings drawn at random, no two the same; fewer where there are no more. Of more, the first are the same.
///
/// # Errors
/// Too many.
pub(super) fn drawn(space: &[Axis], most: usize, seed: u64) -> Result<Vec<Setting>, Error> {
    let mut draw = Draw::new(seed);
    if let Some(size) = size(space) {
        check_size(size)?;
        // The first places of a random order (Fisher and Yates).
        let mut order: Vec<usize> = (0..size).collect();
        let count = most.min(size);
        for place in 0..count {
            let other = place + draw.below(size - place);
            order.swap(place, other);
        }
        return Ok(order[..count].iter().map(|&at| combination(space, at)).collect());
    }
    check_size(most)?;
    let mut known = BTreeSet::new();
    let mut settings = Vec::new();
    // Whole numbers may run out; so many draws in a row would have found a new one.
    let mut repeated = 0;
    while settings.len() < most && repeated < 1000 {
        let setting: Setting = space.iter().map(|axis| (axis.flag.clone(), axis.draw(&mut draw))).collect();
        if known.insert(setting.clone()) {
            settings.push(setting);
            repeated = 0;
        } else {
            repeated += 1;
        }
    }
    Ok(settings)
}

/// A setting in words.
pub(super) fn in_words(setting: &[(String, String)]) -> String {
    setting.iter().map(|(flag, value)| format!("{flag} {value}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(text: &str) -> Result<Axis, String> {
        let (flag, values) = text.split_once('=').expect("FLAG=VALUES");
        Axis::new(flag.to_owned(), values)
    }

    fn axes(texts: &[&str]) -> Vec<Axis> {
        texts.iter().map(|text| axis(text).expect(text)).collect()
    }

    #[test]
    fn lists_are_combined_and_the_usual_ones_are_those_of_the_paper() {
        let space = axes(&["learning_rate=1e-5,2e-5", "per_device_train_batch_size=1"]);
        let words: Vec<String> = all(&space).expect("lists").iter().map(|setting| in_words(setting)).collect();
        assert_eq!(
            words,
            ["learning_rate 1e-5, per_device_train_batch_size 1", "learning_rate 2e-5, per_device_train_batch_size 1"]
        );
        assert_eq!(all(&usual(&[])).expect("lists").len(), 18);
        assert_eq!(all(&usual(&["learning_rate", EPOCHS])).expect("lists").len(), 2);
    }

    #[test]
    fn draws_repeat_lie_in_their_bounds_and_go_on_where_fewer_ended() {
        let space = axes(&["learning_rate=1e-6..1e-3", "per_device_train_batch_size=8..32", "warmup_ratio=0.0..0.2"]);
        let many = drawn(&space, 300, 7).expect("drawn");
        assert_eq!(many.len(), 300);
        assert_eq!(drawn(&space, 10, 7).expect("drawn"), many[..10]);
        assert_ne!(drawn(&space, 10, 8).expect("drawn"), many[..10]);
        let number = |setting: &Setting, at: usize| setting[at].1.parse::<f64>().expect("a number");
        assert!(many.iter().all(|s| (1e-6..=1e-3).contains(&number(s, 0))));
        assert!(many.iter().all(|s| (8.0..=32.0).contains(&number(s, 1)) && number(s, 1).fract() == 0.0));
        assert!(many.iter().any(|s| number(s, 1) == 32.0) && many.iter().any(|s| number(s, 1) == 8.0));
        assert!(many.iter().all(|s| (0.0..=0.2).contains(&number(s, 2))));
        // Evenly by orders of magnitude: a third of them in each.
        let below = many.iter().filter(|s| number(s, 0) < 1e-5).count();
        assert!((70..130).contains(&below), "{below}");
        assert!(many.iter().all(|s| s[0].1.len() <= "1.23e-06".len() + 2), "few digits: {:?}", many[0]);
    }

    #[test]
    fn lists_are_drawn_without_putting_back() {
        let space = usual(&[]);
        let drawn_all = drawn(&space, 100, 0).expect("drawn");
        assert_eq!(drawn_all.iter().collect::<BTreeSet<_>>().len(), 18);
        assert_ne!(drawn_all, all(&space).expect("all"));
        assert_eq!(drawn(&axes(&["freeze_layers=0..2", "learning_rate=1e-5"]), 9, 0).expect("drawn").len(), 3);
    }

    #[test]
    fn values_that_are_none_are_named() {
        for (text, part) in [
            ("learning_rate=", "expected FLAG=V,V"),
            ("learning_rate=1e-5,,2e-5", "expected FLAG=V,V"),
            ("learning_rate=1e-4..1e-5", "is not below"),
            ("learning_rate=0..1e-5", "LOW must be above 0"),
            ("learning_rate=a..b", "`a` is no number"),
        ] {
            let error = axis(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(all(&axes(&["learning_rate=1e-5..1e-4"])).expect_err("a range").to_string().contains("is a range"));
    }
}
