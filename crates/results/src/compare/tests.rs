//! The page of made-up records: whole, safe, with every number, whatever the records are like.

mod averages;
mod charts;
mod classes;
mod clipped;
mod columns;
mod contents;
mod evaluations;
mod lacking;
mod many;
mod names;
mod once;
mod origins;
mod published_rows;
mod repeat;
mod settings;
mod significance;
mod trained;
mod verdict;

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::html::{hash, render};
use super::published::Published;
use super::{Comparison, Format, figures, formats};
use records::record::{FinalEvaluation, RecordFile, SplitRows};

const EVIL: &str = "<script>alert(1)</script>\"'&\u{1}<img src=x onerror=alert(2)>";

pub(super) fn record(model: &str, task: &str, seed: u64, score: Option<f64>) -> RecordFile {
    // Other seeds have other losses, in a digit that no table shows.
    let loss = 0.25 + seed as f64 * 1e-6;
    let metrics = match task {
        "mrpc" => json!({"accuracy": score, "f1": score, "combined_score": score, "loss": 2.0 * loss}),
        "mnli" => json!({"accuracy": score, "accuracy_mm": score, "loss": loss, "loss_mm": null}),
        _ => json!({"accuracy": score, "loss": loss}),
    };
    let spec = glue_tasks::task_named(task);
    let splits = spec.map_or_else(Vec::new, |spec| spec.eval_splits.clone());
    let mut rows =
        vec![json!({"split": "train", "used_for": "training", "rows": 100, "rows_of_split": 100, "sha256": "aa"})];
    rows.extend(splits.iter().map(|split| {
        json!({"split": split.name, "used_for": "evaluation", "key_suffix": split.key_suffix, "rows": split.rows,
            "rows_of_split": split.rows, "sha256": format!("{task} {}", split.name), "trained_on": 0})
    }));
    if splits.is_empty() {
        rows.push(
            json!({"split": "validation", "used_for": "evaluation", "rows": 9, "rows_of_split": 9, "sha256": "bb"}),
        );
    }
    let log = |step: u64| {
        json!({"step": step, "epoch": 1.0, "loss": 1.0 / step as f64, "learning_rate": 1e-5, "grad_norm": null,
            "eval_accuracy": score, "eval_loss": 0.5})
    };
    let record = json!({
        "format_version": 2, "task": task, "metrics": metrics, "score": score,
        "majority_baseline": {"predictor": "majority_class", "metrics": {"accuracy": 0.5}, "score": 0.5},
        "class_tables": [{"split": "validation", "confusion_matrix": [[seed, 3], [1, 9]], "classes": [
            {"label": "no", "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 5, "predicted": 5},
            {"label": "yes <b>", "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 5, "predicted": 5}]}],
        "collapsed": seed == 2,
        "model": {"id": model, "source": "folder", "revision": null, "commit": null, "architecture": "BertForSequenceClassification",
            "parameters": 22_713_986, "weights_sha256": {"model.safetensors": "ab12"}},
        "dataset": {"id": "glue", "config": task, "source": "folder", "revision": null, "splits": rows},
        "hyper_parameters": {"learning_rate": 2e-5, "num_train_epochs": if task == "mrpc" { 5 } else { 3 },
            "metric_name": spec.is_none().then_some("accuracy")},
        "seed": seed, "data_seed": null, "settings_hash": "cd34",
        "timings": {"data_seconds": 0.1, "tokenize_seconds": null, "train_seconds": 12.5 + seed as f64, "evaluate_seconds": 1.0,
            "total_seconds": 14.25},
        "throughput": {"train_samples_per_second": 11.75, "train_tokens_per_second": 628.0, "train_steps_per_second": 0.5,
            "eval_samples_per_second": 39.0},
        "profile": {"batch_seconds": 0.125, "forward_seconds": 4.5, "backward_seconds": null, "optimizer_seconds": 1.0,
            "evaluate_seconds": null, "operations_seconds": {"linear": 3.25}, "energy_joules": 321.0},
        "padding_share": 0.0, "peak_memory_bytes": 742_404_096,
        "host": {"cpu_model": null, "logical_cores": 2, "threads": 1, "memory_bytes": null, "os": "linux", "arch": "x86_64", "simd": [],
            "backend": "flex", "device": "cpu"},
        "program": {"name": "run-glue", "version": "0.1.0", "git_commit": null},
        "started_at": "2026-03-01T12:00:00Z", "warnings": ["odd"], "log_history": [log(10), log(20), log(30)],
    });
    (PathBuf::from("nowhere.json"), serde_json::from_value(record).unwrap())
}

fn published() -> Published {
    let table = json!({"format": "published-results-1", "name": "some README", "source": "https://example.org/table", "protocol": "one run",
        "split": "validation", "rows": [{"model": "big", "tasks": {"mrpc": {"accuracy": 0.84, "f1": 0.8888}, "rte": {"accuracy": 0.65}}}]});
    serde_json::from_value(table).unwrap()
}

/// A table whose numbers are of this split.
fn published_table(split: &str, rows: &Value) -> Published {
    let table = json!({"format": "published-results-2", "name": "t", "source": "https://example.org", "protocol": "p", "split": split,
        "rows": rows});
    serde_json::from_value(table).unwrap()
}

fn page(found: &[RecordFile], published: &[Published]) -> String {
    let comparison = Comparison::new(found, published, None, 0.95).unwrap();
    let page = render(&comparison, "2026-03-02T00:00:00Z").unwrap();
    assert_balanced(&page);
    assert_complete(&page, &comparison);
    page
}

/// Every tag is closed, in the right order.
fn assert_balanced(page: &str) {
    const VOID: [&str; 6] = ["meta", "link", "br", "wbr", "!DOCTYPE", "img"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').unwrap();
        let tag = &rest[..end];
        assert!(!tag.contains('<'), "{tag}");
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed by </{name}>");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
            if name == "script" || name == "style" {
                rest = &rest[rest.find(&format!("</{name}>")).unwrap()..];
            }
        }
    }
    assert_eq!(open, [""; 0]);
}

/// Every number of the JSON stands in the page as often as there, with all its digits; intervals as far as the scores of their column go.
fn assert_complete(page: &str, comparison: &Comparison<'_>) {
    fn walk(value: &Value, wanted: &mut HashMap<u64, usize>) {
        match value {
            Value::Number(number) => *wanted.entry(number.as_f64().unwrap().to_bits()).or_default() += 1,
            Value::Array(items) => items.iter().for_each(|item| walk(item, wanted)),
            Value::Object(fields) => fields.values().for_each(|field| walk(field, wanted)),
            _ => {}
        }
    }
    let mut json: Value = serde_json::from_str(&formats::render(comparison, Format::Json).unwrap()).unwrap();
    as_shown(&mut json);
    let (mut wanted, mut has) = (HashMap::new(), HashMap::<u64, usize>::new());
    walk(&json, &mut wanted);
    for part in page.split("data-value=\"").skip(1) {
        let (digits, rest) = part.split_once('"').unwrap();
        let Ok(value) = digits.parse::<f64>() else { continue };
        let shown = rest.split_once('>').unwrap().1.split('<').next().unwrap();
        assert!(shown.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit()), "{digits}: {shown}");
        *has.entry(value.to_bits()).or_default() += 1;
    }
    for (bits, count) in wanted {
        assert!(has.get(&bits).copied().unwrap_or(0) >= count, "{} is missing", f64::from_bits(bits));
    }
}

/// Cuts the intervals off where the scores of their column end.
fn as_shown(json: &mut Value) {
    let columns: Vec<Value> = json["columns"].as_array_mut().unwrap().iter_mut().map(Value::take).collect();
    for row in json["models"].as_array_mut().unwrap() {
        for column in &columns {
            let interval = row["tasks"].get_mut(column["name"].as_str().unwrap()).map(|entry| &mut entry["interval"]);
            let range = column["range"].as_array();
            let (Some(Value::Array(ends)), Some(range)) = (interval, range) else { continue };
            for end in ends {
                let least = end.as_f64().unwrap().max(range[0].as_f64().unwrap());
                *end = json!(range[1].as_f64().map_or(least, |most| least.min(most)));
            }
        }
    }
}

#[test]
fn one_model_with_one_run() {
    let page = page(&[record("m", "rte", 1, Some(0.625))], &[]);
    assert!(page.contains("<title>m on RTE</title>") && page.contains(">62.50<"), "{page}");
    assert!(
        page.contains(">energy,\u{a0}J<") && page.contains("data-value=\"321.0\"") && page.contains(">linear,\u{a0}s<")
    );
    assert!(!page.contains("id=\"pairs\"") && !page.contains("id=\"published\""));
}

#[test]
fn a_point_alone_is_a_chart_too() {
    let mut found = record("m", "rte", 1, Some(0.625));
    found.1.log_history.as_mut().unwrap().truncate(1);
    let page = page(&[found], &[]);
    assert!(!page.contains("id=\"curves\""), "one point is no curve");
    assert!(page.contains("id=\"cost\""));
}

#[test]
fn undefined_and_collapsed_runs_are_shown() {
    let found = [("m", 1, None), ("m", 2, Some(0.5)), ("n", 1, Some(0.5)), ("n", 2, Some(0.75))];
    let found = found.map(|(model, seed, score)| record(model, "mnli", seed, score));
    let page = page(&found, &[]);
    assert!(page.contains("1 of 2 runs predict one class only") && page.contains("undefined or not run"));
    // Two models: they are tested against each other on what both have.
    assert!(page.contains("id=\"confusion\"") && page.contains("62.50"));
    // Of the second seed one run is collapsed for each model, and the counts of both seeds are summed: 1 + 2.
    assert!(page.contains("<small><span data-value=\"3\">3</span></small>"));
}

#[test]
fn thirty_models_and_all_tasks() {
    let tasks = ["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"];
    let mut found = Vec::new();
    for model in 0..30 {
        for (at, task) in tasks.iter().enumerate() {
            for seed in 1..3 {
                let score = 0.5 + f64::from(model) * 0.01 + at as f64 * 0.02 + seed as f64 * 0.001;
                found.push(record(&format!("organisation/a-model-with-a-long-name-{model}"), task, seed, Some(score)));
            }
        }
    }
    let page = page(&found, &[published()]);
    assert!(page.contains("30 models on 9 tasks") && page.contains("GLUE average without WNLI"));
    assert!(page.len() < 6_000_000, "{} bytes", page.len());
}

#[test]
fn names_are_text_and_nothing_else() {
    let mut found = record(EVIL, EVIL, 1, Some(0.5));
    found.1.warnings.push(EVIL.to_owned());
    found.1.host.os = EVIL.to_owned();
    found.1.started_at = EVIL.to_owned();
    found.1.hyper_parameters.insert(EVIL.to_owned(), json!(EVIL));
    found.1.class_tables[0].classes[0].label = EVIL.to_owned();
    let mut table = published();
    table.source = format!("javascript:{EVIL}");
    table.protocol = EVIL.to_owned();
    table.rows[0].model = EVIL.to_owned();
    let page = page(&[found, record("n", "rte", 1, Some(0.5))], &[table]);
    assert_eq!(page.matches("<script").count(), 1, "only the page's own");
    assert!(!page.contains("<img") && !page.contains("href=\"javascript") && !page.contains('\u{1}'));
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;") && page.contains("&lt;/<wbr>script&gt;")
    );
}

#[test]
fn nothing_is_fetched() {
    let page = page(&[record("m", "mrpc", 1, Some(0.5)), record("m", "rte", 1, Some(0.5))], &[published()]);
    assert!(!page.contains(" src=") && !page.contains("url(") && !page.contains("@import"));
    for (at, _) in page.match_indices("http") {
        let start = page[..at].rfind('<').unwrap();
        assert!(
            page[start..].starts_with("<a href=\"https://") || page[start..].starts_with("<meta http-equiv"),
            "{}",
            &page[start..at]
        );
    }
    // The policy's hashes are those of what stands in the page.
    for element in ["style", "script"] {
        let (_, rest) = page.split_once(&format!("<{element}>")).unwrap();
        let text = rest.split_once(&format!("</{element}>")).unwrap().0;
        let hash = hash(text);
        assert!(page.contains(&format!("{element}-src 'sha256-{hash}'")), "{element}");
    }
}

#[test]
fn charts_stand_alone() {
    let found = [record(EVIL, "rte", 1, Some(0.5)), record("n", "rte", 1, None)];
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    let folder = tempfile::tempdir().unwrap();
    figures::write(&comparison, folder.path()).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let svg = std::fs::read_to_string(&file).unwrap();
        assert_balanced(&svg);
        assert!(
            svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"") && svg.contains("<desc"),
            "{svg}"
        );
        assert!(!svg.contains("var(") && !svg.contains("#A0") && !svg.contains("<script"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

/// A record on other rows than the benchmark's own.
fn partial(model: &str, task: &str, seed: u64, score: f64, change: impl FnOnce(&mut SplitRows)) -> RecordFile {
    let mut found = record(model, task, seed, Some(score));
    change(&mut found.1.dataset.splits[1]);
    found
}

fn columns(found: &[RecordFile]) -> Vec<String> {
    Comparison::new(found, &[], None, 0.95).unwrap().columns.into_iter().map(|column| column.name).collect()
}

#[test]
fn a_column_has_one_set_of_rows() {
    let cut = |split: &mut SplitRows| {
        (split.rows, split.sha256, split.limit) = (60, Some("cut".to_owned()), Some(60));
    };
    let sliced = |split: &mut SplitRows| {
        (split.split, split.rows) = ("test[:30]+test[-30:]".to_owned(), 60);
        (split.rows_of_split, split.sha256) = (Some(1725), Some("sliced".to_owned()));
    };
    let found = [
        record("m", "mrpc", 1, Some(0.8)),
        partial("m", "mrpc", 2, 0.9, cut),
        partial("n", "mrpc", 1, 0.95, sliced),
        record("n", "mrpc", 1, Some(0.7)),
    ];
    assert_eq!(columns(&found), ["mrpc", "mrpc (60 of 408 rows)", "mrpc (test[:30]+test[-30:]; 60 of 1725 rows)"]);
    // Seeds on other rows are no seeds of this column.
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert_eq!(comparison.rows[0].entries["mrpc"].seeds.len(), 1);
    let other = |split: &mut SplitRows| split.sha256 = Some("0123456789".to_owned());
    // Format 1 knows the number alone: the benchmark's, and so the column is the same, which is said.
    let old = || of_format_1(record("old", "rte", 1, Some(0.6)));
    assert_eq!(columns(&[old()]), ["rte"]);
    let found = [old(), record("m", "rte", 1, Some(0.6))];
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert_eq!(columns(&found), ["rte"]);
    assert!(comparison.rows.iter().all(|row| row.entries.contains_key("rte")));
    let said = "rte: content unknown: records of format 1 know the number of the rows alone, which is that of the benchmark's: old";
    assert_eq!(comparison.all_notes(), [said]);
    // Which of two contents it is cannot be said, nor of a part.
    let names = columns(&[old(), record("m", "rte", 1, Some(0.6)), partial("n", "rte", 1, 0.5, other)]);
    assert_eq!(names.len(), 3, "{names:?}");
    let mut part = old();
    part.1.dataset.splits[1].rows = 60;
    assert_eq!(columns(&[part, record("m", "rte", 1, Some(0.6))]).len(), 2);
}

/// What a record of format 1 knows.
fn of_format_1(mut found: RecordFile) -> RecordFile {
    for split in &mut found.1.dataset.splits {
        (split.used_for, split.sha256, split.rows_of_split, split.trained_on) = (None, None, None, None);
    }
    found
}

#[test]
fn data_of_one_s_own_are_no_benchmark_s_whatever_they_are_called() {
    let mut own = record("m", "rte", 1, Some(0.9));
    own.1.hyper_parameters.insert("metric_name".to_owned(), json!("accuracy"));
    let found = [own, record("m", "rte", 1, Some(0.6))];
    assert_eq!(columns(&found), ["rte", "rte (data of one's own)"]);
    // Two files of one name and other content.
    let named = |hash: &'static str| partial("m", "train", 1, 0.5, move |split| split.sha256 = Some(hash.to_owned()));
    assert_eq!(
        columns(&[named("aaaaaaa"), named("bbbbbbb")]),
        ["train (validation; 9 rows; content aaaaaa)", "train (validation; 9 rows; content bbbbbb)"]
    );
    assert_eq!(columns(&[named("aaaaaaa")]), ["train"]);
}

#[test]
fn scores_by_two_metrics_are_no_seeds_of_one_number() {
    let by = |seed: u64, metrics: &str| {
        let mut found = record("m", "own", seed, Some(0.5));
        found.1.hyper_parameters.insert("metric_name".to_owned(), json!(metrics));
        found
    };
    assert_eq!(columns(&[by(1, "accuracy"), by(2, "accuracy,f1_macro")]), ["own"]);
    let found = [by(1, "accuracy"), by(2, "f1_macro,accuracy")];
    assert_eq!(columns(&found), ["own (validation; 9 rows; accuracy)", "own (validation; 9 rows; f1_macro)"]);
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert!(comparison.rows.iter().all(|row| row.entries.values().all(|entry| entry.seeds.len() == 1)));
    // F1 of two classes is that of the second, and of another one where they have another order.
    let (first, mut turned) = (by(1, "f1"), by(2, "f1"));
    turned.1.class_tables[0].classes.reverse();
    let names = columns(&[first, turned]);
    assert_eq!(names, ["own (validation; 9 rows; F1 of no)", "own (validation; 9 rows; F1 of yes <b>)"]);
}

#[test]
fn what_is_evaluated_at_the_end_beside_the_evaluation_changes_no_comparison() {
    let text = |found: &[RecordFile]| {
        let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
        formats::render(&comparison, Format::Json).unwrap()
    };
    let plain = [record("a", "rte", 1, Some(0.5)), record("b", "rte", 1, Some(0.6))];
    let mut with = plain.clone();
    with[0].1.final_eval = vec![FinalEvaluation {
        name: "train".to_owned(),
        data: with[0].1.dataset.splits[0].clone(),
        metrics: [("accuracy".to_owned(), Some(1.0))].into(),
    }];
    assert_eq!(text(&with), text(&plain));
}

/// Ten seeds each, so that a sign-flip test can tell: p is 2 in 1024.
fn seeds(model: &str, task: &str, score: f64) -> impl Iterator<Item = RecordFile> {
    (0..10).map(move |seed| record(model, task, seed, Some(score + seed as f64 * 1e-4)))
}

#[test]
fn bold_is_what_is_better_by_more_than_chance() {
    let best = |found: &[RecordFile]| {
        let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
        comparison.best_of(&comparison.columns[0]).map(|row| row.name.clone())
    };
    let all = |a: f64, b: f64| seeds("a", "rte", a).chain(seeds("b", "rte", b)).collect::<Vec<_>>();
    assert_eq!(best(&all(0.6, 0.7)).as_deref(), Some("b"));
    assert_eq!(best(&all(0.4, 0.45)), None, "neither is better than the most frequent class");
    let two: Vec<_> = all(0.6, 0.7).into_iter().filter(|(_, record)| record.seed < 2).collect();
    assert_eq!(best(&two), None, "two seeds can tell nothing");
    // Of errors the lowest is the best.
    let mut errors = seeds("a", "own", 3.0).chain(seeds("b", "own", 4.0)).collect::<Vec<_>>();
    for (_, record) in &mut errors {
        record.hyper_parameters.insert("metric_name".to_owned(), json!("mse,pearson"));
        record.majority_baseline.as_mut().unwrap().score = Some(9.0);
    }
    assert_eq!(best(&errors).as_deref(), Some("a"));
    let text = formats::render(&Comparison::new(&errors, &[], None, 0.95).unwrap(), Format::Markdown).unwrap();
    assert!(text.contains("| a | **3.0004**") && text.contains("| b | 4.0004"), "{text}");
    // What a model was trained on says nothing.
    let mut remembered = all(0.6, 0.9);
    for (_, record) in remembered.iter_mut().filter(|(_, record)| record.model.id == "b") {
        record.dataset.splits[1].trained_on = Some(277);
    }
    assert_eq!(best(&remembered), None, "one model is left, and none to compare it with");
}
