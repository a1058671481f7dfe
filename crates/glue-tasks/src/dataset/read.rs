//! Files to a split.

use std::path::PathBuf;

use super::collect::Collector;
use super::error::DataError;
use super::example::Split;
use super::schema::Schema;

/// Reads a split from its files, one after the other; the extension says how: parquet, csv, tsv, jsonl, json.
///
/// A label is a class index or a class name, or a number for [`LabelKind::Score`](super::LabelKind::Score). Nothing (null, an empty cell) means
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
