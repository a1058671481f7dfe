//! One name a model, however its folder was spelled: `./bert`, `bert/`, and `/models/bert` with the same files are one model.

use std::collections::{BTreeMap, BTreeSet};

use records::record::{RecordFile, RunRecord};

/// Of each record the name of its model: the shortest spelling.
pub(super) struct ModelNames(Vec<String>);

/// What a model is made of: weights, config.json and the tokenizer by their hashes.
type Files<'a> = (&'a BTreeMap<String, String>, &'a str, &'a BTreeMap<String, String>);

impl ModelNames {
    pub(super) fn of(found: &[RecordFile]) -> Self {
        let spelled: Vec<String> = found.iter().map(|(_, record)| plain(&record.model.id)).collect();
        let mut files_of: BTreeMap<&str, BTreeSet<Files<'_>>> = BTreeMap::new();
        for ((_, record), spelling) in found.iter().zip(&spelled) {
            files_of.entry(spelling).or_default().extend(files(record));
        }
        // A folder whose files have changed is no spelling of another one.
        let only = |spelling: &str| {
            let all = files_of.get(spelling).filter(|all| all.len() == 1)?;
            all.iter().next().copied()
        };
        let mut spellings: BTreeMap<(&str, Files<'_>), BTreeSet<(usize, &str)>> = BTreeMap::new();
        for spelling in files_of.keys() {
            if let Some(files) = only(spelling) {
                spellings.entry((last(spelling), files)).or_default().insert((spelling.len(), spelling));
            }
        }
        let name = |spelling: &String| {
            let all = only(spelling).and_then(|files| spellings.get(&(last(spelling), files)));
            all.and_then(BTreeSet::first).map_or_else(|| spelling.clone(), |(_, name)| (*name).to_owned())
        };
        Self(spelled.iter().map(name).collect())
    }

    /// The name of a record's model, by the record's place in the list.
    pub(super) fn get(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }
}

/// Whether two spellings are of one place: `./x/` and `x`.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// Whether two records are of one model: of one name, or of one folder's name and the same files.
pub(crate) fn is_same_model(one: &RunRecord, other: &RunRecord) -> bool {
    let (name, other_name) = (plain(&one.model.id), plain(&other.model.id));
    let has_same_files = || files(one).is_some_and(|files_of_one| files(other) == Some(files_of_one));
    name == other_name || (last(&name) == last(&other_name) && has_same_files())
}

/// `None` where a record does not know all of them, as those of format 1.
fn files(record: &RunRecord) -> Option<Files<'_>> {
    let model = &record.model;
    let config = model.config_sha256.as_deref().filter(|_| !model.weights_sha256.is_empty())?;
    Some((&model.weights_sha256, config, &model.tokenizer_sha256))
}

/// A path without what says nothing.
fn plain(id: &str) -> String {
    let parts: Vec<&str> = id.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let root = if id.starts_with('/') { "/" } else { "" };
    if parts.is_empty() { id.to_owned() } else { format!("{root}{}", parts.join("/")) }
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
