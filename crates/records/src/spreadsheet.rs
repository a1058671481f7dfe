//! Texts in files that spreadsheets open.

use std::borrow::Cow;

/// With one of these a spreadsheet begins a formula, which may run programs and send cells away; tabs and line breaks in front of one are
/// passed over.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A text as a cell: with an apostrophe before what a spreadsheet would compute, which makes it a text there. Numbers are no texts, and
/// stay as they are.
#[must_use]
pub fn text_cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The same as a field of a line of a CSV file, in quotes where it needs them (RFC 4180).
#[must_use]
pub fn csv_field(text: &str) -> String {
    let text = text_cell(text);
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_texts() {
        for text in ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"] {
            assert_eq!(text_cell(text), format!("'{text}"));
        }
        for text in ["", "a=1", "bert-base", "1", "'=1"] {
            assert_eq!(text_cell(text), text);
        }
        assert_eq!(csv_field("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(csv_field("test[:5]"), "test[:5]");
    }
}
