//! Which runs the files in an output folder are of: the folder of a run may be another's since, and then its record says nothing of
//! what lies there.

use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use records::atomic::{WriteError, write_whole_with};
use records::record::{RunRecord, SplitUse};

/// The file's name; hidden, so that it is no part of what is uploaded.
pub(crate) const FILE_NAME: &str = ".run-glue.finished";

/// A run, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunName {
    task: String,
    settings_hash: String,
    seed: u64,
}

impl RunName {
    /// The run of a record that was written.
    #[must_use]
    pub fn of(record: &RunRecord) -> Self {
        Self { task: record.task.clone(), settings_hash: record.settings_hash.clone(), seed: record.seed }
    }
}

/// What made files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// The run.
    #[serde(flatten)]
    pub run: RunName,
    /// SHA-256 of the rows that were predicted, a split each: a run is the same one whatever rows it predicts. Those that are evaluated
    /// are in its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
    /// Whether it is a later evaluation of the very model in the folder.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_model: bool,
}

impl Maker {
    /// Whether the rows that were predicted are those that the record has.
    #[must_use]
    pub fn has_rows_of(&self, record: &RunRecord) -> bool {
        let of_record = predicted_rows(record);
        self.rows.iter().all(|rows| of_record.contains(rows))
    }
}

/// SHA-256 of the rows that a record's run predicted, a split each.
pub(crate) fn predicted_rows(record: &RunRecord) -> Vec<String> {
    // A diagnostic set, which has a suffix, is predicted with every evaluation.
    let splits = record.dataset.used_for(SplitUse::Prediction).filter(|rows| rows.key_suffix.is_empty());
    splits.filter_map(|rows| rows.sha256.clone()).collect()
}

/// Whose files of one kind are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<Maker>", into = "Option<Maker>")]
pub enum Whose {
    /// The folder does not say, as those of earlier versions do not.
    #[default]
    Unknown,
    /// There are none, or they are of a run that has not ended.
    Nobodys,
    /// A run's that has ended.
    Of(Maker),
}

impl Whose {
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

impl From<Option<Maker>> for Whose {
    fn from(maker: Option<Maker>) -> Self {
        maker.map_or(Self::Nobodys, Self::Of)
    }
}

impl From<Whose> for Option<Maker> {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Of(maker) => Some(maker),
            Whose::Unknown | Whose::Nobodys => None,
        }
    }
}

/// A file as it was left: one of the same size and time is taken to have the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    bytes: u64,
    /// When it was written, in nanoseconds since 1970.
    modified: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
}

impl FileState {
    /// The file as it is; `None` where the file system does not say.
    pub(crate) fn of(path: &Path, sha256: String) -> Option<Self> {
        let (bytes, modified) = size_and_time(path)?;
        Some(Self { bytes, modified, sha256 })
    }

    /// Whether size or time are others now.
    #[must_use]
    pub fn is_touched(&self, path: &Path) -> bool {
        size_and_time(path) != Some((self.bytes, self.modified))
    }
}

fn size_and_time(path: &Path) -> Option<(u64, u64)> {
    let metadata = path.metadata().ok()?;
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((metadata.len(), u64::try_from(since.as_nanos()).ok()?))
}

/// What a run does to the files in its folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writes {
    pub(crate) trains: bool,
    pub(crate) predicts: bool,
    /// It evaluates the model that is in the folder.
    pub(crate) is_of_model: bool,
}

/// The runs whose files are in an output folder: an evaluation may stand beside the training of another model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedRuns {
    /// Whose model it is.
    #[serde(default, skip_serializing_if = "Whose::is_unknown")]
    pub trained: Whose,
    /// Whose results of evaluations.
    #[serde(default, skip_serializing_if = "Whose::is_unknown")]
    pub evaluated: Whose,
    /// Whose predictions.
    #[serde(default, skip_serializing_if = "Whose::is_unknown")]
    pub predicted: Whose,
    /// The weights of that model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<FileState>,
}

impl FinishedRuns {
    /// What a folder says; all is unknown where it says nothing, or nothing that can be understood.
    #[must_use]
    pub fn read(dir: &Path) -> Self {
        parse(dir).flatten().unwrap_or_default()
    }

    /// Whether a folder says something that cannot be understood.
    #[must_use]
    pub fn is_damaged(dir: &Path) -> bool {
        parse(dir) == Some(None)
    }

    /// When a run with these files is about to write them: until it has ended, they are nobody's.
    pub(crate) fn before(self, writes: Writes) -> Self {
        let is_written_over = |is: bool, whose: Whose| if is { Whose::Nobodys } else { whose };
        Self {
            trained: is_written_over(writes.trains, self.trained),
            evaluated: Whose::Nobodys,
            predicted: is_written_over(writes.trains || writes.predicts, self.predicted),
            weights: self.weights.filter(|_| !writes.trains),
        }
    }

