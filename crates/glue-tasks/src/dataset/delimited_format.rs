//! What is known of csv and tsv files before they are looked at.

/// What is known of csv and tsv files before they are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DelimitedFormat {
    /// What stands between cells, one byte; `None`: a tab in tsv, and in csv what the first lines have.
    pub delimiter: Option<u8>,
    /// Whether quotes in tsv files are a part of the text, as in GLUE's own; else cells may stand in quotes, as `datasets` and pandas
    /// read them.
    pub unquoted_tsv: bool,
    /// The columns, where the first line is a row already.
    pub header: Option<&'static [&'static str]>,
    /// Whether a row that lacks cells is left out, with a word, and no error.
    pub skips_short_rows: bool,
}
