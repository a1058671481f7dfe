//! What the runs of a row must have in common besides their settings: the model that they started from, and the rows that they were
//! trained on. Names stay, content changes.

use std::collections::{BTreeMap, BTreeSet};

use super::model_names::ModelNames;
use super::training::trained_rows;
use crate::scored_rows::spec_of;
use records::record::{RecordFile, RunRecord};
use records::{counted, hex};
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a hash in a row's or a column's name.
const SHORT_HASH: usize = 6;

/// Of runs of format 1 that do not even say how many.
const UNKNOWN_TRAINING: &str = "trained on rows that the record does not know";

/// Of runs that trained nothing.
const EVALUATED: &str = "not trained, only evaluated";

/// A model: its name, and its weights and other files in words.
type Model<'a> = (&'a str, String, String);

/// Where records of one name differ in what they are of.
pub(super) struct Origins<'a> {
    found: &'a [RecordFile],
    /// Of each record the name of its column.
    columns: &'a [String],
    names: &'a ModelNames,
    /// Of each model's name the weights that it had.
    weights: BTreeMap<&'a str, BTreeSet<String>>,
    /// Of each model's name what else it is made of.
    others: BTreeMap<&'a str, BTreeSet<String>>,
    /// Of each model and column the runs that its own began from, where they did.
    starts: BTreeMap<(&'a str, &'a str), BTreeSet<String>>,
    /// The models that were trained, and not only evaluated.
    trained: BTreeSet<Model<'a>>,
    /// Of each model and column the rows that more of its runs were trained on than on any others, where there are such.
    usual_training: BTreeMap<(Model<'a>, &'a str), Option<String>>,
}

impl<'a> Origins<'a> {
    pub(super) fn of(found: &'a [RecordFile], columns: &'a [String], names: &'a ModelNames) -> Self {
        let mut this = Self {
            found,
            columns,
            names,
            weights: BTreeMap::new(),
            others: BTreeMap::new(),
            starts: BTreeMap::new(),
            trained: BTreeSet::new(),
            usual_training: BTreeMap::new(),
        };
        let mut training: BTreeMap<(Model<'a>, &'a str), BTreeMap<String, usize>> = BTreeMap::new();
        for at in 0..found.len() {
            let model = this.model(at);
            this.weights.entry(model.0).or_default().insert(model.1.clone());
            this.others.entry(model.0).or_default().insert(model.2.clone());
            if let Some(start) = start(&found[at].1) {
                this.starts.entry((model.0, &columns[at])).or_default().insert(start);
            }
            let rows = training_rows(&found[at].1);
            if rows != EVALUATED {
                this.trained.insert(model.clone());
                *training.entry((model, &columns[at])).or_default().entry(rows).or_default() += 1;
            }
        }
        this.usual_training = training.into_iter().map(|(of, by_rows)| (of, most_frequent(by_rows))).collect();
        this
    }

    fn model(&self, at: usize) -> Model<'a> {
        let record = &self.found[at].1;
        (self.names.get(at), weights(record), configuration(record))
    }

    /// What tells a record, by its place in the list, from others of the same model, in words. What other models were trained on is no
    /// matter of its name: it would tear the tasks of a model apart.
    pub(super) fn words(&self, at: usize) -> impl Iterator<Item = String> {
        let model = self.model(at);
        let several = |contents: Option<&BTreeSet<String>>| contents.is_some_and(|all| all.len() > 1);
        let by_weights = several(self.weights.get(model.0)).then(|| format!("weights={}", model.1));
        let by_others = several(self.others.get(model.0)).then(|| format!("config.json and tokenizer={}", model.2));
        let is_one_of_several = several(self.starts.get(&(model.0, &self.columns[at])));
        let by_start = start(&self.found[at].1).filter(|_| is_one_of_several);
        let rows = training_rows(&self.found[at].1);
        let is_said = if rows == EVALUATED {
            self.trained.contains(&model)
        } else {
            let usual = self.usual_training.get(&(model, self.columns[at].as_str())).and_then(Option::as_ref);
            usual.is_none_or(|usual| *usual != rows)
        };
        by_weights.into_iter().chain(by_others).chain(by_start).chain(is_said.then_some(rows))
    }
}

/// What there is more of than of anything else.
fn most_frequent(counts: BTreeMap<String, usize>) -> Option<String> {
    let most = counts.values().copied().max()?;
    let mut all = counts.into_iter().filter(|(_, count)| *count == most);
    all.next().filter(|_| all.next().is_none()).map(|(what, _)| what)
}

/// The beginning of a hash, as names have it.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..SHORT_HASH).unwrap_or(hash)
}

/// The run that a run began from, by what makes it another one than others of its task: `started from mnli 3f9c02`.
fn start(record: &RunRecord) -> Option<String> {
    let from = record.init_from.as_ref()?;
    let key = hex(&Sha256::digest(from.key().as_bytes()));
    Some(format!("started from {} {}", from.task, short(&key)))
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

/// The rows that a run was trained on, in words.
pub(super) fn training_rows(record: &RunRecord) -> String {
    let trained: Vec<String> = trained_rows(record)
        .into_iter()
        .map(|split| {
            let rows = counted(usize::try_from(split.rows).unwrap_or(usize::MAX), "row");
            match &split.sha256 {
                Some(hash) => format!("trained on {rows}, content {}", short(hash)),
                None if spec_of(record).is_none() => {
                    format!("trained on {rows} of {}, content unknown", data_words(record))
                }
                None => format!("trained on {rows}, content unknown"),
            }
        })
        .collect();
    match trained.is_empty() {
        false => trained.join(" and "),
        // What a benchmark's task was trained on is its own training split, of which the record has the number.
        true if record.is_trained() && spec_of(record).is_none() => {
            format!("trained on rows of {}, content unknown", data_words(record))
        }
        true if record.is_trained() => UNKNOWN_TRAINING.to_owned(),
        true => EVALUATED.to_owned(),
    }
}
