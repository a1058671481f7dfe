//! How numbers are shown to people, and tables of them for the page and beside the charts.

use glue_tasks::{AverageSpec, Benchmark, Metric, TaskSpec, plain_key, task_named};

use crate::clipped::{Half, Range, around};
use crate::credible::range_of;

/// The way in which a number is rounded and scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A fraction as percent, two decimals.
    Percent,
    /// A difference of fractions in percentage points, with its sign.
    Points,
    /// Four decimals: losses and errors.
    Plain,
    /// A difference of losses or errors, with its sign.
    Change,
    /// Three digits or more: seconds and speeds.
    Measure,
    /// A whole number.
    Count,
    /// Bytes in units of a million.
    Megabytes,
    /// A count in units of a million.
    Millions,
    /// A probability.
    Probability,
}

impl Form {
    /// The one place that decides it: losses and errors are no fractions of anything.
    pub(super) fn of_metric(name: &str) -> Self {
        if is_loss(name) { Self::Plain } else { Self::Percent }
    }

    /// How a difference of two such numbers is shown.
    pub(super) fn of_difference(self) -> Self {
        if self == Self::Percent { Self::Points } else { Self::Change }
    }

    /// What a score is multiplied by where it is drawn, and the words of its axis.
    pub(super) fn scale(self) -> (f64, &'static str) {
        if self == Self::Percent { (100.0, "percent") } else { (1.0, "as it is") }
    }

    /// What stands behind a mean of this form, of its interval as far as it can be.
    pub(super) fn half(self, mean: f64, interval: (f64, f64), range: Option<Range>) -> Half {
        Half::of(mean, interval, range, |width| self.text(width))
    }

    /// The number as text; what is not finite is `-`.
    pub(super) fn text(self, value: f64) -> String {
        if !value.is_finite() {
            return "-".to_owned();
        }
        let text = match self {
            Self::Percent => format!("{:.2}", value * 100.0),
            Self::Points => format!("{:+.2}", value * 100.0),
            Self::Plain => format!("{value:.4}"),
            Self::Change => format!("{value:+.4}"),
            Self::Measure => digits(value),
            Self::Count => format!("{value:.0}"),
            Self::Megabytes | Self::Millions => digits(value / 1e6),
            Self::Probability if value > 0.0 && value < 1e-4 => format!("{value:.1e}"),
            Self::Probability => format!("{value:.4}"),
        };
        // Of a negative number that rounds to zero.
        let is_zero = text.chars().all(|letter| "-+0.".contains(letter));
        if is_zero { text.trim_start_matches(['-', '+']).to_owned() } else { text }
    }
}

fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Whether a metric of this name is a loss or an error: no fraction, and less is better.
pub(crate) fn is_loss(metric: &str) -> bool {
    let metric = plain_key(metric);
    metric == "loss" || Metric::from_key(metric).is_some_and(|metric| !metric.higher_is_better())
}

/// What scores made of these metrics lie between: correlations may be negative, and errors end nowhere.
pub(super) fn score_range(metrics: &[Metric]) -> Option<Range> {
    around(metrics.iter().map(|metric| Some(range_of(*metric))))
}

/// A number and its form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) form: Form,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// What is unknown, undefined or was not run.
    Nothing,
    Text(String),
    Number(Number),
    /// Several, each with words before it.
    List(Vec<(String, Number)>),
}

