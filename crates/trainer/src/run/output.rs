//! The folders that a run writes into, and whether it may.

use std::path::{Path, PathBuf};

use super::checkpoints::{self, is_scratch, latest, list};
use super::output_lock::{self, lock_output};
use super::same_place::is_same;
pub use super::saved_model::WEIGHT_FILES;
use super::saved_model::model_files;
use crate::error::Error;
use crate::file_hash::sha256;
use crate::file_lock::FileLock;
use crate::finished_run::{self, FileState, FinishedRuns, Pass, RunName, WrittenFiles};
use crate::logs::journal;
use crate::settings::{ModelChoice, Settings};
use crate::trained_weights::{self, trained_weights};
use crate::unfinished_mark::{self, is_marked, remove_mark};
use crate::upload_mark;
use records::atomic;
use records::record::RunRecord;
use records::record::path::relative_folder;

/// The run's folder: `--output_dir` itself, or a folder in it where the run is one of several.
#[must_use]
pub fn output_dir(settings: &Settings) -> Option<PathBuf> {
    let root = settings.places.output_dir.clone()?;
    Some(settings.places.folder.as_ref().map_or_else(|| root.clone(), |folder| root.join(folder)))
}

/// Finds out before any work whether the records will have a place.
///
/// # Errors
/// When files cannot be written into `--results_dir`.
pub fn check_results_dir(settings: &Settings) -> Result<(), Error> {
    check_place("results_dir", &settings.places.results_dir)
}

/// The same of the folder in it that the records of a task and a model have.
///
/// # Errors
/// When files cannot be written into it.
pub(super) fn check_record_folder(settings: &Settings, task: &str, model: &str) -> Result<(), Error> {
    check_place("results_dir", &settings.places.results_dir.join(relative_folder(task, model)))
}

fn check_place(flag: &str, folder: &Path) -> Result<(), Error> {
    atomic::check_folder(folder).map_err(|error| {
        let message = format!("--{flag} {} cannot be written to: {}", folder.display(), atomic::reason(&error));
        if atomic::is_of_machine(&error) { Error::failure(message) } else { Error::usage(message) }
    })
}

/// Finds out before any work whether the other files will have a place.
///
/// # Errors
/// When `--output_dir` is not empty, since a folder with something in it is not written to unasked, or cannot be written to.
pub fn check_output_dir(settings: &Settings) -> Result<(), Error> {
    let Some(dir) = output_dir(settings) else { return Ok(()) };
    check_folder(settings, &dir)?;
    check_content(settings, &dir)
}

/// The output folder of a run that has begun.
#[derive(Default)]
pub(super) struct OutputClaim {
    dir: Option<PathBuf>,
    /// Whether the run trains: an evaluation leaves what a training is about.
    trains: bool,
    /// Whether it evaluates the model in the folder.
    is_of_model: bool,
    /// `None`: there is no folder, or its file system locks no files.
    _lock: Option<FileLock>,
}

impl OutputClaim {
    /// The run of this record, which wrote these files, has ended well. `is_uploaded`: its folder is to be uploaded now.
    ///
    /// # Errors
    /// When the folder cannot be told so; the run then counts as one that has not ended.
    pub(super) fn ended(&self, record: &RunRecord, files: WrittenFiles, is_uploaded: bool) -> Result<(), Error> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let (before, run) = (FinishedRuns::read(dir), RunName::of(record));
        if self.trains {
            // From here on the run is done, and no start does it again.
            if is_uploaded {
                upload_mark::mark(dir)?
            } else {
                upload_mark::remove(dir)
            }
            let of_weights = trained_weights(&dir.join(trained_weights::FILE_NAME)).unwrap_or_default();
            let state = |name: &'static str| {
                let path = dir.join(name);
                let is_weights = WEIGHT_FILES.contains(&name);
                let hash = if is_weights { of_weights.get(name).cloned() } else { sha256(&path).ok() };
                Some((name.to_owned(), FileState::of(&path, hash?)?))
            };
            let model = model_files().filter_map(state).collect();
            before.after_training(run, files, &Pass::of(record), model).write(dir)?;
            remove_mark(dir);
        } else {
            before.after_evaluation(&run, files, &Pass::of(record), self.is_of_model).write(dir)?;
        }
        Ok(())
    }
}

