//! A comparison from folders to text.

use std::path::{Path, PathBuf};

use super::comparison::Comparison;
use super::formats::{Format, render, text_within};
use super::{figures, published};
use crate::credible::check_scores;
use crate::statistics::{DEFAULT_LEVEL, is_level};
use records::Error;
use records::atomic::write_whole;
use records::record::{RecordFile, read_paths};

/// What is compared, and in which form.
#[derive(Clone, Debug)]
pub struct CompareOptions {
    /// Folders of run records, or records.
    pub paths: Vec<PathBuf>,
    /// Published tables to show beside: files, or folders of them.
    pub published: Vec<PathBuf>,
    /// The model that the others are compared with; `None`: of two models the first.
    pub baseline: Option<String>,
    /// Whether the trials of searches are rows too; they say nothing of a model.
    pub trials: bool,
    /// Level of the intervals, between 0 and 1.
    pub level: f64,
    /// The form of the text.
    pub format: Format,
    /// The columns of the terminal that [`Format::Text`] is for; `None`: as wide as it is.
    pub width: Option<usize>,
    /// A folder for the charts, each an SVG file.
    pub charts: Option<PathBuf>,
}

impl Default for CompareOptions {
    /// No paths, as text, at a level of 95 %.
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            published: Vec::new(),
            baseline: None,
            trials: false,
            level: DEFAULT_LEVEL,
            format: Format::Text,
            width: None,
            charts: None,
        }
    }
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedText {
    /// In the form that was asked for.
    pub text: String,
    /// Rows of the table: models with their settings, published ones too.
    pub models: usize,
    /// Tasks among the columns; one may have several, of other rows each.
    pub tasks: usize,
    /// Charts that were written.
    pub charts: usize,
    /// Trials of searches that were left out.
    pub left_out: usize,
}

/// Puts records side by side; files among them that cannot be read are warned of (`log`).
///
/// # Errors
/// When there is no record, a file that was named cannot be read, a record holds numbers that cannot be, or a chart not be drawn or
/// written.
pub fn run(options: &CompareOptions) -> Result<ComparedText, Error> {
    if !is_level(options.level) {
        return Err(Error::input(format!("--level is {}, expected between 0 and 1, such as 0.95", options.level)));
    }
    let mut found = read_paths(&options.paths)?.warned();
    let all = found.len();
    if !options.trials {
        found.retain(|(_, record)| !record.is_trial());
    }
    let left_out = all - found.len();
    if found.is_empty() {
        return Err(nothing(&options.paths));
    }
    check_scores(&found)?;
    let published = options.published.iter().map(|path| published::read(path)).collect::<Result<Vec<_>, _>>()?;
    let published: Vec<_> = published.into_iter().flatten().collect();
    let comparison = Comparison::new(&found, &published, options.baseline.as_deref(), options.level)?;
    let text = match options.format {
        Format::Text => text_within(&comparison, options.width),
        format => render(&comparison, format)?,
    };
    let charts = match &options.charts {
        Some(folder) => figures::write(&comparison, folder)?,
        None => 0,
    };
    Ok(ComparedText { text, models: comparison.rows.len(), tasks: comparison.task_count(), charts, left_out })
}

/// Writes the page of some records.
///
/// # Errors
/// When a chart cannot be drawn, or the file not be written.
pub fn write_page(found: &[RecordFile], path: &Path) -> Result<(), Error> {
    let comparison = Comparison::new(found, &[], None, DEFAULT_LEVEL)?;
    Ok(write_whole(path, render(&comparison, Format::Html)?.as_bytes())?)
}

fn nothing(paths: &[PathBuf]) -> Error {
    let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    Error::input(format!("{names}: there are no run records; expected a folder that run-glue wrote (--results_dir)"))
}