impl Cell {
    pub(super) fn number(value: Option<f64>, form: Form) -> Self {
        value.filter(|value| value.is_finite()).map_or(Self::Nothing, |value| Self::Number(Number { value, form }))
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A table whose first cells of each row name it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// How many cells of a row are its name.
    pub(super) names: usize,
}

impl Table {
    pub(super) fn new(header: &[&str], names: usize) -> Self {
        Self { header: header.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new(), names }
    }
}

/// The task's name as papers write it.
pub(super) fn task_name(task: &str) -> &str {
    task_named(task).map_or(task, |spec| &spec.display_name)
}

/// What a benchmark's task's score is made of, in words.
pub(super) fn task_score_words(spec: &TaskSpec) -> String {
    let metrics: Vec<&str> = spec.metrics.iter().map(|metric| metric_words(metric.key())).collect();
    let splits = if spec.eval_splits.len() > 1 { ", mean of both splits" } else { "" };
    format!("{}{splits}", metrics.join(" and "))
}

/// What the averages of a benchmark lie between.
pub(super) fn average_range(benchmark: &Benchmark, average: &AverageSpec) -> Option<Range> {
    around(benchmark.tasks_of(average).map(|task| score_range(&task.metrics)))
}

/// Names in a sentence: `A, B and C`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How intervals are shown, in words.
pub(super) const INTERVAL_ENDS: &str = "or both sides of it where one ends earlier at what a score can be";

/// A small number of things as people write it.
pub(super) fn count_in_words(count: usize) -> String {
    const WORDS: [&str; 10] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// What an average is over: `mean of nine tasks`.
pub(super) fn average_words(benchmark: &Benchmark, average: &AverageSpec) -> String {
    format!("mean of {} tasks", count_in_words(benchmark.tasks_of(average).count()))
}

/// A metric as papers write it.
pub(super) fn metric_words(metric: &str) -> &str {
    match metric {
        "matthews_correlation" => "Matthews",
        "spearmanr" => "Spearman",
        "pearson" => "Pearson",
        "f1" => "F1",
        other => other,
    }
}

/// The order in which a task's metrics are shown: its own, then others, the loss last.
pub(super) fn metric_order(spec: Option<&TaskSpec>, metric: &str) -> (usize, bool, String) {
    let plain = plain_key(metric);
    let place = spec.and_then(|spec| spec.metrics.iter().position(|known| known.key() == plain));
    let place = if plain == "loss" { usize::MAX } else { place.unwrap_or(usize::MAX - 1) };
    (place, metric != plain, metric.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_by_what_they_are() {
        let cases = [
            (Form::Percent, 0.725_49, "72.55"),
            (Form::Percent, -0.000_01, "0.00"),
            (Form::Points, 0.012_34, "+1.23"),
            (Form::Points, 0.0, "0.00"),
            (Form::Plain, 0.541_05, "0.5411"),
            (Form::Plain.of_difference(), 10.043_51, "+10.0435"),
            (Form::Percent.of_difference(), -0.012_34, "-1.23"),
            (Form::Measure, 932.69, "933"),
            (Form::Measure, 11.798, "11.8"),
            (Form::Measure, 0.026_133, "0.0261"),
            (Form::Megabytes, 742_404_096.0, "742"),
            (Form::Millions, 22_713_986.0, "22.7"),
            (Form::Probability, 3.2e-6, "3.2e-6"),
            (Form::Probability, 0.25, "0.2500"),
            (Form::Count, 3.0, "3"),
            (Form::Percent, f64::NAN, "-"),
        ];
        for (form, value, text) in cases {
            assert_eq!(form.text(value), text, "{form:?} {value}");
        }
        assert_eq!(Cell::number(Some(f64::INFINITY), Form::Plain), Cell::Nothing);
        assert_eq!(score_range(&[Metric::Accuracy, Metric::F1]), Some((0.0, 1.0)));
        assert_eq!(score_range(&[Metric::Matthews]), Some((-1.0, 1.0)));
        assert_eq!(score_range(&[Metric::Pearson, Metric::F1]), Some((-1.0, 1.0)));
        assert_eq!((score_range(&[Metric::Mse]), score_range(&[])), (Some((0.0, f64::INFINITY)), None));
    }

    #[test]
    fn metrics_stand_in_the_tasks_order() {
        let mut names = ["loss", "f1", "combined_score", "accuracy"];
        names.sort_by_key(|name| metric_order(task_named("mrpc"), name));
        assert_eq!(names, ["accuracy", "f1", "combined_score", "loss"]);
        assert_eq!(task_score_words(task_named("mnli").unwrap()), "accuracy, mean of both splits");
        assert_eq!((task_name("sst2"), task_name("own")), ("SST-2", "own"));
    }
}
