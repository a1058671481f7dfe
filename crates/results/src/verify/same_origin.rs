//! Whether runs that are held against other runs started from the same weights, were trained on the same rows, and had the same
//! settings: a model's name says none of that.

use std::collections::BTreeMap;

use records::record::{InitFrom, RecordFile, RunRecord};

use super::wanted::Wanted;
use crate::compare::{is_method, is_same_training, methods_of, names_of, trained_rows, value_of};

/// Hexadecimal digits of a hash in a message.
const SHORT_HASH: usize = 12;

/// Settings that a note names.
const NAMED: usize = 4;

/// In what a run is another one than those of the reference, as far as that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct OtherOrigin {
    /// Whether the weights are the same.
    pub(super) same_weights: Option<bool>,
    /// Whether the rows that were trained on are the same.
    pub(super) same_training: Option<bool>,
    /// Other values of settings, in words: `num_train_epochs 2 (theirs 1)`.
    pub(super) settings: Vec<String>,
    /// The methods of both in words, where they are not the same.
    other_method: Option<[String; 2]>,
    /// The method in words, where it is not that of most numbers, and nothing is said of theirs.
    own_method: Option<String>,
    /// Whether config.json or the tokenizer is another one.
    other_files: bool,
    /// Whether it was held against runs at all: numbers of a file say nothing of their origin.
    is_of_runs: bool,
}

impl OtherOrigin {
    /// Of one of our runs, where the number is of runs too.
    pub(super) fn of(ours: &RunRecord, wanted: &Wanted) -> Self {
        let Some(theirs) = wanted.one_of_the_runs() else {
            let own_method = Some(method_in_words(ours)).filter(|_| !methods_of(ours).is_empty());
            return Self { own_method, ..Self::default() };
        };
        Self {
            own_method: None,
            same_weights: same(weights(ours), weights(theirs)),
            same_training: is_same_training(ours, theirs),
            settings: other_start(ours, theirs).into_iter().chain(other_settings(ours, theirs)).collect(),
            other_method: other_method(ours, theirs),
            other_files: same(files(ours), files(theirs)) == Some(false),
            is_of_runs: true,
        }
    }

    /// Whether the model, its training or the method is another one.
    pub(super) fn is_other(&self) -> bool {
        self.same_weights == Some(false) || self.same_training == Some(false) || self.other_method.is_some()
    }

    /// Whether it was trained by another method, which is no answer to the number.
    pub(super) fn is_of_other_method(&self) -> bool {
        self.other_method.is_some()
    }

    /// What is to be said of it, in words.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let of_weights = match self.same_weights {
            Some(false) => Some("other weights"),
            None if self.is_of_runs => Some("unknown whether of the same weights"),
            _ => None,
        };
        let of_training = match self.same_training {
            Some(false) => Some("trained on other rows"),
            None if self.is_of_runs => Some("unknown whether trained on the same rows"),
            _ => None,
        };
        let of_both = self.other_method.as_ref().map(|[ours, theirs]| format!("trained {ours} (theirs {theirs})"));
        let of_ours = || self.own_method.as_ref().map(|ours| format!("trained {ours} (theirs unknown)"));
        let of_method = of_both.or_else(of_ours);
        let of_files = self.other_files.then_some("another config.json or tokenizer");
        let named = self.settings.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = self.settings.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let of_settings = (!self.settings.is_empty()).then(|| format!("other settings: {named}{more}"));
        let of_origin = [of_weights, of_training, of_files].into_iter().flatten().map(str::to_owned);
        of_origin.chain(of_method).chain(of_settings)
    }
}

