//! Whether the files that were asked for beside a record are there, and are those of the record's run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::asked_files::{FileIs, Folder, MissingFile};
use super::whose_folder::{
    LAST_OF_EVALUATION, evaluation_of, has_ended_run, has_results_of, is_known_other, is_of, is_unnamed, missing_file,
};
use crate::grid::run_spec::RunSpec;
use records::record::{RecordFile, RunRecord};
use trainer::error::Error;
use trainer::finished_run::{FinishedRuns, Whose};
use trainer::run::output::{self, WEIGHT_FILES};
use trainer::unfinished_mark;

/// Looks into output folders, and remembers what is to be said of them.
#[derive(Default)]
pub(super) struct Outputs {
    /// What was said of folders.
    said: BTreeSet<String>,
    /// Folders that hold another run than the one that is asked for.
    of_others: BTreeSet<PathBuf>,
    /// How predictions of others in the folder of a run are made anew, in words.
    anew: BTreeMap<PathBuf, String>,
    /// Folders in which a run has ended of which there is no record of what is asked for.
    ended: BTreeSet<PathBuf>,
    /// Folders that do not say which run they hold.
    unnamed: BTreeSet<PathBuf>,
}

impl Outputs {
    /// Of the records of a run the one whose run the folder holds, the last of several; `None` where it does not hold all of it. A run
    /// without an output folder is its record.
    pub(super) fn done(&mut self, spec: &RunSpec, mut records: Vec<RecordFile>) -> Option<RecordFile> {
        let Some(dir) = output::output_dir(&spec.settings) else { return records.pop() };
        if records.is_empty() && spec.settings.do_train && has_ended_run(spec) {
            self.ended.insert(dir.clone());
        }
        if records.is_empty() || spec.settings.do_train && unfinished_mark::is_marked(&dir) {
            return None;
        }
        let runs = FinishedRuns::read(&dir);
        if let Some(file) = missing_file(spec, &dir, &runs) {
            // A folder that is gone, or was never here, is no riddle.
            if spec.settings.do_train && has_ended_run(spec) {
                self.say_missing(spec, &dir, &file);
            }
            return None;
        }
        let changed = if spec.settings.do_train { runs.changed_model_files(&dir) } else { Vec::new() };
        let other = changed.iter().copied().find(|file| WEIGHT_FILES.contains(file));
        let of_run = records.iter().rfind(|(_, record)| other.is_none() && is_of(&runs, &dir, record, spec));
        let predictions = of_run.map(|(_, record)| Folder::new(spec, &dir, &runs, record).predictions());
        let held = match predictions {
            Some(FileIs::There) => of_run.cloned(),
            // Of a training they are the less; an evaluation may be nothing else.
            Some(FileIs::Missing) => of_run.filter(|_| spec.settings.do_train || spec.settings.do_eval).cloned(),
            Some(FileIs::OfAnother) | None => None,
        };
        match &held {
            Some((_, record)) => {
                if is_unnamed(&runs, spec) {
                    self.unnamed.insert(dir.clone());
                }
                self.say_changed(spec, &dir, &changed);
                self.say_of_done(spec, &dir, &runs, record);
            }
            None if predictions == Some(FileIs::Missing) => {}
            None => self.say_another(spec, dir, other, predictions.is_some()),
        }
        held
    }

    /// Why a run of the sweep would be refused, see [`refusal`], and what else there is to do.
    pub(super) fn refusal(&self, spec: &RunSpec) -> Option<Error> {
        let error = refusal(spec)?;
        let how = output::output_dir(&spec.settings).and_then(|dir| self.anew.get(&dir));
        Some(match how {
            Some(how) => error.with_message(format!("{error}{how}")),
            None => error,
        })
    }

