//! Files that a run was asked for and that are no part of what makes it done: more may be asked of a finished run than it wrote.

use std::collections::BTreeSet;
use std::path::Path;

use crate::grid::run_spec::RunSpec;
use records::files::final_eval::FinalTable;
use records::record::{RunRecord, SplitUse};

/// A file that is not there.
pub(super) struct MissingFile {
    /// Its name, or what names of its kind are like.
    pub(super) name: String,
    /// The flags that an evaluation writes it with.
    pub(super) flags: &'static str,
    /// Whether only a training writes it.
    pub(super) is_of_training: bool,
}

/// What of the files that are asked for is not in the folder of a run that is done.
pub(super) fn missing_files(spec: &RunSpec, dir: &Path, record: &RunRecord) -> Vec<MissingFile> {
    let settings = &spec.settings;
    let (saves_logits, predicts) = (settings.places.save_logits, settings.do_predict);
    let names = names_in(dir);
    let mut missing = Vec::new();
    let mut expect = |is_asked: bool, at_least: usize, name: &str, flags: &'static str| {
        let there = names.iter().filter(|there| is_like(there, name)).count();
        if is_asked && there < at_least {
            missing.push(MissingFile { name: name.to_owned(), flags, is_of_training: false });
        }
    };
    // A record keeps rows of the same split that were predicted before.
    let splits = |purpose: SplitUse, with_suffix: bool| {
        let rows = record.dataset.used_for(purpose).filter(|rows| with_suffix || rows.key_suffix.is_empty());
        rows.map(|rows| rows.split.as_str()).collect::<BTreeSet<_>>().len()
    };
    let (evaluated, predicted) = (splits(SplitUse::Evaluation, true), splits(SplitUse::Prediction, false));
    expect(settings.do_eval, 1, "all_results.json", "--do_eval");
    expect(settings.do_eval, 1, "eval_results.json", "--do_eval");
    expect(settings.do_eval && saves_logits, evaluated, "eval_logits*.jsonl", "--do_eval --save_logits");
    expect(predicts, predicted, "predict_results_*.txt", "--do_predict");
    expect(predicts && saves_logits, predicted, "predict_logits_*.jsonl", "--do_predict --save_logits");
    if let Some(task) = settings.task.known().filter(|_| settings.places.glue_submission && predicts) {
        let sets = std::iter::once(task).chain(task.diagnostic.as_deref());
        for file in sets.flat_map(|task| &task.test_splits).filter_map(|split| split.leaderboard_file.as_ref()) {
            expect(true, 1, &file.file_name, "--do_predict --glue_submission");
        }
    }
    for file in FinalTable::FILES {
        expect(!settings.data.splits.final_eval.is_empty(), 1, file, "--do_eval --final_eval ...");
    }
    let events = dir.join("runs");
    if settings.do_train && settings.logging.tensorboard && settings.logging.logging_dir.is_none() && !events.is_dir() {
        missing.push(MissingFile {
            name: "runs (--report_to tensorboard)".to_owned(),
            flags: "",
            is_of_training: true,
        });
    }
    missing
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a name is this one, `*` standing for any part of it.
fn is_like(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => name.len() >= pattern.len() - 1 && name.starts_with(start) && name.ends_with(end),
        None => name == pattern,
    }
}
