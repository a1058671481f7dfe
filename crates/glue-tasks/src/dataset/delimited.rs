//! Comma-separated files as pandas reads them, and tab-separated ones as GLUE's own are written.

use std::path::Path;

use super::error::DataError;
use super::raw::{RawLabel, RawRow, RowSink, WantedColumns, index_of, open};

/// The two dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Commas, with quotes; an empty cell is null.
    Csv,
    /// Tabs, where a quote is a character like any other; an empty text is an empty text (QQP has some).
    Tsv,
}

impl Dialect {
    fn reader(self, file: &Path) -> Result<csv::Reader<std::fs::File>, DataError> {
        let mut builder = csv::ReaderBuilder::new();
        // Rows of another length are let through here, so that the message can count rows and say what to do.
        builder.flexible(true);
        if self == Self::Tsv {
            builder.delimiter(b'\t').quoting(false);
        }
        Ok(builder.from_reader(open(file)?))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Csv => "quote texts that hold commas or line breaks",
            Self::Tsv => "a text in a tsv file cannot hold tabs or line breaks",
        }
    }
}

/// The header's columns.
pub(super) fn columns(file: &Path, dialect: Dialect) -> Result<Vec<String>, DataError> {
    header(file, dialect, &mut dialect.reader(file)?)
}

/// Reads the wanted columns, row by row.
pub(super) fn read(
    file: &Path,
    dialect: Dialect,
    wanted: &WantedColumns,
    sink: &mut RowSink<'_>,
) -> Result<(), DataError> {
    let mut reader = dialect.reader(file)?;
    let columns = header(file, dialect, &mut reader)?;
    let places: Vec<usize> =
        wanted.texts.iter().map(|column| index_of(file, &columns, wanted, column)).collect::<Result<_, _>>()?;
    let label_place = wanted.label.as_ref().map(|column| index_of(file, &columns, wanted, column)).transpose()?;
    let bad_row = |row, reason| DataError::BadRow { file: file.to_owned(), row, reason };

    let mut record = csv::StringRecord::new();
    let mut index = 0;
    while reader.read_record(&mut record).map_err(|error| bad_row(index, reason(&error)))? {
        if record.len() != columns.len() {
            let (cells, expected) = (record.len(), columns.len());
            return Err(bad_row(index, format!("{cells} cells under {expected} columns: {}", dialect.advice())));
        }
        let texts: Vec<Option<&str>> = places
            .iter()
            .map(|&place| record.get(place).filter(|text| dialect == Dialect::Tsv || !text.is_empty()))
            .collect();
        let label = label_place.and_then(|place| record.get(place)).map_or(RawLabel::Missing, cell);
        sink(RawRow { index, texts: &texts, label })?;
        index += 1;
    }
    Ok(())
}

fn header(file: &Path, dialect: Dialect, reader: &mut csv::Reader<std::fs::File>) -> Result<Vec<String>, DataError> {
    let bad = |reason| DataError::BadFile { file: file.to_owned(), format: dialect.name(), reason };
    let header = reader.headers().map_err(|error| bad(reason(&error)))?;
    if header.is_empty() {
        return Err(bad("it is empty, without even a header".to_owned()));
    }
    Ok(header.iter().map(|column| column.trim().to_owned()).collect())
}

fn cell(text: &str) -> RawLabel<'_> {
    if text.trim().is_empty() { RawLabel::Missing } else { RawLabel::Text(text) }
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "bytes that are not UTF-8: save the file as UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