impl Drop for OutputClaim {
    fn drop(&mut self) {
        // A run that failed before it wrote anything leaves nothing to be told about.
        if let Some(dir) = &self.dir
            && is_empty(dir)
        {
            FinishedRuns::remove(dir);
            if self.trains {
                remove_mark(dir);
            }
        }
    }
}

/// As [`check_output_dir`], and from here on the folder is this run's alone as long as the claim lives.
///
/// # Errors
/// Those of [`check_output_dir`], and another run that has the folder.
pub(super) fn take_output_dir(settings: &Settings) -> Result<OutputClaim, Error> {
    let Some(dir) = output_dir(settings) else { return Ok(OutputClaim::default()) };
    check_folder(settings, &dir)?;
    let lock = lock_output(&dir)?;
    if lock.is_some() {
        remove_scratch(&dir);
    }
    // Only now: before, another run may have been about to write.
    check_content(settings, &dir)?;
    let is_of_model = is_model_in(settings, &dir);
    Ok(OutputClaim { dir: Some(dir), trains: settings.do_train, is_of_model, _lock: lock })
}

/// Removes what killed runs left in a folder that is this run's alone.
fn remove_scratch(dir: &Path) {
    atomic::remove_abandoned(dir);
    checkpoints::recover(dir);
}

/// Whether the model is the one in `dir`, with the tokenizer and the configuration there.
pub(super) fn is_model_in(settings: &Settings, dir: &Path) -> bool {
    let model = &settings.model;
    let is_there = matches!(&model.choice, ModelChoice::Folder(folder) if is_same(folder, dir));
    is_there && model.tokenizer.is_none() && model.config.is_none()
}

fn check_folder(settings: &Settings, dir: &Path) -> Result<(), Error> {
    if dir.exists() && !dir.is_dir() {
        return Err(Error::usage(format!("--output_dir {}: this is a file", dir.display())));
    }
    check_place("output_dir", settings.places.output_dir.as_deref().unwrap_or(dir))
}

fn check_content(settings: &Settings, dir: &Path) -> Result<(), Error> {
    // What a checkpoint or a mark says is compared with this run when its data and model are known. Checkpoints are gone on from where
    // they are; one of another folder is no reason to write over these, unless this very run began with it, and has not ended.
    let from_elsewhere = given_elsewhere(settings, dir);
    let goes_on = is_marked(dir) || from_elsewhere.is_none() && latest(dir).is_some();
    if is_empty(dir) || settings.places.overwrite_output_dir || !settings.do_train || goes_on {
        return Ok(());
    }
    let elsewhere = from_elsewhere.map_or_else(String::new, |checkpoint| {
        format!(", and --resume_from_checkpoint {} is none of its checkpoints", checkpoint.display())
    });
    Err(Error::usage(format!(
        "--output_dir {} is not empty{elsewhere}; give another folder, or --overwrite_output_dir true to write into it",
        dir.display()
    )))
}

/// The checkpoint that was given, where it is none of the folder's.
pub(super) fn given_elsewhere<'a>(settings: &'a Settings, dir: &Path) -> Option<&'a Path> {
    settings.checkpoints.resume_from_checkpoint.as_deref().filter(|resumed| !is_in(resumed, dir))
}

/// Whether a checkpoint lies in a folder, whatever leads to it.
pub(super) fn is_in(checkpoint: &Path, dir: &Path) -> bool {
    let parent = checkpoint.canonicalize().ok().and_then(|checkpoint| Some(checkpoint.parent()?.to_owned()));
    parent.is_some_and(|parent| is_same(&parent, dir)) || list(dir).iter().any(|(_, own)| is_same(own, checkpoint))
}

/// Whether a folder holds nothing, or is not there. What a run leaves that is killed before its first checkpoint, or while
/// it writes, counts as nothing: the log, the lock, the marks, and files with a name of their own.
pub(super) fn is_empty(dir: &Path) -> bool {
    let names =
        [journal::FILE_NAME, output_lock::FILE_NAME, unfinished_mark::FILE_NAME, finished_run::FILE_NAME, "runs"];
    let scratch = |name: &str| is_scratch(name) || atomic::is_scratch(name) || names.contains(&name);
    std::fs::read_dir(dir).map_or(true, |mut entries| {
        entries.all(|entry| entry.is_ok_and(|e| e.file_name().to_str().is_some_and(scratch)))
    })
}
