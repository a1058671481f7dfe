//! What is one run, and counts once; and what is not, and is another row.

use serde_json::{Value, json};

use super::record;
use crate::compare::{Comparison, rows};
use records::record::{RecordFile, SplitUse};

/// A run with one setting changed.
fn set(seed: u64, name: &str, value: Value) -> RecordFile {
    let mut found = record("m", "rte", seed, Some(0.7));
    found.1.hyper_parameters.insert(name.to_owned(), value);
    found
}

fn names(found: &[RecordFile]) -> Vec<String> {
    rows(found, 0.95).into_iter().map(|row| row.name).collect()
}

/// The only row's seeds of RTE, and what is said of the others.
fn seeds(found: &[RecordFile]) -> (Vec<u64>, Vec<String>) {
    let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
    let names: Vec<&String> = comparison.rows.iter().map(|row| &row.name).collect();
    assert_eq!(names, ["m"], "one row");
    let entry = &comparison.rows[0].entries["rte"];
    assert_eq!(entry.score.unwrap().count, entry.seeds.len());
    assert_eq!(comparison.run_count(), entry.seeds.len());
    let seeds = comparison.rows[0].records.iter().map(|&at| found[at].1.seed).collect();
    (seeds, comparison.notes)
}

#[test]
fn another_warm_up_is_another_row() {
    let all = |values: [Value; 2]| values.map(|value| set(1, "warmup_steps", value));
    // As it was asked for, and as earlier versions have it, by the steps that came of it.
    for (values, expected) in [
        (all([json!(0.0), json!(0.5)]), ["m (warmup_steps=0)", "m (warmup_steps=0.5)"]),
        (all([json!(0), json!(4)]), ["m (warmup_steps=0)", "m (warmup_steps=4)"]),
    ] {
        assert_eq!(names(&values), expected);
    }
    // None is none in both.
    let found = [set(1, "warmup_steps", json!(0)), set(2, "warmup_steps", json!(0.0))];
    assert_eq!(seeds(&found).0, [1, 2]);
}

#[test]
fn spellings_of_one_run_count_once() {
    for (name, value) in [
        ("per_device_eval_batch_size", json!(16)),
        ("validation_split_name", json!("validation")),
        ("train_split_name", json!("train[:100]")),
        ("test_split_name", json!("test")),
        ("max_train_samples", json!(100)),
        ("max_eval_samples", json!(277)),
        ("max_predict_samples", json!(5)),
        ("missing_labels", json!("drop")),
        ("shuffle_seed", json!(7)),
        ("delimiter", json!("\t")),
        ("greater_is_better", json!(true)),
        ("metric_for_best_model", json!("loss")),
    ] {
        let (seeds, notes) = seeds(&[record("m", "rte", 1, Some(0.7)), set(1, name, value), set(2, name, Value::Null)]);
        assert_eq!(seeds, [1, 2], "{name}");
        let said = "m on rte: one record is of the same run as another but for settings that change no number";
        assert!(notes.len() == 1 && notes[0].starts_with(said), "{name}: {notes:?}");
    }
    // What the run did not look at.
    for (which, unused, values) in [
        (("max_steps", json!(20)), "num_train_epochs", [json!(1.0), json!(3.0)]),
        (("optim", json!("sgd")), "adam_beta1", [json!(0.9), json!(0.8)]),
        (("optim", json!("lion")), "adam_epsilon", [json!(1e-8), json!(1e-6)]),
    ] {
        let found = values.map(|value| {
            let mut found = set(1, unused, value);
            found.1.hyper_parameters.insert(which.0.to_owned(), which.1.clone());
            found
        });
        assert_eq!(seeds(&found).0, [1], "{unused}");
    }
    // What it did look at makes another row.
    for (name, values) in [
        ("num_train_epochs", [json!(1.0), json!(3.0)]),
        ("adam_beta1", [json!(0.9), json!(0.8)]),
        ("data_seed", [json!(1), json!(2)]),
    ] {
        assert_eq!(names(&values.map(|value| set(1, name, value))).len(), 2, "{name}");
    }
}

/// An evaluation of a saved model.
fn evaluation(seed: u64, new_head: bool) -> RecordFile {
    let mut found = set(seed, "new_head", json!(new_head));
    found.1.timings.train_seconds = None;
    found.1.dataset.splits.remove(0);
    // Settings of a training, of which nothing comes.
    for (name, value) in [("learning_rate", 1e-5 * seed as f64), ("warmup_steps", 0.1 * seed as f64)] {
        found.1.hyper_parameters.insert(name.to_owned(), json!(value));
    }
    found
}

