//! Published tables: their files obey the schema, and both formats are read.

use std::path::Path;

use results::compare::published::{Statistic, read};
use serde_json::Value;

use crate::json_schema::violations;
use crate::{fixture, results};

const SCHEMA: &str = include_str!("../../../../results/schema/published-results-2.schema.json");

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_table_obeys_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let files = std::fs::read_dir(results("published")).unwrap().map(|entry| entry.unwrap().path());
    let mut read = 0;
    for file in files {
        let table = json(&file);
        assert_eq!(violations(&schema, &table), [""; 0], "{}", file.display());
        assert!(table["source"].as_str().unwrap().starts_with("https://"), "{}", file.display());
        read += 1;
    }
    assert!(read >= 10, "{read}");
    // The schema does not take everything.
    let mut wrong = json(&results("published/run_glue_readme.json"));
    wrong["rows"][0]["tasks"]["rte"]["accuracy"] = serde_json::json!({"value": 0.6, "standart_deviation": 0.1});
    assert!(!violations(&schema, &wrong).is_empty());
}

#[test]
fn the_first_format_is_still_read() {
    let [old] = &read(&fixture("published_1.json")).unwrap()[..] else { panic!("one table") };
    let [new] = &read(&results("published/run_glue_readme.json")).unwrap()[..] else { panic!("one table") };
    for (task, metrics) in &new.rows[0].tasks {
        for (metric, value) in metrics {
            let before = &old.rows[0].tasks[task][metric];
            assert_eq!(before.value, value.value, "{task} {metric}");
            assert_eq!((before.made.statistic, before.run_count()), (None, None), "the first format does not say");
            assert_eq!((value.made.statistic, value.run_count()), (Some(Statistic::Single), Some(1)));
        }
    }
}

#[test]
fn numbers_have_what_holds_of_their_row_and_table() {
    let tables = read(&results("published")).unwrap();
    let value = |table: &str, model: &str, task: &str, metric: &str| {
        let table = tables.iter().find(|other| other.name == table).unwrap();
        let row = table.rows.iter().find(|row| row.model == model).unwrap();
        row.tasks[task][metric].clone()
    };
    let nvidia = value("NVIDIA BERT README", "bert-large-uncased", "mrpc", "accuracy");
    assert_eq!(nvidia.statistic_in_words().as_deref(), Some("mean of 10"));
    // As the source has it, 1.225 points.
    assert!((nvidia.spread().unwrap() - 0.01225).abs() < 1e-5 && nvidia.made.split.as_deref() == Some("validation"));
    let lora = value("LoRA README", "roberta-base (LoRA)", "rte", "accuracy");
    assert_eq!(lora.statistic_in_words().as_deref(), Some("median of 5"));
    assert!(lora.made.initialisation.as_ref().is_some_and(|from| from.contains("MNLI")) && lora.spread().is_none());
    assert_eq!(value("ELECTRA README", "google/electra-large-discriminator", "rte", "accuracy").value, 0.88);
    assert_eq!(value("DeBERTa README", "microsoft/deberta-v3-xsmall", "mnli", "accuracy_mm").value, 0.883);
}
