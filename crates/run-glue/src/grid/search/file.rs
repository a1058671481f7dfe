//! The file of a search: what was tried, what came of it, and what was chosen. `docs/search.md` describes it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::definition::Search;
use super::options::SearchKind;
use super::ranking::Ranking;
use super::space::{self, Axis};
use records::atomic::write_whole;
use records::record::RunRecord;
use records::record::path::{file_name, slug};
use trainer::error::Error;

/// The version of the file's format.
const FORMAT: u32 = 1;

/// Letters of the hash in a file's name.
const SHORT: usize = 12;

/// What became of a trial in a rung.
pub(crate) struct Tried {
    pub(crate) rung: usize,
    pub(crate) trial: usize,
    /// The record, or why there is none.
    pub(crate) outcome: Result<RunRecord, String>,
}

impl Search {
    /// Writes `<results>/<task>/<model>/search-<hash>.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, results_dir: &Path, tried: &[Tried], chosen: usize) -> Result<PathBuf, Error> {
        let first = tried.iter().find_map(|tried| tried.outcome.as_ref().ok());
        let (task, model) = first.map_or(("", ""), |record| (record.task.as_str(), record.model.id.as_str()));
        let folder = results_dir.join(slug(task)).join(slug(model));
        let path = folder.join(format!("search-{}.json", &self.id[..SHORT]));
        let text = format!("{:#}\n", self.describe_all(task, model, tried, chosen));
        write_whole(&path, text.as_bytes())?;
        Ok(path)
    }

    fn describe_all(&self, task: &str, model: &str, tried: &[Tried], chosen: usize) -> Value {
        let rungs = self.rungs.iter().map(|rung| json!({"trials": rung.trials, "training": rung.training}));
        let last = tried.iter().rev().find(|tried| tried.trial == chosen).and_then(|tried| tried.outcome.as_ref().ok());
        json!({
            "search_format": FORMAT,
            "id": self.id,
            "task": task,
            "model": model,
            "kind": self.options.kind,
            "space": self.options.space.iter().map(Axis::describe).collect::<Value>(),
            "budget": {
                "stated": self.options.budget,
                "trials": self.trials.len(),
                "runs": self.rungs.iter().map(|rung| rung.trials).sum::<usize>(),
                "training": self.cost,
                "unit": self.options.unit.name(),
            },
            "eta": (self.options.kind == SearchKind::Halving).then_some(self.options.eta),
            "rungs": rungs.collect::<Value>(),
            "seed": self.options.seed,
            "chosen_on": self.chosen_on,
            "holdout_percentage": self.options.holdout,
            "optimistic": self.options.holdout.is_none(),
            "chosen_by": self.chosen_by(tried, chosen),
            "chosen": {
                "trial": chosen + 1,
                "setting": self.setting(chosen),
                "score": last.and_then(|record| record.score),
                "flags": self.trials[chosen].iter().map(|(flag, value)| format!("--{flag} {value}")).collect::<Vec<_>>().join(" "),
            },
            "trials": tried.iter().map(|tried| self.describe_tried(tried)).collect::<Value>(),
        })
    }

    /// How many runs that predict one class only scored better than the chosen trial in the same rung, and came last all the same.
    pub(crate) fn better_collapsed(&self, tried: &[Tried], chosen: usize) -> usize {
        let ranking = |tried: &Tried| tried.outcome.as_ref().ok().map(Ranking::of);
        let is_passed_over = |one: &&Tried| {
            let of_chosen =
                tried.iter().find(|other| other.trial == chosen && other.rung == one.rung).and_then(ranking);
            let both = ranking(one).zip(of_chosen);
            both.is_some_and(|(one, chosen)| one.is_passed_over_for(chosen, self.higher_is_better))
        };
        tried.iter().filter(is_passed_over).count()
    }

    /// Which score is the best, in words.
    fn chosen_by(&self, tried: &[Tried], chosen: usize) -> String {
        let score = if self.higher_is_better { "highest score" } else { "lowest score" };
        let of = if self.better_collapsed(tried, chosen) > 0 { " of runs that did not collapse" } else { "" };
        format!("{score}{of}")
    }

    fn setting(&self, trial: usize) -> Value {
        let pairs = self.trials[trial].iter().map(|(flag, text)| (flag.clone(), space::value(text)));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    fn describe_tried(&self, tried: &Tried) -> Value {
        let record = tried.outcome.as_ref().ok();
        json!({
            "trial": tried.trial + 1,
            "rung": tried.rung + 1,
            "setting": self.setting(tried.trial),
            "score": record.and_then(|record| record.score),
            "loss": record.and_then(|record| record.metrics.get("loss").copied().flatten()),
            "collapsed": record.map(|record| record.collapsed),
            "record": record.map(file_name),
            "error": tried.outcome.as_ref().err(),
        })
    }
}
