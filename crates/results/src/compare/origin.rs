//! What the runs of a row must have in common besides their settings: the weights that they started from, and the rows that they were
//! trained on. Names stay, content changes.

use std::collections::{BTreeMap, BTreeSet};

use records::record::{RecordFile, RunRecord, SplitUse};

/// Hexadecimal digits of a hash in a row's name.
const SHORT_HASH: usize = 6;

/// Where records of one name differ in what they are of.
#[derive(Default)]
pub(super) struct Origins<'a> {
    /// Of each model's name its contents.
    models: BTreeMap<&'a str, BTreeSet<String>>,
    /// Of each model and task its training rows.
    training: BTreeMap<(&'a str, &'a str), BTreeSet<String>>,
}

impl<'a> Origins<'a> {
    pub(super) fn of(found: &'a [RecordFile]) -> Self {
        let mut this = Self::default();
        for (_, record) in found {
            let (model, task) = (record.model.id.as_str(), record.task.as_str());
            this.models.entry(model).or_default().insert(weights(record));
            this.training.entry((model, task)).or_default().insert(training_rows(record));
        }
        this
    }

    /// What tells a record from others of the same names, in words.
    pub(super) fn words(&self, record: &RunRecord) -> impl Iterator<Item = String> {
        let (model, task) = (record.model.id.as_str(), record.task.as_str());
        let several = |contents: Option<&BTreeSet<String>>| contents.is_some_and(|all| all.len() > 1);
        let weights = several(self.models.get(model)).then(|| format!("weights={}", weights(record)));
        let training = several(self.training.get(&(model, task))).then(|| training_rows(record));
        weights.into_iter().chain(training)
    }
}

/// The weights by their hashes.
fn weights(record: &RunRecord) -> String {
    let short = |hash: &String| hash.get(..SHORT_HASH).unwrap_or(hash).to_owned();
    let hashes: Vec<String> = record.model.weights_sha256.values().map(short).collect();
    if hashes.is_empty() { "unknown".to_owned() } else { hashes.join("+") }
}

fn training_rows(record: &RunRecord) -> String {
    let trained: Vec<String> = record
        .dataset
        .used_for(SplitUse::Training)
        .map(|split| {
            let hash = split.sha256.as_deref().map_or("unknown", |hash| hash.get(..SHORT_HASH).unwrap_or(hash));
            format!("trained on {} rows, content {hash}", split.rows)
        })
        .collect();
    match trained.is_empty() {
        false => trained.join(" and "),
        true if record.is_trained() => "trained on rows that the record does not know".to_owned(),
        true => "not trained, only evaluated".to_owned(),
    }
}
