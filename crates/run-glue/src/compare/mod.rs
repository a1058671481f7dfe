//! Results side by side: models down, tasks across, with their uncertainty; and whether two models differ.

pub mod average;
mod figures;
mod formats;
mod html;
pub mod pairs;
pub mod published;
pub mod rows;
mod shown;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use glue_tasks::{AverageSpec, Benchmark};

pub use self::formats::Format;
use self::pairs::Pair;
use self::published::Published;
use self::rows::Row;
use crate::cli::compare_args::CompareArgs;
use crate::error::Error;
use crate::progress::{say, warn};
use crate::report::atomic::write_whole;
use crate::report::record::{RunRecord, read_folder};

/// Of intervals, where none is given.
pub const DEFAULT_LEVEL: f64 = 0.95;

/// A record and where it lies.
pub type Found = (PathBuf, RunRecord);

/// Everything that a table shows.
pub struct Comparison<'a> {
    /// Tasks, in their benchmarks' order, others after them.
    pub tasks: Vec<String>,
    /// Models, in the order of the records, published ones after them.
    pub rows: Vec<Row>,
    /// Two models, task by task.
    pub pairs: Vec<Pair>,
    /// Of intervals.
    pub level: f64,
    /// The records.
    pub found: &'a [Found],
    /// The tables of others.
    pub published: &'a [Published],
}

impl Comparison<'_> {
    /// The averages that some row has, in the benchmarks' order.
    fn averages(&self) -> Vec<(&'static Benchmark, &'static AverageSpec)> {
        let is_there = |average: &AverageSpec| self.rows.iter().any(|row| row.averages.get(average).is_some());
        average::averages().filter(|(_, average)| is_there(average)).collect()
    }
}

/// Reads records: of folders, or single files. Trials of searches are left out: they say nothing of a model.
///
/// # Errors
/// When a folder or file cannot be read, or there is none in them.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Found>, Error> {
    let mut records = read_with_trials(paths)?;
    records.retain(|(_, record)| !record.is_trial());
    Ok(records)
}

/// As [`read`], with the trials of searches.
///
/// # Errors
/// As [`read`].
pub fn read_with_trials(paths: &[PathBuf]) -> Result<Vec<Found>, Error> {
    let mut records = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = read_folder(path)?;
            for problem in &found.problems {
                warn(&problem.to_string());
            }
            records.extend(found.records);
        } else {
            records.push((path.clone(), RunRecord::read(path)?));
        }
    }
    Ok(records)
}

fn nothing(paths: &[PathBuf]) -> Error {
    let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    Error::usage(format!("{names}: there are no run records; expected a folder that run-glue wrote (--results_dir)"))
}

impl<'a> Comparison<'a> {
    /// Puts records and published tables side by side. `baseline`: the model that others are compared with.
    ///
    /// # Errors
    /// When there is no such model.
    pub fn new(
        found: &'a [Found],
        published: &'a [Published],
        baseline: Option<&str>,
        level: f64,
    ) -> Result<Self, Error> {
        let mut rows = rows::rows(found, level);
        let pairs = pairs::pairs(&rows, found, baseline)?;
        rows.extend(published.iter().flat_map(Published::rows));
        let tasks = rows::tasks(&rows);
        Ok(Self { tasks, rows, pairs, level, found, published })
    }

    /// The records of a row.
    fn records(&self, row: &Row) -> impl Iterator<Item = &'a RunRecord> {
        let found = self.found;
        row.records.iter().filter_map(move |&at| Some(&found.get(at)?.1))
    }

    /// The records of a task.
    fn records_of(&self, task: &str) -> impl Iterator<Item = &'a RunRecord> {
        self.found.iter().map(|(_, record)| record).filter(move |record| record.task == task)
    }

    /// Rows and tasks that have runs, with these.
    fn groups(&self) -> impl Iterator<Item = (&Row, &String, Vec<&'a RunRecord>)> {
        let of_row = |row| self.tasks.iter().map(move |task| (row, task));
        self.rows.iter().flat_map(of_row).filter_map(|(row, task)| {
            let records: Vec<_> = self.records(row).filter(|record| record.task == *task).collect();
            (!records.is_empty()).then_some((row, task, records))
        })
    }

    /// What a model that has learnt nothing scores on a task, where a record says so.
    fn baseline_of(&self, task: &str) -> Option<f64> {
        self.records_of(task).find_map(|record| record.majority_baseline.as_ref()?.score)
    }
}

/// Writes the page of some records.
///
/// # Errors
/// When a chart cannot be drawn, or the file not be written.
pub fn write_page(found: &[Found], path: &Path) -> Result<(), Error> {
    let comparison = Comparison::new(found, &[], None, DEFAULT_LEVEL)?;
    Ok(write_whole(path, formats::render(&comparison, Format::Html)?.as_bytes())?)
}

/// `run-glue compare`.
///
/// # Errors
/// When nothing can be read or written.
pub fn run(args: &CompareArgs) -> Result<(), Error> {
    if !(args.level > 0.0 && args.level < 1.0) {
        return Err(Error::usage(format!("--level is {}, expected between 0 and 1, such as 0.95", args.level)));
    }
    let format = format_of(args)?;
    let mut found = read_with_trials(&args.paths)?;
    if !args.trials.unwrap_or(false) {
        let all = found.len();
        found.retain(|(_, record)| !record.is_trial());
        if all > found.len() {
            say(&format!("{} trials of searches are left out (--trials shows them)", all - found.len()));
        }
    }
    if found.is_empty() {
        return Err(nothing(&args.paths));
    }
    let published = args.published.iter().map(|path| published::read(path)).collect::<Result<Vec<_>, _>>()?;
    let published: Vec<_> = published.into_iter().flatten().collect();
    let comparison = Comparison::new(&found, &published, args.baseline.as_deref(), args.level)?;
    let text = formats::render(&comparison, format)?;
    if let Some(folder) = &args.charts {
        figures::write(&comparison, folder)?;
    }
    match &args.output {
        Some(path) => {
            write_whole(path, text.as_bytes())?;
            say(&format!("{}: {} models, {} tasks", path.display(), comparison.rows.len(), comparison.tasks.len()));
        }
        None => print(&text),
    }
    Ok(())
}

fn format_of(args: &CompareArgs) -> Result<Format, Error> {
    let by_name = |path: &Path| Format::of_extension(path.extension()?.to_str()?);
    match (args.format, &args.output) {
        (Some(format), _) => Ok(format),
        (None, Some(path)) => by_name(path).ok_or_else(|| {
            Error::usage(format!(
                "--output {}: the ending says no format; expected .txt, .json, .csv, .md, .tex or .html, or give --format",
                path.display()
            ))
        }),
        (None, None) if std::io::stdout().is_terminal() => Ok(Format::Text),
        (None, None) => Ok(Format::Csv),
    }
}

/// Standard output; a reader that went away is no failure.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
