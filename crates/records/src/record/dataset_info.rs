//! What a run was trained and evaluated on: the dataset, and which of its rows.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::parts::Source;

/// As much of the rows that are scored may be trained on, and the score still says something of other rows: benchmarks' own splits
/// share some rows. 16 of the 1043 rows that CoLA is validated on stand among its training rows, and 6 of the 1500 of STS-B.
pub const SHARED_BY_DESIGN: f64 = 0.1;

/// What the rows of a split were used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitUse {
    /// The model was trained on them.
    Training,
    /// They were scored.
    Evaluation,
    /// They were predicted.
    Prediction,
}

/// Rows that were used for one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitRows {
    /// The split as the dataset calls it, or its parts: `validation`, `test[:30]+test[-30:]`.
    pub split: String,
    /// What the rows were used for; a record of format 1 does not say.
    pub used_for: Option<SplitUse>,
    /// What is added to the names of metrics on these rows: nothing, `_mm`, `_ax`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_suffix: String,
    /// How many rows were used.
    pub rows: u64,
    /// How many there would be without a limit, parts and rows held out; a record of format 1 does not say.
    pub rows_of_split: Option<u64>,
    /// The limit that was given, such as `--max_eval_samples`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// SHA-256 over the texts and labels of the rows in their order, in lower-case hexadecimal; a record of format 1 has none.
    pub sha256: Option<String>,
    /// How many of the rows the model was also trained on, by their texts, aside from white space, and from upper case where the
    /// tokenizer drops it: in this run, or in those that made the model where its folder says so. `None` where that is unknown, and in a record of format 1;
    /// where a part of what it was trained on is known and that has more than [`SHARED_BY_DESIGN`] of the rows, the number of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<u64>,
    /// How many of these have the very texts of a row that this run trained on; `None` where nothing was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on_exactly: Option<u64>,
    /// The files that the split was read from, in order, as [`DatasetInfo::files_sha256`] calls them; empty where that is unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl SplitRows {
    /// Whether all rows of the split were used; `None` where a record of format 1 does not say.
    #[must_use]
    pub fn is_whole(&self) -> Option<bool> {
        self.rows_of_split.map(|all| all == self.rows)
    }
}

/// The data that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Fields")]
pub struct DatasetInfo {
    /// Hub id, or the folder or files as they were given.
    pub id: String,
    /// Configuration of the data set, e.g. `mrpc`.
    pub config: Option<String>,
    /// Where it came from.
    pub source: Source,
    /// The branch, tag or commit that was asked for; in a record of format 1 the commit where it was known.
    pub revision: Option<String>,
    /// The commit that this was.
    pub commit: Option<String>,
    /// What stands between the cells of csv and tsv files, where that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The rows that were used, the training's first.
    pub splits: Vec<SplitRows>,
    /// SHA-256 of every file that rows were read from, in lower-case hexadecimal; a record of format 1 has none.
    pub files_sha256: BTreeMap<String, String>,
}

impl DatasetInfo {
    /// All hashes, to be spelled alike.
    pub(super) fn hashes(&mut self) -> Vec<&mut String> {
        let of_splits = self.splits.iter_mut().filter_map(|split| split.sha256.as_mut());
        of_splits.chain(self.files_sha256.values_mut()).collect()
    }

    /// What was used for a purpose.
    pub fn used_for(&self, purpose: SplitUse) -> impl Iterator<Item = &SplitRows> {
        self.splits.iter().filter(move |split| split.used_for == Some(purpose))
    }
}

/// Both formats: the first has a number of rows by split's name.
#[derive(Deserialize)]
struct Fields {
    id: String,
    config: Option<String>,
    source: Source,
    revision: Option<String>,
    #[serde(default)]
    commit: Option<String>,
    #[serde(default)]
    delimiter: Option<char>,
    #[serde(default)]
    splits: Vec<SplitRows>,
    #[serde(default)]
    rows: BTreeMap<String, u64>,
    #[serde(default)]
    files_sha256: BTreeMap<String, String>,
}

impl From<Fields> for DatasetInfo {
    fn from(fields: Fields) -> Self {
        let Fields { id, config, source, revision, commit, delimiter, mut splits, rows, files_sha256 } = fields;
        splits.extend(rows.into_iter().map(|(split, rows)| SplitRows {
            split,
            used_for: None,
            key_suffix: String::new(),
            rows,
            rows_of_split: None,
            limit: None,
            sha256: None,
            trained_on: None,
            trained_on_exactly: None,
            files: Vec::new(),
        }));
        Self { id, config, source, revision, commit, delimiter, splits, files_sha256 }
    }
}
