//! A model with what it has on each task.

use std::collections::{BTreeMap, BTreeSet};

use super::average::Averages;
use super::entry::Entry;

/// What the mark of [`Row::chosen_on`] means.
pub(super) const CHOSEN_HERE: &str =
    "† has settings that were chosen by the score on the same split, which is optimistic then.";

/// What stands beside the scores where few parameters are trained.
pub(super) const TRAINED: &str = "Trained is the number of parameters that were trained, training the seconds of all tasks, memory the most that a run took.";

/// A model with one choice of settings.
#[derive(Clone)]
pub struct Row {
    /// Its name, with the settings by which it differs from others of that name.
    pub name: String,
    /// The model's name alone; of published numbers nothing.
    pub(crate) model: Option<String>,
    /// How its records spell that name; of published numbers nothing.
    pub(crate) spellings: BTreeSet<String>,
    /// What it has on each task, by the task's name.
    pub entries: BTreeMap<String, Entry>,
    /// Its GLUE averages.
    pub averages: Averages,
    /// Parameters, the largest head of its tasks included.
    pub parameters: Option<u64>,
    /// Those of them that were trained; of published numbers and of evaluations alone nothing.
    pub trained: Option<u64>,
    /// Where the numbers come from, of those that were published.
    pub source: Option<String>,
    /// The split that the settings were chosen on, where scores are on it too.
    pub chosen_on: Option<String>,
    /// The records by their place in the list.
    pub(crate) records: Vec<usize>,
}

impl Row {
    /// Where the numbers of a published row come from, and what those are of that are not of all metrics of their column.
    pub(super) fn source_words(&self) -> Option<String> {
        let mut by_metric: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (column, entry) in &self.entries {
            by_metric.entry(entry.partial.as_deref().unwrap_or_default()).or_default().push(column);
        }
        by_metric.remove("");
        let partial =
            by_metric.into_iter().map(|(metrics, columns)| format!("; § of {metrics}: {}", columns.join(", ")));
        self.source.as_ref().map(|source| format!("{source}{}", partial.collect::<String>()))
    }

    /// Whether it trained few of its parameters (`--peft`, `--freeze_layers`).
    pub(super) fn trains_few(&self) -> bool {
        self.trained.is_some_and(|trained| self.parameters.is_some_and(|all| trained < all))
    }

    /// Seconds of training of all its tasks, where each has them.
    pub(super) fn train_seconds(&self) -> Option<f64> {
        self.entries.values().map(|entry| entry.train_seconds).sum()
    }

    /// The most memory that any of its runs took, in bytes.
    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        self.entries.values().filter_map(|entry| entry.peak_memory_bytes).max()
    }

    /// Whether others have published its numbers: there are no runs.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.source.is_some()
    }
}
