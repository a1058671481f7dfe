//! A task as data: where its rows lie, what is in them, and what is measured.
//!
//! The tasks of benchmarks are written down in [`benchmarks`](mod@crate::benchmarks); a dataset of one's own is described by
//! the same [`TaskSpec`], made with [`TaskSpec::new`].

use crate::dataset::{DelimitedFormat, LabelKind, Schema};
use crate::metrics::Metric;
pub use crate::task_kind::TaskKind;

/// A split of a task: what it is called, and what its results are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitSpec {
    /// The split's name in the dataset.
    pub name: String,
    /// What is put behind every key of its results: `_mm` for MNLI's mismatched splits, nothing for most.
    pub key_suffix: String,
    /// How many rows the published split has; none where that is not known before it is read.
    pub rows: Option<usize>,
    /// The file that the benchmark's leaderboard asks for, of test splits only.
    pub leaderboard_file: Option<LeaderboardFile>,
}

impl SplitSpec {
    /// A split of which nothing but its name is known.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), key_suffix: String::new(), rows: None, leaderboard_file: None }
    }
}

/// A file of a leaderboard upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderboardFile {
    /// The name that the leaderboard asks for: `MNLI-mm.tsv`.
    pub file_name: String,
    /// What its `prediction` column holds.
    pub values: LeaderboardValues,
}

/// What a leaderboard file holds in its `prediction` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaderboardValues {
    /// The label's index: 0 or 1.
    LabelIds,
    /// The label's name.
    LabelNames,
    /// A number with three decimals.
    Scores,
}

/// Everything that tells one task from another.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSpec {
    /// The name in flags and records, one of a kind over all benchmarks: `sst2`, `super_glue/rte`.
    pub name: String,
    /// The name as papers write it: `SST-2`.
    pub display_name: String,
    /// The configuration of the dataset, which is the folder of its files.
    pub config: String,
    /// The column of the first text, and that of the second where the task compares two.
    pub text_columns: (String, Option<String>),
    /// The column of the label.
    pub label_column: String,
    /// The split to train on; none for a diagnostic set.
    pub train_split: Option<SplitSpec>,
    /// The labelled splits to evaluate on.
    pub eval_splits: Vec<SplitSpec>,
    /// The splits to predict, whose labels often only the leaderboard has.
    pub test_splits: Vec<SplitSpec>,
    /// Label names in index order; empty for regression.
    pub labels: Vec<String>,
    /// How files spell the labels, in the same order; empty where they have the names themselves, or their indices.
    pub spellings: Vec<String>,
    /// Classes or a number.
    pub kind: TaskKind,
    /// How csv and tsv files of it are written.
    pub format: DelimitedFormat,
    /// What is measured, in the order in which it is reported.
    pub metrics: Vec<Metric>,
    /// Whether the task's number is the mean of its metrics, as in GLUE; else it is the first of them.
    pub averages_metrics: bool,
    /// A set that has only a test split and is predicted with a model of this task: MNLI's AX.
    pub diagnostic: Option<Box<TaskSpec>>,
}

impl TaskSpec {
    /// A task with the usual names (splits `train`, `validation` and `test`, the label in `label`, a configuration called as
    /// the task) and the [usual metrics](Metric::defaults), of which the first is the task's number.
    ///
    /// What differs is said by a struct update, as in [`GLUE`](crate::GLUE)'s table:
    ///
    /// ```
    /// use glue_tasks::{LabelKind, TaskSpec};
    ///
    /// let labels = LabelKind::Classes(vec!["spam".to_owned(), "ham".to_owned()]);
    /// let task = TaskSpec { config: String::new(), ..TaskSpec::new("mails", ("text".to_owned(), None), labels) };
    /// assert_eq!((task.num_labels(), task.metrics[0].key()), (2, "accuracy"));
    /// ```
    pub fn new(name: &str, text_columns: (String, Option<String>), labels: LabelKind) -> Self {
        let kind = labels.task_kind();
        Self {
            name: name.to_owned(),
            display_name: name.to_owned(),
            config: name.to_owned(),
            text_columns,
            label_column: "label".to_owned(),
            train_split: Some(SplitSpec::new("train")),
            eval_splits: vec![SplitSpec::new("validation")],
            test_splits: vec![SplitSpec::new("test")],
            labels: labels.names().to_vec(),
            spellings: Vec::new(),
            kind,
            format: DelimitedFormat::default(),
            metrics: Metric::defaults(kind).to_vec(),
            averages_metrics: false,
            diagnostic: None,
        }
    }

    /// The width of the head: one output a label, or one in all for regression.
    pub fn num_labels(&self) -> usize {
        match self.kind {
            TaskKind::Classification | TaskKind::MultiLabel => self.labels.len(),
            TaskKind::Regression => 1,
        }
    }

    /// Which columns to read, and what they hold.
    pub fn schema(&self) -> Schema {
        Schema {
            text_columns: self.text_columns.clone(),
            label_column: self.label_column.clone(),
            kind: LabelKind::of_task(
                self.kind,
                if self.spellings.is_empty() { &self.labels } else { &self.spellings }.clone(),
            ),
            format: self.format,
        }
    }

    /// The task's name within its benchmark: `rte` of `super_glue/rte`.
    pub fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The name as a part of a file's name: `super_glue--rte`.
    pub fn file_stem(&self) -> String {
        self.name.replace('/', "--")
    }

    /// All of its splits: to train on, to evaluate on, to predict.
    pub fn splits(&self) -> impl Iterator<Item = &SplitSpec> {
        self.train_split.iter().chain(&self.eval_splits).chain(&self.test_splits)
    }

    /// What is put behind the keys of the diagnostic set's results; none where the task has no such set.
    pub fn diagnostic_suffix(&self) -> Option<&str> {
        self.diagnostic.as_ref()?.test_splits.first().map(|split| split.key_suffix.as_str())
    }

    /// The task that results with this suffix are of: the diagnostic set, or the task itself.
    pub fn of_suffix(&self, key_suffix: &str) -> &Self {
        match &self.diagnostic {
            Some(diagnostic) if self.diagnostic_suffix() == Some(key_suffix) => diagnostic,
            _ => self,
        }
    }
}
