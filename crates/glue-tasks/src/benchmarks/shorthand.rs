//! Short ways to write rows of a benchmark's table.

use crate::dataset::LabelKind;
use crate::task::{LeaderboardFile, LeaderboardValues, SplitSpec};

/// The column of a single text.
pub(super) fn single(text: &str) -> (String, Option<String>) {
    (text.to_owned(), None)
}

/// The columns of two texts that are compared.
pub(super) fn pair(first: &str, second: &str) -> (String, Option<String>) {
    (first.to_owned(), Some(second.to_owned()))
}

/// Class names in the order of their indices.
pub(super) fn classes(names: &[&str]) -> LabelKind {
    LabelKind::Classes(names.iter().map(|&name| name.to_owned()).collect())
}

/// A split and its number of rows.
pub(super) fn split(name: &str, rows: usize) -> SplitSpec {
    SplitSpec { rows: Some(rows), ..SplitSpec::new(name) }
}

/// The same with the suffix of its keys.
pub(super) fn suffixed(name: &str, rows: usize, key_suffix: &str) -> SplitSpec {
    SplitSpec { key_suffix: key_suffix.to_owned(), ..split(name, rows) }
}

impl SplitSpec {
    /// The same with its file of the leaderboard.
    pub(super) fn in_file(self, file_name: &str, values: LeaderboardValues) -> Self {
        Self { leaderboard_file: Some(LeaderboardFile { file_name: file_name.to_owned(), values }), ..self }
    }
}
