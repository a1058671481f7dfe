//! How the cells of a csv or tsv file are told apart.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::delimited_format::DelimitedFormat;
use super::error::{DataError, Warning};
use super::quotes::{self, Place};
use super::raw::unpacked;

/// The two kinds by their extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    Csv,
    Tsv,
}

/// What can stand between cells in place of a comma.
const OTHER_DELIMITERS: [u8; 3] = [b';', b'\t', b'|'];

/// How many lines, and bytes of them at most, are looked at.
const SAMPLE_LINES: usize = 20;
const SAMPLE_BYTES: u64 = 1 << 16;

/// How one file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) extension: Extension,
    pub(super) delimiter: u8,
    /// Whether a cell may stand in quotes.
    pub(super) quoting: bool,
    /// The columns, where the first line is a row already.
    pub(super) header: Option<&'static [&'static str]>,
}

impl Dialect {
    /// The dialect of a file, as far as its first lines show it.
    pub(super) fn of(file: &Path, extension: Extension, format: DelimitedFormat) -> Result<Self, DataError> {
        let delimiter = match (format.delimiter, extension) {
            (Some(given), _) => given,
            (None, Extension::Tsv) => b'\t',
            (None, Extension::Csv) => delimiter_of(&first_lines(file)?),
        };
        let quoting = extension == Extension::Csv || !format.unquoted_tsv;
        Ok(Self { extension, delimiter, quoting, header: format.header })
    }

    /// The same after the whole file was looked at, with what was decided and is not to be expected.
    ///
    /// # Errors
    /// Of csv, a quote that opens a cell and is not closed where the cell ends: pandas takes the rows up to the next quote for one
    /// cell without a word.
    pub(super) fn checked(self, file: &Path) -> Result<(Self, Option<Warning>), DataError> {
        let found =
            if self.quoting { quotes::scan(unpacked(file)?, self.delimiter) } else { Ok(quotes::Quotes::default()) };
        let found = found.map_err(|source| DataError::Read { file: file.to_owned(), source })?;
        if self.extension == Extension::Tsv {
            // Texts with quotes in them, as GLUE's own files have.
            let inside = found.unclosed.or(found.inside);
            let warning = inside.map(|place| Warning::Quotes { file: file.to_owned(), line: place.line });
            return Ok((Self { quoting: self.quoting && inside.is_none(), ..self }, warning));
        }
        let bad = |place: Place, what: &str| {
            let reason = format!(
                "the quote that opens a cell in line {} {what}; close it, or double the quotes inside of a text and put quotes around it",
                place.line
            );
            Err(DataError::BadRow { file: file.to_owned(), row: place.row, reason })
        };
        match (found.unclosed, found.over_lines) {
            (Some(place), _) => bad(place, "is never closed, so that all lines behind it would be one text"),
            (_, Some(place)) => bad(
                place,
                "is closed in another line in the middle of a cell, so that the lines between would be one text",
            ),
            _ => {
                let is_other = self.delimiter != b',';
                let warning =
                    is_other.then(|| Warning::Delimiter { file: file.to_owned(), delimiter: self.in_words() });
                Ok((self, warning))
            }
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self.extension {
            Extension::Csv => "csv",
            Extension::Tsv => "tsv",
        }
    }

    /// The delimiter in words.
    pub(super) fn in_words(self) -> String {
        match self.delimiter {
            b'\t' => "tabs".to_owned(),
            b' ' => "spaces".to_owned(),
            other => format!("`{}`", char::from(other)),
        }
    }
}

/// The first lines, the header's included, without their ends.
fn first_lines(file: &Path) -> Result<Vec<Vec<u8>>, DataError> {
    let lines = BufReader::new(unpacked(file)?.take(SAMPLE_BYTES)).split(b'\n').take(SAMPLE_LINES);
    let lines: Result<Vec<_>, _> = lines.collect();
    lines.map_err(|source| DataError::Read { file: file.to_owned(), source })
}

/// A comma where the header has one or nothing else is in its place; else what the header and each further line have as often.
fn delimiter_of(lines: &[Vec<u8>]) -> u8 {
    let Some((header, rows)) = lines.split_first() else { return b',' };
    let count = |line: &[u8], delimiter: u8| outside_quotes(line).filter(|byte| *byte == delimiter).count();
    if count(header, b',') > 0 {
        return b',';
    }
    let fits = |delimiter: &u8| {
        let in_header = count(header, *delimiter);
        let in_row = |row: &&Vec<u8>| !row.is_empty() && count(row, *delimiter) == in_header;
        // A text may have one more, and the last line may be cut.
        in_header > 0 && (rows.is_empty() || 2 * rows.iter().filter(in_row).count() >= rows.len())
    };
    OTHER_DELIMITERS.into_iter().find(fits).unwrap_or(b',')
}

fn outside_quotes(line: &[u8]) -> impl Iterator<Item = u8> {
    let mut quoted = false;
    line.iter().copied().filter(move |byte| {
        quoted ^= *byte == b'"';
        !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_what_all_lines_have() {
        let of = |text: &str| {
            char::from(delimiter_of(&text.split('\n').map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>()))
        };
        assert_eq!(of("text,label\na;b;c,1"), ',');
        assert_eq!(of("text;label\na film, really;pos\ndull;neg"), ';');
        assert_eq!(of("text\tlabel\na\tpos"), '\t');
        assert_eq!(of("text|label\na|pos"), '|');
        assert_eq!(of("\"a,b\";label\n\"x\";1"), ';');
        assert_eq!(of("text\none; two\nthree"), ',');
        assert_eq!(of("a;b\none\ntwo\nthree"), ',');
        assert_eq!(of("text;label"), ';');
        assert_eq!(of(""), ',');
    }
}