/// # Errors
/// Why the run is no repetition of those that the number is of, with the record and what was expected.
pub(super) fn check(found: &RecordFile, wanted: &Wanted) -> Result<(), String> {
    let (path, ours) = found;
    let Some(theirs) = wanted.one_of_the_runs() else { return Ok(()) };
    let origin = OtherOrigin::of(ours, wanted);
    let (what, expected) = match (origin.same_weights, origin.same_training) {
        (Some(false), _) => {
            let name = if ours.model.id == theirs.model.id { ", although its name is the same" } else { "" };
            let words =
                |record| weights(record).unwrap_or_default().into_iter().map(short).collect::<Vec<_>>().join("+");
            (format!("a model with the weights {}{name}", words(ours)), format!("the weights {}", words(theirs)))
        }
        (_, Some(false)) => (training_words(ours), training_words(theirs)),
        _ => return Ok(()),
    };
    Err(format!(
        "{}: {} of {} is of {what}, expected {expected} ({}); hold runs of the same model and training against each other, or give \
         --allow_other to compare all the same",
        path.display(),
        wanted.metric,
        wanted.task,
        wanted.source
    ))
}

/// Whether two contents are the same; `None` where one is unknown.
fn same<T: PartialEq>(ours: Option<T>, theirs: Option<T>) -> Option<bool> {
    Some(ours? == theirs?)
}

/// The weights by their hashes; `None` where they are unknown.
fn weights(record: &RunRecord) -> Option<Vec<&str>> {
    let all: Vec<&str> = record.model.weights_sha256.values().map(String::as_str).collect();
    (!all.is_empty()).then_some(all)
}

/// config.json and the tokenizer.
fn files(record: &RunRecord) -> Option<(&String, &BTreeMap<String, String>)> {
    Some((record.model.config_sha256.as_ref()?, &record.model.tokenizer_sha256))
}

/// `a training on 640 rows of train, content 0a1b2c3d4e5f`.
fn training_words(record: &RunRecord) -> String {
    let words = trained_rows(record).into_iter().map(|split| {
        let hash = split.sha256.as_deref().map_or("unknown", short);
        format!("{} rows of {}, content {hash}", split.rows, split.split)
    });
    let words = words.collect::<Vec<_>>().join(" and ");
    match words.is_empty() {
        false => format!("a training on {words}"),
        true if record.is_trained() => "a training on rows that the record does not know".to_owned(),
        true => "a model that was only evaluated".to_owned(),
    }
}

/// The methods that two trainings were made by, in words, where they differ.
fn other_method(ours: &RunRecord, theirs: &RunRecord) -> Option<[String; 2]> {
    let are_trained = ours.is_trained() && theirs.is_trained();
    (are_trained && methods_of(ours) != methods_of(theirs)).then(|| [ours, theirs].map(method_in_words))
}

fn method_in_words(record: &RunRecord) -> String {
    match methods_of(record) {
        methods if methods.is_empty() => "of all parameters".to_owned(),
        methods => format!("with {}", methods.join(", ")),
    }
}

/// Where both began where runs of the same tasks ended, and these were trained in other ways.
fn other_start(ours: &RunRecord, theirs: &RunRecord) -> Option<String> {
    let (ours, theirs) = (ours.init_from.as_ref()?, theirs.init_from.as_ref()?);
    let words = |from: &InitFrom| from.key().replace(&from.settings_hash, short(&from.settings_hash));
    (ours.key() != theirs.key()).then(|| format!("started from {} (theirs {})", words(ours), words(theirs)))
}

fn other_settings(ours: &RunRecord, theirs: &RunRecord) -> Vec<String> {
    let names = names_of(&[ours, theirs]).into_iter().filter(|name| !is_method(name));
    let both = names.filter_map(|name| Some((name, value_of(ours, name)?, value_of(theirs, name)?)));
    let differing = both.filter(|(_, ours, theirs)| ours != theirs);
    differing.map(|(name, ours, theirs)| format!("{name} {ours} (theirs {theirs})")).collect()
}

/// The beginning of a hash.
fn short(hash: &str) -> &str {
    hash.get(..SHORT_HASH).unwrap_or(hash)
}
