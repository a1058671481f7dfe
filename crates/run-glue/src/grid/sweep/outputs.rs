//! Whether the files that were asked for beside a record are there, and are those of the record's run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::asked_files::missing_files;
use crate::grid::run_spec::RunSpec;
use records::files::metrics_files::read_metrics;
use records::record::parts::scores;
use records::record::{RecordFile, RunRecord};
use trainer::error::Error;
use trainer::file_hash::sha256;
use trainer::finished_run::{FileState, FinishedRuns, RunName, Whose};
use trainer::run::output;
use trainer::unfinished_mark;

const WEIGHTS: &str = "model.safetensors";
/// What a run with an output folder leaves there, its card last.
const OF_TRAINING: [&str; 3] = [WEIGHTS, "config.json", LAST_OF_TRAINING];
const LAST_OF_TRAINING: &str = "README.md";
const OF_EVALUATION: &str = "all_results.json";

/// Numbers of one run may lie so far apart, or such a share of themselves: it may have been done again on another machine.
const SAME_NUMBER: f64 = 1e-6;

/// Looks into output folders, and remembers what is to be said of them.
#[derive(Default)]
pub(super) struct Outputs {
    /// What was said of folders.
    said: BTreeSet<String>,
    /// Folders that hold another run than the one that is asked for.
    of_others: BTreeSet<PathBuf>,
    /// Folders that do not say which run they hold.
    unnamed: BTreeSet<PathBuf>,
}

impl Outputs {
    /// Of the records of a run the one whose run the folder holds, the last of several; `None` where it does not hold all of it. A run
    /// without an output folder is its record.
    pub(super) fn done(&mut self, spec: &RunSpec, mut records: Vec<RecordFile>) -> Option<RecordFile> {
        let Some(dir) = output::output_dir(&spec.settings) else { return records.pop() };
        if records.is_empty() || spec.settings.do_train && unfinished_mark::is_marked(&dir) {
            return None;
        }
        if let Some(file) = missing_file(spec, &dir) {
            // A folder that is gone, or was never here, is no riddle.
            if spec.settings.do_train && has_ended_run(spec) {
                self.say_missing(spec, &dir, file);
            }
            return None;
        }
        let runs = FinishedRuns::read(&dir);
        let is_as_left = !spec.settings.do_train || are_as_left(&runs, &dir);
        let of_run = records.iter().rfind(|(_, record)| is_as_left && is_of(&runs, &dir, record, spec));
        let held = of_run.filter(|(_, record)| has_predictions(&runs, record, spec)).cloned();
        let has_run = of_run.is_some();
        match &held {
            Some((_, record)) => {
                if *main_of(&runs, spec) == Whose::Unknown {
                    self.unnamed.insert(dir.clone());
                }
                self.say_of_done(spec, &dir, &runs, record);
            }
            None => self.say_another(spec, dir, is_as_left, has_run),
        }
        held
    }

    /// Whether the folder of a run was seen to hold another one.
    pub(super) fn holds_another(&self, spec: &RunSpec) -> bool {
        output::output_dir(&spec.settings).is_some_and(|dir| self.of_others.contains(&dir))
    }

    /// Says which folders were taken at the word of their results alone, since the last time.
    pub(super) fn say_unnamed(&mut self) {
        let all = std::mem::take(&mut self.unnamed);
        let (damaged, unnamed): (Vec<PathBuf>, Vec<PathBuf>) =
            all.into_iter().partition(|dir| FinishedRuns::is_damaged(dir));
        for (dirs, why) in [
            (unnamed, "made by an earlier version, which does not say whose model it left there"),
            (damaged, "damaged is .run-glue.finished, which said whose model lies there"),
        ] {
            let Some(first) = dirs.first() else { continue };
            let more = match dirs.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            log::warn!(
                "{}{more}: {why}; where its results are those of the record, it is taken for the record's (--rerun trains again)",
                first.display()
            );
        }
    }

    fn warn_once(&mut self, text: String) {
        if !self.said.contains(&text) {
            log::warn!("{text}");
            self.said.insert(text);
        }
    }

    fn say_missing(&mut self, spec: &RunSpec, dir: &Path, file: &str) {
        let how = match refusal(spec) {
            Some(_) => {
                "; --rerun or --overwrite_output_dir true trains it again, another --output_dir leaves the folder as it is"
            }
            None => "",
        };
        self.warn_once(format!(
            "{}: {file} is missing there, so that {} is not done, though its record is in {}{how}",
            dir.display(),
            spec.name,
            spec.settings.places.results_dir.display()
        ));
    }

