//! What is to be said of runs beside their numbers, of ours as of the reference's: that some have learnt nothing, or ended with other
//! weights than their best, or have settings that were chosen on what is scored.

use records::record::RunRecord;

/// How many of some runs there is something to be said of.
#[derive(Clone, Debug, Default)]
pub(super) struct OfRuns {
    runs: usize,
    /// Those that gave every row the same prediction.
    pub(super) collapsed: usize,
    /// Those that ended with other weights than those of their best evaluation, which could not be kept.
    best_not_kept: usize,
    /// Those whose settings a search chose by the score on the split that is scored.
    chosen: usize,
    /// That split.
    pub(super) chosen_on: Option<String>,
}

impl OfRuns {
    pub(super) fn of<'a>(records: impl Iterator<Item = &'a RunRecord> + Clone) -> Self {
        let count = |is: fn(&RunRecord) -> bool| records.clone().filter(|record| is(record)).count();
        Self {
            runs: records.clone().count(),
            collapsed: count(|record| record.collapsed),
            best_not_kept: count(RunRecord::could_not_keep_best),
            chosen: count(|record| record.optimistic_on().is_some()),
            chosen_on: records.clone().find_map(RunRecord::optimistic_on).map(str::to_owned),
        }
    }

    /// `whose`: what stands before, such as `of the reference `.
    pub(super) fn notes(&self, whose: &str) -> Vec<String> {
        let of_all = |count: usize| format!("{whose}{count} of {} runs", self.runs);
        let collapsed = (self.collapsed > 0).then(|| format!("{} predict one class only", of_all(self.collapsed)));
        let not_kept = (self.best_not_kept > 0).then(|| {
            format!(
                "{} could not keep their best weights, and scored the best that they had",
                of_all(self.best_not_kept)
            )
        });
        let chosen = self.chosen_on.as_ref().map(|split| {
            format!(
                "{} have settings that were chosen by the score on the same split ({split}), which is optimistic",
                of_all(self.chosen)
            )
        });
        [collapsed, not_kept, chosen].into_iter().flatten().collect()
    }
}