    /// What is known of the folder of a run that is to do, in words, where it may be a reason to refuse the run: it is held against it when
    /// data and model are read.
    pub(super) fn doubt(&self, spec: &RunSpec) -> Option<&'static str> {
        let dir = output::output_dir(&spec.settings)?;
        if spec.settings.places.overwrite_output_dir {
            return None;
        }
        match () {
            () if self.of_others.contains(&dir) => Some("its folder holds another run"),
            () if spec.settings.do_train && unfinished_mark::is_marked(&dir) => {
                Some("its folder holds a run that has not ended, which it goes on with if it is the same one")
            }
            () if self.ended.contains(&dir) => {
                Some("a run has ended in its folder, and there is no record of this one")
            }
            () => None,
        }
    }

    /// Says which folders were taken at the word of their results alone, since the last time.
    pub(super) fn say_unnamed(&mut self) {
        let all = std::mem::take(&mut self.unnamed);
        let (damaged, unnamed): (Vec<PathBuf>, Vec<PathBuf>) =
            all.into_iter().partition(|dir| FinishedRuns::is_damaged(dir));
        for (dirs, why) in [
            (unnamed, "made by an earlier version, which does not say whose files it left there"),
            (damaged, "its .run-glue.finished, which says whose files lie there, is damaged"),
        ] {
            let Some(first) = dirs.first() else { continue };
            let more = match dirs.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            log::warn!(
                "{}{more}: {why}; where its results are those of the record, it is taken for the record's (--rerun runs it again)",
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

    fn say_changed(&mut self, spec: &RunSpec, dir: &Path, changed: &[&str]) {
        if !changed.is_empty() {
            let (names, are) =
                (changed.join(", "), if changed.len() == 1 { "is another file" } else { "are other files" });
            self.warn_once(format!(
                "{}: {} is done, but {names} there {are} than its run left: the model may be read in another way",
                dir.display(),
                spec.name
            ));
        }
    }

    fn say_another(&mut self, spec: &RunSpec, dir: PathBuf, other: Option<&str>, has_run: bool) {
        let results = spec.settings.places.results_dir.display();
        let what = if has_run {
            format!(
                "the predictions there are of another run than the results in {results}, of other rows, made with other flags, or of a run \
                 that did not end"
            )
        } else if let Some(other) = other {
            format!("{other} there is another file than the one that its run left")
        } else {
            format!("what is there is of another run than the results in {results}, or of one that did not end")
        };
        // Where it trained, the model is the run's own.
        let how = match has_run && spec.settings.do_train {
            true => {
                let flags =
                    if spec.settings.places.save_logits { "--do_predict --save_logits" } else { "--do_predict" };
                let how = format!("; {} writes them anew", evaluation_of(&dir, flags, spec));
                self.anew.insert(dir.clone(), how.clone());
                how
            }
            false => String::new(),
        };
        self.warn_once(format!("{}: {what}: {} is not done{how}", dir.display(), spec.name));
        // Predictions alone are no reason to refuse a training.
        if !has_run {
            self.of_others.insert(dir);
        }
    }

    /// Of a run that is done what is not as it was asked for.
    fn say_of_done(&mut self, spec: &RunSpec, dir: &Path, runs: &FinishedRuns, record: &RunRecord) {
        let dir_name = dir.display();
        // Evaluations in the folder of a training are an everyday thing: its model is still its own.
        let evaluated = runs.maker_of(LAST_OF_EVALUATION);
        let is_of_another = spec.settings.do_train && is_known_other(&evaluated, record);
        let is_there = dir.join(LAST_OF_EVALUATION).is_file();
        if is_of_another && is_there && (evaluated == Whose::Nobodys || !has_results_of(dir, record)) {
            self.warn_once(format!(
                "{dir_name}: {} is done, and its model is there, but the results of evaluations there are of another run, which wrote \
                 over them; its own are in its record in {}",
                spec.name,
                spec.settings.places.results_dir.display()
            ));
        }
        let missing = Folder::new(spec, dir, runs, record).missing();
        if !missing.is_empty() {
            let needs_whole_run = !spec.settings.do_train || missing.iter().any(|file| file.is_of_training);
            let mut flags: Vec<&str> = Vec::new();
            for flag in missing.iter().flat_map(|file| file.flags.split(' ')) {
                if !flags.contains(&flag) {
                    flags.push(flag);
                }
            }
            let how = match needs_whole_run {
                true => String::new(),
                false => format!("{} writes them, ", evaluation_of(dir, &flags.join(" "), spec)),
            };
            let names = missing.iter().map(MissingFile::in_words).collect::<Vec<_>>().join(", ");
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
