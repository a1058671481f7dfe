//! The record of a run: its file, its schema and its documentation say the same thing.

use records::files::trainer_state::train_row;
use records::record::class_table::{ClassRow, ClassTable};
use records::record::path::settings_hash;
use records::record::{
    Baseline, DatasetInfo, EndWeights, FORMAT_VERSION, FinalEvaluation, Host, InitFrom, InitSeed, ModelInfo,
    OtherEvaluation, PlaceInfo, Predictor, Profile, Program, RecordError, RunRecord, Scores, SearchMark, SearchRole,
    Source, SplitRows, SplitUse, Throughput, Timings, TrainingInfo, read_folder, read_paths,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use crate::json_schema::{resolved, violations};

const SCHEMA: &str = include_str!("../../../../results/schema/run-record-v2.schema.json");
const DOCUMENT: &str = include_str!("../../../../docs/results-format.md");

pub(crate) fn scores(entries: &[(&str, f64)]) -> Scores {
    entries.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect()
}

pub(crate) fn split(name: &str, used_for: SplitUse, rows: u64) -> SplitRows {
    SplitRows {
        split: name.to_owned(),
        used_for: Some(used_for),
        key_suffix: String::new(),
        rows,
        rows_of_split: Some(rows),
        limit: None,
        sha256: Some("0f".repeat(32)),
        trained_on: None,
        trained_on_exactly: None,
        files: Vec::new(),
    }
}

fn model() -> ModelInfo {
    ModelInfo {
        id: "prajjwal1/bert-tiny".to_owned(),
        source: Source::Hub,
        revision: Some("main".to_owned()),
        commit: Some("6f75de8b60a9f8a2fdf7b69cbd86d9e64bcb3837".to_owned()),
        architecture: "BertForSequenceClassification".to_owned(),
        parameters: 4_386_307,
        trainable_parameters: Some(74_498),
        base_from: Some(PlaceInfo { id: "base".to_owned(), source: Source::Hub, revision: None, commit: None }),
        weights_sha256: BTreeMap::from([("model.safetensors".to_owned(), "0a".repeat(32))]),
        config_sha256: Some("0c".repeat(32)),
        tokenizer_sha256: BTreeMap::from([("tokenizer.json".to_owned(), "0d".repeat(32))]),
        config_from: Some(PlaceInfo { id: "configs".to_owned(), source: Source::Folder, revision: None, commit: None }),
        tokenizer_from: Some(PlaceInfo {
            id: "google-bert/bert-base-uncased".to_owned(),
            source: Source::Hub,
            revision: Some("main".to_owned()),
            commit: Some("86b5e0934494bd15c9632b12f734a8a67f723594".to_owned()),
        }),
    }
}

fn dataset() -> DatasetInfo {
    DatasetInfo {
        id: "nyu-mll/glue".to_owned(),
        config: Some("mnli".to_owned()),
        source: Source::Hub,
        revision: Some("main".to_owned()),
        commit: Some("bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c".to_owned()),
        delimiter: Some('|'),
        splits: vec![
            split("train", SplitUse::Training, 392_702),
            SplitRows {
                limit: Some(9000),
                rows_of_split: Some(9815),
                trained_on: Some(3),
                trained_on_exactly: Some(2),
                files: vec!["mnli/validation_matched-00000-of-00001.parquet".to_owned()],
                ..split("validation_matched", SplitUse::Evaluation, 9000)
            },
            SplitRows { key_suffix: "_mm".to_owned(), ..split("validation_mismatched", SplitUse::Evaluation, 9832) },
        ],
        files_sha256: BTreeMap::from([("mnli/train-00000-of-00001.parquet".to_owned(), "0e".repeat(32))]),
    }
}

/// A run that another one began from, which began from one itself.
fn init_from() -> InitFrom {
    let first = InitFrom {
        task: "snli".to_owned(),
        which: InitSeed::Best,
        seed: 43,
        among: vec![42, 43],
        score: Some(0.9),
        settings_hash: "1a".repeat(32),
        weights_sha256: BTreeMap::from([("model.safetensors".to_owned(), "1b".repeat(32))]),
        config_sha256: "1c".repeat(32),
        tokenizer_sha256: BTreeMap::from([("tokenizer.json".to_owned(), "1d".repeat(32))]),
        dropout_from: Some("snli".to_owned()),
        init_from: None,
    };
    InitFrom { task: "qnli".to_owned(), score: None, init_from: Some(Box::new(first.clone())), ..first }
}

/// A record in which every optional field is there.
pub(crate) fn full() -> RunRecord {
    RunRecord {
        format_version: FORMAT_VERSION,
        task: "mnli".to_owned(),
        metrics: scores(&[("accuracy", 0.84), ("accuracy_mm", 0.85), ("loss", 0.4), ("loss_mm", 0.5)]),
        test_metrics: Some(scores(&[("accuracy", 0.83)])),
        final_eval: vec![FinalEvaluation {
            name: "train".to_owned(),
            data: split("train", SplitUse::Evaluation, 392_702),
            metrics: scores(&[("accuracy", 0.99), ("loss", 0.1)]),
        }],
        score: Some(0.845),
        majority_baseline: Some(Baseline {
            predictor: Predictor::MajorityClass,
            metrics: scores(&[("accuracy", 0.354), ("accuracy_mm", 0.352)]),
            score: Some(0.353),
        }),
        class_tables: vec![ClassTable {
            split: "validation_matched".to_owned(),
            classes: vec![ClassRow {
                label: "entailment".to_owned(),
                precision: 0.8,
                recall: 0.9,
                f1: 0.847,
                support: 3479,
                predicted: 3900,
            }],
            confusion_matrix: Some(vec![vec![3100]]),
        }],
        collapsed: false,
        lost: Some("the training loss".to_owned()),
        model: model(),
        init_from: Some(init_from()),
        teacher: Some(model()),
        other_evaluations: vec![OtherEvaluation {
            name: "hans".to_owned(),
            classes: BTreeMap::from([("neutral".to_owned(), "not_entailment".to_owned())]),
            dataset: dataset(),
            metrics: scores(&[("accuracy", 0.7)]),
            majority_baseline: Some(0.5),
            max_seq_length: 128,
            precision: "bf16".to_owned(),
            backend: "flex".to_owned(),
            evaluated_at: "2026-01-01T00:00:00Z".to_owned(),
            program: Program::current(),
        }],
        dataset: dataset(),
        training: Some(TrainingInfo {
            weights: EndWeights::Best,
            step: 1500,
            resumed_from: Some("checkpoint-1000".to_owned()),
            drops_units: Some(true),
        }),
        hyper_parameters: BTreeMap::from([
            ("learning_rate".to_owned(), json!(2e-5)),
            ("num_train_epochs".to_owned(), json!(3.0)),
            ("lr_scheduler_kwargs".to_owned(), json!({"a": 1, "b": [true, null]})),
        ]),
        seed: 42,
        data_seed: Some(7),
        settings_hash: "00".repeat(32),
        request_hash: Some("11".repeat(32)),
        plain_request_hash: Some("33".repeat(32)),
        search: Some(SearchMark {
            role: SearchRole::Chosen,
            id: "22".repeat(32),
            chosen_on: "validation_matched, validation_mismatched".to_owned(),
            optimistic: true,
        }),
        timings: Timings {
            data_seconds: Some(1.0),
            tokenize_seconds: Some(2.0),
            train_seconds: Some(30.5),
            evaluate_seconds: Some(4.0),
            total_seconds: 38.0,
        },
        profile: Some(Profile {
            batch_seconds: Some(0.1),
            forward_seconds: Some(10.0),
            backward_seconds: Some(15.0),
            optimizer_seconds: Some(5.0),
            evaluate_seconds: Some(0.0),
            operations_seconds: BTreeMap::from([("linear".to_owned(), 20.0)]),
            energy_joules: Some(3000.5),
        }),
        throughput: Throughput {
            train_samples_per_second: Some(100.0),
            train_tokens_per_second: Some(4000.0),
            train_steps_per_second: Some(3.0),
            eval_samples_per_second: Some(300.0),
        },
        padding_share: Some(0.25),
        micro_batch_size: Some(8),
        batch_shapes: Some(12),
        peak_memory_bytes: Some(1 << 30),
        host: Host {
            cpu_model: Some("AMD EPYC".to_owned()),
            logical_cores: 2,
            threads: 2,
            memory_bytes: Some(1 << 34),
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            simd: vec!["avx2".to_owned()],
            backend: "flex".to_owned(),
            device: "cpu".to_owned(),
        },
        program: Program { git_commit: Some("0123abc".to_owned()), ..Program::current() },
        started_at: "2026-03-01T12:00:00Z".to_owned(),
        warnings: vec!["something".to_owned()],
        log_history: Some(vec![train_row(1.0, 115, 0.5, Some(f64::NAN), 2e-5)]),
    }
}

/// A record in which every optional field is missing.
fn bare() -> RunRecord {
    let full = full();
    RunRecord {
        metrics: Scores::from([("pearson".to_owned(), None)]),
        test_metrics: None,
        final_eval: Vec::new(),
        score: None,
        majority_baseline: None,
        class_tables: Vec::new(),
        collapsed: true,
        lost: None,
        model: ModelInfo {
            revision: None,
            commit: None,
            source: Source::Folder,
            weights_sha256: BTreeMap::new(),
            config_sha256: None,
            tokenizer_sha256: BTreeMap::new(),
            ..full.model
        },
        dataset: DatasetInfo {
            config: None,
            revision: None,
            commit: None,
            source: Source::Embedded,
            files_sha256: BTreeMap::new(),
            ..full.dataset
        },
        training: None,
        hyper_parameters: BTreeMap::new(),
        data_seed: None,
        search: None,
        timings: Timings { total_seconds: 1.0, ..Timings::default() },
        profile: None,
        throughput: Throughput::default(),
        padding_share: None,
        micro_batch_size: None,
        batch_shapes: None,
        peak_memory_bytes: None,
        host: Host { cpu_model: None, memory_bytes: None, simd: Vec::new(), ..full.host },
        program: Program { git_commit: None, ..full.program },
        warnings: Vec::new(),
        log_history: None,
        ..full
    }
}

fn value(record: &RunRecord) -> Value {
    serde_json::from_str(&record.to_json().unwrap()).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn check(value: &Value) -> Vec<String> {
    violations(&schema(), value)
}

/// The objects of the schema whose fields are fixed, as paths from the root: `""`, `/model`, ...
fn objects() -> Vec<(String, Value)> {
    let root = schema();
    let mut all = vec![(String::new(), root.clone())];
    for (name, rule) in root["properties"].as_object().unwrap() {
        let part = resolved(&root, rule);
        if part.get("properties").is_some() {
            all.push((format!("/{name}"), part.clone()));
        }
    }
    all
}

#[test]
fn records_obey_the_schema() {
    for record in [full(), bare()] {
        assert_eq!(check(&value(&record)), Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_is_no_record() {
    let breakages: [(&str, Value); 9] = [
        ("/format_version", json!(1)),
        ("/metrics/accuracy", json!("high")),
        ("/model/source", json!("moon")),
        ("/model/weights_sha256/model.safetensors", json!("abc")),
        ("/dataset/splits/0/rows", json!(-1)),
        ("/timings/total_seconds", json!(null)),
        ("/padding_share", json!(1.5)),
        ("/started_at", json!("yesterday")),
        ("/majority_baseline", json!({"predictor": "mean"})),
    ];
    for (path, broken) in breakages {
        let mut record = value(&full());
        *record.pointer_mut(path).unwrap() = broken;
        assert!(!check(&record).is_empty(), "{path}");
    }
}

#[test]
fn schema_and_structures_have_the_same_fields() {
    let record = value(&full());
    for (path, part) in objects() {
        let written: BTreeSet<&String> = record.pointer(&path).unwrap().as_object().unwrap().keys().collect();
        let described: BTreeSet<&String> = part["properties"].as_object().unwrap().keys().collect();
        assert_eq!(written, described, "fields of the record{path}");
    }
    // The other way: no fixed object of the record is a free one in the schema.
    let free = ["/metrics", "/test_metrics", "/hyper_parameters"];
    let known: Vec<String> = objects().into_iter().map(|(path, _)| path).collect();
    for (name, inner) in record.as_object().unwrap() {
        let path = format!("/{name}");
        assert!(!inner.is_object() || known.contains(&path) || free.contains(&path.as_str()), "{path}");
    }
}

#[test]
fn schema_and_structures_require_the_same_fields() {
    for (path, part) in objects() {
        for name in part["properties"].as_object().unwrap().keys() {
            let mut record = value(&full());
            // Not `remove`, which would disturb the order of the other keys.
            record.pointer_mut(&path).unwrap().as_object_mut().unwrap().shift_remove(name);
            let required = part["required"].as_array().unwrap().contains(&json!(name));
            let readable = serde_json::from_value::<RunRecord>(record.clone()).is_ok();
            assert_eq!(readable, !required, "{path}/{name}");
            assert_eq!(check(&record).is_empty(), !required, "{path}/{name}");
        }
    }
}

#[test]
fn every_field_is_documented() {
    // A teacher has the fields of the model.
    for (path, part) in objects().into_iter().filter(|(path, _)| path != "/teacher") {
        for name in part["properties"].as_object().unwrap().keys() {
            let field = format!("{path}/{name}")[1..].replace('/', ".");
            assert!(DOCUMENT.contains(&format!("`{field}`")), "docs/results-format.md lacks `{field}`");
        }
    }
    for name in schema()["$defs"]["split_rows"]["properties"].as_object().unwrap().keys() {
        assert!(DOCUMENT.contains(&format!("`dataset.splits[].{name}`")), "docs/results-format.md lacks {name}");
    }
}

#[test]
fn a_record_survives_its_file() {
    let folder = tempfile::tempdir().unwrap();
    for mut record in [full(), bare()] {
        let path = record.write(folder.path()).unwrap();
        let back = RunRecord::read(&path).unwrap();
        assert_eq!(record.settings_hash, settings_hash(&record));
        // A number that is not finite has no place in JSON and comes back as missing.
        if let Some(rows) = &mut record.log_history {
            rows[0].insert("grad_norm".to_owned(), None::<f64>.into());
        }
        assert_eq!(back, record);
        assert_eq!(check(&value(&back)), Vec::<String>::new());
    }
}

#[test]
fn the_same_run_is_replaced_and_another_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = full().write(folder.path()).unwrap();
    let relative = first.strip_prefix(folder.path()).unwrap().to_str().unwrap().replace('\\', "/");
    assert!(relative.starts_with("mnli/prajjwal1--bert-tiny/seed-42-"), "{relative}");
    assert_eq!(relative.len(), "mnli/prajjwal1--bert-tiny/seed-42-".len() + 12 + ".json".len());

    // The same run again, on another day and machine, with other results.
    let mut again = full();
    again.started_at = "2027-01-01T00:00:00Z".to_owned();
    again.host.cpu_model = None;
    again.score = Some(0.9);
    again.hyper_parameters.insert("output_dir".to_owned(), json!("elsewhere"));
    assert_eq!(again.write(folder.path()).unwrap(), first);
    assert_eq!(RunRecord::read(&first).unwrap().score, Some(0.9));

    type Change = fn(&mut RunRecord);
    let others: [Change; 11] = [
        |record| record.seed = 43,
        |record| record.data_seed = None,
        |record| record.task = "mrpc".to_owned(),
        |record| record.model.weights_sha256 = BTreeMap::from([("model.safetensors".to_owned(), "0b".repeat(32))]),
        |record| record.model.config_sha256 = Some("0b".repeat(32)),
        |record| record.model.tokenizer_sha256.clear(),
        |record| record.dataset.splits[0].sha256 = Some("0b".repeat(32)),
        |record| record.dataset.splits[1].sha256 = Some("0b".repeat(32)),
        |record| record.host.backend = "cuda".to_owned(),
        |record| *record.hyper_parameters.get_mut("learning_rate").unwrap() = json!(3e-5),
        |record| {
            record.hyper_parameters.insert("weight_decay".to_owned(), json!(0.01));
        },
    ];
    let mut paths = BTreeSet::from([first]);
    for change in others {
        let mut other = full();
        change(&mut other);
        assert!(paths.insert(other.write(folder.path()).unwrap()));
    }
    assert_eq!(read_folder(folder.path()).unwrap().records.len(), 12);
}

#[test]
fn names_make_no_other_run() {
    let mut other = full();
    other.model.id = "a/copy/of/bert-tiny".to_owned();
    (other.model.source, other.model.revision) = (Source::Folder, None);
    (other.dataset.id, other.dataset.revision) = ("a copy of it".to_owned(), None);
    other.dataset.splits[0].split = "train[:100%]".to_owned();
    assert_eq!(settings_hash(&other), settings_hash(&full()));
    // What a custom dataset is called says nothing, a benchmark's task stands for its metrics.
    other.task = "mine".to_owned();
    assert_ne!(settings_hash(&other), settings_hash(&full()));
    let named = |task: &str| {
        let mut record = full();
        record.task = task.to_owned();
        record.hyper_parameters.insert("metric_name".to_owned(), json!("accuracy"));
        settings_hash(&record)
    };
    assert_eq!(named("mine"), named("yours"));
}

#[test]
fn seeds_share_the_hash_and_the_order_of_keys_does_not_matter() {
    let mut other = full();
    other.seed = 43;
    other.hyper_parameters.insert("lr_scheduler_kwargs".to_owned(), json!({"b": [true, null], "a": 1}));
    assert_eq!(settings_hash(&other), settings_hash(&full()));
}

#[test]
fn a_foreign_file_in_the_way_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let usual = full().write(folder.path()).unwrap();
    std::fs::write(&usual, "notes").unwrap();
    let long = full().write(folder.path()).unwrap();
    assert_ne!(long, usual);
    assert_eq!(std::fs::read_to_string(&usual).unwrap(), "notes");
    // The same run finds its own file again.
    assert_eq!(full().write(folder.path()).unwrap(), long);
    std::fs::write(&long, "more notes").unwrap();
    assert!(matches!(full().write(folder.path()), Err(RecordError::Taken { path }) if path == long));
}

/// Format 1 says how many rows of which split, and nothing of their content or use.
#[test]
fn records_of_format_1_are_read_and_what_they_do_not_say_is_unknown() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results/rte");
    let found = read_folder(folder.as_ref()).unwrap();
    assert!(found.problems.is_empty() && found.records.len() == 3);
    for (_, record) in found.records {
        assert_eq!(record.format_version, 1);
        let rows: Vec<_> = record.dataset.splits.iter().map(|split| (split.split.as_str(), split.rows)).collect();
        assert_eq!(rows, [("train", 2490), ("validation", 277)]);
        assert!(
            record.dataset.splits.iter().all(|s| s.used_for.is_none() && s.sha256.is_none() && s.is_whole().is_none())
        );
        assert!(record.is_trained() && record.training.is_none());
        assert!(record.dataset.splits.iter().all(|split| split.trained_on.is_none()));
    }
    // The time of the diagnostic set stood among its scores.
    let folder = tempfile::tempdir().unwrap();
    let mut old = value(&full());
    (old["format_version"], old["metrics"]["runtime_ax"]) = (json!(1), json!(1.5));
    let path = folder.path().join("old.json");
    std::fs::write(&path, old.to_string()).unwrap();
    assert_eq!(RunRecord::read(&path).unwrap().metrics, full().metrics);
}

#[test]
fn a_run_counts_once_wherever_its_records_lie() {
    let folder = tempfile::tempdir().unwrap();
    let write = |into: &str, record: &mut RunRecord| record.write(&folder.path().join(into)).unwrap();
    let (mut first, mut other_seed) = (full(), full());
    other_seed.seed = 43;
    let path = write("a", &mut first);
    write("a", &mut other_seed);
    // A copy, and the same run on another day.
    write("b", &mut full());
    let mut again = full();
    (again.started_at, again.score) = ("2027-01-01T00:00:00Z".to_owned(), Some(0.9));
    write("c", &mut again);
    let paths = [folder.path().to_owned(), path];
    let mut seeds: Vec<_> = read_paths(&paths).unwrap().warned().into_iter().map(|(_, r)| (r.seed, r.score)).collect();
    seeds.sort_by_key(|(seed, _)| *seed);
    assert_eq!(seeds, [(42, Some(0.9)), (43, Some(0.845))]);
    // Format 1 knows less of a run: only where the results are the same too is it one.
    let old = |score: f64| {
        let mut record = value(&full());
        (record["format_version"], record["score"]) = (json!(1), json!(score));
        let path = folder.path().join(format!("{score}.json"));
        std::fs::write(&path, record.to_string()).unwrap();
        path
    };
    let paths = [old(0.5), old(0.5), old(0.6)];
    assert_eq!(read_paths(&paths).unwrap().warned().len(), 2);
}

#[test]
fn a_folder_of_records_is_read_with_its_problems() {
    let folder = tempfile::tempdir().unwrap();
    full().write(folder.path()).unwrap();
    bare().write(folder.path()).unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("schema.json", "{\"$schema\": \"x\"}");
    put("list.json", "[1, 2]");
    put("notes.txt", "x");
    put(".hidden.json", "{\"format_version\": 1}");
    put("later.json", "{\"format_version\": 3, \"task\": 5}");
    put("broken.json", "{\"format_version\": 1, \"task\": \"cola\"}");
    let found = read_folder(folder.path()).unwrap();
    assert_eq!(found.records.len(), 2);
    let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("broken.json") && problems[0].contains("missing field"), "{problems:?}");
    assert!(problems[1].contains("later.json") && problems[1].contains("format 3"), "{problems:?}");
    assert!(matches!(read_folder(&folder.path().join("none")), Err(RecordError::Read { .. })));
}

#[test]
fn hashes_in_capitals_are_read_as_the_program_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    let mut json = serde_json::to_value(full()).unwrap();
    capitals(&mut json);
    std::fs::write(&path, json.to_string()).unwrap();
    let read = serde_json::to_value(RunRecord::read(&path).unwrap()).unwrap();
    assert_ne!(json, read);
    let text = read.to_string();
    assert!(!text.contains("0F0F") && !text.contains("ABAB"), "{text}");
}

/// Every text of hexadecimal digits alone that is as long as a hash.
fn capitals(json: &mut Value) {
    match json {
        Value::String(text) if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            text.make_ascii_uppercase();
        }
        Value::Array(all) => all.iter_mut().for_each(capitals),
        Value::Object(all) => all.values_mut().for_each(capitals),
        _ => {}
    }
}