    fn say_another(&mut self, spec: &RunSpec, dir: PathBuf, is_as_left: bool, has_run: bool) {
        let results = spec.settings.places.results_dir.display();
        let what = if has_run {
            format!("the predictions there are of another run than the results in {results}, or of other rows")
        } else if !is_as_left {
            format!("{WEIGHTS} there is another file than the one that its run left")
        } else {
            format!("what is there is of another run than the results in {results}")
        };
        self.warn_once(format!("{}: {what}: {} is not done", dir.display(), spec.name));
        self.of_others.insert(dir);
    }

    /// Of a run that is done what is not as it was asked for.
    fn say_of_done(&mut self, spec: &RunSpec, dir: &Path, runs: &FinishedRuns, record: &RunRecord) {
        let dir_name = dir.display();
        // Evaluations in the folder of a training are an everyday thing: its model is still its own.
        let is_of_another = spec.settings.do_train && is_known_other(&runs.evaluated, &RunName::of(record));
        if is_of_another && (runs.evaluated == Whose::Nobodys || !has_results_of(dir, record)) {
            self.warn_once(format!(
                "{dir_name}: {} is done, and its model is there, but the results of evaluations there are of another run, which wrote \
                 over them; its own are in its record in {}",
                spec.name,
                spec.settings.places.results_dir.display()
            ));
        }
        let missing = missing_files(spec, dir, record);
        if !missing.is_empty() {
            let is_of_training = !spec.settings.do_train || missing.iter().any(|file| file.is_of_training);
            let mut flags: Vec<&str> = Vec::new();
            for flag in missing.iter().flat_map(|file| file.flags.split(' ')) {
                if !flags.contains(&flag) {
                    flags.push(flag);
                }
            }
            let how = match is_of_training {
                true => String::new(),
                false => format!(
                    "`run-glue --model {dir_name} {} --output_dir {dir_name}` with the flags of its data writes them, ",
                    flags.join(" ")
                ),
            };
            let names = missing.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ");
            self.warn_once(format!(
                "{dir_name}: {} is done, but what was asked for is not all there: {names}; {how}--rerun runs all of it again",
                spec.name
            ));
        }
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

/// The first file that a run leaves and that is not there.
fn missing_file(spec: &RunSpec, dir: &Path) -> Option<&'static str> {
    let files: &[&str] = if spec.settings.do_train { &OF_TRAINING } else { &[OF_EVALUATION] };
    files.iter().find(|file| !dir.join(file).is_file()).copied()
}

/// Whose the files are that the run is about.
fn main_of<'a>(runs: &'a FinishedRuns, spec: &RunSpec) -> &'a Whose {
    if spec.settings.do_train { &runs.trained } else { &runs.evaluated }
}

/// Whether the model, or of an evaluation the results, are those of the record. An evaluation of another model beside a training
/// leaves its model.
fn is_of(runs: &FinishedRuns, dir: &Path, record: &RunRecord, spec: &RunSpec) -> bool {
    let run = RunName::of(record);
    match main_of(runs, spec) {
        Whose::Of(maker) => maker.run == run,
        Whose::Nobodys => false,
        // Results that are known to be another's say nothing of the model.
        Whose::Unknown => {
            spec.settings.do_train && is_known_other(&runs.evaluated, &run) || has_results_of(dir, record)
        }
    }
}

fn is_known_other(evaluated: &Whose, run: &RunName) -> bool {
    match evaluated {
        Whose::Unknown => false,
        Whose::Nobodys => true,
        Whose::Of(maker) => maker.run != *run,
    }
}

/// Whether the predictions that are asked for are the record's, or those of its model on the same rows.
fn has_predictions(runs: &FinishedRuns, record: &RunRecord, spec: &RunSpec) -> bool {
    !spec.settings.do_predict
        || match &runs.predicted {
            Whose::Unknown => true,
            Whose::Nobodys => false,
            Whose::Of(maker) => {
                let is_own = maker.run == RunName::of(record) || spec.settings.do_train && maker.is_of_model;
                is_own && maker.has_rows_of(record)
            }
        }
}

/// Whether the weights are those that the run left there, as far as it said which these are.
fn are_as_left(runs: &FinishedRuns, dir: &Path) -> bool {
    let path = dir.join(WEIGHTS);
    let is_same = |left: &FileState| !left.is_touched(&path) || sha256(&path).is_ok_and(|now| now == left.sha256);
    runs.weights.as_ref().is_none_or(is_same)
}

/// Whether the results in a folder may be the record's: not where they are others.
fn has_results_of(dir: &Path, record: &RunRecord) -> bool {
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