    /// After that run, which predicted these rows, and whose weights are these, should it have done so.
    pub(crate) fn after(self, run: &RunName, rows: Vec<String>, writes: Writes, weights: Option<FileState>) -> Self {
        let before = self.before(writes);
        let made = |rows: Vec<String>| {
            Whose::Of(Maker { run: run.clone(), rows, is_of_model: writes.is_of_model && !writes.trains })
        };
        Self {
            trained: if writes.trains { made(Vec::new()) } else { before.trained },
            evaluated: made(Vec::new()),
            predicted: if writes.predicts { made(rows) } else { before.predicted },
            weights: if writes.trains { weights } else { before.weights },
        }
    }

    /// Takes it out of a folder that holds nothing which it could be about.
    pub(crate) fn remove(dir: &Path) {
        // What cannot be removed says that nothing there is anybody's, which is true.
        let _ = std::fs::remove_file(dir.join(FILE_NAME));
    }

    /// Puts it into the folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), WriteError> {
        write_whole_with(dir.join(FILE_NAME), |out| Ok(serde_json::to_writer_pretty(out, self)?))
    }
}

/// The file of a folder, where there is one; `Some(None)` where it cannot be understood.
#[expect(
    clippy::option_option,
    reason = "the outer one is whether there is a file, the inner one whether it can be understood"
)]
fn parse(dir: &Path) -> Option<Option<FinishedRuns>> {
    match std::fs::read(dir.join(FILE_NAME)) {
        Ok(text) => Some(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(_) => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64) -> RunName {
        RunName { task: "rte".to_owned(), settings_hash: "0a".to_owned(), seed }
    }

    fn writes(trains: bool, predicts: bool) -> Writes {
        Writes { trains, predicts, is_of_model: false }
    }

    /// The seeds of the runs; 0: nobody's, -1: unknown.
    fn seeds(runs: &FinishedRuns) -> [i64; 3] {
        [&runs.trained, &runs.evaluated, &runs.predicted].map(|whose| match whose {
            Whose::Unknown => -1,
            Whose::Nobodys => 0,
            Whose::Of(maker) => i64::try_from(maker.run.seed).unwrap(),
        })
    }

    fn after(runs: &[(u64, bool, bool)]) -> FinishedRuns {
        runs.iter().fold(FinishedRuns::default(), |before, &(seed, trains, predicts)| {
            before.after(&run(seed), Vec::new(), writes(trains, predicts), None)
        })
    }

    #[test]
    fn each_file_is_of_the_run_that_wrote_it_last() {
        for (runs, expected) in [
            (&[(1, true, true)][..], [1, 1, 1]),
            (&[(1, true, true), (2, false, false)], [1, 2, 1]),
            (&[(1, true, false), (2, false, true)], [1, 2, 2]),
            (&[(1, false, true), (2, true, false)], [2, 2, 0]),
            // What the folder did not say before stays unknown.
            (&[(1, false, false)], [-1, 1, -1]),
        ] {
            assert_eq!(seeds(&after(runs)), expected, "{runs:?}");
        }
    }

    #[test]
    fn what_is_written_over_is_nobody_s_until_the_run_ends() {
        let all = || after(&[(1, true, true)]);
        assert_eq!(seeds(&all().before(writes(false, false))), [1, 0, 1]);
        assert_eq!(seeds(&all().before(writes(false, true))), [1, 0, 0]);
        assert_eq!(seeds(&all().before(writes(true, false))), [0, 0, 0]);
        assert_eq!(seeds(&FinishedRuns::default().before(writes(false, true))), [-1, 0, 0]);
    }

    #[test]
    fn a_folder_says_it_or_it_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        assert!(FinishedRuns::read(dir.path()) == FinishedRuns::default() && !FinishedRuns::is_damaged(dir.path()));
        let state = FileState { bytes: 7, modified: 1_700_000_000_123_456_789, sha256: "0b".to_owned() };
        let of_model = Writes { trains: false, predicts: true, is_of_model: true };
        for runs in [
            after(&[(1, true, false)]),
            after(&[(1, false, false)]),
            FinishedRuns::default().after(&run(2), vec!["0c".to_owned()], writes(true, true), Some(state)),
            after(&[(1, true, false)]).after(&run(2), vec!["0c".to_owned()], of_model, None),
        ] {
            runs.write(dir.path()).unwrap();
            assert_eq!(FinishedRuns::read(dir.path()), runs);
        }
        // A field that is missing is unknown, and one that is null is nobody's.
        std::fs::write(dir.path().join(FILE_NAME), r#"{"evaluated": null}"#).unwrap();
        assert_eq!(seeds(&FinishedRuns::read(dir.path())), [-1, 0, -1]);
        std::fs::write(dir.path().join(FILE_NAME), "{").unwrap();
        assert!(FinishedRuns::read(dir.path()) == FinishedRuns::default() && FinishedRuns::is_damaged(dir.path()));
    }
}
