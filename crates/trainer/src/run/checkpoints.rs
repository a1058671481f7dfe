//! `checkpoint-N/` in the output folder: the model after step N, and what a run needs to go on from there as if it had
//! never stopped. A folder takes its name when all of its files are on the disk, so whatever carries the name is whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::backend::AutodiffBackend;
use models::checkpoint::{read_bytes, read_safetensors, write_bytes, write_safetensors};
use models::ops::EncoderOps;
use models::torch_rng::TorchRng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::best_checkpoint::{BestCheckpoint, Kept};
use super::checkpoint_sums::{self, Sums};
use super::identity::RunIdentity;
use super::saved_model::SavedModel;
use crate::error::Error;
use crate::settings::{CheckpointSettings, SaveStrategy, Settings, interval, said};
use crate::training::best::Best;
use crate::training::log::{LogState, TrainLog};
use crate::training::loss_scale::LossScaler;
use crate::training::optimizer::Optimizer;
use crate::training::schedule::StepPlan;
use crate::training::torch_dropout::{DropoutState, TorchDropout};
use records::atomic::write_whole;
use records::files::trainer_state::TrainerState;

const PREFIX: &str = "checkpoint-";
/// Behind the name of a folder that is not whole yet.
const PARTIAL: &str = ".partial";
/// The same of a whole one, while another takes its name.
const REPLACED: &str = ".replaced.partial";
const STATE: &str = "run_state.json";
const OPTIMIZER: &str = "optimizer.safetensors";
/// The generator of drawn dropout: under `cpu` the bytes that the Trainer's rng_state.pth holds under that name, those of
/// `torch.get_rng_state()`; under `epoch` the same from before the epoch's first draw.
const RNG_STATE: &str = "rng_state.safetensors";

/// How many steps the run has, among the settings that decide its numbers.
const STEPS: &str = "steps (num_train_epochs, max_steps)";

/// What a checkpoint says besides its tensors and its log.
#[derive(Serialize, Deserialize)]
struct RunState {
    step: usize,
    log: LogState,
    #[serde(default)]
    best: Best,
    /// The best evaluation whose weights were saved.
    #[serde(default)]
    kept: Option<Kept>,
    /// The last step whose checkpoint could not be saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<usize>,
    /// Of half precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loss_scale: Option<LossScaler>,
    /// The settings that decide the numbers.
    settings: BTreeMap<String, Value>,
    /// Where the run was stopped before the evaluation that follows the step: whether the step was its epoch's last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unevaluated: Option<bool>,
    /// Of its tensors; checkpoints of earlier versions have none.
    #[serde(default, skip_serializing_if = "Sums::is_empty")]
    crc32c: Sums,
    /// Task, rows and model; checkpoints of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<RunIdentity>,
}

impl RunState {
    /// That of a folder whose tensors are as they were saved.
    fn read(folder: &Path) -> Result<Self, Error> {
        let place = folder.join(STATE);
        let wrong = |reason: &dyn std::fmt::Display| Error::usage(format!("{}: {reason}", place.display()));
        let text = fs::read_to_string(&place).map_err(|e| wrong(&format!("{e}; expected a checkpoint of run-glue")))?;
        let state: Self = serde_json::from_str(&text).map_err(|e| wrong(&e))?;
        checkpoint_sums::check(folder, &state.crc32c).map_err(Error::usage)?;
        Ok(state)
    }
}

/// The name of the checkpoint of step `step`.
pub(super) fn folder_name(step: usize) -> String {
    format!("{PREFIX}{step}")
}

/// The step in a checkpoint's name.
pub(super) fn step_of(folder: &Path) -> Option<usize> {
    folder.file_name()?.to_str()?.strip_prefix(PREFIX)?.parse().ok()
}

/// Checkpoints by their step, ascending.
pub(super) fn list(dir: &Path) -> Vec<(usize, PathBuf)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<(usize, PathBuf)> = entries
        .filter_map(|entry| Some((step_of(&entry.path())?, entry.path())))
        .filter(|(_, path)| path.join("config.json").is_file())
        .collect();
    found.sort();
    found
}

/// Whether this is the name of a checkpoint that is being written, or was when the run was killed.
pub(super) fn is_scratch(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(PARTIAL))
}

/// Where a checkpoint is while another one takes its name.
fn replaced_name(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}{REPLACED}"))
}

