//! The files of a run, and the keys of those in JSON, are those that transformers writes for the same run, but for the
//! differences that docs/results-format.md lists with their reasons.

use std::collections::BTreeSet;

use crate::support::program::Bench;
use serde_json::{Map, Value};

/// Files of Python's that are not written, and those that are written instead or in addition.
const FILES_MISSING: [&str; 4] = ["optimizer.pt", "rng_state.pth", "scheduler.pt", "training_args.bin"];
const FILES_ADDED: [&str; 6] =
    ["vocab.txt", "log.jsonl", "optimizer.safetensors", "run_state.json", "training_rows.json", ".run-glue.finished"];
/// Keys of Python's that are not written, by file.
const KEYS_MISSING: [(&str, &str); 2] =
    [("tokenizer_config.json", "is_local"), ("tokenizer_config.json", "local_files_only")];

/// As `keys` of scripts/fixtures/written_files.py.
fn keys(value: &Value, path: &str) -> BTreeSet<String> {
    match value {
        Value::Array(rows) if !rows.is_empty() && rows.iter().all(Value::is_object) => {
            let row = |row: &Value| keys(row, "").into_iter().collect::<Vec<_>>().join(" ");
            rows.iter().map(|r| format!("{path}[]: {}", row(r))).chain([path.to_owned()]).collect()
        }
        Value::Object(fields) if !fields.is_empty() => {
            let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            fields.iter().flat_map(|(name, value)| keys(value, &inner(name))).collect()
        }
        _ => BTreeSet::from([path.to_owned()]),
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// bert-base-cased's file on the Hub has no more than these fields of the demo's.
fn old_config(bench: &Bench) {
    let text = std::fs::read_to_string(bench.path("m/config.json")).unwrap();
    let mut fields: Map<String, Value> = serde_json::from_str(&text).unwrap();
    for newer in [
        "add_cross_attention",
        "bos_token_id",
        "classifier_dropout",
        "dtype",
        "eos_token_id",
        "is_decoder",
        "tie_word_embeddings",
    ] {
        fields.remove(newer).unwrap();
    }
    fields.insert("gradient_checkpointing".to_owned(), false.into());
    fields.insert("position_embedding_type".to_owned(), "absolute".into());
    fields.insert("transformers_version".to_owned(), "4.6.0.dev0".into());
    bench.write("m/config.json", Value::Object(fields).to_string());
}

fn flags(run: &Value) -> Vec<String> {
    let mut flags: Vec<String> = run["arguments"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            [format!("--{name}"), value]
        })
        .collect();
    if let Some(patience) = run["early_stopping_patience"].as_u64() {
        flags.extend(["--early_stopping_patience".to_owned(), patience.to_string()]);
    }
    let text = format!(
        "--model_name_or_path m --task_name {} --dataset_dir g --do_train --do_eval --do_predict --output_dir out \
         --results_dir results",
        run["task"].as_str().unwrap()
    );
    flags.extend(text.split_whitespace().map(str::to_owned));
    flags
}

#[test]
fn files_and_keys_are_those_of_transformers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/written_files.json");
    let fixture: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results-format.md")).unwrap();
    for (name, run) in fixture["runs"].as_object().unwrap() {
        let bench = Bench::new();
        if run["old_config"] == true {
            old_config(&bench);
        }
        let flags = flags(run);
        bench.run(flags.iter().map(String::as_str)).assert_done(name);
        let ours: BTreeSet<String> =
            bench.files("out").iter().map(|file| file.strip_prefix("out/").unwrap().to_owned()).collect();
        let last = |file: &str| file.rsplit('/').next().unwrap().to_owned();
        let theirs = texts(&run["files"]);
        for file in theirs.difference(&ours) {
            assert!(FILES_MISSING.contains(&last(file).as_str()), "{name}: {file} is not written");
        }
        for file in ours.difference(&theirs) {
            assert!(FILES_ADDED.contains(&last(file).as_str()), "{name}: {file} is one too many");
        }
        for (file, expected) in run["keys"].as_object().unwrap() {
            let content: Value = serde_json::from_slice(&std::fs::read(bench.path("out").join(file)).unwrap()).unwrap();
            let (found, expected) = (keys(&content, ""), texts(expected));
            let excused = |key: &&String| KEYS_MISSING.contains(&(last(file).as_str(), key.as_str()));
            let missing: Vec<&String> = expected.difference(&found).filter(|key| !excused(key)).collect();
            let added: Vec<&String> = found.difference(&expected).collect();
            assert!(missing.is_empty() && added.is_empty(), "{name}: {file} lacks {missing:?}, and has {added:?} too");
        }
    }
    for difference in FILES_MISSING.into_iter().chain(FILES_ADDED).chain(KEYS_MISSING.map(|(_, key)| key)) {
        assert!(docs.contains(&format!("`{difference}`")), "docs/results-format.md does not justify {difference}");
    }
}
