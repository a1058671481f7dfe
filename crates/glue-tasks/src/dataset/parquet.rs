//! Parquet files, the format of the Hub's datasets.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::error::DataError;
use super::parquet_columns::{LabelColumn, TextColumn, is_label, is_text};
use super::raw::{RawLabel, RawRow, RowSink, WantedColumns, index_of, open};

/// The key of the file's metadata under which the `datasets` library keeps the features, label names among them:
/// <https://github.com/huggingface/datasets/blob/main/src/datasets/arrow_writer.py>.
const HUGGINGFACE: &str = "huggingface";

type Builder = ParquetRecordBatchReaderBuilder<File>;

/// The columns, in the file's order.
pub(super) fn columns(file: &Path) -> Result<Vec<String>, DataError> {
    Ok(names(&builder(file)?))
}

/// Reads the wanted columns, row by row. Returns the label names that the file declares.
pub(super) fn read(
    file: &Path,
    wanted: &WantedColumns,
    sink: &mut RowSink<'_>,
) -> Result<Option<Vec<String>>, DataError> {
    let builder = builder(file)?;
    let columns = names(&builder);
    for column in &wanted.texts {
        check_type(file, &builder, index_of(file, &columns, wanted, column)?, is_text, "text")?;
    }
    if let Some(column) = &wanted.label {
        let place = index_of(file, &columns, wanted, column)?;
        check_type(file, &builder, place, is_label, "text, whole numbers, floats, or lists of texts or whole numbers")?;
    }
    let declared = wanted.label.as_ref().and_then(|column| label_names(&builder, column));

    // Root columns of the file are the fields of its arrow schema, in the same order.
    let roots = columns
        .iter()
        .enumerate()
        .filter(|(_, name)| wanted.texts.contains(name) || wanted.label.as_ref() == Some(name));
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.map(|(place, _)| place));
    let reader = builder.with_projection(mask).with_batch_size(8192).build().map_err(|error| bad(file, &error))?;

    let mut index = 0;
    for batch in reader {
        let batch = batch.map_err(|error| bad(file, &error))?;
        let column =
            |name: &str| batch.column_by_name(name).ok_or_else(|| bad(file, &format!("no column `{name}` in a batch")));
        let unreadable = |name: &str| bad(file, &format!("column `{name}` changes its type"));
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
            sink(RawRow { index, texts: &cells, label })?;
            index += 1;
        }
    }
    Ok(declared)
}

fn builder(file: &Path) -> Result<Builder, DataError> {
    Builder::try_new(open(file)?).map_err(|error| bad(file, &error))
}

fn names(builder: &Builder) -> Vec<String> {
    builder.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn check_type(
    file: &Path,
    builder: &Builder,
    place: usize,
    fits: fn(&arrow_schema::DataType) -> bool,
    expected: &'static str,
) -> Result<(), DataError> {
    let field = builder.schema().field(place);
    if fits(field.data_type()) {
        return Ok(());
    }
    let (column, found) = (field.name().clone(), field.data_type().to_string());
    Err(DataError::ColumnType { file: file.to_owned(), column, found, expected })
}

/// `info.features.<label>.names` of the metadata; none where there is nothing of the kind.
fn label_names(builder: &Builder, column: &str) -> Option<Vec<String>> {
    let metadata = builder.metadata().file_metadata().key_value_metadata()?;
    let json = metadata.iter().find(|entry| entry.key == HUGGINGFACE)?.value.as_ref()?;
    let features: Value = serde_json::from_str(json).ok()?;
    let label = features.get("info")?.get("features")?.get(column)?;
    // Of lists, the names belong to the items: `feature` in newer files, `sequence` in older ones.
    let of_items = || label.get("feature").or_else(|| label.get("sequence"))?.get("names");
    let names = label.get("names").or_else(of_items)?.as_array()?;
    names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn bad(file: &Path, reason: &dyn Display) -> DataError {
    DataError::BadFile { file: file.to_owned(), format: "parquet", reason: reason.to_string() }
}
