//! Published numbers that say of which rows they are stand beside scores on the same rows alone.

use serde_json::{Value, json};

use super::{partial, published_table, record};
use crate::compare::Comparison;
use records::record::RecordFile;

/// The columns of a published row beside these runs.
fn columns_of(found: &[RecordFile], tasks: &Value) -> Vec<String> {
    let published = [published_table("validation", &json!([{"model": "p", "tasks": tasks}]))];
    let comparison = Comparison::new(found, &published, None, 0.95).unwrap();
    comparison.rows.iter().find(|row| row.is_published()).unwrap().entries.keys().cloned().collect()
}

#[test]
fn other_rows_of_a_benchmark_s_task_are_another_column() {
    let cut = |hash: &'static str| {
        partial("m", "rte", 2, 0.6, move |split| (split.rows, split.sha256) = (100, Some(hash.repeat(32))))
    };
    let mut whole = record("m", "rte", 1, Some(0.6));
    whole.1.dataset.splits[1].sha256 = Some("ab".repeat(32));
    let found = [whole, cut("cd")];
    let of = |number: Value| columns_of(&found, &json!({"rte": {"accuracy": number}}));
    assert_eq!(of(json!({"value": 0.6})), ["rte"]);
    assert_eq!(of(json!({"value": 0.6, "rows": 277})), ["rte"]);
    assert_eq!(of(json!({"value": 0.6, "rows": 100})), ["rte (100 rows as published)"]);
    assert_eq!(of(json!({"value": 0.6, "rows_sha256": "AB".repeat(32)})), ["rte"]);
    assert_eq!(of(json!({"value": 0.6, "rows": 100, "rows_sha256": "cd".repeat(32)})), ["rte (100 of 277 rows)"]);
    assert_eq!(of(json!({"value": 0.6, "rows_sha256": "ef".repeat(32)})), ["rte (content efefef as published)"]);
    assert_eq!(
        of(json!({"value": 0.6, "rows": 277, "rows_sha256": "ef".repeat(32)})),
        ["rte (277 rows, content efefef, as published)"]
    );
    assert_eq!(of(json!({"value": 0.6, "rows": 100, "split": "test"})), ["rte (test split; 100 rows as published)"]);
    // Without runs the benchmark's number of rows decides.
    let alone = |number: Value| columns_of(&[record("m", "cola", 1, Some(0.5))], &json!({"rte": {"accuracy": number}}));
    assert_eq!(alone(json!({"value": 0.6, "rows": 277, "rows_sha256": "ef".repeat(32)})), ["rte"]);
    assert_eq!(alone(json!({"value": 0.6, "rows": 100})), ["rte (100 rows as published)"]);
}

#[test]
fn both_splits_of_mnli_make_one_score_however_they_are_called() {
    let found = [record("m", "mnli", 1, Some(0.8))];
    let number = |rows: u64, split: &str| json!({"value": 0.8, "rows": rows, "split": split});
    let tasks = |matched: u64| {
        json!({"mnli": {"accuracy": number(matched, "validation_matched"),
            "accuracy_mm": number(9832, "validation_mismatched")}})
    };
    assert_eq!(columns_of(&found, &tasks(9815)), ["mnli"]);
    assert_eq!(columns_of(&found, &tasks(100)), ["mnli", "mnli (100 rows as published)"]);
    let published = [published_table("validation", &json!([{"model": "p", "tasks": tasks(9815)}]))];
    let comparison = Comparison::new(&found, &published, None, 0.95).unwrap();
    assert!(comparison.rows[1].entries["mnli"].partial.is_none());
}

#[test]
fn other_rows_of_data_of_one_s_own_are_another_column() {
    let found = [partial("m", "own", 1, 0.6, |split| split.sha256 = Some("ab".repeat(32)))];
    let of = |number: Value| columns_of(&found, &json!({"own": {"accuracy": number}}));
    assert_eq!(of(json!({"value": 0.6})), ["own"]);
    assert_eq!(of(json!({"value": 0.6, "rows": 9})), ["own"]);
    assert_eq!(of(json!({"value": 0.6, "rows_sha256": "ab".repeat(32)})), ["own"]);
    assert_eq!(of(json!({"value": 0.6, "rows": 100})), ["own (validation split; accuracy; 100 rows as published)"]);
    assert_eq!(
        of(json!({"value": 0.6, "rows_sha256": "cd".repeat(32)})),
        ["own (validation split; accuracy; content cdcdcd as published)"]
    );
}

#[test]
fn a_task_by_another_name_is_no_column_of_its_own() {
    let found = [record("m", "rte", 1, Some(0.6)), record("m", "stsb", 1, Some(0.8)), record("m", "own", 1, Some(0.6))];
    let error = |task: &str| {
        let published = [published_table("validation", &json!([{"model": "p", "tasks": {task: {"accuracy": 0.6}}}]))];
        Comparison::new(&found, &published, None, 0.95).err().map(|error| error.to_string())
    };
    for (task, meant) in
        [("RTE", "rte"), ("glue/rte", "rte"), ("sts-b", "stsb"), ("STS-B", "stsb"), ("Own", "own"), (" rte ", "rte")]
    {
        let said = format!("t: {task} is not the name of a task of the runs, expected {meant}: ");
        assert!(error(task).is_some_and(|error| error.starts_with(&said)), "{task}: {:?}", error(task));
    }
    // Data of one's own whose names differ in capitals are two tasks where both are named.
    let both = json!([{"model": "p", "tasks": {"own": {"accuracy": 0.6}, "Own": {"accuracy": 0.7}}}]);
    let published = [published_table("validation", &both)];
    assert!(Comparison::new(&found, &published, None, 0.95).is_ok());
    // A benchmark's task is none of one's own.
    let published = [published_table("validation", &json!([{"model": "p", "tasks": {"rte": {"accuracy": 0.6}}}]))];
    assert!(Comparison::new(&[record("m", "RTE", 1, Some(0.6))], &published, None, 0.95).is_ok());
    // Tasks that were not run, and those of their own names.
    for task in ["SST-2", "boolq", "super_glue/rte", "rte", "other"] {
        assert_eq!(error(task), None, "{task}");
    }
}
