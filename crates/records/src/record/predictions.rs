//! What a run predicted for each row of its evaluation splits, beside its record: models are compared row by row.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic::{WriteError, write_whole};

/// One value a row, in the dataset's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// Classes by number, in the dataset's order.
    Classes(Vec<usize>),
    /// Scores of a regression.
    Scores(Vec<f32>),
    /// Which classes hold, of rows that have several.
    Sets(Vec<Vec<bool>>),
}

/// What was right and what was predicted on one split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitPredictions {
    /// Name of the split, such as `validation`.
    pub split: String,
    /// What is right, in the dataset's order of rows.
    pub labels: Values,
    /// What was predicted.
    pub predictions: Values,
}

/// The end of a file's name.
pub const EXTENSION: &str = "predictions.json";

/// The file beside a record.
#[must_use]
pub fn path_beside(record: &Path) -> PathBuf {
    record.with_extension(EXTENSION)
}

/// Writes the file beside a record.
///
/// # Errors
/// When it cannot be written.
pub fn write(record: &Path, splits: &[SplitPredictions]) -> Result<(), WriteError> {
    let text = serde_json::to_string(splits).unwrap_or_default();
    write_whole(path_beside(record), format!("{text}\n").as_bytes())
}

/// Reads the file beside a record; `None` where there is none, or it is broken.
#[must_use]
pub fn read(record: &Path) -> Option<Vec<SplitPredictions>> {
    serde_json::from_slice(&std::fs::read(path_beside(record)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("a/seed-1-abc.json");
        let split = |labels, predictions| SplitPredictions { split: "validation".to_owned(), labels, predictions };
        let splits = [
            split(Values::Classes(vec![0, 2]), Values::Classes(vec![1, 1])),
            split(Values::Scores(vec![5.0, 0.1]), Values::Scores(vec![-1.5e-7, 3.0])),
            split(Values::Sets(vec![vec![true, false]]), Values::Sets(vec![vec![false, false]])),
        ];
        write(&record, &splits).unwrap();
        assert!(folder.path().join("a/seed-1-abc.predictions.json").is_file());
        assert_eq!(read(&record).unwrap(), splits);
        assert_eq!(read(&folder.path().join("a/other.json")), None);
    }
}
