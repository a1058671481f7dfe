//! What can be wrong with a split's files.

use std::fmt;
use std::path::PathBuf;

use crate::near::quoted;

/// Why a split cannot be read or found. Rows are counted from 0, headers and blank lines left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder cannot be opened or read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// An extension that stands for no format.
    #[error("{}: files of a split end in .parquet, .arrow, .csv, .tsv, .jsonl or .json, and texts may be packed by gzip or zstd; convert or rename this one", file.display())]
    UnknownFormat {
        /// The path of the file.
        file: PathBuf,
    },
    /// A file that is not what its extension says, or is cut short.
    #[error("{} is not a whole {format} file: {reason}; download or write it again", file.display())]
    BadFile {
        /// The path of the file.
        file: PathBuf,
        /// What it should be.
        format: &'static str,
        /// What the reader met.
        reason: String,
    },
    /// A file that unpacks to far more than a table of texts does.
    #[error("{}: {what} {reason}", file.display())]
    Growth {
        /// The path of the file.
        file: PathBuf,
        /// What of it, in words.
        what: String,
        /// How large it is, what was expected, and what to do.
        reason: String,
    },
    /// A row that does not parse.
    #[error("{}, row {row} (from 0): {reason}", file.display())]
    BadRow {
        /// The path of the file.
        file: PathBuf,
        /// The index of the row in the file, from 0.
        row: usize,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A column that is not there.
    #[error("{} has no column `{column}`{}; its columns are {}", file.display(), did_you_mean(suggestion.as_deref()), quoted(present))]
    MissingColumn {
        /// The path of the file.
        file: PathBuf,
        /// The name of the column.
        column: String,
        /// The columns that are there.
        present: Vec<String>,
        /// One of those with a similar name.
        suggestion: Option<String>,
    },
    /// A name that is asked for and that two columns have.
    #[error("{} has two columns `{column}`: rename or remove one of them", file.display())]
    TwoColumns {
        /// The path of the file.
        file: PathBuf,
        /// The name of the columns.
        column: String,
    },
    /// A column of a type that it cannot have.
    #[error("{}: column `{column}` holds {found}, but {expected} is needed: name another column or convert it", file.display())]
    ColumnType {
        /// The path of the file.
        file: PathBuf,
        /// The name of the column.
        column: String,
        /// The type that it has, in the words of the file format.
        found: String,
        /// The types that can be read.
        expected: &'static str,
    },
    /// A row without a text.
    #[error("{}, row {row} (from 0): no text in column `{column}`: fill it in or leave the row out", file.display())]
    NullText {
        /// The path of the file.
        file: PathBuf,
        /// The index of the row in the file, from 0.
        row: usize,
        /// The name of the column.
        column: String,
    },
    /// A label outside the label set, or a score that is no number.
    #[error("{}, row {row} (from 0): `{value}` in column `{column}` is no label here; expected {allowed}", file.display())]
    BadLabel {
        /// The path of the file.
        file: PathBuf,
        /// The index of the row in the file, from 0.
        row: usize,
        /// The name of the column.
        column: String,
        /// What it holds.
        value: String,
        /// What it may hold.
        allowed: String,
    },
    /// Files without a single row.
    #[error("no rows in {}: the split is empty", files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "))]
    EmptySplit {
        /// Their names or paths.
        files: Vec<PathBuf>,
    },
    /// A label column with nothing in any row.
    #[error(
        "no row of {} has a label in column `{column}`: name another column, or fill it in",
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoLabels {
        /// Their names or paths.
        files: Vec<PathBuf>,
        /// The name of the column.
        column: String,
    },
    /// No files were given.
    #[error("no files to read: a split needs at least one")]
    NoFiles,
    /// There is no such configuration.
    #[error("{place} has no configuration `{config}`{}; it has {}", did_you_mean(suggestion.as_deref()), quoted(present))]
    NoConfig {
        /// The folder or repository.
        place: String,
        /// The configuration, which is a folder of the dataset.
        config: String,
        /// Those that are there.
        present: Vec<String>,
        /// One of those with a similar name.
        suggestion: Option<String>,
    },
    /// There is nothing that could be a split.
    #[error("{place}: there are no splits; {}", no_splits(script.as_deref()))]
    NoSplits {
        /// The folder or repository.
        place: String,
        /// The Python script in it that would make them.
        script: Option<String>,
    },
    /// A file that says what others are says what cannot be followed.
    #[error("{place}: {file}: {reason}")]
    Description {
        /// The folder or repository.
        place: String,
        /// Its name in it, such as README.md.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There are several configurations, and none is the usual one.
    #[error("{place}: which configuration? Give --dataset_config_name one of {}", configs.join(", "))]
    WhichConfig {
        /// The folder or repository.
        place: String,
        /// Their names.
        configs: Vec<String>,
    },
    /// A file that the dataset's card names is not there.
    #[error(
        "{place}: its README.md says that split `{split}` of `{config}` is {pattern}, and there is no such data file"
    )]
    NoMatch {
        /// The folder or repository.
        place: String,
        /// The configuration.
        config: String,
        /// The name of the split, such as `train`.
        split: String,
        /// The path or pattern.
        pattern: String,
    },
    /// The configuration is there, the split is not. Some tasks do without: [`DataError::is_absent_split`].
    #[error("{place} has no split `{split}`{}; it has {}", of_config(config), quoted(present))]
    AbsentSplit {
        /// The folder or repository.
        place: String,
        /// The configuration, which is a folder of the dataset.
        config: String,
        /// The name of the split, such as `train`.
        split: String,
        /// The files of the configuration.
        present: Vec<String>,
    },
    /// The split is there in parts.
    #[error(
        "split `{split}`{} in {place} is incomplete: of {expected} files {} is missing; fetch it again",
        of_config(config),
        quoted(missing)
    )]
    MissingShards {
        /// The folder or repository.
        place: String,
        /// The configuration, which is a folder of the dataset.
        config: String,
        /// The name of the split, such as `train`.
        split: String,
        /// How many files there should be.
        expected: usize,
        /// Those that are not there (the first ones, where there are many).
        missing: Vec<String>,
    },
    /// Files of two versions of the split lie side by side.
    #[error(
        "split `{split}`{} in {place} is there more than once: {}; remove those that are out of date",
        of_config(config),
        quoted(files)
    )]
    MixedShards {
        /// The folder or repository.
        place: String,
        /// The configuration, which is a folder of the dataset.
        config: String,
        /// The name of the split, such as `train`.
        split: String,
        /// Their names or paths.
        files: Vec<String>,
    },
}

