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
    read_first_texts(files, schema, true, usize::MAX)
}

/// As [`read_split`], but the label column is not looked at and need not be there: for rows that are only predicted.
///
/// # Errors
/// As [`read_split`].
pub fn read_unlabelled_split(files: &[PathBuf], schema: &Schema) -> Result<Split, DataError> {
    read_first_texts(files, schema, false, usize::MAX)
}

/// As [`read_split`], or [`read_unlabelled_split`] where it is not `labelled`, with the texts of the first rows alone: of the others they
/// are empty, and mistakes in them are not seen. Their labels are read all the same, since what a label means is decided by its column
/// as a whole: those of the first rows are what they are among all.
///
/// # Errors
/// As [`read_split`].
pub fn read_first_texts(
    files: &[PathBuf],
    schema: &Schema,
    labelled: bool,
    text_rows: usize,
) -> Result<Split, DataError> {
    let mut collector = Collector::new(schema, labelled, text_rows);
    collector.read(files)?;
    collector.finish()
}
