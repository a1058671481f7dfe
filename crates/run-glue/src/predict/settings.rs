//! What a prediction is told.

use std::path::PathBuf;

use models::ops::Precision;

use crate::settings::DeviceChoice;
use crate::settings::{HubAccess, ModelChoice};

/// Where the texts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// These, each a text and, of pairs, a second one.
    Texts(Vec<(String, Option<String>)>),
    /// Lines of a file.
    File(PathBuf),
    /// Lines of standard input.
    Stdin,
}

/// A prediction, ready to start.
#[derive(Clone, Debug)]
pub struct PredictSettings {
    /// The checkpoint.
    pub model: ModelChoice,
    /// How the Hub is reached.
    pub hub: HubAccess,
    /// The texts.
    pub input: Input,
    /// Each input is two texts; in lines, a tab stands between them.
    pub pairs: bool,
    /// One JSON value a line instead of label, tab, score.
    pub json: bool,
    /// Labels a line, the best first; at least 1.
    pub top_k: usize,
    /// Longest input in tokens, special ones included; `None`: what the model takes.
    pub max_seq_length: Option<usize>,
    /// Inputs a batch, at least 1; it changes no number.
    pub batch_size: usize,
    /// The device.
    pub device: DeviceChoice,
    /// What products of matrices are rounded to.
    pub precision: Precision,
}
