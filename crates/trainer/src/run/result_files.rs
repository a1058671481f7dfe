//! Which files of results a run writes into its output folder.

use super::outcome::{RunOutcome, StageMetrics};
use crate::finished_run::WrittenFiles;
use records::files::final_eval::FinalTable;
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
}
