//! Where a record lies: `<task>/<model>/seed-<seed>-<hash of the settings>.json` under the results folder.
//!
//! The hash covers everything that makes a run another run, except its seed, so that runs that differ by nothing but
//! the seed share it and can be averaged.

use super::dataset_info::SplitUse;
use super::run_record::RunRecord;
use crate::hex;
use crate::python_json::{Object, Value, dumps};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Hexadecimal digits of the hash in a file name.
const SHORT: usize = 12;

/// Longest folder name made from a model's name; the hash keeps longer ones apart.
const SLUG_LENGTH: usize = 80;

/// Settings that say where things lie or are covered elsewhere; they make no other run.
const NO_SETTINGS: [&str; 8] =
    ["seed", "data_seed", "output_dir", "results_dir", "cache_dir", "logging_dir", "run_name", "overwrite_output_dir"];

/// SHA-256, in hexadecimal, of what the run is, whatever it is called: the weights, configuration and tokenizer of the model that
/// it starts from, the run that it began from, the rows of each split that decide its numbers (those that are predicted where there are no others), the settings, `data_seed` and the backend. Two runs with the same
/// hash and seed should give the same numbers. Of a benchmark's task the name counts, since it stands for the metrics; of other data
/// the settings name these.
#[must_use]
pub fn settings_hash(record: &RunRecord) -> String {
    let hyper_parameters: Object = record
        .hyper_parameters
        .iter()
        .filter(|(name, _)| !NO_SETTINGS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), sorted(value)))
        .collect();
    let hashes = |files: &BTreeMap<String, String>| -> Value {
        files.iter().map(|(file, hash)| (file.clone(), Value::from(hash.as_str()))).collect::<Object>().into()
    };
    let rows = |purpose: SplitUse| -> Value {
        let splits = record.dataset.used_for(purpose).map(|split| {
            let hash = split.sha256.clone().map_or_else(|| Value::from(split.rows), Value::from);
            (split.key_suffix.clone(), hash)
        });
        splits.collect::<Object>().into()
    };
    let is_custom = record.hyper_parameters.get("metric_name").is_some_and(|name| !name.is_null());
    // Of a run that only predicted, what it predicted is all that tells it from others.
    let is_decided = record
        .dataset
        .splits
        .iter()
        .any(|rows| matches!(rows.used_for, Some(SplitUse::Training | SplitUse::Evaluation) | None));
    let predicted = record.dataset.used_for(SplitUse::Prediction).filter(|_| !is_decided);
    let predicted: Vec<Value> = predicted.map(|rows| rows.sha256.clone().into()).collect();
    let predicted = (!predicted.is_empty()).then_some(("predicted_rows", Value::Array(predicted)));
    let init_from = record.init_from.as_ref().map(|from| ("init_from", Value::from(from.key())));
    let settings: Object = [
        ("backend", Value::from(record.host.backend.as_str())),
        ("config", record.model.config_sha256.clone().into()),
        ("data_seed", record.data_seed.into()),
        ("evaluation_rows", rows(SplitUse::Evaluation)),
        ("hyper_parameters", hyper_parameters.into()),
        ("task", Some(record.task.clone()).filter(|_| !is_custom).into()),
        ("tokenizer", hashes(&record.model.tokenizer_sha256)),
        ("training_rows", rows(SplitUse::Training)),
        ("weights", hashes(&record.model.weights_sha256)),
    ]
    .into_iter()
    .chain(predicted)
    .chain(init_from)
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    hex(&Sha256::digest(dumps(&settings.into(), 0).as_bytes()))
}

/// The same value with the keys of all its objects sorted, so that their order does not change the hash.
fn sorted(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => (*flag).into(),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::Int(whole),
            // Above the whole numbers that Python's JSON is written with here: as its digits, since an f64 would round it.
            (None, Some(whole)) => whole.to_string().into(),
            (None, None) => number.as_f64().into(),
        },
        serde_json::Value::String(words) => words.as_str().into(),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        serde_json::Value::Object(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
    }
}

/// The record's usual name within its folder.
#[must_use]
pub fn file_name(record: &RunRecord) -> String {
    let hash = &record.settings_hash;
    format!("seed-{}-{}.json", record.seed, hash.get(..SHORT).unwrap_or(hash))
}

/// The record's usual path within the results folder, and the one to take if another run's record lies there.
pub(super) fn relative_paths(record: &RunRecord, hash: &str) -> [PathBuf; 2] {
    let folder = relative_folder(&record.task, &record.model.id);
    let short = hash.get(..SHORT).unwrap_or(hash);
    [short, hash].map(|hash| folder.join(format!("seed-{}-{hash}.json", record.seed)))
}

/// The folder of the records of a task and a model within the results folder.
#[must_use]
pub fn relative_folder(task: &str, model: &str) -> PathBuf {
    PathBuf::from(slug(task)).join(slug(model))
}

/// A name for a folder, whatever the system: letters, digits, `.`, `_` and `-`. `org/model` becomes `org--model`; of
/// a path only the last part is taken.
#[must_use]
pub fn slug(name: &str) -> String {
    let name = name.trim_end_matches(['/', '\\']);
    // A hub id has one slash at most and does not start like a path; anything else is a path.
    let is_path = name.starts_with(['.', '/', '~']) || name.contains('\\') || name.matches('/').count() > 1;
    let name = if is_path { name.rsplit(['/', '\\']).next().unwrap_or(name) } else { name };
    let mut slug = String::new();
    for letter in name.chars() {
        match letter {
            '/' => slug.push_str("--"),
            letter if letter.is_ascii_alphanumeric() || "._-".contains(letter) => slug.push(letter),
            _ => slug.push('-'),
        }
    }
    slug.truncate(SLUG_LENGTH);
    // Neither hidden nor `..`; Windows drops dots at the end.
    let slug = slug.trim_start_matches(['.', '-']).trim_end_matches(['.', '-']);
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_safe_folder_names() {
        let cases = [
            ("bert-base-cased", "bert-base-cased"),
            ("google/bert_uncased_L-2_H-128_A-2", "google--bert_uncased_L-2_H-128_A-2"),
            ("out/mrpc", "out--mrpc"),
            ("./out/mrpc/", "mrpc"),
            ("/home/me/models/tiny bert", "tiny-bert"),
            ("C:\\models\\tiny", "tiny"),
            ("..", "unnamed"),
            ("../..", "unnamed"),
            ("", "unnamed"),
            ("modèle", "mod-le"),
        ];
        for (name, wanted) in cases {
            assert_eq!(slug(name), wanted, "{name}");
        }
        assert_eq!(slug(&"x".repeat(500)).len(), super::SLUG_LENGTH);
    }
}
