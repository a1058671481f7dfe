//! From a file's extension to its reader.

use std::path::Path;

use super::delimited;
use super::delimited_format::DelimitedFormat;
use super::dialect::Extension;
use super::error::{DataError, Warning};
use super::raw::{RowSink, WantedColumns};
use super::{arrow, json_lines, parquet};
use crate::library_panic::caught;
use crate::packed::extension;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileFormat {
    Parquet,
    Arrow,
    Csv,
    Tsv,
    Json,
}

impl FileFormat {
    fn of(file: &Path) -> Result<Self, DataError> {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match extension(name).to_ascii_lowercase().as_str() {
            "parquet" => Ok(Self::Parquet),
            "arrow" => Ok(Self::Arrow),
            "csv" => Ok(Self::Csv),
            "tsv" => Ok(Self::Tsv),
            "json" | "jsonl" | "ndjson" => Ok(Self::Json),
            _ => Err(DataError::UnknownFormat { file: file.to_owned() }),
        }
    }
}

/// What a library reads of a file; where it panics, the file is damaged.
fn whole<T>(file: &Path, format: &'static str, read: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    caught(read).unwrap_or_else(|reason| Err(DataError::BadFile { file: file.to_owned(), format, reason }))
}

/// What a file says besides its rows.
#[derive(Debug, Default)]
pub(super) struct FileFacts {
    /// The label names that it declares.
    pub(super) label_names: Option<Vec<String>>,
    /// What is odd about it.
    pub(super) warnings: Vec<Warning>,
}

/// Reads the wanted columns of a file, row by row.
pub(super) fn read_rows(file: &Path, wanted: &WantedColumns, sink: &mut RowSink<'_>) -> Result<FileFacts, DataError> {
    let delimited = |warnings| FileFacts { warnings, ..FileFacts::default() };
    let declaring = |label_names| FileFacts { label_names, ..FileFacts::default() };
    match FileFormat::of(file)? {
        FileFormat::Parquet => whole(file, "parquet", || parquet::read(file, wanted, sink)).map(declaring),
        FileFormat::Arrow => whole(file, "arrow", || arrow::read(file, wanted, sink)).map(declaring),
        FileFormat::Csv => delimited::read(file, Extension::Csv, wanted, sink).map(delimited),
        FileFormat::Tsv => delimited::read(file, Extension::Tsv, wanted, sink).map(delimited),
        FileFormat::Json => json_lines::read(file, wanted, sink).map(|()| FileFacts::default()),
    }
}

/// The columns of a file, in its order.
pub(super) fn columns_of(file: &Path, format: DelimitedFormat) -> Result<Vec<String>, DataError> {
    match FileFormat::of(file)? {
        FileFormat::Parquet => whole(file, "parquet", || parquet::columns(file)),
        FileFormat::Arrow => whole(file, "arrow", || arrow::columns(file)),
        FileFormat::Csv => delimited::columns(file, Extension::Csv, format),
        FileFormat::Tsv => delimited::columns(file, Extension::Tsv, format),
        FileFormat::Json => json_lines::columns(file),
    }
}
