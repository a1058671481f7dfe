//! Parquet files, the format of the Hub's datasets.

use std::fs::File;
use std::path::Path;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ColumnChunkMetaData;

use super::arrow_rows::{ArrowFile, HUGGINGFACE, label_names, names};
use super::error::DataError;
use super::growth::Growth;
use super::raw::{RowSink, WantedColumns, open};

type Builder = ParquetRecordBatchReaderBuilder<File>;

/// The least that a value takes in memory.
const VALUE_BYTES: u64 = 8;

/// The columns, in the file's order.
pub(super) fn columns(file: &Path) -> Result<Vec<String>, DataError> {
    Ok(names(footer(as_parquet(file))?.schema()))
}

/// Reads the wanted columns, row by row. Returns the label names that the file declares.
pub(super) fn read(
    file: &Path,
    wanted: &WantedColumns,
    sink: &mut RowSink<'_>,
) -> Result<Option<Vec<String>>, DataError> {
    let file = as_parquet(file);
    let footer = footer(file)?;
    file.check_columns(footer.schema(), wanted)?;
    let metadata = footer.metadata().file_metadata();
    let entries = metadata.key_value_metadata();
    let entry = entries.and_then(|entries| entries.iter().find(|entry| entry.key == HUGGINGFACE)?.value.as_ref());
    let declared = wanted.label.as_ref().and_then(|column| label_names(entry, column));
    check_growth(file, &footer, wanted)?;

    let first = wanted.text_rows;
    let build = |builder: Builder| builder.build().map_err(|error| file.bad(&error));
    let are_all_wanted = usize::try_from(metadata.num_rows()).is_ok_and(|rows| rows <= first);
    if are_all_wanted || wanted.texts.is_empty() || wanted.label.is_none() {
        file.read_batches(build(builder(file, &footer, wanted)?)?, 0, wanted, sink)?;
        return Ok(declared);
    }
    // Texts are most of a file, and of the other rows the labels are enough.
    let labels = WantedColumns { texts: Vec::new(), ..wanted.clone() };
    file.read_batches(build(builder(file, &footer, wanted)?.with_limit(first))?, 0, wanted, sink)?;
    file.read_batches(build(builder(file, &footer, &labels)?.with_offset(first))?, first, &labels, sink)?;
    Ok(declared)
}

fn as_parquet(path: &Path) -> ArrowFile<'_> {
    ArrowFile { path, format: "parquet" }
}

/// What a file says of itself, at its end.
fn footer(file: ArrowFile<'_>) -> Result<ArrowReaderMetadata, DataError> {
    let options = ArrowReaderOptions::default();
    ArrowReaderMetadata::load(&open(file.path)?, options).map_err(|error| file.bad(&error))
}

/// For the wanted columns of all rows.
fn builder(file: ArrowFile<'_>, footer: &ArrowReaderMetadata, wanted: &WantedColumns) -> Result<Builder, DataError> {
    let builder = Builder::new_with_metadata(open(file.path)?, footer.clone());
    let mask = ProjectionMask::roots(footer.parquet_schema(), roots(footer, wanted));
    Ok(builder.with_projection(mask).with_batch_size(8192))
}

/// The places of the wanted columns. Root columns of a file are the fields of its arrow schema, in the same order.
fn roots(footer: &ArrowReaderMetadata, wanted: &WantedColumns) -> Vec<usize> {
    let is_wanted = |name: &String| wanted.texts.contains(name) || wanted.label.as_ref() == Some(name);
    let columns = names(footer.schema());
    columns.iter().enumerate().filter(|(_, name)| is_wanted(name)).map(|(place, _)| place).collect()
}

/// Asked before anything is unpacked, since a page is unpacked as a whole.
///
/// # Errors
/// A wanted column that unpacks to far more than texts do.
fn check_growth(file: ArrowFile<'_>, footer: &ArrowReaderMetadata, wanted: &WantedColumns) -> Result<(), DataError> {
    let (schema, length, roots) = (footer.parquet_schema(), file.length()?, roots(footer, wanted));
    let bytes = |said: i64| u64::try_from(said).unwrap_or_default();
    for column in (0..schema.num_columns()).filter(|column| roots.contains(&schema.get_column_root_idx(*column))) {
        let chunks: Vec<&ColumnChunkMetaData> =
            footer.metadata().row_groups().iter().filter_map(|group| group.columns().get(column)).collect();
        let sum = |of: fn(&ColumnChunkMetaData) -> i64| {
            chunks.iter().fold(0_u64, |sum, chunk| sum.saturating_add(bytes(of(chunk))))
        };
        let sizes = chunks.iter().map(|chunk| (bytes(chunk.compressed_size()), bytes(chunk.uncompressed_size())));
        let whole = (sum(ColumnChunkMetaData::compressed_size), sum(ColumnChunkMetaData::uncompressed_size));
        // A run of values that are all the same takes nothing.
        let values = (length, sum(ColumnChunkMetaData::num_values).saturating_mul(VALUE_BYTES));
        for (packed, unpacked) in sizes.chain([whole, values]) {
            let what = format!("column `{}`", schema.column(column).path().string());
            Growth::of(packed.min(length)).add(unpacked).map_err(|reason| file.grows(&what, reason))?;
        }
    }
    Ok(())
}
