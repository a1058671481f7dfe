//! The upload of <https://gluebenchmark.com>: eleven files with an index and a prediction a line, in one flat zip.
//!
//! Names, header and values are those of jiant's formatter
//! (<https://github.com/nyu-mll/jiant/blob/master/jiant/scripts/benchmarks/benchmark_submission_formatter.py>).

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use glue_tasks::GLUE;
use glue_tasks::metrics::Predictions;
use glue_tasks::task::{LeaderboardFile, LeaderboardValues, SplitSpec, TaskSpec};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::atomic::write_whole;
use crate::error::Error;

/// The name of the zip in `--output_dir`.
pub const ZIP_NAME: &str = "submission.zip";

const HEADER: &str = "index\tprediction";

/// A file that the leaderboard asks for.
#[derive(Clone, Copy)]
pub struct Expected {
    /// Name and kind of values.
    pub file: &'static LeaderboardFile,
    /// Whose labels are in it.
    pub task: &'static TaskSpec,
    /// Lines without the header.
    pub rows: usize,
}

/// The tasks that have files, in the leaderboard's order.
fn tasks() -> impl Iterator<Item = &'static TaskSpec> {
    GLUE.tasks.iter().chain(GLUE.diagnostics())
}

fn of_split(task: &'static TaskSpec, split: &'static SplitSpec) -> Option<Expected> {
    Some(Expected { file: split.leaderboard_file.as_ref()?, task, rows: split.rows? })
}

/// What STS-B's annotators gave (Cer et al. 2017, <https://aclanthology.org/S17-2001>); a regression knows no bounds.
const SCORES: std::ops::RangeInclusive<f64> = 0.0..=5.0;

/// All eleven files, in the order of the tasks.
pub fn expected() -> impl Iterator<Item = Expected> {
    tasks().flat_map(|task| task.test_splits.iter().filter_map(move |split| of_split(task, split)))
}

/// The file of a test split.
#[must_use]
pub fn file_of(task: &TaskSpec, split: &str) -> Option<Expected> {
    let task = tasks().find(|known| *known == task)?;
    of_split(task, task.test_splits.iter().find(|test| test.name == split)?)
}

impl Expected {
    /// The file's text; classes are in the dataset's order.
    #[must_use]
    pub fn text(&self, predictions: &Predictions) -> String {
        let mut text = format!("{HEADER}\n");
        // Writing to a string cannot fail.
        let mut line = |index: usize, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "{index}\t{value}");
        };
        match predictions {
            Predictions::Classes(classes) => {
                classes.iter().enumerate().for_each(|(i, &class)| match self.file.values {
                    LeaderboardValues::LabelNames => line(i, &self.task.labels[class]),
                    LeaderboardValues::LabelIds | LeaderboardValues::Scores => line(i, &class),
                })
            }
            Predictions::Scores(scores) => {
                let within = |score: f64| score.clamp(*SCORES.start(), *SCORES.end());
                scores.iter().enumerate().for_each(|(i, score)| line(i, &format_args!("{:.3}", within(*score))));
            }
            // No task of GLUE has several labels a row.
            Predictions::Sets(_) => {}
        }
        text
    }

    /// How many predictions lie outside of the task's scores, and are written as the nearest of them.
    #[must_use]
    pub fn outside(&self, predictions: &Predictions) -> usize {
        match predictions {
            Predictions::Scores(scores) => scores.iter().filter(|score| !SCORES.contains(score)).count(),
            _ => 0,
        }
    }

    /// Whether a text is what the leaderboard takes.
    ///
    /// # Errors
    /// The first line that is wrong, and what was expected.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let name = &self.file.file_name;
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(format!("{name}: the first line is not `index<TAB>prediction`"));
        }
        let mut rows = 0;
        for line in lines {
            let value = line.strip_prefix(&format!("{rows}\t")).ok_or_else(|| {
                format!("{name}: row {rows} is `{line}`, expected the index {rows}, a tab and a prediction")
            })?;
            if !self.takes(value) {
                return Err(format!("{name}: row {rows} predicts `{value}`, expected {}", self.values()));
            }
            rows += 1;
        }
        if rows != self.rows {
            return Err(format!("{name} has {rows} rows, expected {}", self.rows));
        }
        Ok(())
    }

    fn takes(&self, value: &str) -> bool {
        match self.file.values {
            LeaderboardValues::LabelIds => value.parse().is_ok_and(|id: usize| id < self.task.labels.len()),
            LeaderboardValues::LabelNames => self.task.labels.iter().any(|label| label == value),
            LeaderboardValues::Scores => value.parse().is_ok_and(f64::is_finite),
        }
    }

    fn values(&self) -> String {
        match self.file.values {
            LeaderboardValues::LabelIds => "0 or 1".to_owned(),
            LeaderboardValues::LabelNames => format!("one of {}", self.task.labels.join(", ")),
            LeaderboardValues::Scores => "a number".to_owned(),
        }
    }
}

