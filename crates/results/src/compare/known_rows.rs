//! What is known of the rows of a split that scores are of: their number, their content.

use std::collections::BTreeMap;

use records::record::{RunRecord, SplitRows};

use super::origin::short;
use crate::scored_rows::scored;

/// Of each split, by the suffix of its metrics.
pub(super) type RowsBySuffix = BTreeMap<String, KnownRows>;

/// Rows of one split, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownRows {
    /// How many they are.
    pub(super) rows: Option<u64>,
    /// SHA-256 of their content.
    pub(super) sha256: Option<String>,
}

impl KnownRows {
    /// Those that a record was scored on.
    pub(super) fn of(record: &RunRecord) -> RowsBySuffix {
        let of_split = |split: &SplitRows| Self { rows: Some(split.rows), sha256: split.sha256.clone() };
        scored(record).into_iter().map(|split| (split.key_suffix.clone(), of_split(split))).collect()
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.rows.is_none() && self.sha256.is_none()
    }

    /// Whether the content is the same; `None` where one is unknown.
    pub(super) fn has_content_of(&self, other: &Self) -> Option<bool> {
        Some(self.sha256.as_ref()?.eq_ignore_ascii_case(other.sha256.as_ref()?))
    }

    /// Whether they are known to be other rows: of another content or, where one is unknown, of another number.
    pub(super) fn is_other_than(&self, other: &Self) -> bool {
        let by_number = || matches!((self.rows, other.rows), (Some(own), Some(other)) if own != other);
        self.has_content_of(other).map_or_else(by_number, |is_same| !is_same)
    }

    /// As whoever published them says: `100 rows, content 3f9c02, as published`.
    pub(super) fn as_published(&self) -> Option<String> {
        let rows = self.rows.map(|rows| format!("{rows} rows"));
        let content = self.sha256.as_ref().map(|hash| format!("content {}", short(&hash.to_ascii_lowercase())));
        match (rows, content) {
            (Some(rows), Some(content)) => Some(format!("{rows}, {content}, as published")),
            (one, other) => one.or(other).map(|known| format!("{known} as published")),
        }
    }
}
