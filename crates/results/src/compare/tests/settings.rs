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
    assert_eq!(names, ["m (learning_rate=0.00002)", "m (learning_rate=0.00005)", "m"]);
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
