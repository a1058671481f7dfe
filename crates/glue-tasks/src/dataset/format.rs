//! From a file's extension to its reader.

use std::path::Path;

use super::delimited::{self, Dialect};
use super::error::DataError;
use super::raw::{RowSink, WantedColumns};
use super::{json_lines, parquet};

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileFormat {
    Parquet,
    Csv,
    Tsv,
    Json,
}

impl FileFormat {
    fn of(file: &Path) -> Result<Self, DataError> {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "parquet" => Ok(Self::Parquet),
            "csv" => Ok(Self::Csv),
            "tsv" => Ok(Self::Tsv),
            "json" | "jsonl" => Ok(Self::Json),
            _ => Err(DataError::UnknownFormat { file: file.to_owned() }),
        }
    }
}

/// Reads the wanted columns of a file, row by row. Returns the label names that the file itself declares.
pub(super) fn read_rows(
    file: &Path,
    wanted: &WantedColumns,
    sink: &mut RowSink<'_>,
) -> Result<Option<Vec<String>>, DataError> {
    match FileFormat::of(file)? {
        FileFormat::Parquet => parquet::read(file, wanted, sink),
        FileFormat::Csv => delimited::read(file, Dialect::Csv, wanted, sink).map(|()| None),
        FileFormat::Tsv => delimited::read(file, Dialect::Tsv, wanted, sink).map(|()| None),
        FileFormat::Json => json_lines::read(file, wanted, sink).map(|()| None),
    }
}

/// The columns of a file, in its order.
pub(super) fn columns_of(file: &Path) -> Result<Vec<String>, DataError> {
    match FileFormat::of(file)? {
        FileFormat::Parquet => parquet::columns(file),
        FileFormat::Csv => delimited::columns(file, Dialect::Csv),
        FileFormat::Tsv => delimited::columns(file, Dialect::Tsv),
        FileFormat::Json => json_lines::columns(file),
    }
}
