//! A task of the table.

use glue_tasks::plain_key;

use super::numbers::{half, interval, mean, percent};
use crate::compare::{Column, is_loss};
use crate::credible::score_range;
use records::record::RunRecord;

/// One task of the table, over one or more seeds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableRow {
    /// The task's name.
    pub task: String,
    /// What the runs began from, where that is not the model itself: `mnli`.
    pub start: String,
    /// Its metrics in the order they are shown, means over the seeds; `None` where one is undefined.
    pub metrics: Vec<(String, Option<f64>)>,
    /// The task's one number, mean over the seeds.
    pub score: Option<f64>,
    /// The 95 % interval of that mean, Student's t, where there are two seeds or more.
    pub interval: Option<(f64, f64)>,
    /// What the score lies between, where that is known.
    pub range: Option<(f64, f64)>,
    /// Whether the score is an error, which is no fraction and is better when it is lower.
    pub is_error: bool,
    /// What a model that has learnt nothing would score.
    pub baseline: Option<f64>,
    /// Wall-clock seconds of all its runs.
    pub seconds: f64,
    /// How many runs there are.
    pub runs: usize,
    /// How many of them were evaluated and have no score, so that there is no mean.
    pub undefined: usize,
    /// How many of them predicted one class only.
    pub collapsed: usize,
    /// The split that the settings were chosen on, where the scores are on it too.
    pub chosen_on: Option<String>,
}

impl TableRow {
    pub(super) fn of(task: &str, start: &str, records: &[&RunRecord]) -> Self {
        // The order of the first record's names, the mean of all; undefined in one run is undefined in the mean.
        let names = records.first().map(|record| record.metrics.keys()).into_iter().flatten();
        let metrics = names
            .filter(|name| is_shown(name))
            .map(|name| {
                let values: Option<Vec<f64>> =
                    records.iter().map(|record| record.metrics.get(name).copied().flatten()).collect();
                (name.clone(), values.and_then(|values| mean(&values)))
            })
            .collect();
        let scores: Option<Vec<f64>> = records.iter().map(|record| record.score).collect();
        Self {
            task: task.to_owned(),
            start: start.to_owned(),
            metrics,
            score: scores.as_deref().and_then(mean),
            interval: scores.as_deref().and_then(interval),
            range: records.first().and_then(|record| score_range(record)),
            is_error: records.first().is_some_and(|record| Column::is_error(record)),
            baseline: records.iter().find_map(|record| record.majority_baseline.as_ref()?.score),
            seconds: records.iter().map(|record| record.timings.total_seconds).sum(),
            runs: records.len(),
            undefined: records.iter().filter(|record| record.score.is_none() && !record.metrics.is_empty()).count(),
            collapsed: records.iter().filter(|record| record.collapsed).count(),
            chosen_on: records.iter().find_map(|record| record.optimistic_on()).map(str::to_owned),
        }
    }

    /// A score in percent, an error as it is.
    fn score_text(&self, score: Option<f64>) -> String {
        score.filter(|_| self.is_error).map_or_else(|| percent(score), |error| format!("{error:.4}"))
    }

    pub(super) fn cells(&self, several: bool) -> Vec<String> {
        let metrics: Vec<String> =
            self.metrics.iter().map(|(name, value)| format!("{name} {}", shown(name, *value))).collect();
        let half = half(self.score, self.interval, self.range, self.is_error);
        let score = self.score_text(self.score) + &half;
        let marks = [(self.collapsed > 0, "*"), (self.chosen_on.is_some(), "†")];
        let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        let start = if self.start.is_empty() { String::new() } else { format!(", from {}", self.start) };
        let mut cells = vec![
            format!("{}{marks}{start}", self.task),
            metrics.join("  "),
            score,
            self.score_text(self.baseline),
            format!("{:.1}", self.seconds),
        ];
        if several {
            cells.push(self.runs.to_string());
        }
        cells
    }
}

/// The loss is no score, and the combined score has a column of its own.
fn is_shown(name: &str) -> bool {
    let name = plain_key(name);
    name != "loss" && name != "combined_score"
}

/// Errors are not fractions of anything and are shown as they are.
fn shown(name: &str, value: Option<f64>) -> String {
    match value {
        Some(value) if is_loss(name) => format!("{value:.4}"),
        value => percent(value),
    }
}
