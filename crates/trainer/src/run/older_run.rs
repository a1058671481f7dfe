//! What an older run left in an output folder that this one may write over (`--overwrite_output_dir`): what would be taken for
//! this run's is removed, and nothing else.

use std::path::{Path, PathBuf};

use glue_tasks::task::TaskSpec;
use records::counted;
use records::files::final_eval::FinalTable;

use super::checkpoints::{list, remove_whole};
use super::output::is_in;
use super::same_place::is_same;
use crate::error::Error;
use crate::logs::journal;
use crate::settings::{ModelChoice, Settings};

/// What is to be removed.
pub(super) struct OlderRun {
    dir: PathBuf,
    checkpoints: Vec<PathBuf>,
}

impl OlderRun {
    /// Looks for it in `dir`. Of a run that goes on from a checkpoint there, `resumed`, that one and those before it are its own.
    ///
    /// # Errors
    /// When the model is read from a checkpoint that would be removed.
    pub(super) fn find(settings: &Settings, dir: PathBuf, resumed: Option<(&Path, usize)>) -> Result<Self, Error> {
        let own = resumed.filter(|(folder, _)| is_in(folder, &dir));
        let is_own = |step: usize| own.is_some_and(|(_, last)| step <= last);
        let all = list(&dir).into_iter();
        let checkpoints: Vec<PathBuf> = all.filter(|(step, _)| !is_own(*step)).map(|(_, path)| path).collect();
        match &settings.model.choice {
            ModelChoice::Folder(model) if checkpoints.iter().any(|checkpoint| is_same(checkpoint, model)) => {
                Err(Error::usage(format!(
                    "--overwrite_output_dir removes the checkpoints in {}, and the model is one of them, {}: give another \
                     --output_dir",
                    dir.display(),
                    model.display()
                )))
            }
            _ => Ok(Self { dir, checkpoints }),
        }
    }

    /// Removes its checkpoints and its results, and says of how many checkpoints.
    ///
    /// # Errors
    /// Names the checkpoint that cannot be removed.
    pub(super) fn remove(&self, task: &TaskSpec) -> Result<(), Error> {
        for checkpoint in &self.checkpoints {
            remove_whole(checkpoint)
                .map_err(|error| error.in_context("--overwrite_output_dir: a checkpoint cannot be removed"))?;
        }
        let count = self.checkpoints.len();
        if count > 0 {
            let are = if count == 1 { "is" } else { "are" };
            log::info!("{}: {} of an older run {are} removed", self.dir.display(), counted(count, "checkpoint"));
        }
        remove_results(task, &self.dir);
        Ok(())
    }
}

/// Whether the model that is evaluated is a checkpoint of the training in `dir`.
pub(super) fn is_checkpoint_of(settings: &Settings, dir: &Path) -> bool {
    matches!(&settings.model.choice, ModelChoice::Folder(model) if is_in(model, dir))
}

/// Removes the results that a run writes, and nothing else.
pub(super) fn remove_results(task: &TaskSpec, dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| is_result(task, name)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether a file of this name is one of results.
pub(super) fn is_result(task: &TaskSpec, name: &str) -> bool {
    const FILES: [&str; 6] = [
        "all_results.json",
        "train_results.json",
        "eval_results.json",
        "predict_results.json",
        "trainer_state.json",
        journal::FILE_NAME,
    ];
    const PREDICTIONS: [(&str, &str); 3] =
        [("eval_logits", ".jsonl"), ("predict_results_", ".txt"), ("predict_logits_", ".jsonl")];
    let splits = task.test_splits.iter().chain(task.diagnostic.iter().flat_map(|diagnostic| &diagnostic.test_splits));
    FILES.contains(&name)
        || FinalTable::FILES.contains(&name)
        || PREDICTIONS.iter().any(|(start, end)| name.starts_with(start) && name.ends_with(end))
        || splits.filter_map(|split| split.leaderboard_file.as_ref()).any(|file| file.file_name == name)
}
