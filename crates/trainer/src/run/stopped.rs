//! A run that the user stops after its training, while it evaluates.

use super::callbacks::how_to_go_on;
use super::checkpoints::latest;
use super::output::output_dir;
use crate::error::Error;
use crate::settings::Settings;

/// The wish to stop, in the midst of an evaluation.
pub(super) fn stopped() -> Error {
    Error::interrupted("stopped while evaluating")
}

/// The end of a run that was stopped so, with where its model is: it is saved before the evaluations.
pub(super) fn stopped_after_training(error: Error, settings: &Settings, is_trained: bool) -> Error {
    let Some(dir) = output_dir(settings) else {
        let lost = if is_trained { "; nothing was saved, since there is no --output_dir" } else { "" };
        return error.with_message(format!("{error}{lost}"));
    };
    match latest(&dir) {
        _ if !is_trained => error,
        Some(checkpoint) => {
            error.with_message(format!("{error}; {} from {}", how_to_go_on(settings), checkpoint.display()))
        }
        None => {
            let dir = dir.display();
            error.with_message(format!(
                "{error}; the trained model is in {dir}, whose run counts as one that has not ended: --do_eval with --model {dir} evaluates it"
            ))
        }
    }
}
