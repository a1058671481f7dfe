//! Where quotes stand in a csv or tsv file. A quote opens a cell at its beginning alone, two in a row are one of the text: RFC 4180
//! (<https://www.rfc-editor.org/rfc/rfc4180#section-2>), and pandas' tokenizer (pandas/_libs/src/parser/tokenizer.c).

use std::io::{BufRead, BufReader, Read};

use memchr::{memchr, memchr_iter, memchr3};

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The row, from 0, the header left out.
    pub(super) row: usize,
    /// The line, from 1, the header included.
    pub(super) line: usize,
}

/// What begins with a quote: the first cells of each kind that no writer of quoted cells would write, and the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quotes {
    /// Whether a column's name stands in quotes.
    pub(super) in_header: bool,
    /// Not closed before the end of the file.
    pub(super) unclosed: Option<Place>,
    /// Closed in the middle of a cell: `"so" he said`.
    pub(super) inside: Option<Place>,
    /// The same, lines later.
    pub(super) over_lines: Option<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartOfRow,
    StartOfCell,
    Plain,
    Quoted,
    /// Behind a quote within a quoted cell: the next byte says whether it closes it.
    Quote,
}

/// Looks at a whole file.
pub(super) fn scan(file: impl Read, delimiter: u8) -> std::io::Result<Quotes> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut found = Quotes::default();
    let (mut state, mut rows, mut line) = (State::StartOfRow, 0_usize, 1);
    let mut opened = Place { row: 0, line: 1 };
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        let mut at = 0;
        loop {
            // What changes nothing is passed over: all but quotes in a quoted cell, all but its end in a plain one.
            let skipped = match state {
                State::Quoted => memchr(b'"', &bytes[at..]),
                State::Plain => memchr3(delimiter, b'\n', b'\r', &bytes[at..]),
                _ => Some(0),
            };
            let next = skipped.map_or(bytes.len(), |skipped| at + skipped);
            if state == State::Quoted {
                line += memchr_iter(b'\n', &bytes[at..next]).count();
            }
            let Some(&byte) = bytes.get(next) else { break };
            at = next + 1;
            let is_end = byte == b'\n' || byte == b'\r';
            state = match (state, byte) {
                (State::StartOfRow, _) if is_end => State::StartOfRow,
                (State::StartOfRow | State::StartOfCell, b'"') => {
                    rows += usize::from(state == State::StartOfRow);
                    // The header is a row too.
                    opened = Place { row: rows.saturating_sub(2), line };
                    found.in_header |= rows == 1;
                    State::Quoted
                }
                (State::Quoted, _) => State::Quote,
                (State::Quote, b'"') => State::Quoted,
                (_, _) if is_end => State::StartOfRow,
                (_, _) => {
                    rows += usize::from(state == State::StartOfRow);
                    if byte == delimiter {
                        State::StartOfCell
                    } else {
                        if state == State::Quote {
                            found.inside.get_or_insert(opened);
                            if line > opened.line {
                                found.over_lines.get_or_insert(opened);
                            }
                        }
                        State::Plain
                    }
                }
            };
            line += usize::from(byte == b'\n');
        }
        let count = bytes.len();
        reader.consume(count);
    }
    found.unclosed = (state == State::Quoted).then_some(opened);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_no_writer_would_write_are_found() {
        let of = |text: &str| scan(text.as_bytes(), b',').unwrap();
        let at = |row, line| Some(Place { row, line });
        for whole in [
            "",
            "a,b\n1,2\n",
            "a,b\n\"x\"\"y\",\"\n\"\n",
            "a,b\n5\" nail,2",
            "\"a\",\"b\"\r\n\"1\",\"2\"\r\n",
            "a\n\"\"\n",
        ] {
            assert_eq!(of(whole), Quotes { in_header: whole.starts_with('"'), ..Quotes::default() }, "{whole:?}");
        }
        assert_eq!(of("a,b\n1,x\n\n2,\"y\n3,z\n").unclosed, at(1, 4));
        assert_eq!(of("a,b\n1,\"so\" he said\n").inside, at(0, 2));
        let two = of("a,b\n1,\"so boring\n2,we loved it\n3,\"really\" good\n");
        assert_eq!((two.unclosed, two.over_lines), (None, at(0, 2)));
        assert_eq!(of("\"a").unclosed, at(0, 1));
    }
}
