//! Whose the files in a run's output folder are: what the folder says, held against a record.

use std::path::Path;

use super::asked_files::{FileIs, Folder, has_predictions};
use crate::grid::run_spec::RunSpec;
use crate::grid::shell_word::quoted;
use models::ops::Precision;
use records::files::metrics_files::read_metrics;
use records::record::parts::scores;
use records::record::{RunRecord, is_same_number};
use trainer::finished_run::{FinishedRuns, MadeFile, RunName, Whose};
use trainer::run::output::{self, WEIGHT_FILES};
use trainer::settings::{DataSettings, PeftMethod, PeftSettings};
use trainer::unfinished_mark;

/// What a run with an output folder leaves there beside what it trained, its card last.
const OF_TRAINING: [&str; 2] = ["config.json", LAST_OF_TRAINING];
const LAST_OF_TRAINING: &str = "README.md";
const OF_EVALUATION: &str = "all_results.json";
/// What only evaluations write.
pub(super) const LAST_OF_EVALUATION: &str = "eval_results.json";

/// Whether a run has ended in the folder, this one or another, so that to run again is to write over it.
pub(super) fn has_ended_run(spec: &RunSpec) -> bool {
    let Some(dir) = output::output_dir(&spec.settings) else { return false };
    if !spec.settings.do_train {
        return dir.join(OF_EVALUATION).is_file() || has_predictions(&dir);
    }
    // Somebody may have removed the card, or the weights.
    let was_ended = matches!(FinishedRuns::read(&dir).trained, Whose::Of(_));
    let has_files = WEIGHT_FILES.iter().chain(&[LAST_OF_TRAINING]).any(|file| dir.join(file).is_file());
    !unfinished_mark::is_marked(&dir) && (was_ended || has_files)
}

/// The first file that a run leaves and that is not there.
pub(super) fn missing_file(spec: &RunSpec, dir: &Path, runs: &FinishedRuns) -> Option<String> {
    let files: &[&str] = match () {
        () if spec.settings.do_train => &OF_TRAINING,
        () if spec.settings.do_eval => &[OF_EVALUATION, LAST_OF_EVALUATION],
        () => &[],
    };
    // The weights, or those of an adapter.
    let [weights, adapter] = WEIGHT_FILES;
    let wanted: &[&str] = match spec.settings.peft {
        PeftSettings { merge_adapter: true, .. } => &[weights],
        PeftSettings { method: Some(PeftMethod::Lora | PeftMethod::Ia3), .. } => &[adapter],
        PeftSettings { method: Some(_), .. } => &[weights],
        // An adapter that is trained on stays one.
        PeftSettings { method: None, .. } => &[weights, adapter],
    };
    let has_weights = wanted.iter().any(|file| dir.join(file).is_file());
    if spec.settings.do_train && !has_weights {
        return wanted.first().map(|file| (*file).to_owned());
    }
    let of_model = runs.model.keys().map(String::as_str).filter(|_| spec.settings.do_train);
    files.iter().copied().chain(of_model).find(|file| !dir.join(file).is_file()).map(str::to_owned)
}

/// Whether the folder does not say whose the files are that the run is about.
pub(super) fn is_unnamed(runs: &FinishedRuns, spec: &RunSpec) -> bool {
    match spec.settings.do_train {
        true => runs.trained == Whose::Unknown,
        false => spec.settings.do_eval && runs.maker_of(LAST_OF_EVALUATION) == Whose::Unknown,
    }
}

/// Whether the model, or of an evaluation the results, are those of the record. An evaluation of another model beside a training
/// leaves its model.
pub(super) fn is_of(runs: &FinishedRuns, dir: &Path, record: &RunRecord, spec: &RunSpec) -> bool {
    if !spec.settings.do_train {
        let is_unknown = runs.maker_of(LAST_OF_EVALUATION) == Whose::Unknown;
        return Folder::new(spec, dir, runs, record).evaluation() == FileIs::There
            && (!is_unknown || has_results_of(dir, record));
    }
    match &runs.trained {
        Whose::Of(run) => *run == RunName::of(record),
        Whose::Nobodys => false,
        // Results that are known to be another's say nothing of the model.
        Whose::Unknown => is_known_other(&runs.maker_of(LAST_OF_EVALUATION), record) || has_results_of(dir, record),
    }
}

pub(super) fn is_known_other(evaluated: &Whose<&MadeFile>, record: &RunRecord) -> bool {
    match evaluated {
        Whose::Unknown => false,
        Whose::Nobodys => true,
        Whose::Of(made) => made.run != RunName::of(record),
    }
}

/// The command that evaluates the model in a folder with these flags, as its run does it, in words.
pub(super) fn evaluation_of(dir: &Path, flags: &str, spec: &RunSpec) -> String {
    let dir = quoted(&dir.display().to_string());
    let of_pass = flags_of_a_pass(spec);
    format!("`run-glue --model {dir} {flags}{of_pass} --output_dir {dir}` with the flags of its data")
}

/// The flags by which the run evaluates its model, where they are not the default, each with a space before it.
fn flags_of_a_pass(spec: &RunSpec) -> String {
    let (data, usual, precision) = (&spec.settings.data, DataSettings::default(), spec.settings.machine.precision);
    let length =
        (data.max_seq_length != usual.max_seq_length).then(|| format!(" --max_seq_length {}", data.max_seq_length));
    let pads = data.pad_to_max_length.then(|| " --pad_to_max_length".to_owned());
    let precision = (precision != Precision::default()).then(|| format!(" --{}", precision.name()));
    [length, pads, precision].into_iter().flatten().collect()
}

/// Whether the results in a folder may be the record's: not where they are others.
pub(super) fn has_results_of(dir: &Path, record: &RunRecord) -> bool {
    let Ok(Some(results)) = read_metrics(&dir.join(OF_EVALUATION)) else { return true };
    let in_folder = scores(&results);
    let is_other = |(name, theirs): (&String, &Option<f64>)| {
        record.metrics.get(name).is_some_and(|own| !is_same_number(*own, *theirs))
    };
    !in_folder.iter().any(is_other)
}