/// Removes what killed runs left of checkpoints; one that was about to be replaced, and was not, gets its name back.
pub(super) fn recover(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_scratch(name)) else { continue };
        let replaced = name.strip_prefix('.').and_then(|name| name.strip_suffix(REPLACED)).map(|name| dir.join(name));
        let is_back = replaced.is_some_and(|folder| !folder.exists() && fs::rename(entry.path(), folder).is_ok());
        if !is_back {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The last checkpoint of an output folder that a run can go on from.
pub(super) fn latest(dir: &Path) -> Option<PathBuf> {
    latest_before(dir, None)
}

/// The same of those before step `end`, where one is given.
pub(super) fn latest_before(dir: &Path, end: Option<usize>) -> Option<PathBuf> {
    let before = list(dir).into_iter().filter(|&(step, _)| end.is_none_or(|end| step < end));
    before.map(|(_, path)| path).rfind(|path| path.join(STATE).is_file())
}

/// The last folder behind step `step` that has a checkpoint's name and is none that can be gone on from.
pub(super) fn incomplete_after(dir: &Path, step: usize) -> Option<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let later = entries.filter(|path| path.is_dir()).filter_map(|path| Some((step_of(&path)?, path)));
    later.filter(|(at, _)| *at > step).max().map(|(_, path)| path)
}

/// The settings that decide the weights of a training run over `rows` rows, as they came out with this model and these data.
pub(super) fn decisive_settings(
    settings: &Settings,
    plan: &StepPlan,
    rows: usize,
    max_seq_length: usize,
) -> BTreeMap<String, Value> {
    let mut decisive = settings.decisive();
    // However the number of steps was asked for.
    decisive.remove("num_train_epochs");
    decisive.remove("max_steps");
    let found = [
        ("training rows", json!(rows)),
        ("max_seq_length", json!(max_seq_length)),
        (STEPS, json!(plan.max_steps)),
        ("warmup_steps", json!(plan.warmup_steps)),
    ];
    decisive.extend(found.map(|(name, value)| (name.to_owned(), value)));
    decisive
}

/// A checkpoint to go on from.
pub(super) struct Resume {
    folder: PathBuf,
    state: RunState,
}

impl Resume {
    /// Reads what the checkpoint says of itself, of a run of `max_steps` steps.
    ///
    /// # Errors
    /// Names the file, and what is wrong with it.
    pub(super) fn read(folder: &Path, max_steps: usize) -> Result<Self, Error> {
        let state = RunState::read(folder)?;
        let place = folder.join(STATE);
        let wrong = |reason: &dyn std::fmt::Display| Error::usage(format!("{}: {reason}", place.display()));
        // The folder's name and the steps of the run say it too; an edited file would train another model without a word.
        if let Some(step) = step_of(folder).filter(|&step| step != state.step) {
            return Err(wrong(&format!("it says step {}, and its folder is that of step {step}", state.step)));
        }
        let of_run = state.settings.get(STEPS).and_then(Value::as_u64).is_some_and(|steps| steps == max_steps as u64);
        if of_run && state.step > max_steps {
            return Err(wrong(&format!("it says step {} of a run of {max_steps}", state.step)));
        }
        Ok(Self { folder: folder.to_owned(), state })
    }

    /// Whether a run may go on from it.
    ///
    /// # Errors
    /// Says in what this run is another one: in its task, data or model, else in the first setting that differs.
    pub(super) fn check(&self, identity: &RunIdentity, settings: &BTreeMap<String, Value>) -> Result<(), Error> {
        let Self { folder, state } = self;
        let anew = "give another --output_dir to start anew, or --overwrite_output_dir to start anew in this one";
        match &state.identity {
            None => log::warn!(
                "{}: this checkpoint of an earlier version does not say which data and model it was made with; they are taken \
                 to be those of this run",
                folder.display()
            ),
            Some(before) => {
                if let Some(difference) = before.difference(identity) {
                    return Err(Error::usage(format!(
                        "{}: the checkpoint was made {difference}: {anew}",
                        folder.display()
                    )));
                }
            }
        }
        // What an earlier version did not know was left out.
        let other = settings.iter().find(|(name, value)| state.settings.get(*name).unwrap_or(&Value::Null) != *value);
        if let Some((name, value)) = other {
            let (before, value) = (said(state.settings.get(name)), said(Some(value)));
            return Err(Error::usage(format!(
                "{}: the checkpoint was made with {name} {before}, and this run has {value}: give the same flags to go on, \
                 or {anew}",
                folder.display()
            )));
        }
        Ok(())
    }

