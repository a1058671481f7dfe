//! Rows that train few of their parameters say how many, and what that took.

use super::*;
use crate::compare::rows;

/// The run of all parameters, and one of few.
fn found() -> Vec<RecordFile> {
    let mut found: Vec<RecordFile> = [("rte", 1), ("mrpc", 1), ("rte", 1), ("mrpc", 1)]
        .map(|(task, seed)| record("m", task, seed, Some(0.5)))
        .into();
    for (_, record) in &mut found[2..] {
        record.hyper_parameters.insert("peft".to_owned(), json!("lora"));
        record.model.parameters = 23_000_000;
        record.model.trainable_parameters = Some(296_450);
    }
    found
}

#[test]
fn tables_say_how_many_parameters_were_trained() {
    let found = found();
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    let table = formats::render(&comparison, Format::Markdown).unwrap();
    assert!(table.contains("| trained | training (s) | memory (MB) |"), "{table}");
    assert!(table.contains("| m (peft=lora) |") && table.contains(" 296450 | 27.0 | 742 |"), "{table}");
    assert!(table.contains(" 22713986 | 27.0 | 742 |"), "{table}");
    assert!(table.contains("Trained is the number of parameters"), "{table}");
    let figures: Vec<String> = figures::all(&comparison).unwrap().into_iter().map(|figure| figure.name).collect();
    assert_eq!(figures.iter().filter(|name| name.starts_with("trained")).collect::<Vec<_>>(), ["trained"]);
    let page = page(&found, &[]);
    assert!(page.contains("Score against trained parameters") && page.contains(">trained<small>parameters"), "{page}");
}

#[test]
fn where_all_are_trained_nothing_is_said() {
    let found = &found()[..2];
    let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
    let table = formats::render(&comparison, Format::Markdown).unwrap();
    assert!(!table.contains("trained |") && !table.contains("Trained is"), "{table}");
    assert!(figures::all(&comparison).unwrap().iter().all(|figure| !figure.name.starts_with("trained")));
}

/// Tasks of one model that were trained by several methods are no row.
#[test]
fn methods_are_rows_of_their_own() {
    let mut found: Vec<RecordFile> = [("mnli", 1), ("rte", 1), ("cola", 1), ("mrpc", 1)]
        .map(|(task, seed)| record("m", task, seed, Some(0.5)))
        .into();
    let methods = [("peft", json!("lora")), ("freeze_layers", json!(2)), ("teacher", json!("big 0a1b"))];
    for ((_, record), (name, value)) in found[1..].iter_mut().zip(methods) {
        record.hyper_parameters.insert(name.to_owned(), value);
        // Each method has a learning rate of its own, and that is no matter of a name.
        record.hyper_parameters.insert("learning_rate".to_owned(), json!(1e-3));
    }
    let all = rows(&found, 0.95);
    let names: Vec<&str> = all.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["m", "m (peft=lora)", "m (freeze_layers=2)", "m (teacher=big 0a1b)"]);
    assert!(all.iter().all(|row| row.entries.len() == 1));
    // So they are where they stand in one column, and a rank is named only where there are several.
    let mut found: Vec<RecordFile> = [1, 1, 1].map(|seed| record("m", "rte", seed, Some(0.5))).into();
    for ((_, record), rank) in found[1..].iter_mut().zip([4, 8]) {
        record.hyper_parameters.insert("peft".to_owned(), json!("lora"));
        record.hyper_parameters.insert("lora_r".to_owned(), json!(rank));
    }
    let names = |found: &[RecordFile]| rows(found, 0.95).into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(names(&found), ["m", "m (peft=lora, lora_r=4)", "m (peft=lora, lora_r=8)"]);
    assert_eq!(names(&found[..2]), ["m", "m (peft=lora)"]);
}
