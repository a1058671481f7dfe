//! What a record keeps of the one that it replaces: the same run may have been evaluated and predicted on rows that were not asked for
//! again.

use super::dataset_info::{SplitRows, SplitUse};
use super::run_record::RunRecord;
use std::collections::{BTreeMap, BTreeSet};

impl RunRecord {
    /// Takes over final evaluations of an earlier record of the same run that this one lacks, and its test scores where this run predicted
    /// nothing. Those of weights that came out otherwise are not, which is warned of, nor those on data files that have changed, or are
    /// unknown.
    pub(super) fn keep_of(&mut self, old: &Self) {
        self.say_replaced_tests(old);
        let names: BTreeSet<String> = self.final_eval.iter().map(|part| part.name.clone()).collect();
        // Scores of one set of rows do not belong to predictions of another.
        let lacks_tests = !self.is_predicted() && old.test_metrics.is_some();
        let has = |name: &String| self.other_evaluations.iter().any(|own| own.name == *name);
        let others: Vec<_> = old.other_evaluations.iter().filter(|of| !has(&of.name)).cloned().collect();
        let mut last: Vec<_> = old.final_eval.iter().filter(|part| !names.contains(&part.name)).cloned().collect();
        let tests: Vec<&SplitRows> = predicted(old).filter(|_| lacks_tests).collect();
        if last.is_empty() && tests.is_empty() && others.is_empty() {
            return;
        }
        if !self.ends_as(old) {
            log::warn!(
                "{}: this run came out otherwise than its earlier record says: final evaluations and test scores of that record are not \
                 kept, nor what it scored on other sets",
                self.task
            );
            return;
        }
        self.other_evaluations.extend(others);
        last.retain(|part| self.may_keep(&part.data, old));
        self.keep_files(last.iter().map(|part| &part.data), old);
        self.final_eval.append(&mut last);
        if !tests.is_empty() && tests.iter().all(|rows| self.may_keep(rows, old)) {
            self.keep_files(tests.iter().copied(), old);
            self.test_metrics.clone_from(&old.test_metrics);
            let is_of_tests = |split: &str| tests.iter().any(|rows| rows.split == split);
            let own: BTreeSet<String> = self.class_tables.iter().map(|table| table.split.clone()).collect();
            let tables =
                old.class_tables.iter().filter(|table| is_of_tests(&table.split) && !own.contains(&table.split));
            self.class_tables.extend(tables.cloned());
            self.dataset.splits.extend(tests.into_iter().cloned());
        }
    }

    /// A record has test scores of one set of rows.
    fn say_replaced_tests(&self, old: &Self) {
        let hashes = |record: &Self| predicted(record).map(|rows| rows.sha256.clone()).collect::<Vec<_>>();
        if self.is_predicted() && old.test_metrics.is_some() && hashes(self) != hashes(old) {
            log::warn!(
                "{}: the earlier record of this run has test scores on other rows, which those of this run take the place of",
                self.task
            );
        }
    }

    /// Whether the test splits were predicted.
    #[must_use]
    pub fn is_predicted(&self) -> bool {
        predicted(self).next().is_some()
    }

    /// The record without what only requests for more than this one need: the final evaluations that are not named, and the test
    /// splits, with their scores, where they are not asked for, with the files that nothing else was read from.
    #[must_use]
    pub fn without_unasked(&self, final_eval: &[String], test: bool) -> Self {
        let mut asked = self.clone();
        asked.final_eval.retain(|part| final_eval.contains(&part.name));
        if !test {
            asked.test_metrics = None;
            asked.dataset.splits.retain(|rows| !is_predicted(rows));
        }
        let files =
            |record: &Self| -> BTreeSet<String> { all_rows(record).flat_map(|rows| rows.files.clone()).collect() };
        let needed = files(&asked);
        let unasked: BTreeSet<String> = files(self).difference(&needed).cloned().collect();
        asked.dataset.files_sha256.retain(|file, _| !unasked.contains(file));
        asked
    }

    /// Whether it ended with the weights of another record of the same run, as far as numbers tell.
    fn ends_as(&self, other: &Self) -> bool {
        let ended = |record: &Self| record.training.as_ref().map(|training| (training.weights, training.step));
        self.agrees_with(other) && ended(self) == ended(other)
    }

    /// Whether the rows are still those of their files, as far as this run read them too.
    fn may_keep(&self, rows: &SplitRows, old: &Self) -> bool {
        let (now, then) = (&self.dataset.files_sha256, &old.dataset.files_sha256);
        let is_same = |file: &String| then.get(file).is_some_and(|hash| now.get(file).is_none_or(|now| now == hash));
        !rows.files.is_empty() && rows.files.iter().all(is_same)
    }

    fn keep_files<'a>(&mut self, rows: impl Iterator<Item = &'a SplitRows>, old: &Self) {
        let then: &BTreeMap<String, String> = &old.dataset.files_sha256;
        let files = rows.flat_map(|rows| &rows.files).filter_map(|file| then.get_key_value(file));
        for (file, hash) in files {
            self.dataset.files_sha256.entry(file.clone()).or_insert_with(|| hash.clone());
        }
    }
}

fn all_rows(record: &RunRecord) -> impl Iterator<Item = &SplitRows> {
    record.dataset.splits.iter().chain(record.final_eval.iter().map(|part| &part.data))
}

/// The test splits; a diagnostic set, whose keys have a suffix, is predicted beside an evaluation too.
fn predicted(record: &RunRecord) -> impl Iterator<Item = &SplitRows> {
    record.dataset.splits.iter().filter(|rows| is_predicted(rows))
}

fn is_predicted(rows: &SplitRows) -> bool {
    rows.used_for == Some(SplitUse::Prediction) && rows.key_suffix.is_empty()
}
