//! A chart with what belongs to it.

use super::draw::chart::Chart;
use crate::compare::shown::Table;

/// What a chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compare) enum FigureKind {
    /// Scores, one chart a task.
    Scores,
    /// Loss and scores over the steps of the training.
    Curves,
    /// Scores against the time that the training took.
    Cost,
    /// Scores against the number of parameters that were trained.
    Trained,
}

/// A chart with its words and its numbers.
pub(in crate::compare) struct Figure {
    pub(in crate::compare) kind: FigureKind,
    /// For the name of its file, and for ids of a page: letters, digits and dashes.
    pub(in crate::compare) name: String,
    pub(in crate::compare) title: String,
    /// For whoever does not see it: what it shows.
    pub(in crate::compare) description: String,
    pub(in crate::compare) chart: Chart,
    pub(in crate::compare) table: Table,
}

/// Part of a file's name.
pub(super) fn slug(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }).collect()
}
