//! Whether the files that were asked for beside a record are there, and are those of the record's run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::grid::run_spec::RunSpec;
use records::files::metrics_files::read_metrics;
use records::record::parts::scores;
use records::record::{RecordFile, RunRecord};
use trainer::error::Error;
use trainer::finished_run::{FinishedRuns, RunName};
use trainer::run::output;
use trainer::unfinished_mark;

/// What a run with an output folder leaves there, its card last.
const OF_TRAINING: [&str; 3] = ["model.safetensors", "config.json", LAST_OF_TRAINING];
const LAST_OF_TRAINING: &str = "README.md";
const OF_EVALUATION: &str = "all_results.json";

/// Numbers of one run may lie so far apart, or such a share of themselves: it may have been done again on another machine.
const SAME_NUMBER: f64 = 1e-6;

/// Looks into output folders, and remembers what is to be said of them.
#[derive(Default)]
pub(super) struct Outputs {
    /// Folders of which was said that they hold another run.
    said: BTreeSet<PathBuf>,
    /// Folders that do not say which run they hold.
    unnamed: BTreeSet<PathBuf>,
}

impl Outputs {
    /// Of the records of a run the one whose run the folder holds, the last of several; `None` where it does not hold all of it. A run
    /// without an output folder is its record.
    pub(super) fn done(&mut self, spec: &RunSpec, mut records: Vec<RecordFile>) -> Option<RecordFile> {
        let Some(dir) = output::output_dir(&spec.settings) else { return records.pop() };
        if records.is_empty() || !has_files(spec, &dir) || spec.settings.do_train && unfinished_mark::is_marked(&dir) {
            return None;
        }
        let named = FinishedRuns::read(&dir);
        let is_held = |(_, record): &RecordFile| match &named {
            Some(runs) => are_of(runs, &RunName::of(record), spec),
            None => may_be_of(&dir, record),
        };
        let held = records.into_iter().rfind(is_held);
        match (&held, named) {
            (Some(_), None) => drop(self.unnamed.insert(dir)),
            (None, _) if self.said.insert(dir.clone()) => log::warn!(
                "{}: what is there is of another run than the results in {}: {} is not done",
                dir.display(),
                spec.settings.places.results_dir.display(),
                spec.name
            ),
            _ => {}
        }
        held
    }

    /// Says which folders were taken at the word of their results alone, since the last time.
    pub(super) fn say_unnamed(&mut self) {
        let Some(first) = self.unnamed.first() else { return };
        let more = match self.unnamed.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        log::warn!(
            "{}{more}: made by an earlier version, which does not say whose model it left there; where its results are those of the \
             record, it is taken for the record's (--rerun trains again)",
            first.display()
        );
        self.unnamed.clear();
    }
}

/// Why the run would be refused for what is in its folder, as far as that shows before data and model are read.
pub(super) fn refusal(spec: &RunSpec) -> Option<Error> {
    output::check_output_dir(&spec.settings).err()
}

/// Whether a run has ended in the folder, this one or another, so that to run again is to write over it.
pub(super) fn has_ended_run(spec: &RunSpec) -> bool {
    output::output_dir(&spec.settings).is_some_and(|dir| dir.join(last_file(spec)).is_file())
}

fn last_file(spec: &RunSpec) -> &'static str {
    if spec.settings.do_train { LAST_OF_TRAINING } else { OF_EVALUATION }
}

fn has_files(spec: &RunSpec, dir: &Path) -> bool {
    let files: &[&str] = if spec.settings.do_train { &OF_TRAINING } else { &[OF_EVALUATION] };
    files.iter().all(|file| dir.join(file).is_file())
}

/// Whether the files are those of the run. An evaluation of another model beside a training leaves its model, but not its predictions.
fn are_of(runs: &FinishedRuns, run: &RunName, spec: &RunSpec) -> bool {
    let is = |of: &Option<RunName>| of.as_ref() == Some(run);
    let main = if spec.settings.do_train { &runs.trained } else { &runs.evaluated };
    is(main) && (!spec.settings.do_predict || is(&runs.predicted))
}

/// Whether a folder that does not name its run may hold the record's: not where its results are others.
fn may_be_of(dir: &Path, record: &RunRecord) -> bool {
    let Ok(Some(results)) = read_metrics(&dir.join(OF_EVALUATION)) else { return true };
    let in_folder = scores(&results);
    let differ = |own: Option<f64>, theirs: Option<f64>| match (own, theirs) {
        (Some(own), Some(theirs)) => (own - theirs).abs() > SAME_NUMBER * own.abs().max(1.0),
        (own, theirs) => own.is_some() != theirs.is_some(),
    };
    let is_other =
        |(name, theirs): (&String, &Option<f64>)| record.metrics.get(name).is_some_and(|own| differ(*own, *theirs));
    !in_folder.iter().any(is_other)
}
