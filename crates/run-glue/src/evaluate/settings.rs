//! What an evaluation on other sets is told.

use std::path::PathBuf;

use models::ops::Precision;

use glue_tasks::OtherSet;
use trainer::settings::{DeviceChoice, HubAccess, ModelChoice};

/// An evaluation, ready to start.
#[derive(Clone, Debug)]
pub struct EvaluateSettings {
    /// The model: the output folder of a finished run, or any that was fine-tuned.
    pub model: ModelChoice,
    /// The sets.
    pub sets: Vec<&'static OtherSet>,
    /// The folder in which each set has one of its name; `None`: from the Hub.
    pub dataset_dir: Option<PathBuf>,
    /// How the Hub is reached.
    pub hub: HubAccess,
    /// Where the run's record is.
    pub results_dir: PathBuf,
    /// Rows of each part at most.
    pub max_eval_samples: Option<usize>,
    /// Longest input in tokens; `None`: that of the run, else what the model takes.
    pub max_seq_length: Option<usize>,
    /// Inputs a batch, at least 1; it changes no number.
    pub batch_size: usize,
    /// JSON instead of text.
    pub json: bool,
    /// The device.
    pub device: DeviceChoice,
    /// What products of matrices are rounded to.
    pub precision: Precision,
}
