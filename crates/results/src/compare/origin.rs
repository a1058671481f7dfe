//! What the runs of a row must have in common besides their settings: the model that they started from, and the rows that they were
//! trained on. Names stay, content changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::scored_rows::spec_of;
use records::record::{RecordFile, RunRecord, SplitUse};
use records::{counted, hex};
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a hash in a row's or a column's name.
const SHORT_HASH: usize = 6;

/// Where records of one name differ in what they are of.
#[derive(Default)]
pub(super) struct Origins<'a> {
    /// Of each model's name the weights that it had.
    weights: BTreeMap<&'a str, BTreeSet<String>>,
    /// Of each model's name what else it is made of.
    others: BTreeMap<&'a str, BTreeSet<String>>,
    /// Of each column the rows that its runs were trained on, with how many runs.
    training: BTreeMap<&'a str, BTreeMap<String, usize>>,
}

impl<'a> Origins<'a> {
    /// `columns`: of each record the name of its column.
    pub(super) fn of(found: &'a [RecordFile], columns: &'a [String]) -> Self {
        let mut this = Self::default();
        for ((_, record), column) in found.iter().zip(columns) {
            let model = record.model.id.as_str();
            this.weights.entry(model).or_default().insert(weights(record));
            this.others.entry(model).or_default().insert(configuration(record));
            *this.training.entry(column).or_default().entry(training_rows(record)).or_default() += 1;
        }
        this
    }

    /// What tells a record from others of the same names, or from most of its column, in words.
    pub(super) fn words(&self, record: &RunRecord, column: &str) -> impl Iterator<Item = String> {
        let model = record.model.id.as_str();
        let several = |contents: Option<&BTreeSet<String>>| contents.is_some_and(|all| all.len() > 1);
        let by_weights = several(self.weights.get(model)).then(|| format!("weights={}", weights(record)));
        let by_others =
            several(self.others.get(model)).then(|| format!("config.json and tokenizer={}", configuration(record)));
        let trained = training_rows(record);
        let is_usual = self.usual_training(column).is_some_and(|usual| *usual == trained);
        by_weights.into_iter().chain(by_others).chain((!is_usual).then_some(trained))
    }

    /// The rows that more runs of a column were trained on than on any others.
    fn usual_training(&self, column: &str) -> Option<&String> {
        let of_column = self.training.get(column)?;
        let most = of_column.values().max()?;
        let mut usual = of_column.iter().filter(|(_, runs)| *runs == most);
        usual.next().filter(|_| usual.next().is_none()).map(|(rows, _)| rows)
    }
}

/// The beginning of a hash, as names have it.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..SHORT_HASH).unwrap_or(hash)
}

/// The weights by their hashes.
fn weights(record: &RunRecord) -> String {
    let hashes: Vec<&str> = record.model.weights_sha256.values().map(|hash| short(hash)).collect();
    if hashes.is_empty() { "unknown".to_owned() } else { hashes.join("+") }
}

/// config.json and the files of the tokenizer by one hash.
fn configuration(record: &RunRecord) -> String {
    let Some(config) = &record.model.config_sha256 else { return "unknown".to_owned() };
    let tokenizer = record.model.tokenizer_sha256.iter().map(|(name, hash)| format!("{name} {hash}"));
    let all: Vec<String> = std::iter::once(config.clone()).chain(tokenizer).collect();
    short(&hex(&Sha256::digest(all.join("\n").as_bytes()))).to_owned()
}

/// The data by the name that they were given, with the configuration.
pub(super) fn data_words(record: &RunRecord) -> String {
    let config = record.dataset.config.as_ref().map_or_else(String::new, |config| format!(" {config}"));
    format!("{}{config}", record.dataset.id)
}

fn training_rows(record: &RunRecord) -> String {
    let trained: Vec<String> = record
        .dataset
        .used_for(SplitUse::Training)
        .map(|split| {
            let hash = split.sha256.as_deref().map_or("unknown", short);
            let rows = counted(usize::try_from(split.rows).unwrap_or(usize::MAX), "row");
            format!("trained on {rows}, content {hash}")
        })
        .collect();
    match trained.is_empty() {
        false => trained.join(" and "),
        // What a benchmark's task was trained on is its own training split, of which the record has the number.
        true if record.is_trained() && spec_of(record).is_none() => {
            format!("trained on rows of {}, content unknown", data_words(record))
        }
        true if record.is_trained() => "trained on rows that the record does not know".to_owned(),
        true => "not trained, only evaluated".to_owned(),
    }
}