    /// Whether the best weights so far, which the run may end with, can be read. Else that would show when all is trained.
    ///
    /// # Errors
    /// Names the file, and what to do.
    pub(super) fn check_best(&self) -> Result<(), Error> {
        let Some(best) = self.best().folder.filter(|best| *best != self.folder && best.join(STATE).is_file()) else {
            return Ok(());
        };
        RunState::read(&best).map(drop).map_err(|error| {
            error.with_message(format!(
                "{error}; remove {} if it is damaged: the best weights are lost then, and the run says which ones it ends with",
                best.display()
            ))
        })
    }

    /// How evaluations compared so far. The best weights lie beside this checkpoint: those of another folder are another run's.
    pub(super) fn best(&self) -> BestCheckpoint {
        let RunState { best, kept, failed, .. } = self.state;
        let beside = |step| Some(self.folder.parent()?.join(folder_name(step))).filter(|folder| folder.is_dir());
        BestCheckpoint::restored(best, kept, failed, beside)
    }

    /// Where the evaluation after its step is still to be made: whether the step was its epoch's last.
    pub(super) fn unevaluated(&self) -> Option<bool> {
        self.state.unevaluated
    }

    /// The step after which it was made.
    pub(super) fn step(&self) -> usize {
        self.state.step
    }

    /// The generator of drawn dropout.
    pub(super) fn restore_dropout(&self, dropout: &mut TorchDropout) -> Result<(), Error> {
        let path = self.folder.join(RNG_STATE);
        let tensors = read_bytes(&path)?;
        let state = |name: &str| {
            let bytes = tensors.get(name).and_then(|bytes| TorchRng::from_bytes(bytes));
            bytes
                .ok_or_else(|| Error::usage(format!("{}: `{name}` is no state of PyTorch's generator", path.display())))
        };
        dropout.restore(DropoutState { now: state("cpu")?, epoch: state("epoch")? });
        Ok(())
    }

    /// Moments into the optimizer, history and counts into the log.
    pub(super) fn restore<B: AutodiffBackend<InnerBackend: EncoderOps>>(
        &self,
        optimizer: &mut Optimizer<B>,
        log: &mut TrainLog<B::InnerBackend>,
        device: &B::Device,
    ) -> Result<(), Error> {
        let path = self.folder.join(OPTIMIZER);
        let tensors = read_safetensors(&path)?;
        optimizer
            .restore(tensors, self.state.loss_scale, self.state.step, device)
            .map_err(|name| Error::usage(format!("{}: `{name}` is missing or has another size", path.display())))?;
        let history = TrainerState::load(&self.folder).map_err(Error::input)?.log_history;
        log.restore(&self.state.log, history, device);
        Ok(())
    }
}

/// Makes checkpoints of a run.
pub(super) struct Checkpoints<'a> {
    pub(super) dir: PathBuf,
    pub(super) settings: &'a CheckpointSettings,
    pub(super) plan: StepPlan,
    pub(super) decisive: BTreeMap<String, Value>,
    pub(super) identity: RunIdentity,
}

/// What goes into a checkpoint.
pub(super) struct Content<'a, B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps> {
    pub(super) saved: SavedModel<'a, B>,
    pub(super) optimizer: &'a Optimizer<B>,
    pub(super) dropout: Option<&'a DropoutState>,
    pub(super) log: LogState,
    pub(super) state: TrainerState,
    pub(super) best: &'a BestCheckpoint,
    /// Where the evaluation after the step is still to be made: whether the step was its epoch's last.
    pub(super) unevaluated: Option<bool>,
}

