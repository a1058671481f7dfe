//! Parquet files, the format of the Hub's datasets.

use std::fs::File;
use std::path::Path;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::arrow_rows::{ArrowFile, HUGGINGFACE, label_names, names};
use super::error::DataError;
use super::raw::{RowSink, WantedColumns, open};

type Builder = ParquetRecordBatchReaderBuilder<File>;

/// The columns, in the file's order.
pub(super) fn columns(file: &Path) -> Result<Vec<String>, DataError> {
    Ok(names(builder(as_parquet(file))?.schema()))
}

/// Reads the wanted columns, row by row. Returns the label names that the file declares.
pub(super) fn read(
    file: &Path,
    wanted: &WantedColumns,
    sink: &mut RowSink<'_>,
) -> Result<Option<Vec<String>>, DataError> {
    let file = as_parquet(file);
    let builder = builder(file)?;
    file.check_columns(builder.schema(), wanted)?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let metadata = metadata.and_then(|entries| entries.iter().find(|entry| entry.key == HUGGINGFACE)?.value.as_ref());
    let declared = wanted.label.as_ref().and_then(|column| label_names(metadata, column));

    // Root columns of the file are the fields of its arrow schema, in the same order.
    let columns = names(builder.schema());
    let roots = columns
        .iter()
        .enumerate()
        .filter(|(_, name)| wanted.texts.contains(name) || wanted.label.as_ref() == Some(name));
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.map(|(place, _)| place));
    let reader = builder.with_projection(mask).with_batch_size(8192).build().map_err(|error| file.bad(&error))?;
    file.read_batches(reader, wanted, sink)?;
    Ok(declared)
}

fn as_parquet(path: &Path) -> ArrowFile<'_> {
    ArrowFile { path, format: "parquet" }
}

fn builder(file: ArrowFile<'_>) -> Result<Builder, DataError> {
    Builder::try_new(open(file.path)?).map_err(|error| file.bad(&error))
}
