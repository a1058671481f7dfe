//! Which files of results a run writes into its output folder, and what it leaves beside them.

use std::path::Path;

use super::outcome::{RunOutcome, StageMetrics};
use crate::finished_run::{FinishedRuns, Whose, WrittenFiles};
use records::files::final_eval::FinalTable;
use records::files::metrics_files::read_metrics;
use records::record::SplitRows;

impl RunOutcome<'_> {
    /// The files, with the SHA-256 of the rows that each is about.
    pub(super) fn files(&self, stages: &StageMetrics) -> WrittenFiles {
        let (prepared, places) = (self.context.prepared, &self.context.settings.places);
        let hashes = |rows: &[SplitRows]| rows.iter().filter_map(|rows| rows.sha256.clone()).collect::<Vec<_>>();
        // The training's rows come first, then those that are evaluated, then those that are predicted, in their order.
        let rows = &prepared.splits;
        let (rows, tests) = rows.split_at(rows.len().saturating_sub(self.predictions.len()));
        let (_, evaluated) = rows.split_at(rows.len().saturating_sub(self.evaluations.len()));
        let mut files = WrittenFiles::new();
        if stages.eval.is_some() {
            files.insert("eval_results.json".to_owned(), hashes(evaluated));
        }
        if stages.predict.is_some() {
            files.insert("predict_results.json".to_owned(), hashes(tests));
        }
        for (evaluation, rows) in self.evaluations.iter().zip(evaluated).filter(|_| places.save_logits) {
            files.insert(evaluation.logits_file(), hashes(std::slice::from_ref(rows)));
        }
        for (prediction, rows) in self.predictions.iter().zip(tests) {
            let rows = hashes(std::slice::from_ref(rows));
            let logits = places.save_logits.then(|| prediction.logits_file());
            let leaderboard = prediction.leaderboard_file().filter(|_| places.glue_submission).map(str::to_owned);
            let names = [Some(prediction.file()), logits, leaderboard].into_iter().flatten();
            files.extend(names.map(|name| (name, rows.clone())));
        }
        if !self.last.is_empty() {
            let rows: Vec<String> = self.last.iter().filter_map(|part| part.data.sha256.clone()).collect();
            files.extend(FinalTable::FILES.map(|name| (name.to_owned(), rows.clone())));
        }
        files
    }

    /// Of the files that an evaluation of the model in `dir` leaves beside its own (`files`) those that are about other rows, in words: they look
    /// like parts of one evaluation.
    pub(super) fn left_of_other_rows(&self, dir: &Path, files: &WrittenFiles) -> Option<String> {
        let before = FinishedRuns::read(dir);
        // What goes with a file that is written, and is not written itself.
        let predictions = self.predictions.iter().map(|prediction| {
            let leaderboard = prediction.leaderboard_file().map(str::to_owned);
            (prediction.file(), [Some(prediction.logits_file()), leaderboard])
        });
        let evaluations =
            self.evaluations.iter().map(|one| ("eval_results.json".to_owned(), [Some(one.logits_file()), None]));
        let mut left: Vec<String> = Vec::new();
        for (written, beside) in predictions.chain(evaluations) {
            let rows = files.get(&written);
            let is_of_other_rows = |name: &String| match before.maker_of(name) {
                Whose::Of(made) => rows.is_some_and(|rows| !made.rows.iter().all(|one| rows.contains(one))),
                Whose::Nobodys => true,
                Whose::Unknown => false,
            };
            let there =
                beside.into_iter().flatten().filter(|name| !files.contains_key(name) && dir.join(name).is_file());
            left.extend(there.filter(is_of_other_rows));
        }
        left.sort();
        left.dedup();
        (!left.is_empty()).then(|| {
            format!("{}: {} there {} of other rows than this run's", dir.display(), left.join(", "), are(left.len()))
        })
    }

    /// Of the results of the model in `dir` those of a stage that runs again (`stages`) and that this run lacks, in words: they are of other
    /// rows, or other metrics.
    pub(super) fn kept_of_stages(&self, dir: &Path, stages: &StageMetrics) -> Option<String> {
        let all = read_metrics(&dir.join("all_results.json")).ok()??;
        let is_own = |key: &str| {
            [&stages.eval, &stages.predict].iter().any(|own| own.as_ref().is_some_and(|own| own.contains_key(key)))
        };
        let runs_again = |key: &str| {
            key.starts_with("eval_") && !self.evaluations.is_empty()
                || key.starts_with("predict_") && !self.predictions.is_empty()
        };
        let kept: Vec<&str> = all.keys().map(String::as_str).filter(|key| runs_again(key) && !is_own(key)).collect();
        (!kept.is_empty()).then(|| {
            format!(
                "all_results.json in {} keeps {}, which {} of an earlier evaluation, on other rows or with other flags",
                dir.display(),
                kept.join(", "),
                are(kept.len())
            )
        })
    }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
