//! Ranges of axes and the numbers that stand at them.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// An axis: its ends, and the values with a label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<f64>,
    /// The values are decimal logarithms.
    pub(super) is_log: bool,
}

/// Enough for a chart as wide as a phone.
const MOST_TICKS: f64 = 5.0;

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    /// The same for every wish: they are chosen already.
    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }

    fn format_ext(&self, value: &f64) -> String {
        self.label(*value)
    }
}

impl Axis {
    /// Rows from the top, without labels.
    pub(super) fn downwards(rows: usize) -> Self {
        Self { low: rows as f64, high: 0.0, ticks: Vec::new(), is_log: false }
    }

    /// A linear axis around some values, those that are not finite left out; with `zero` it starts there.
    pub(super) fn around(values: impl IntoIterator<Item = f64>, zero: bool) -> Self {
        let (mut low, mut high) = ends(values).unwrap_or((0.0, 1.0));
        if zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if high - low <= 1e-9 * high.abs().max(low.abs()) {
            let half = if high == 0.0 { 0.5 } else { high.abs() * 0.05 };
            (low, high) = (if zero { low } else { low - half }, high + half);
        }
        let step = step((high - low) / MOST_TICKS);
        (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        let count = ((high - low) / step).round() as i32;
        Self { low, high, ticks: (0..=count).map(|at| low + f64::from(at) * step).collect(), is_log: false }
    }

    /// A logarithmic axis around values above zero; its ends and ticks are decimal logarithms.
    pub(super) fn log_around(values: impl IntoIterator<Item = f64>) -> Self {
        let logs = values.into_iter().filter(|value| *value > 0.0).map(f64::log10);
        let (mut low, mut high) = ends(logs).unwrap_or((0.0, 1.0));
        let pad = ((high - low) * 0.08).max(0.08);
        (low, high) = (low - pad, high + pad);
        let decades = low.floor() as i32..=high.ceil() as i32;
        let of = |steps: &[f64]| -> Vec<f64> {
            let all = decades.clone().flat_map(|decade| steps.iter().map(move |step| f64::from(decade) + step.log10()));
            all.filter(|tick| (low..=high).contains(tick)).collect()
        };
        let tries = [&[1.0][..], &[1.0, 3.0], &[1.0, 2.0, 5.0]];
        let fitting = tries.map(of).into_iter().find(|ticks| (3..=6).contains(&ticks.len()));
        // Within less than a decade, those of a linear axis.
        let ticks = fitting.unwrap_or_else(|| {
            let linear = Self::around([10f64.powf(low), 10f64.powf(high)], false).ticks.into_iter();
            linear.filter(|tick| *tick > 0.0).map(f64::log10).filter(|tick| (low..=high).contains(tick)).collect()
        });
        Self { low, high, ticks, is_log: true }
    }

    /// The label of a tick: no more digits than tell it from its neighbours.
    fn label(&self, tick: f64) -> String {
        if self.is_log {
            // Three digits tell the ticks apart; zeros at the end say nothing.
            let value = 10f64.powf(tick);
            let decimals = (2 - value.log10().floor() as i32).clamp(0, 9) as usize;
            let text = format!("{value:.decimals$}");
            return if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
        }
        let step = self.ticks.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
        let decimals = (-step.log10()).ceil().max(0.0) as usize;
        let is_zero = tick.abs() < step * 1e-6;
        format!("{:.decimals$}", if is_zero { 0.0 } else { tick })
    }
}

fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |ends, value| {
        let (low, high) = ends.unwrap_or((value, value));
        Some((value.min(low), value.max(high)))
    })
}

/// The next of 1, 2, 5, 10, ... times a power of ten.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= least * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|tick| axis.label(*tick)).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(&Axis::around([0.0, 72.5], true)), ["0", "20", "40", "60", "80"]);
        assert_eq!(labels(&Axis::around([0.412, 0.688], false)), ["0.4", "0.5", "0.6", "0.7"]);
        assert_eq!(labels(&Axis::around([-12.0, 30.0], true)), ["-20", "-10", "0", "10", "20", "30"]);
        assert_eq!(labels(&Axis::log_around([12.0, 950.0])), ["10", "100", "1000"]);
        assert_eq!(labels(&Axis::log_around([0.2, 300.0])), ["1", "10", "100"]);
        assert_eq!(labels(&Axis::log_around([2.1, 3.2])), ["2", "2.5", "3", "3.5"]);
    }

    #[test]
    fn odd_values_still_make_an_axis() {
        for values in [vec![], vec![f64::NAN], vec![5.0], vec![0.0], vec![-3.0, -3.0], vec![1e-12], vec![1e300, -1e300]]
        {
            for axis in [
                Axis::around(values.clone(), true),
                Axis::around(values.clone(), false),
                Axis::log_around(values.clone()),
            ] {
                assert!(axis.low < axis.high && axis.low.is_finite() && axis.high.is_finite(), "{values:?} {axis:?}");
                assert!(axis.ticks.len() <= 8, "{values:?} {axis:?}");
            }
        }
    }
}
