//! What every file format gives: rows of texts and a label as the file spells them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::delimited_format::DelimitedFormat;
use super::error::DataError;
use super::growth::Unpacking;
use crate::near::near_enough;

/// The columns that are read: `texts` one or two, `label` none where rows are only predicted.
#[derive(Clone, Debug)]
pub(super) struct WantedColumns {
    pub(super) texts: Vec<String>,
    pub(super) label: Option<String>,
    /// Of csv and tsv.
    pub(super) format: DelimitedFormat,
    /// How many of the first rows are wanted with their texts. Those of others are not looked at, and may be left out.
    pub(super) text_rows: usize,
}

/// A label as the file spells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RawLabel<'a> {
    Missing,
    Integer(i64),
    Float(f64),
    /// A string: of parquet and JSON, which tell strings from numbers.
    Text(&'a str),
    /// A cell of csv or tsv, which can be either.
    Cell(&'a str),
    List(&'a [ListItem]),
}

/// One label of a row that has a list of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ListItem {
    Integer(i64),
    Text(String),
}

/// A row as the file spells it; `texts` in the order of [`WantedColumns::texts`], of the first [`WantedColumns::text_rows`] rows.
#[derive(Debug)]
pub(super) struct RawRow<'a> {
    pub(super) index: usize,
    pub(super) texts: &'a [Option<&'a str>],
    pub(super) label: RawLabel<'a>,
}

/// Takes one row after the other; an error stops the reading.
pub(super) type RowSink<'a> = dyn FnMut(RawRow<'_>) -> Result<(), DataError> + 'a;

/// The index of a column, or an error that lists the columns there are; also where two have its name.
pub(super) fn index_of(
    file: &Path,
    present: &[String],
    wanted: &WantedColumns,
    column: &str,
) -> Result<usize, DataError> {
    // `sentence1` is near to `sentence2`, but has its own use.
    let unused = present.iter().filter(|&name| !wanted.texts.contains(name) && wanted.label.as_ref() != Some(name));
    let mut found = (0..present.len()).filter(|&at| present[at] == column);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => Err(DataError::TwoColumns { file: file.to_owned(), column: column.to_owned() }),
        (None, _) => Err(DataError::MissingColumn {
            file: file.to_owned(),
            column: column.to_owned(),
            present: present.to_vec(),
            suggestion: near_enough(column, unused.map(String::as_str)).map(str::to_owned),
        }),
    }
}

/// The file, open for reading.
///
/// # Errors
/// [`DataError::Read`] with the path, which the system's own message lacks.
pub(super) fn open(file: &Path) -> Result<File, DataError> {
    File::open(file).map_err(|source| DataError::Read { file: PathBuf::from(file), source })
}

/// Its content, unpacked where its name says that it is packed ([`PACKED`](crate::packed::PACKED)).
///
/// # Errors
/// As [`open`]. Reading it fails where it unpacks to far more than texts do.
pub(super) fn unpacked(file: &Path) -> Result<Box<dyn Read>, DataError> {
    let read = |source| DataError::Read { file: PathBuf::from(file), source };
    let content = open(file)?;
    let packed = content.metadata().map_err(read)?.len();
    let content: Box<dyn Read> = match file.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(content)),
        Some("zst") => Box::new(zstd::Decoder::new(content).map_err(read)?),
        _ => return Ok(Box::new(content)),
    };
    Ok(Box::new(Unpacking::of(content, packed)))
}
