//! The table at the end of a run over several tasks.

use records::record::{Scores, read_folder};
use results::table::Table;

use crate::results;

fn scores(entries: &[(&str, f64)]) -> Scores {
    entries.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect()
}

#[test]
fn records_make_a_table() {
    let full = || {
        let mut records = read_folder(&results("rte")).unwrap().records;
        let (_, mut record) = records.remove(0);
        record.task = "mnli".to_owned();
        record.metrics = scores(&[("accuracy", 0.84), ("accuracy_mm", 0.85), ("loss", 0.4), ("loss_mm", 0.5)]);
        record.score = Some(0.845);
        record
    };
    let mut second = full();
    second.seed = 43;
    second.score = Some(0.865);
    let mut cola = full();
    cola.task = "cola".to_owned();
    cola.metrics = scores(&[("matthews_correlation", 0.0), ("loss", 0.6)]);
    cola.score = Some(0.0);
    cola.collapsed = true;
    let mut own = full();
    own.task = "a-task-of-my-own".to_owned();
    let table = Table::from_records([&full(), &own, &second, &cola]);
    let tasks: Vec<&str> = table.rows.iter().map(|row| row.task.as_str()).collect();
    assert_eq!(tasks, ["cola", "mnli", "a-task-of-my-own"]);
    let text = table.text();
    assert!(text.contains("cola*") && text.contains("matthews_correlation 0.00"), "{text}");
    // 12.706, Student's t of one degree of freedom, by the standard error of 0.845 and 0.865, which is 1.00 percent.
    assert!(text.contains("accuracy 84.00  accuracy_mm 85.00") && text.contains("85.50 ±12.71"), "{text}");
    assert!(!text.contains("loss"), "{text}");
}

#[test]
fn evaluations_of_a_saved_model_are_no_seeds() {
    let mut records = read_folder(&results("rte")).unwrap().records;
    assert_eq!(Table::from_records(records.iter().map(|(_, record)| record)).rows[0].runs, 3);
    for (_, record) in &mut records {
        record.timings.train_seconds = None;
        record.hyper_parameters.insert("new_head".to_owned(), false.into());
    }
    let table = Table::from_records(records.iter().map(|(_, record)| record));
    assert_eq!((table.rows[0].runs, table.rows[0].score), (1, records[2].1.score));
    assert!(table.rows[0].interval.is_none());
    // Predictions alone are none of them, and each is a run where there is nothing else.
    (records[2].1.metrics, records[2].1.score) = ([].into(), None);
    let table = Table::from_records(records.iter().map(|(_, record)| record));
    assert_eq!((table.rows[0].runs, table.rows[0].score), (1, records[1].1.score));
    records.iter_mut().for_each(|(_, record)| (record.metrics, record.score) = ([].into(), None));
    let table = Table::from_records(records.iter().map(|(_, record)| record));
    assert_eq!((table.rows[0].runs, table.rows[0].score), (3, None));
}

#[test]
fn a_score_that_a_run_lacks_is_said() {
    let mut records = read_folder(&results("rte")).unwrap().records;
    (records[1].1.score, records[1].1.metrics) = (None, [("accuracy".to_owned(), None)].into());
    let table = Table::from_records(records.iter().map(|(_, record)| record));
    let text = table.text();
    assert!(text.contains("rte: the score is undefined in 1 of 3 runs, so there is no mean"), "{text}");
}
