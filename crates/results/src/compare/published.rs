//! Tables that others have published, as rows to compare with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glue_tasks::find_task;
use glue_tasks::score::task_score;
use serde::Deserialize;

use super::average::Averages;
use super::entry::Entry;
use super::row::Row;
use crate::statistics::Summary;
use records::Error;

/// What whoever reads such rows beside others should know.
pub(super) const PROTOCOLS_DIFFER: &str = "Published rows were made under protocols of their own: single runs, medians, the best \
    of a grid, the development or the test split.";

/// The version of the format.
const FORMAT: &str = "published-results-1";

/// A table and where it comes from.
#[derive(Debug, Deserialize)]
pub struct Published {
    format: String,
    /// A short name, which stands behind the models'.
    pub name: String,
    /// Address of whoever published it.
    pub source: String,
    /// What was done: runs, settings, split, choice.
    pub protocol: String,
    /// The split that was scored.
    pub split: String,
    /// One row a model.
    pub rows: Vec<PublishedRow>,
}

/// What a table says of one model.
#[derive(Debug, Deserialize)]
pub struct PublishedRow {
    /// Its name, on the Hub where it is there.
    pub model: String,
    /// Fractions by task and metric; of two splits the second's names end in `_mm`.
    pub tasks: BTreeMap<String, BTreeMap<String, f64>>,
}

/// Reads a file, or all files of a folder.
///
/// # Errors
/// When one cannot be read or is something else.
pub fn read(path: &Path) -> Result<Vec<Published>, Error> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Error::input(format!(
            "{}: {error}; expected a file of format {FORMAT}, see docs/results-format.md",
            path.display()
        ))
    };
    let mut files: Vec<PathBuf> = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| failed(path, &error))?;
        files = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|p| p.extension().is_some_and(|e| e == "json"))
            .collect();
        files.sort();
    }
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).map_err(|error| failed(file, &error))?;
        let table: Published = serde_json::from_str(&text).map_err(|error| failed(file, &error))?;
        if table.format == FORMAT { Ok(table) } else { Err(failed(file, &format!("format is {}", table.format))) }
    };
    files.iter().map(read).collect()
}

/// The score of a task where all of its metrics were published; else the mean of those that were.
#[must_use]
pub fn score(task: &str, metrics: &BTreeMap<String, f64>) -> Option<f64> {
    let complete = find_task(task).ok().and_then(|task| task_score(task, |key| metrics.get(key).copied()).ok());
    complete.or_else(|| Summary::of(&metrics.values().copied().collect::<Vec<_>>()).map(|summary| summary.mean))
}

impl Published {
    /// Its models as rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        self.rows.iter().map(|row| {
            let entry = |task: &String, metrics: &BTreeMap<String, f64>| Entry {
                score: score(task, metrics).and_then(|score| Summary::of(&[score])),
                interval: None,
                bootstrap: None,
                metrics: metrics.iter().map(|(name, value)| (name.clone(), Summary::of(&[*value]))).collect(),
                seeds: Vec::new(),
                collapsed: 0,
                seconds: None,
                train_seconds: None,
                train_samples_per_second: None,
                peak_memory_bytes: None,
            };
            let entries: BTreeMap<_, _> =
                row.tasks.iter().map(|(task, metrics)| (task.clone(), entry(task, metrics))).collect();
            Row {
                name: format!("{} [{}]", row.model, self.name),
                averages: Averages::of_seeds(&entries),
                entries,
                parameters: None,
                source: Some(format!("{}, {} split: {}", self.source, self.split, self.protocol)),
                chosen_on: None,
                records: Vec::new(),
            }
        })
    }
}
