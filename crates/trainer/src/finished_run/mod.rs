//! Which runs the files in an output folder are of: the folder of a run may be another's since, and then its record says nothing of
//! what lies there.

mod file_state;
mod made_file;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::file_hash::sha256;
use records::atomic::{WriteError, write_whole_with};

pub use self::file_state::FileState;
pub(crate) use self::made_file::Pass;
pub use self::made_file::{MadeFile, RunName, predicted_rows};

/// The file's name; hidden, so that it is no part of what is uploaded.
pub(crate) const FILE_NAME: &str = ".run-glue.finished";

/// Whose something in a folder is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<T>", into = "Option<T>", bound(serialize = "T: Clone + Serialize"))]
pub enum Whose<T> {
    /// The folder does not say, as those of earlier versions do not.
    #[default]
    Unknown,
    /// It is not there, or is of a run that has not ended.
    Nobodys,
    /// A run's that has ended.
    Of(T),
}

impl<T> Whose<T> {
    fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The same, looked at.
    #[must_use]
    pub fn as_ref(&self) -> Whose<&T> {
        match self {
            Self::Unknown => Whose::Unknown,
            Self::Nobodys => Whose::Nobodys,
            Self::Of(maker) => Whose::Of(maker),
        }
    }
}

impl<T> From<Option<T>> for Whose<T> {
    fn from(maker: Option<T>) -> Self {
        maker.map_or(Self::Nobodys, Self::Of)
    }
}

impl<T> From<Whose<T>> for Option<T> {
    fn from(whose: Whose<T>) -> Self {
        match whose {
            Whose::Of(maker) => Some(maker),
            Whose::Unknown | Whose::Nobodys => None,
        }
    }
}

/// The files of results that a run writes, by their names, with the SHA-256 of the rows that each is about.
pub(crate) type WrittenFiles = BTreeMap<String, Vec<String>>;

/// The runs whose files are in an output folder: evaluations may stand beside the training of another model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedRuns {
    /// Whose model it is.
    #[serde(default, skip_serializing_if = "Whose::is_unknown")]
    pub trained: Whose<RunName>,
    /// The files of that model, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub model: BTreeMap<String, FileState>,
    /// Whose the files of results are, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, Whose<MadeFile>>,
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

    /// Whose a file of results is: unknown where an earlier version wrote it, or something else.
    #[must_use]
    pub fn maker_of(&self, file: &str) -> Whose<&MadeFile> {
        self.files.get(file).map_or(Whose::Unknown, Whose::as_ref)
    }

    /// Whether it lists the files of any run.
    #[must_use]
    pub fn lists_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The files of the model that are others than its run left in the folder, as far as it said which these are.
    #[must_use]
    pub fn changed_model_files(&self, dir: &Path) -> Vec<&str> {
        let has_changed = |(name, left): &(&String, &FileState)| {
            let path = dir.join(name);
            left.is_touched(&path) && sha256(&path).map_or(true, |now| now != left.sha256)
        };
        self.model.iter().filter(has_changed).map(|(name, _)| name.as_str()).collect()
    }

    /// When a run is about to write these files, and a model where it `trains`: until it has ended, they are nobody's.
    pub(crate) fn before(mut self, files: &WrittenFiles, trains: bool) -> Self {
        if trains {
            (self.trained, self.model) = (Whose::Nobodys, BTreeMap::new());
        }
        self.files.extend(files.keys().map(|file| (file.clone(), Whose::Nobodys)));
        self
    }

    /// After that run, which evaluates in a way, and whose model these files are.
    pub(crate) fn after_training(
        self,
        run: RunName,
        files: WrittenFiles,
        pass: &Pass,
        model: BTreeMap<String, FileState>,
    ) -> Self {
        let mut after = self.before(&files, true).after(&run, files, pass, false);
        (after.trained, after.model) = (Whose::Of(run), model);
        after
    }

    /// After a run that only evaluated, the model in the folder or another one.
    pub(crate) fn after_evaluation(self, run: &RunName, files: WrittenFiles, pass: &Pass, of_model: bool) -> Self {
        self.before(&files, false).after(run, files, pass, of_model)
    }

    fn after(mut self, run: &RunName, files: WrittenFiles, pass: &Pass, of_model: bool) -> Self {
        let made = |(name, rows)| (name, Whose::Of(MadeFile { run: run.clone(), rows, pass: pass.clone(), of_model }));
        self.files.extend(files.into_iter().map(made));
        self
    }

    /// Without the files of results, which were removed.
    pub(crate) fn without_files(self) -> Self {
        Self { files: BTreeMap::new(), ..self }
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
mod tests;
