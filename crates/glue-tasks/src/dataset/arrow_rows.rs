//! Rows of arrow's record batches, which parquet and arrow files are read as.

use std::fmt::Display;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};
use serde_json::Value;

use super::arrow_columns::{LabelColumn, TextColumn, is_label, is_text};
use super::error::DataError;
use super::growth::Growth;
use super::raw::{RawLabel, RawRow, RowSink, WantedColumns, index_of};
use crate::features::names_in_mapping;

/// The key of the file's metadata under which the `datasets` library keeps the features, label names among them:
/// <https://github.com/huggingface/datasets/blob/main/src/datasets/arrow_writer.py>.
pub(super) const HUGGINGFACE: &str = "huggingface";

/// What a row takes beside its texts, which may be none: a run of rows that are all the same takes nothing in the file.
const ROW_BYTES: usize = 64;

/// A file that is read so.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArrowFile<'a> {
    pub(super) path: &'a Path,
    /// `parquet` or `arrow`.
    pub(super) format: &'static str,
}

impl ArrowFile<'_> {
    pub(super) fn bad(self, reason: &dyn Display) -> DataError {
        DataError::BadFile { file: self.path.to_owned(), format: self.format, reason: reason.to_string() }
    }

    /// Bytes that it takes.
    pub(super) fn length(self) -> Result<u64, DataError> {
        let metadata = std::fs::metadata(self.path);
        metadata.map(|file| file.len()).map_err(|source| DataError::Read { file: self.path.to_owned(), source })
    }

    /// `what`: of the file, in words.
    pub(super) fn grows(self, what: &str, reason: String) -> DataError {
        DataError::Growth { file: self.path.to_owned(), what: what.to_owned(), reason }
    }

    /// # Errors
    /// A wanted column that is not there, or of a type that is no text or label.
    pub(super) fn check_columns(self, schema: &Schema, wanted: &WantedColumns) -> Result<(), DataError> {
        let columns = names(schema);
        for column in &wanted.texts {
            self.check_type(schema, index_of(self.path, &columns, wanted, column)?, is_text, "text")?;
        }
        if let Some(column) = &wanted.label {
            let place = index_of(self.path, &columns, wanted, column)?;
            let expected = "text, whole numbers, floats, or lists of texts or whole numbers";
            self.check_type(schema, place, is_label, expected)?;
        }
        Ok(())
    }

    fn check_type(
        self,
        schema: &Schema,
        place: usize,
        fits: fn(&arrow_schema::DataType) -> bool,
        expected: &'static str,
    ) -> Result<(), DataError> {
        let field = schema.field(place);
        if fits(field.data_type()) {
            return Ok(());
        }
        let (column, found) = (field.name().clone(), field.data_type().to_string());
        Err(DataError::ColumnType { file: self.path.to_owned(), column, found, expected })
    }

    /// Gives the rows of all batches, in order, the first of them row `index` of the file.
    pub(super) fn read_batches(
        self,
        batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
        mut index: usize,
        wanted: &WantedColumns,
        sink: &mut RowSink<'_>,
    ) -> Result<(), DataError> {
        // A text that many rows have may stand in the file once.
        let mut growth = Growth::of(self.length()?);
        for batch in batches {
            let batch = batch.map_err(|error| self.bad(&error))?;
            self.read_batch(&batch, index, wanted, &mut |row| {
                let bytes: usize = row.texts.iter().flatten().map(|text| text.len()).sum();
                growth.add((ROW_BYTES + bytes) as u64).map_err(|reason| self.grows("it", reason))?;
                sink(row)
            })?;
            index += batch.num_rows();
        }
        Ok(())
    }

    /// Gives the rows of a batch, the first of them row `index` of the file.
    fn read_batch(
        self,
        batch: &RecordBatch,
        index: usize,
        wanted: &WantedColumns,
        sink: &mut RowSink<'_>,
    ) -> Result<(), DataError> {
        let column =
            |name: &str| batch.column_by_name(name).ok_or_else(|| self.bad(&format!("no column `{name}` in a batch")));
        let unreadable = |name: &str| self.bad(&format!("column `{name}` changes its type"));
        let mut texts = Vec::with_capacity(wanted.texts.len());
        for name in &wanted.texts {
            texts.push(TextColumn::new(column(name)?.as_ref()).ok_or_else(|| unreadable(name))?);
        }
        let labels = match &wanted.label {
            Some(name) => Some(LabelColumn::new(column(name)?.as_ref()).ok_or_else(|| unreadable(name))?),
            None => None,
        };
        let mut cells = Vec::with_capacity(texts.len());
        for row in 0..batch.num_rows() {
            cells.clear();
            cells.extend(texts.iter().map(|column| column.get(row)));
            let label = labels.as_ref().map_or(RawLabel::Missing, |column| column.get(row));
            sink(RawRow { index: index + row, texts: &cells, label })?;
        }
        Ok(())
    }
}

/// The columns, in the file's order.
pub(super) fn names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// `info.features.<label>.names` of the metadata of [`HUGGINGFACE`]; none where there is nothing of the kind.
pub(super) fn label_names(metadata: Option<&String>, column: &str) -> Option<Vec<String>> {
    let features: Value = serde_json::from_str(metadata?).ok()?;
    names_in_mapping(features.get("info")?.get("features")?, column)
}
