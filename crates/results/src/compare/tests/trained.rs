//! Rows that train few of their parameters say how many, and what that took.

use super::*;

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
    assert!(["trained", "trained-rte", "trained-mrpc"].iter().all(|name| figures.iter().any(|own| own == name)));
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
