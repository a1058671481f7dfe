//! A split as examples, from parquet, csv, tsv or json files.
//!
//! Every row is checked while it is read: a label outside the label set or a missing text stops here, with file and
//! row, and not on the device an hour later.

mod collect;
mod delimited;
mod error;
mod infer;
mod json_lines;
mod labels;
mod parquet;
mod parquet_columns;
mod rows;

use std::path::PathBuf;

pub use error::{DataError, Warning};
pub use infer::{column_names, infer_label_kind};

use crate::task::{TaskKind, TaskSpec};
use collect::Collector;

/// One row of a split. Its index is its place in the split.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The text, or the first of two.
    pub text: String,
    /// The second text, where the task compares two.
    pub text_pair: Option<String>,
    /// What is right; none where the split is unlabelled.
    pub label: Option<Label>,
}

/// What is right for a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// The index of a class.
    Class(usize),
    /// A number.
    Score(f32),
    /// The indices of any number of classes, ascending.
    Classes(Vec<usize>),
}

/// What a label column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelKind {
    /// One of these names, or its index.
    Classes(Vec<String>),
    /// A number.
    Score,
    /// A list of these names, or of their indices.
    ClassLists(Vec<String>),
}

/// Which columns to read and what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The column of the first text, and that of the second where there are two.
    pub text_columns: (String, Option<String>),
    /// The column of the label.
    pub label_column: String,
    /// What that column holds.
    pub kind: LabelKind,
}

impl LabelKind {
    /// The label names; none for numbers.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Classes(names) | Self::ClassLists(names) => names,
            Self::Score => &[],
        }
    }

    /// The kind of task that such labels make.
    pub fn task_kind(&self) -> TaskKind {
        match self {
            Self::Classes(_) => TaskKind::Classification,
            Self::ClassLists(_) => TaskKind::MultiLabel,
            Self::Score => TaskKind::Regression,
        }
    }
}

impl Schema {
    /// The columns of a task, of GLUE as the Hub has them.
    pub fn of_task(task: &TaskSpec) -> Self {
        let (first, second) = task.text_columns;
        let names = || task.labels.iter().map(|&name| name.to_owned()).collect();
        let kind = match task.kind {
            TaskKind::Classification => LabelKind::Classes(names()),
            TaskKind::MultiLabel => LabelKind::ClassLists(names()),
            TaskKind::Regression => LabelKind::Score,
        };
        let label_column = task.label_column.to_owned();
        Self { text_columns: (first.to_owned(), second.map(str::to_owned)), label_column, kind }
    }
}

/// A split that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The rows in the files' order.
    pub examples: Vec<Example>,
    /// What is odd but can be lived with.
    pub warnings: Vec<Warning>,
}

/// Reads a split from its files, one after the other; the extension says how: parquet, csv, tsv, jsonl, json.
///
/// A label is a class index or a class name, or a number for [`LabelKind::Score`]. Nothing (null, an empty cell) means
/// unlabelled, and so does -1, as in GLUE's test splits. Among numbers -1 can be a score, so there it means unlabelled
/// only where every row of the split has it. Where the class names are numbers themselves (`1`, `2`, `3`), a label is
/// always one of the names and never an index.
///
/// # Errors
/// A [`DataError`] that names the file, and the row and column where there is one.
pub fn read_split(files: &[PathBuf], schema: &Schema) -> Result<Split, DataError> {
    let mut collector = Collector::new(schema, true);
    collector.read(files)?;
    collector.finish()
}

/// As [`read_split`], but the label column is not looked at and need not be there: for rows that are only predicted.
///
/// # Errors
/// As [`read_split`].
pub fn read_unlabelled_split(files: &[PathBuf], schema: &Schema) -> Result<Split, DataError> {
    let mut collector = Collector::new(schema, false);
    collector.read(files)?;
    collector.finish()
}