#[test]
fn evaluations_of_one_model_count_once() {
    let all = |new_head: bool| (1..4).map(|seed| evaluation(seed, new_head)).collect::<Vec<_>>();
    let (counted, notes) = seeds(&all(false));
    assert_eq!(
        (counted.len(), notes.as_slice()),
        (1, &["m on rte: 3 evaluations of one model, which no seed changes, count once".to_owned()][..])
    );
    // A head that was drawn is another one for each seed.
    assert_eq!(seeds(&all(true)), (vec![1, 2, 3], Vec::new()));
}

#[test]
fn predictions_alone_are_no_evaluations() {
    let predictions = |rows: u64| {
        let mut found = evaluation(rows, false);
        (found.1.metrics, found.1.score) = ([].into(), None);
        (found.1.class_tables, found.1.majority_baseline) = (Vec::new(), None);
        let split = &mut found.1.dataset.splits[0];
        (split.used_for, split.split, split.rows) = (Some(SplitUse::Prediction), "test".to_owned(), rows);
        split.sha256 = Some(rows.to_string());
        found
    };
    let all = [predictions(3), predictions(4)];
    let comparison = Comparison::new(&all, &[], None, 0.95).unwrap();
    assert_eq!((comparison.all_notes(), comparison.run_count()), (Vec::new(), 2));
    // Beside evaluations they are in no count of these.
    let mut beside = predictions(5);
    beside.1.dataset = evaluation(5, false).1.dataset;
    let all = [evaluation(1, false), evaluation(2, false), beside.clone()];
    let (counted, notes) = seeds(&all);
    let said = ["m on rte: 2 evaluations of one model, which no seed changes, count once"];
    assert_eq!((counted, notes), (vec![2], said.map(str::to_owned).to_vec()));
    assert_eq!(seeds(&[evaluation(1, false), beside]), (vec![1], Vec::new()));
}

#[test]
fn two_records_of_one_run_that_differ_are_not_averaged() {
    let at = |time: &str, score: f64| {
        let mut found = record("m", "rte", 1, Some(score));
        found.1.started_at = time.to_owned();
        found.0 = format!("{score}.json").into();
        found
    };
    let found = [at("2026-03-02T00:00:00Z", 0.6), at("2026-03-01T00:00:00Z", 0.7)];
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert_eq!(comparison.rows[0].entries["rte"].seeds, [(Some(1), Some(0.6))], "the last one that began");
    let said = "the numbers of one run differ, and nothing that its records say explains it: 0.7.json and 0.6.json";
    assert!(comparison.notes.iter().any(|note| note.contains(said)), "{:?}", comparison.notes);
    let text = crate::compare::render(&comparison, crate::compare::Format::Text).unwrap();
    assert!(text.contains(said), "{text}");
}

#[test]
fn a_backend_is_named_where_a_row_would_mix_two() {
    let on = |backend: &str, task: &str, seed: u64| {
        let mut found = record("m", task, seed, Some(0.7));
        found.1.host.backend = backend.to_owned();
        found
    };
    let found = [on("flex", "rte", 42), on("cuda", "rte", 42)];
    assert_eq!(names(&found), ["m (backend=flex)", "m (backend=cuda)"]);
    assert_eq!(names(&[on("flex", "rte", 42), on("cuda", "mrpc", 42)]), ["m"], "no task has both");
}

#[test]
fn seeds_that_change_nothing_are_one_run() {
    let with_loss = |seed: u64, loss: f64| {
        let mut found = record("m", "rte", seed, Some(0.7));
        found.1.metrics.insert("loss".to_owned(), Some(loss));
        found
    };
    let found = [with_loss(1, 0.61), with_loss(2, 0.61), with_loss(3, 0.61), with_loss(4, 0.62)];
    let (counted, notes) = seeds(&found);
    assert_eq!(counted, [1, 4]);
    assert_eq!(
        notes,
        [
            "m on rte: 2 runs have another seed and the same numbers to the last digit: no seed changes them, and they count once"
        ]
    );
    // The same score alone is no sign of it, nor is a loss that is no number.
    assert_eq!(seeds(&[with_loss(1, 0.61), with_loss(2, 0.62)]).0, [1, 2]);
    assert_eq!(seeds(&[with_loss(1, f64::NAN), with_loss(2, f64::NAN)]).0, [1, 2]);
}