impl DataError {
    /// Whether a split is merely not there, as against there and broken. The diagnostic set has no training split, and
    /// other data may have no test split: a caller can go on without.
    pub fn is_absent_split(&self) -> bool {
        matches!(self, Self::AbsentSplit { .. })
    }
}

fn no_splits(script: Option<&str>) -> String {
    match script {
        Some(script) => format!(
            "its rows are made by a script, {script}, which is not run: the Hub may have them as parquet, by --dataset_revision \
             refs/convert/parquet"
        ),
        None => "expected files such as train-00000-of-00001.parquet or test.csv, the endings in small letters, in the top folder or in one of a configuration's name"
            .to_owned(),
    }
}

/// The configuration, which has no name where it is the top folder.
fn of_config(config: &str) -> String {
    if config.is_empty() { String::new() } else { format!(" of `{config}`") }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

/// What is odd about a split but does not stop it from being read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The file's own label names are not the expected ones, so an index may mean another class.
    LabelNames {
        /// The path of the file.
        file: PathBuf,
        /// The names in the file, in index order.
        in_file: Vec<String>,
        /// The names that were expected.
        expected: Vec<String>,
    },
    /// Cells of a csv file are not separated by commas.
    Delimiter {
        /// The path of the file.
        file: PathBuf,
        /// What separates them, in words.
        delimiter: String,
    },
    /// Quotes in a tsv file stand inside of texts, so that none of them opens a cell.
    Quotes {
        /// The path of the file.
        file: PathBuf,
        /// Where the first such cell begins, from 1.
        line: usize,
    },
    /// Labels are the expected names but for capital letters.
    Case {
        /// The path of the file.
        file: PathBuf,
        /// The names that were expected.
        names: Vec<String>,
    },
    /// Rows lack cells, and are left out.
    ShortRows {
        /// The path of the file.
        file: PathBuf,
        /// How many.
        rows: usize,
    },
    /// The header stands there once more, and is left out.
    RepeatedHeader {
        /// The path of the file.
        file: PathBuf,
        /// Before which row, from 0.
        row: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LabelNames { file, in_file, expected } => write!(
                f,
                "{} numbers its labels {}, but {} is expected: an index may mean another class",
                file.display(),
                quoted(in_file),
                quoted(expected)
            ),
            Self::Delimiter { file, delimiter } => {
                write!(f, "{}: cells are separated by {delimiter} (--delimiter changes that)", file.display())
            }
            Self::Quotes { file, line } => write!(
                f,
                "{}: quotes stand inside of texts (line {line}), so they are a part of the texts everywhere",
                file.display()
            ),
            Self::Case { file, names } => {
                write!(
                    f,
                    "{}: its labels are taken for {} without regard to capital letters",
                    file.display(),
                    quoted(names)
                )
            }
            Self::ShortRows { file, rows } => {
                let lack =
                    if *rows == 1 { "1 row lacks cells and is" } else { &format!("{rows} rows lack cells and are") };
                write!(f, "{}: {lack} left out, as in the Hub's dataset", file.display())
            }
            Self::RepeatedHeader { file, row } => {
                write!(f, "{}: the header stands once more before row {row} (from 0), and is left out", file.display())
            }
        }
    }
}
