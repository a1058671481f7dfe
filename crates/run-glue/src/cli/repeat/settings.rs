//! A record's settings, seed and log as flags.

use std::collections::BTreeSet;

use super::flags::Flags;
use super::typed::Typed;
use records::record::{OF_ADAPTERS, RunRecord, SplitUse};
use results::parity::{logging, schedule};
use serde_json::Value;

/// Settings that follow from others, or from model and data, whose places are flags.
const FOLLOW: [&str; 5] = ["new_head", "problem_type", "teacher", "dropout_from", "first_loss_scale"];

/// Dropout as the model has it: flags only where flags said so.
const DROPOUT: [&str; 3] = ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"];

/// The settings.
///
/// # Errors
/// One that is not known here, or cannot be read.
pub(super) fn add(record: &RunRecord, known_flags: &BTreeSet<String>, flags: &mut Flags) -> Result<(), String> {
    let known = |name: &str| record.hyper_parameters.get(name).is_some_and(|value| !value.is_null());
    let is_adapter = record.model.base_from.is_some();
    for (name, value) in &record.hyper_parameters {
        match name.as_str() {
            "lr_scheduler_type" => {
                let (name, numbers) = schedule(Some(value))?;
                flags.add_value("lr_scheduler_type", &name);
                if let Some(numbers) = numbers {
                    flags.add("lr_scheduler_kwargs", numbers.to_string());
                }
            }
            // Flags alone say that; what it says of a chain is refused before.
            name if DROPOUT.contains(&name) && !known("dropout_from") => {}
            // An adapter that is trained on says these itself.
            name if FOLLOW.contains(&name) || is_adapter && OF_ADAPTERS.contains(&name) => {}
            name if !value.is_null() && !known_flags.contains(name) => {
                return Err(format!(
                    "it has the setting {name} {value}, which this version does not know: take {} {}, which wrote it",
                    record.program.name, record.program.version
                ));
            }
            name => flags.add_value(name, value),
        }
    }
    flags.add("seed", record.seed.to_string());
    flags.add("backend", record.host.backend.as_str());
    // Its rows are means over the same steps.
    if let Ok((every, first)) = logging(record) {
        flags.add("logging_steps", every.max(1).to_string());
        flags.add("logging_first_step", first.to_string());
    }
    Ok(())
}

/// What the run did besides training. Gives what is left out.
pub(super) fn add_stages(record: &RunRecord, typed: &Typed, flags: &mut Flags) -> Vec<String> {
    let mut notes = Vec::new();
    let is_used = |purpose| record.dataset.used_for(purpose).next().is_some();
    let is_evaluated = is_used(SplitUse::Evaluation) || !record.metrics.is_empty();
    let is_trained = record.hyper_parameters.get("do_train").and_then(Value::as_bool) == Some(true);
    flags.add("do_eval", is_evaluated.to_string());
    let is_alone = !is_trained && !is_evaluated;
    if is_used(SplitUse::Prediction) {
        // Alone, that it needs a folder is an error.
        if is_alone || typed.has("output_dir") {
            flags.add("do_predict", "true");
        } else if !typed.has("do_predict") {
            notes.push(
                "the run of the record predicted its test rows too, which needs a folder to write into: give --output_dir, and this one does"
                    .to_owned(),
            );
        }
    }
    if !record.final_eval.is_empty() {
        let names: Vec<&str> = record.final_eval.iter().map(|part| part.name.as_str()).collect();
        flags.add("final_eval", names.join(","));
    }
    notes
}
