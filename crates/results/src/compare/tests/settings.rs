//! Which settings make rows of their own, and which of a model's rows are named by them.

use serde_json::json;

use super::record;
use crate::compare::rows;

/// Names of rows of a model with runs of MRPC and RTE, `changed` of which have another learning rate.
fn row_names(tasks: &[(&str, usize, usize)]) -> Vec<String> {
    let mut found = Vec::new();
    for &(task, usual, changed) in tasks {
        found.extend((0..usual + changed).map(|seed| record("m", task, seed as u64, Some(0.7))));
        let last = found.len() - changed;
        for (_, record) in &mut found[last..] {
            record.hyper_parameters.insert("learning_rate".to_owned(), json!(5e-5));
        }
    }
    rows(&found, 0.95).into_iter().map(|row| row.name).collect()
}

#[test]
fn a_run_with_other_settings_takes_no_task_from_its_model() {
    // Most runs have the same settings: the others are named by what is different.
    assert_eq!(row_names(&[("mrpc", 2, 1), ("rte", 3, 0)]), ["m", "m (learning_rate=0.00005)"]);
    // A grid, whole or in part: every row names its settings.
    let all = ["m (learning_rate=0.00002)", "m (learning_rate=0.00005)"];
    assert_eq!(row_names(&[("mrpc", 2, 2), ("rte", 2, 2)]), all);
    assert_eq!(row_names(&[("mrpc", 1, 1), ("rte", 3, 0)]), all);
    // One task tells what is usual, and the other does not.
    assert_eq!(row_names(&[("mrpc", 1, 1), ("rte", 5, 1)]), all);
    // What only one task has is no difference.
    assert_eq!(row_names(&[("mrpc", 0, 3), ("rte", 3, 0)]), ["m"]);
    // A record that does not know a setting is no seed of those that do.
    let mut found: Vec<_> = (0..4).map(|seed| record("m", "rte", seed, Some(0.7))).collect();
    found[2].1.hyper_parameters.insert("learning_rate".to_owned(), json!(5e-5));
    found[3].1.hyper_parameters.remove("learning_rate");
    let names: Vec<String> = rows(&found, 0.95).into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["m (learning_rate=0.00002)", "m (learning_rate=0.00005)", "m (learning_rate=unknown)"]);
}

#[test]
fn an_evaluation_alone_has_no_settings_of_a_training() {
    let mut found: Vec<_> = (0..3).map(|seed| record("m", "rte", seed, Some(0.7))).collect();
    let (_, alone) = &mut found[2];
    alone.timings.train_seconds = None;
    alone.training = None;
    alone.dataset.splits.remove(0);
    alone.hyper_parameters.insert("learning_rate".to_owned(), json!(5e-5));
    let names: Vec<String> = rows(&found, 0.95).into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["m", "m (not trained, only evaluated)"]);
}

/// Rows of a model with one run a value of a setting; `None`: the record does not have it.
fn rows_of(name: &str, values: &[Option<serde_json::Value>]) -> Vec<String> {
    let run = |(seed, value): (usize, &Option<serde_json::Value>)| {
        let mut found = record("m", "rte", seed as u64, Some(0.7));
        match value {
            Some(value) => drop(found.1.hyper_parameters.insert(name.to_owned(), value.clone())),
            None => drop(found.1.hyper_parameters.remove(name)),
        }
        found
    };
    let found: Vec<_> = values.iter().enumerate().map(run).collect();
    rows(&found, 0.95).into_iter().map(|row| row.name).collect()
}

#[test]
fn a_record_without_a_setting_is_no_seed_of_those_that_have_another_than_before() {
    let (smoothed, none) = (Some(json!(0.1)), Some(json!(0.0)));
    assert_eq!(
        rows_of("label_smoothing_factor", &[None, smoothed.clone(), smoothed]),
        ["m (label_smoothing_factor=0)", "m"]
    );
    // What there was before there was the setting needs no word.
    assert_eq!(rows_of("label_smoothing_factor", &[None, none.clone(), none]), ["m"]);
    for (name, before, other) in [
        ("class_weights", json!(null), json!("balanced")),
        ("layerwise_lr_decay", json!(1.0), json!(0.9)),
        ("bf16", json!(false), json!(true)),
        ("freeze_layers", json!(0), json!(2)),
        ("token_type_ids", json!(true), json!(false)),
        ("token_type_ids", json!(null), json!(false)),
        ("a_flag_of_tomorrow", json!(null), json!(3)),
    ] {
        assert_eq!(rows_of(name, &[None, Some(before.clone())]), ["m"], "{name}");
        assert_eq!(rows_of(name, &[None, Some(other.clone())]).len(), 2, "{name}");
        assert_eq!(rows_of(name, &[None, Some(before), Some(other)]).len(), 2, "{name}");
    }
    // All records ever have these, so that one without is of unknown settings.
    let rate = Some(json!(2e-5));
    assert_eq!(rows_of("learning_rate", &[None, rate.clone(), rate]), ["m (learning_rate=unknown)", "m"]);
    // When evaluations choose nothing, how often there was one changes no number.
    assert_eq!(rows_of("eval_steps", &[None, Some(json!(10))]), ["m"]);
}
