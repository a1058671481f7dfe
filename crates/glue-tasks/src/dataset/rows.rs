//! What every file format gives: rows of texts and a label as the file spells it.

use std::path::{Path, PathBuf};

use super::{DataError, delimited, json_lines, parquet};
use crate::near::near_enough;

/// The columns that are wanted.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) texts: Vec<String>,
    pub(super) label: Option<String>,
}

/// A label as the file spells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RawLabel<'a> {
    Missing,
    Integer(i64),
    Float(f64),
    Text(&'a str),
    List(&'a [ListItem]),
}

/// A label of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ListItem {
    Integer(i64),
    Text(String),
}

/// A row as the file spells it; `texts` in the order of the selection.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) index: usize,
    pub(super) texts: &'a [Option<&'a str>],
    pub(super) label: RawLabel<'a>,
}

/// Takes one row after the other; an error stops the reading.
pub(super) type RowSink<'a> = dyn FnMut(Row<'_>) -> Result<(), DataError> + 'a;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Parquet,
    Csv,
    Tsv,
    Json,
}

impl Format {
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
    wanted: &Selection,
    sink: &mut RowSink<'_>,
) -> Result<Option<Vec<String>>, DataError> {
    match Format::of(file)? {
        Format::Parquet => parquet::read(file, wanted, sink),
        Format::Csv => delimited::read(file, delimited::Dialect::Csv, wanted, sink).map(|()| None),
        Format::Tsv => delimited::read(file, delimited::Dialect::Tsv, wanted, sink).map(|()| None),
        Format::Json => json_lines::read(file, wanted, sink).map(|()| None),
    }
}

/// The columns of a file, in its order.
pub(super) fn columns_of(file: &Path) -> Result<Vec<String>, DataError> {
    match Format::of(file)? {
        Format::Parquet => parquet::columns(file),
        Format::Csv => delimited::columns(file, delimited::Dialect::Csv),
        Format::Tsv => delimited::columns(file, delimited::Dialect::Tsv),
        Format::Json => json_lines::columns(file),
    }
}

/// The place of a column, or an error that lists the columns there are.
pub(super) fn place_of(file: &Path, present: &[String], wanted: &Selection, column: &str) -> Result<usize, DataError> {
    // `sentence1` is near to `sentence2`, but has its own use.
    let unused = present.iter().filter(|&name| !wanted.texts.contains(name) && wanted.label.as_ref() != Some(name));
    present.iter().position(|name| name == column).ok_or_else(|| DataError::MissingColumn {
        file: file.to_owned(),
        column: column.to_owned(),
        present: present.to_vec(),
        suggestion: near_enough(column, unused.map(String::as_str)).map(str::to_owned),
    })
}

/// Opens a file for reading.
pub(super) fn open(file: &Path) -> Result<std::fs::File, DataError> {
    std::fs::File::open(file).map_err(|source| DataError::Read { file: PathBuf::from(file), source })
}
