//! What came of the numbers, for people and for programs.

use serde_json::{Value, json};

use super::{Checked, State};

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Within => "ok",
            Self::Missed => "MISS",
            Self::Undefined => "MISS: undefined in a run",
            Self::NotRun => "not run",
            Self::Unstated => "metric not stated",
        }
    }
}

/// Whether the rows are of several models or settings.
fn several(checked: &[Checked]) -> bool {
    checked.windows(2).any(|pair| pair[0].row != pair[1].row)
}

pub(super) fn as_text(checked: &[Checked]) -> String {
    let heads = ["model", "task", "metric", "runs", "mean", "reference", "allowed", "", "source"];
    let number =
        |value: Option<f64>, sign: &str| value.map_or_else(|| "-".to_owned(), |value| format!("{sign}{value:.4}"));
    let mut lines = vec![heads.map(str::to_owned)];
    lines.extend(checked.iter().map(|c| {
        [
            c.row.clone(),
            c.wanted.task.clone(),
            c.wanted.metric.clone(),
            c.runs.to_string(),
            number(c.ours.map(|ours| ours.mean), ""),
            number(Some(c.wanted.value), ""),
            number(c.half, "±"),
            c.state.word().to_owned(),
            c.wanted.source.clone(),
        ]
    }));
    let first = usize::from(!several(checked));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (first..heads.len()).map(width).collect();
    let aligned = lines.iter().map(|line| {
        let cells = line[first..].iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    });
    aligned.collect()
}

pub(super) fn as_json(checked: &[Checked]) -> String {
    let rows = checked.iter().map(|c| {
        let within = match c.state {
            State::Within => Some(true),
            State::Missed | State::Undefined => Some(false),
            State::NotRun | State::Unstated => None,
        };
        json!({
            "model": c.row, "task": c.wanted.task, "metric": c.wanted.metric, "runs": c.runs,
            "mean": c.ours.map(|ours| ours.mean), "std": c.ours.and_then(|ours| ours.std),
            "reference": c.wanted.value, "allowed": c.half, "within": within, "state": c.state.word(),
            "source": c.wanted.source,
        })
    });
    format!("{:#}\n", Value::Array(rows.collect()))
}

/// Standard output; a reader that went away is no failure.
pub(super) fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
