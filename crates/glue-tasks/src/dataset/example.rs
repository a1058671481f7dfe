//! What a split is read into.

use std::collections::BTreeSet;

use super::error::Warning;

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
    /// The class's index among the label names.
    Class(usize),
    /// A finite number, on the task's own scale: 0 to 5 for STS-B.
    Score(f32),
    /// The indices of any number of classes, ascending, each once.
    Classes(Vec<usize>),
}

/// A split that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The rows in the files' order; at least one.
    pub examples: Vec<Example>,
    /// The rows of which a mark says that they have no label: -1, or `-` where annotators did not agree; others without one have
    /// nothing in its place.
    pub marked: BTreeSet<usize>,
    /// What is odd but can be lived with.
    pub warnings: Vec<Warning>,
}
