//! Which columns a split has, and what its labels are.

use super::delimited_format::DelimitedFormat;
use crate::task_kind::TaskKind;

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

/// What a label column was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferredLabels {
    /// The labels, with the names that the files have for them.
    pub kind: LabelKind,
    /// Whether the column has whole numbers that count the names which a file declares, from 0.
    pub are_indices: bool,
    /// The classes that the labels are where all of them are whole numbers, `1.0` among them, and no lists.
    pub whole_numbers: Option<Vec<String>>,
    /// Whether they are whole numbers that are spelled as such: `1`, and neither `01` nor `1.0`.
    pub is_plain: bool,
}

impl InferredLabels {
    /// Labels of which no more is known.
    pub fn of_kind(kind: LabelKind) -> Self {
        Self { kind, are_indices: false, whole_numbers: None, is_plain: false }
    }

    /// Whether all of them are numbers.
    pub fn has_numbers_alone(&self) -> bool {
        self.kind == LabelKind::Score || self.whole_numbers.is_some()
    }
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
    /// How csv and tsv files of it are written.
    pub format: DelimitedFormat,
}

impl LabelKind {
    /// The labels of a task: `names` in index order, which a regression has none of.
    pub fn of_task(kind: TaskKind, names: Vec<String>) -> Self {
        match kind {
            TaskKind::Classification => Self::Classes(names),
            TaskKind::MultiLabel => Self::ClassLists(names),
            TaskKind::Regression => Self::Score,
        }
    }

    /// The label names in index order; none for numbers.
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