/// The leaderboard's files in folders and in the folders in them.
///
/// # Errors
/// A file that is there twice.
pub fn find(folders: &[PathBuf]) -> Result<Vec<(Expected, PathBuf)>, Error> {
    let mut found: Vec<(Expected, PathBuf)> = Vec::new();
    let below = |folder: &PathBuf| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    for folder in folders.iter().flat_map(|folder| std::iter::once(folder.clone()).chain(below(folder))) {
        for expected in expected() {
            let path = folder.join(&expected.file.file_name);
            let before = found.iter().find(|(one, _)| one.file.file_name == expected.file.file_name);
            match before {
                _ if !path.is_file() => {}
                None => found.push((expected, path)),
                Some((_, before)) if *before == path => {}
                Some((_, before)) => {
                    return Err(Error::input(format!(
                        "{} is there twice: {} and {}; name the folder of one of them only",
                        expected.file.file_name,
                        before.display(),
                        path.display()
                    )));
                }
            }
        }
    }
    Ok(found)
}

/// Names of the files that are not among `found`.
#[must_use]
pub fn missing(found: &[(Expected, PathBuf)]) -> Vec<&'static str> {
    let has = |name: &str| found.iter().any(|(expected, _)| expected.file.file_name == name);
    expected().map(|expected| expected.file.file_name.as_str()).filter(|name| !has(name)).collect()
}

/// Checks the files and puts them into a zip, which appears whole or not at all.
///
/// # Errors
/// A file that is missing, cannot be read, or would be refused.
pub fn write_zip(found: &[(Expected, PathBuf)], path: &Path) -> Result<(), Error> {
    let missing = missing(found);
    if !missing.is_empty() {
        return Err(Error::input(format!(
            "there is no {}; the leaderboard refuses an upload without all eleven files: run the missing tasks with \
             --glue_submission",
            missing.join(", ")
        )));
    }
    let failed = |error: &dyn std::fmt::Display| Error::failure(format!("{}: {error}", path.display()));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (expected, file) in found {
        let text = std::fs::read_to_string(file).map_err(|e| Error::input(format!("{}: {e}", file.display())))?;
        expected.check(&text).map_err(|wrong| Error::input(format!("{}: {wrong}", file.display())))?;
        // A time would make two zips of the same predictions differ.
        let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
        zip.start_file(expected.file.file_name.as_str(), options).map_err(|e| failed(&e))?;
        zip.write_all(text.as_bytes()).map_err(|e| failed(&e))?;
    }
    let bytes = zip.finish().map_err(|e| failed(&e))?.into_inner();
    Ok(write_whole(path, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_those_of_the_leaderboard() {
        let lines: Vec<(&str, usize)> = expected().map(|e| (e.file.file_name.as_str(), e.rows + 1)).collect();
        // Lines of uploads that were accepted.
        let known = [
            ("CoLA.tsv", 1064),
            ("SST-2.tsv", 1822),
            ("MRPC.tsv", 1726),
            ("STS-B.tsv", 1380),
            ("QQP.tsv", 390_966),
            ("MNLI-m.tsv", 9797),
            ("MNLI-mm.tsv", 9848),
            ("QNLI.tsv", 5464),
            ("RTE.tsv", 3001),
            ("WNLI.tsv", 147),
            ("AX.tsv", 1105),
        ];
        assert_eq!(lines, known);
        assert_eq!(file_of(&GLUE.tasks[5], "test_mismatched").expect("a file").file.file_name, "MNLI-mm.tsv");
        assert!(file_of(&GLUE.tasks[5], "test").is_none());
    }

    #[test]
    fn what_is_written_passes_the_check_and_what_is_wrong_does_not() {
        for expected in expected() {
            let rows = expected.rows;
            let predictions = match expected.file.values {
                LeaderboardValues::Scores => Predictions::Scores((0..rows).map(|i| i as f64 / 200.0 - 0.5).collect()),
                _ => Predictions::Classes((0..rows).map(|i| i % expected.task.labels.len()).collect()),
            };
            let text = expected.text(&predictions);
            assert_eq!(expected.check(&text), Ok(()));
            if expected.file.values == LeaderboardValues::Scores {
                assert!(
                    text.contains("\n0\t0.000\n") && text.ends_with("\t5.000\n"),
                    "within the scores that there are"
                );
                assert_eq!(expected.outside(&predictions), 100 + 278);
            }
            let cut = &text[..text.trim_end().rfind('\n').expect("lines") + 1];
            assert!(expected.check(cut).expect_err("cut").ends_with(&format!("rows, expected {rows}")));
            assert!(expected.check(&text.replacen("index", "id", 1)).expect_err("header").contains("first line"));
            assert!(expected.check(&text.replacen("\n1\t", "\n2\t", 1)).expect_err("index").contains("the index 1"));
            let odd = text.lines().enumerate().map(|(i, line)| if i == 1 { "0\tmaybe" } else { line });
            let odd = odd.collect::<Vec<_>>().join("\n");
            assert!(expected.check(&odd).expect_err("value").contains("row 0 predicts `maybe`"));
        }
        let wnli = file_of(&GLUE.tasks[8], "test").expect("a file");
        assert_eq!(wnli.text(&Predictions::Classes(vec![1, 0])), "index\tprediction\n0\t1\n1\t0\n");
        let rte = file_of(&GLUE.tasks[7], "test").expect("a file");
        assert_eq!(rte.text(&Predictions::Classes(vec![1])), "index\tprediction\n0\tnot_entailment\n");
    }
}
