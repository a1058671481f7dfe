//! When checkpoints are made, and which one to go on from.

use std::path::PathBuf;

use super::choices::Choice;
use super::declared::{Changes, Setting, at_least_one, check_steps};
use crate::error::Error;

/// When checkpoints are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaveStrategy {
    /// Never.
    No,
    /// Every `save_steps`, and after the last step.
    #[default]
    Steps,
    /// After each epoch, and after the last step.
    Epoch,
    /// After each evaluation that is the best so far.
    Best,
}

impl Choice for SaveStrategy {
    const NAMES: &'static [(&'static str, Self)] =
        &[("no", Self::No), ("steps", Self::Steps), ("epoch", Self::Epoch), ("best", Self::Best)];
}

/// When checkpoints are made, and which one to go on from.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointSettings {
    /// After which steps.
    pub save_strategy: SaveStrategy,
    /// Optimizer steps from one to the next; below 1 a share of all steps.
    pub save_steps: f64,
    /// How many of the latest are kept, the best one besides; `None`: all.
    pub save_total_limit: Option<usize>,
    /// Without the optimizer's moments and the log: a run cannot go on from them.
    pub save_only_model: bool,
    /// The folder to go on from; `None`: the last one in the output folder, if there is one.
    pub resume_from_checkpoint: Option<PathBuf>,
    /// Whether that there is one was said, so that a training without one is worth a word.
    pub expects_checkpoint: bool,
}

impl Default for CheckpointSettings {
    fn default() -> Self {
        Self {
            save_strategy: SaveStrategy::Steps,
            save_steps: 500.0,
            save_total_limit: None,
            save_only_model: false,
            resume_from_checkpoint: None,
            expects_checkpoint: false,
        }
    }
}

impl CheckpointSettings {
    /// # Errors
    /// Names the setting that is wrong.
    pub(super) fn check(&self) -> Result<(), Error> {
        check_steps("save_steps", self.save_steps)?;
        self.save_total_limit.map(|limit| at_least_one("save_total_limit", limit)).transpose().map(drop)
    }

    /// `choose`: whether the run ends with the weights of a checkpoint, which then must have been saved.
    pub(super) fn declare(&self, choose: bool, all: &mut Vec<Setting>) {
        let Self {
            save_strategy,
            save_steps,
            save_total_limit,
            save_only_model,
            resume_from_checkpoint,
            // Only what is said depends on it.
            expects_checkpoint: _,
        } = self;
        let changes = if choose { Changes::Weights } else { Changes::Nothing };
        let by_steps = *save_strategy == SaveStrategy::Steps;
        let folder = resume_from_checkpoint.as_ref().map(|folder| folder.display().to_string());
        all.extend([
            Setting::new("save_strategy", save_strategy.name(), changes),
            Setting::new("save_steps", by_steps.then_some(*save_steps), changes),
            Setting::new("save_total_limit", *save_total_limit, Changes::Nothing),
            Setting::new("save_only_model", *save_only_model, Changes::Nothing),
            Setting::new("resume_from_checkpoint", folder, Changes::Nothing),
        ]);
    }
}
