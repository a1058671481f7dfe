//! What came of the numbers, for people and for programs.

use serde_json::{Value, json};

use super::checked::{Checked, Verdict};
use crate::columns::aligned;

impl Verdict {
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
            c.verdict.word().to_owned(),
            c.wanted.source.clone(),
        ]
    }));
    let first = usize::from(!several(checked));
    let lines: Vec<Vec<String>> = lines.into_iter().map(|line| line[first..].to_vec()).collect();
    aligned(&lines, usize::MAX)
}

pub(super) fn as_json(checked: &[Checked]) -> String {
    let rows = checked.iter().map(|c| {
        let within = match c.verdict {
            Verdict::Within => Some(true),
            Verdict::Missed | Verdict::Undefined => Some(false),
            Verdict::NotRun | Verdict::Unstated => None,
        };
        json!({
            "model": c.row, "task": c.wanted.task, "metric": c.wanted.metric, "runs": c.runs,
            "mean": c.ours.map(|ours| ours.mean), "std": c.ours.and_then(|ours| ours.std),
            "reference": c.wanted.value, "allowed": c.half, "within": within, "state": c.verdict.word(),
            "source": c.wanted.source,
        })
    });
    format!("{:#}\n", Value::Array(rows.collect()))
}