impl Checkpoints<'_> {
    /// Whether one is due after this step.
    pub(super) fn is_due(&self, step: usize, ends_epoch: bool, is_best: bool) -> bool {
        let last = step == self.plan.max_steps;
        match self.settings.save_strategy {
            SaveStrategy::No => false,
            SaveStrategy::Steps => step.is_multiple_of(interval(self.settings.save_steps, self.plan.max_steps)) || last,
            SaveStrategy::Epoch => ends_epoch || last,
            SaveStrategy::Best => is_best,
        }
    }

    /// The folder of step `step`.
    pub(super) fn folder(&self, step: usize) -> PathBuf {
        self.dir.join(folder_name(step))
    }

    /// Saves the run after step `step`.
    ///
    /// # Errors
    /// Names the folder; nothing is left of it.
    pub(super) fn save<B>(&self, step: usize, content: &Content<'_, B>) -> Result<(), Error>
    where
        B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
    {
        let folder = self.folder(step);
        self.write(step, &folder, content).map_err(|error| {
            // What was written of it would only take room.
            let _ = remove(&self.scratch(step));
            error.in_context(format!("{} could not be saved", folder.display()))
        })
    }

    fn write<B>(&self, step: usize, folder: &Path, content: &Content<'_, B>) -> Result<(), Error>
    where
        B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
    {
        let scratch = self.scratch(step);
        remove(&scratch)?;
        fs::create_dir_all(&scratch).map_err(Error::failure)?;
        content.saved.write_files(&scratch)?;
        content.state.save(&scratch)?;
        if !self.settings.save_only_model {
            write_safetensors(&scratch.join(OPTIMIZER), &content.optimizer.tensors())?;
            if let Some(DropoutState { now, epoch }) = content.dropout {
                write_bytes(&scratch.join(RNG_STATE), &[("cpu", now.to_bytes()), ("epoch", epoch.to_bytes())])?;
            }
            let settings = self.decisive.clone();
            let crc32c = checkpoint_sums::sums(&scratch).map_err(Error::failure)?;
            let run_state = RunState {
                crc32c,
                step,
                log: content.log,
                best: content.best.best,
                kept: content.best.kept,
                failed: content.best.failed,
                loss_scale: content.optimizer.scaler(),
                settings,
                unevaluated: content.unevaluated,
                identity: Some(self.identity.clone()),
            };
            let text = serde_json::to_string_pretty(&run_state).map_err(Error::failure)?;
            write_whole(scratch.join(STATE), text.as_bytes())?;
        }
        for entry in fs::read_dir(&scratch).map_err(Error::failure)?.flatten() {
            fs::File::open(entry.path()).and_then(|file| file.sync_all()).map_err(Error::failure)?;
        }
        // A folder of that name is an older run's, or was saved by this one before it went back. It stays whole until the new one is there.
        let replaced = replaced_name(folder);
        remove(&replaced)?;
        match fs::rename(folder, &replaced) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::failure(error)),
            _ => {}
        }
        fs::rename(&scratch, folder).map_err(Error::failure)?;
        // The name itself is flushed too; that it cannot be is no failure.
        let _ = fs::File::open(&self.dir).and_then(|dir| dir.sync_all());
        remove(&replaced)
    }

    fn scratch(&self, step: usize) -> PathBuf {
        self.dir.join(format!(".{PREFIX}{step}{PARTIAL}"))
    }

    /// Removes what killed runs left, and the oldest ones beyond `--save_total_limit`, but not the newest nor the best
    /// (transformers' `rotate_checkpoints`). What cannot be removed is no reason to end the run.
    pub(super) fn rotate(&self, best: Option<&Path>) {
        recover(&self.dir);
        let Some(limit) = self.settings.save_total_limit else { return };
        let all = list(&self.dir);
        let newest = all.last().map(|(_, path)| path.clone());
        let kept = |path: &PathBuf| Some(path) == newest.as_ref() || Some(path.as_path()) == best;
        let protected = all.iter().filter(|(_, path)| kept(path)).count();
        let surplus = all.len().saturating_sub(limit.max(protected));
        all.iter().filter(|(_, path)| !kept(path)).take(surplus).for_each(|(_, path)| discard(path));
    }

    /// At the end of a run that keeps one checkpoint and ends with the best: only that one stays.
    pub(super) fn keep_only(&self, best: &Path) {
        if self.settings.save_total_limit == Some(1) {
            list(&self.dir).iter().filter(|(_, path)| path != best).for_each(|(_, path)| discard(path));
        }
    }
}

fn discard(folder: &Path) {
    if let Err(error) = remove_whole(folder) {
        log::warn!("{error}");
    }
}

/// Removes a checkpoint. It loses its name first, so that what is left of it after a kill is not taken for one.
pub(super) fn remove_whole(folder: &Path) -> Result<(), Error> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let scratch = folder.with_file_name(format!(".{name}{PARTIAL}"));
    remove(&scratch)?;
    fs::rename(folder, &scratch).map_err(|error| Error::failure(format!("{}: {error}", folder.display())))?;
    remove(&scratch)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::failure(format!("{}: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}
