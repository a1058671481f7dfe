//! Which runs the files in an output folder are of: the folder of a run may be another's since, and then its record says nothing of
//! what lies there.

use std::path::Path;

use serde::{Deserialize, Serialize};

use records::atomic::{WriteError, write_whole_with};
use records::record::RunRecord;

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

/// The runs whose files are in an output folder: an evaluation may stand beside the training of another model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedRuns {
    /// Whose model it is.
    pub trained: Option<RunName>,
    /// Whose results of evaluations.
    pub evaluated: Option<RunName>,
    /// Whose predictions.
    pub predicted: Option<RunName>,
}

impl FinishedRuns {
    /// What a folder says; `None` where it does not, as those of earlier versions do not.
    #[must_use]
    pub fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(dir.join(FILE_NAME)).ok()?).ok()
    }

    /// After a run with these files.
    pub(crate) fn after(self, run: &RunName, trains: bool, predicts: bool) -> Self {
        let run = || Some(run.clone());
        Self {
            trained: if trains { run() } else { self.trained },
            evaluated: run(),
            predicted: match (predicts, trains) {
                (true, _) => run(),
                (false, true) => None,
                (false, false) => self.predicted,
            },
        }
    }

    /// Puts it into the folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), WriteError> {
        write_whole_with(dir.join(FILE_NAME), |out| Ok(serde_json::to_writer_pretty(out, self)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_of_the_run_that_wrote_it_last() {
        let run = |seed| RunName { task: "rte".to_owned(), settings_hash: "0a".to_owned(), seed };
        let after = |runs: &[(u64, bool, bool)]| {
            let all = runs.iter().fold(FinishedRuns::default(), |before, &(seed, trains, predicts)| {
                before.after(&run(seed), trains, predicts)
            });
            [all.trained, all.evaluated, all.predicted].map(|run| run.map_or(0, |run| run.seed))
        };
        assert_eq!(after(&[(1, true, true)]), [1, 1, 1]);
        assert_eq!(after(&[(1, true, true), (2, false, false)]), [1, 2, 1]);
        assert_eq!(after(&[(1, true, false), (2, false, true)]), [1, 2, 2]);
        assert_eq!(after(&[(1, false, true), (2, true, false)]), [2, 2, 0]);
    }

    #[test]
    fn a_folder_says_it_or_it_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(FinishedRuns::read(dir.path()), None);
        let run = RunName { task: "rte".to_owned(), settings_hash: "0a".to_owned(), seed: 42 };
        let runs = FinishedRuns::default().after(&run, true, false);
        runs.write(dir.path()).unwrap();
        assert_eq!(FinishedRuns::read(dir.path()), Some(runs));
        std::fs::write(dir.path().join(FILE_NAME), "{").unwrap();
        assert_eq!(FinishedRuns::read(dir.path()), None);
    }
}
