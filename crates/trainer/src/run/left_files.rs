//! What earlier runs left in an output folder beside the results of this one, and is not this run's: it would look like a part of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::older_run::{is_checkpoint_of, is_result};
use super::outcome::{RunOutcome, StageMetrics};
use super::output::is_model_in;
use crate::finished_run::{FinishedRuns, MadeFile, Pass, RunName, Whose, WrittenFiles};
use records::files::metrics_files::read_metrics;
use records::metrics::Metrics;
use records::record::path::settings_hash;

/// A run before it has written anything.
struct ThisRun<'a> {
    run: RunName,
    pass: Pass,
    /// Of the folder.
    before: FinishedRuns,
    /// Whether it evaluates the model in the folder.
    is_model_in: bool,
    files: &'a WrittenFiles,
}

impl ThisRun<'_> {
    /// Whether a file is of this run, or of the same model and evaluated in the same way.
    fn is_own(&self, made: &MadeFile) -> bool {
        let is_trained_by = |run: &RunName| matches!(&self.before.trained, Whose::Of(trained) if trained == run);
        let is_of_model = made.of_model || is_trained_by(&made.run);
        let has_model = self.is_model_in || is_trained_by(&self.run);
        made.run == self.run || has_model && is_of_model && made.pass == self.pass
    }

    /// Whether a file is known to be of another run, or nobody's.
    fn is_of_others(&self, file: &str) -> bool {
        match self.before.maker_of(file) {
            Whose::Of(made) => !self.is_own(made),
            Whose::Nobodys => true,
            Whose::Unknown => false,
        }
    }
}

impl RunOutcome<'_> {
    /// Of the files in `dir` that this run does not write (`files` are those that it writes), in words, a line each, those that are not of it.
    pub(super) fn left_of_others(&self, dir: &Path, stages: &StageMetrics, files: &WrittenFiles) -> Vec<String> {
        let mut record = self.record(stages);
        record.settings_hash = settings_hash(&record);
        let this = ThisRun {
            run: RunName::of(&record),
            pass: Pass::of(&record),
            before: FinishedRuns::read(dir),
            is_model_in: is_model_in(self.context.settings, dir),
            files,
        };
        let mut lines = self.files_of_others(dir, &this);
        lines.extend(self.keys_of_others(dir, stages, &this));
        lines
    }

    fn files_of_others(&self, dir: &Path, this: &ThisRun) -> Vec<String> {
        let task = &self.context.prepared.task;
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let is_left = |name: &String| is_result(task, name) && !this.files.contains_key(name);
        // A training's own, and the one file that all stages write into, which is looked into.
        let is_listed = |name: &String| {
            !matches!(name.as_str(), "all_results.json" | "train_results.json" | "trainer_state.json" | "log.jsonl")
        };
        let beside = self.beside();
        let mut left: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in names.filter(is_left).filter(is_listed) {
            let of_other_rows = |made: &MadeFile| {
                let with = beside.get(&name).and_then(|written| this.files.get(written));
                with.is_some_and(|rows| !made.rows.iter().all(|one| rows.contains(one)))
            };
            let why = match this.before.maker_of(&name) {
                Whose::Of(made) if !this.is_own(made) => "of another run, or of this model evaluated in another way",
                Whose::Of(made) if of_other_rows(made) => "of other rows than this run's",
                Whose::Nobodys => "of a run that did not end",
                Whose::Of(_) | Whose::Unknown => continue,
            };
            left.entry(why).or_default().push(name);
        }
        let line = |(why, mut names): (&str, Vec<String>)| {
            names.sort();
            format!("{}: {} there {} {why}", dir.display(), names.join(", "), are(names.len()))
        };
        left.into_iter().map(line).collect()
    }

    /// The files that go with others, which this run writes: they are taken for parts of one evaluation.
    fn beside(&self) -> BTreeMap<String, String> {
        let mut beside = BTreeMap::new();
        for prediction in &self.predictions {
            let leaderboard = prediction.leaderboard_file().map(str::to_owned);
            beside.extend(
                leaderboard.into_iter().chain([prediction.logits_file()]).map(|name| (name, prediction.file())),
            );
        }
        beside.extend(self.evaluations.iter().map(|one| (one.logits_file(), "eval_results.json".to_owned())));
        beside
    }

    /// What `all_results.json` keeps: run_glue.py leaves what other runs said there, without a word.
    fn keys_of_others(&self, dir: &Path, stages: &StageMetrics, this: &ThisRun) -> Option<String> {
        let all = read_metrics(&dir.join("all_results.json")).ok()??;
        let own: [&Option<Metrics>; 3] = [&stages.train, &stages.eval, &stages.predict];
        let is_own = |key: &str| own.iter().any(|own| own.as_ref().is_some_and(|own| own.contains_key(key)));
        let (evaluates, predicts) = (!self.evaluations.is_empty(), !self.predictions.is_empty());
        let (mut stale, mut foreign) = (Vec::new(), Vec::new());
        for key in all.keys().map(String::as_str).filter(|key| !is_own(key)) {
            match key.split_once('_').map_or(key, |(stage, _)| stage) {
                "eval" if evaluates => stale.push(key),
                "predict" if predicts => stale.push(key),
                stage @ ("eval" | "predict") => {
                    let is_unknown = this.before.maker_of(&format!("{stage}_results.json")) == Whose::Unknown;
                    let is_foreign = this.is_of_others(&format!("{stage}_results.json"));
                    if is_foreign || is_unknown && self.trained.is_none() && !this.is_model_in {
                        foreign.push(key);
                    }
                }
                _ if self.trained.is_none() && !this.is_model_in => foreign.push(key),
                _ => {}
            }
        }
        let keeps = |keys: &[&str], what: &str| {
            format!("all_results.json in {} keeps {what}, {}", dir.display(), keys.join(", "))
        };
        let removes = self.trained.is_none() && !this.is_model_in && !is_checkpoint_of(self.context.settings, dir);
        match (foreign.is_empty(), stale.is_empty()) {
            (true, true) => None,
            (false, _) => {
                let all: Vec<&str> = foreign.into_iter().chain(stale).collect();
                let how = if removes { "; --overwrite_output_dir true removes them" } else { "" };
                Some(keeps(&all, "results of an earlier run") + how)
            }
            (true, false) => Some(keeps(&stale, "results of an earlier evaluation, on other rows or with other flags")),
        }
    }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
