//! What runs were trained on, as far as their records know: the content of the rows, and in format 1 their number alone.

use records::record::{RunRecord, SplitRows, SplitUse};

/// What the split for trainings is called where no setting says another name.
const TRAINING_SPLIT: &str = "train";

/// The rows that a run was trained on; none of a run that only evaluated, or of format 1 where it does not name them.
pub(crate) fn trained_rows(record: &RunRecord) -> Vec<&SplitRows> {
    if record.dataset.splits.iter().any(|split| split.used_for.is_some()) {
        return record.dataset.used_for(SplitUse::Training).collect();
    }
    // Format 1 does not say what rows were used for.
    let name = record.hyper_parameters.get("train_split_name").and_then(|value| value.as_str());
    let is_of_training = |split: &&SplitRows| split.split.split('[').next() == Some(name.unwrap_or(TRAINING_SPLIT));
    record.dataset.splits.iter().filter(|_| record.is_trained()).filter(is_of_training).collect()
}

/// Whether two runs were trained on the same rows: other numbers of rows are other rows, and of as many their content decides. `None`
/// where a record does not know it.
pub(crate) fn is_same_training(one: &RunRecord, other: &RunRecord) -> Option<bool> {
    if !(one.is_trained() && other.is_trained()) {
        return Some(one.is_trained() == other.is_trained());
    }
    let (one, other) = (trained_rows(one), trained_rows(other));
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let count = |splits: &[&SplitRows]| splits.iter().map(|split| split.rows).sum::<u64>();
    if count(&one) != count(&other) {
        return Some(false);
    }
    let content = |splits: &[&SplitRows]| splits.iter().map(|split| split.sha256.clone()).collect::<Option<Vec<_>>>();
    Some(content(&one)? == content(&other)?)
}
