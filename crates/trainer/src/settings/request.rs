//! The hash of what was asked for: how a sweep knows a run before it has run.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::declared::SEED;
use super::run::Settings;
use records::hex;

/// SHA-256, in hexadecimal, of what was asked for: task, model, data and settings, all but the seed. Settings that were
/// left out (`null`) do not count, so that later versions, which know more of them, give the same hash.
#[must_use]
pub fn request_hash(settings: &Settings) -> String {
    hash(&asked(settings))
}

/// The same, without where model and data lie on this machine, `do_predict` and the file that is for it, and `final_eval`. Requests that share it are for one run
/// where models and data have the same content; files that are read in another way, by their extension, are other data.
#[must_use]
pub fn plain_request_hash(settings: &Settings) -> String {
    let mut asked = asked(settings);
    asked.retain(|name, _| !["do_predict", "final_eval"].contains(&name.as_str()));
    for name in ["model_name_or_path", "tokenizer_name", "config_name", "teacher", "dataset_name"] {
        if let Some(place) = asked.get_mut(name) {
            *place = without_path(place);
        }
    }
    hash(&asked)
}

/// The same as [`request_hash`], without what is predicted: `do_predict` and the test files. Requests that share it have one record; `None`
/// where predictions are all that is asked for.
#[must_use]
pub fn record_request_hash(settings: &Settings) -> Option<String> {
    let is_more = settings.do_train || settings.do_eval || !settings.data.splits.final_eval.is_empty();
    let mut asked = asked(settings);
    asked.remove("do_predict");
    if let Some(Value::Array(files)) = asked.get_mut("dataset_name") {
        files.retain(|file| file[0] != "test");
    }
    is_more.then(|| hash(&asked))
}

fn without_path(place: &Value) -> Value {
    let extension = |path: &str| Path::new(path).extension().map(|end| end.to_string_lossy().into_owned());
    let kind_of_file = |file: &Value| json!([file[0], file[1].as_str().and_then(extension)]);
    match place {
        Value::Object(fields) if fields.contains_key("folder") => json!("folder"),
        // What is read of test rows is in the record, and held against them there.
        Value::Array(files) => files.iter().filter(|file| file[0] != "test").map(kind_of_file).collect(),
        other => other.clone(),
    }
}

fn asked(settings: &Settings) -> BTreeMap<String, Value> {
    let mut asked = settings.values(|setting| setting.changes.is_measured() && setting.name != SEED);
    asked.retain(|_, value| !value.is_null());
    asked
}

fn hash(asked: &BTreeMap<String, Value>) -> String {
    hex(&Sha256::digest(serde_json::to_string(asked).unwrap_or_default().as_bytes()))
}
