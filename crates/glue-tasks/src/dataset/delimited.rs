//! Comma-separated and tab-separated files as pandas reads them, and tab-separated ones as GLUE's own are written.

use std::io::Read;
use std::path::Path;

use super::delimited_format::DelimitedFormat;
use super::dialect::{Dialect, Extension};
use super::error::{DataError, Warning};
use super::label_values::plain;
use super::raw::{RawLabel, RawRow, RowSink, WantedColumns, index_of, unpacked};

/// What pandas takes for nothing (`pandas._libs.parsers.STR_NA_VALUES`); of labels alone, since "null" and "NA" can be texts.
const NOTHING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
];

impl Dialect {
    fn reader(self, file: &Path) -> Result<csv::Reader<Box<dyn Read>>, DataError> {
        let mut builder = csv::ReaderBuilder::new();
        // Rows of another length are let through here, so that the message can count rows and say what to do.
        builder.has_headers(false).flexible(true).delimiter(self.delimiter).quoting(self.quoting);
        Ok(builder.from_reader(unpacked(file)?))
    }

    fn advice(self) -> String {
        let cells = format!("cells are separated by {} here (--delimiter changes that)", self.in_words());
        match self.extension {
            Extension::Csv => format!("{cells}, and a text that holds them stands in quotes"),
            Extension::Tsv => cells,
        }
    }
}

/// The header's columns.
pub(super) fn columns(file: &Path, extension: Extension, format: DelimitedFormat) -> Result<Vec<String>, DataError> {
    let dialect = Dialect::of(file, extension, format)?;
    header(file, dialect, &mut dialect.reader(file)?)
}

/// Reads the wanted columns, row by row. Returns what is odd about the file.
pub(super) fn read(
    file: &Path,
    extension: Extension,
    wanted: &WantedColumns,
    sink: &mut RowSink<'_>,
) -> Result<Vec<Warning>, DataError> {
    let (dialect, warning) = Dialect::of(file, extension, wanted.format)?.checked(file)?;
    let mut warnings: Vec<Warning> = warning.into_iter().collect();
    let mut reader = dialect.reader(file)?;
    let columns = header(file, dialect, &mut reader)?;
    let places: Vec<usize> =
        wanted.texts.iter().map(|column| index_of(file, &columns, wanted, column)).collect::<Result<_, _>>()?;
    let label_place = wanted.label.as_ref().map(|column| index_of(file, &columns, wanted, column)).transpose()?;
    let bad_row = |row, reason| DataError::BadRow { file: file.to_owned(), row, reason };

    let mut record = csv::StringRecord::new();
    let (mut index, mut short_rows) = (0, 0);
    while reader.read_record(&mut record).map_err(|error| bad_row(index, reason(&error)))? {
        if is_blank(&record) {
            continue;
        }
        if wanted.format.skips_short_rows && record.len() < columns.len() {
            short_rows += 1;
            continue;
        }
        if record.len() != columns.len() {
            let (cells, expected) = (record.len(), columns.len());
            return Err(bad_row(index, format!("{cells} cells under {expected} columns: {}", dialect.advice())));
        }
        if columns.len() > 1 && record.iter().zip(&columns).all(|(cell, column)| cell.trim() == column.trim()) {
            warnings.push(Warning::RepeatedHeader { file: file.to_owned(), row: index });
            continue;
        }
        let texts: Vec<Option<&str>> = places
            .iter()
            .map(|&place| record.get(place).filter(|text| extension == Extension::Tsv || !text.is_empty()))
            .collect();
        let label = label_place.and_then(|place| record.get(place)).map_or(RawLabel::Missing, cell);
        sink(RawRow { index, texts: &texts, label })?;
        index += 1;
    }
    if short_rows > 0 {
        warnings.push(Warning::ShortRows { file: file.to_owned(), rows: short_rows });
    }
    Ok(warnings)
}

/// A line of spaces, which pandas skips as it does an empty one.
fn is_blank(record: &csv::StringRecord) -> bool {
    record.len() == 1 && record.get(0).is_some_and(|cell| !cell.is_empty() && cell.trim_matches([' ', '\t']).is_empty())
}

fn header(file: &Path, dialect: Dialect, reader: &mut csv::Reader<Box<dyn Read>>) -> Result<Vec<String>, DataError> {
    if let Some(columns) = dialect.header {
        return Ok(columns.iter().map(|&column| column.to_owned()).collect());
    }
    let bad = |reason| DataError::BadFile { file: file.to_owned(), format: dialect.name(), reason };
    let mut header = csv::StringRecord::new();
    loop {
        if !reader.read_record(&mut header).map_err(|error| bad(reason(&error)))? {
            return Err(bad("it is empty, without even a header".to_owned()));
        }
        if !is_blank(&header) {
            break;
        }
    }
    // Blanks around a name are left out, where no other column has the name without them.
    let name = |column: &str| {
        let plain = column.trim();
        if header.iter().any(|other| other == plain) { column } else { plain }.to_owned()
    };
    Ok(header.iter().map(name).collect())
}

fn cell(text: &str) -> RawLabel<'_> {
    let plain = plain(text);
    if plain.is_empty() || NOTHING.contains(&plain) { RawLabel::Missing } else { RawLabel::Cell(text) }
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "bytes that are not UTF-8: save the file as UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
