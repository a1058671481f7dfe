//! How far two means may lie apart and count as the same, as `--margin` gives it.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::metric_name::{has_margin, is_fraction};
use crate::compare::published::is_margin;

/// `0.01`, of all fractions, or `mse=0.05`, of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// The metric's key; `None`: of all that are fractions.
    metric: Option<String>,
    /// In the metric's unit, see [`is_margin`].
    value: f64,
}

impl FromStr for Margin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').map_or((None, text), |(name, value)| (Some(name), value));
        if let Some(name) = name.filter(|name| !has_margin(name)) {
            return Err(format!("{name} is no metric, expected one such as accuracy=0.01 or mse=0.05"));
        }
        let parsed: Option<f64> = value.parse().ok();
        let is_fraction = name.is_none_or(is_fraction);
        match parsed.filter(|value| is_margin(*value, is_fraction)) {
            Some(value) => Ok(Self { metric: name.map(str::to_owned), value }),
            None if is_fraction => {
                Err(format!("{value}: expected 0 or more, and at most 1: two points of accuracy are 0.02"))
            }
            None => Err(format!("{value}: expected 0 or more, in the unit of the metric, such as mse=0.05")),
        }
    }
}

/// The margins of a verification; a metric's own comes first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Margins {
    of_fractions: Option<f64>,
    of_metric: BTreeMap<String, f64>,
}

impl FromIterator<Margin> for Margins {
    /// Of two for the same metric the last one counts.
    fn from_iter<I: IntoIterator<Item = Margin>>(given: I) -> Self {
        let mut margins = Self::default();
        for Margin { metric, value } in given {
            match metric {
                Some(metric) => drop(margins.of_metric.insert(metric, value)),
                None => margins.of_fractions = Some(value),
            }
        }
        margins
    }
}

impl Margins {
    /// The margin of a metric, with or without the suffix of its split; one of all fractions is none of an error or a loss, whose
    /// unit is another one.
    pub(super) fn of(&self, metric: &str, is_fraction: bool) -> Option<f64> {
        let own = self.of_metric.get(metric).or_else(|| self.of_metric.get(glue_tasks::plain_key(metric)));
        own.copied().or(self.of_fractions.filter(|_| is_fraction))
    }
}
