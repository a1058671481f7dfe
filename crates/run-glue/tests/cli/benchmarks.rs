//! Tasks under their benchmarks' names, from parquet files laid out as on the Hub.

use std::fs::File;
use std::sync::Arc;

use crate::support::program::{Bench, rows_of};
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

/// The tasks, their text columns and how many classes they have.
const TASKS: [(&str, [&str; 2], i64); 3] = [
    ("boolq", ["question", "passage"], 2),
    ("cb", ["premise", "hypothesis"], 3),
    ("rte", ["premise", "hypothesis"], 2),
];

const FLAGS: [&str; 8] = ["--model", "m", "--dataset_dir", "s", "--max_steps", "3", "--results_dir", "results"];

/// A split of `rows` rows whose columns stand in the Hub's order; unlabelled ones have -1.
fn write(bench: &Bench, config: &str, split: &str, texts: [&str; 2], classes: i64, rows: i64) {
    let file = format!("s/{config}/{split}-00000-of-00001.parquet");
    // Makes the folder.
    bench.write(&file, "");
    let text = |word: &str| -> ArrayRef {
        let text = |row: i64| format!("the film was {}", [word, "bad", "no"][(row % classes) as usize]);
        Arc::new(StringArray::from((0..rows).map(text).collect::<Vec<_>>()))
    };
    let label = |row: i64| if split == "test" { -1 } else { row % classes };
    let columns: [(&str, ArrayRef); 4] = [
        (texts[0], text("good")),
        (texts[1], text("great")),
        ("idx", Arc::new(Int32Array::from((0..rows as i32).collect::<Vec<_>>()))),
        ("label", Arc::new(Int64Array::from((0..rows).map(label).collect::<Vec<_>>()))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(bench.path(&file)).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_task_of_glue_under_its_full_name() {
    let bench = Bench::new();
    for (split, rows) in [("train", 48), ("validation", 21)] {
        write(&bench, "rte", split, ["sentence1", "sentence2"], 2, rows);
    }
    bench.run(["--task", "glue/rte"].into_iter().chain(FLAGS)).assert_done("glue/rte");
    let record = bench.record();
    assert_eq!((&record["task"], &rows_of(&record)["train"]), (&"rte".into(), &48.into()));
}

fn bench() -> Bench {
    let bench = Bench::new();
    for (config, texts, classes) in TASKS {
        for (split, rows) in [("train", 48), ("validation", 21), ("test", 10)] {
            write(&bench, config, split, texts, classes, rows);
        }
    }
    bench
}

fn records(bench: &Bench) -> Vec<Value> {
    let read = |file: String| serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
    bench.record_files().into_iter().map(read).collect()
}

#[test]
fn one_task_under_its_full_name() {
    let bench = bench();
    let flags = ["--task", "super_glue/boolq", "--do_train", "--do_eval", "--do_predict", "--output_dir", "out"];
    bench.run(flags.into_iter().chain(FLAGS)).assert_done("boolq");
    let record = bench.record();
    assert_eq!((&record["task"], &record["dataset"]["config"]), (&"super_glue/boolq".into(), &"boolq".into()));
    assert_eq!(record["score"], record["metrics"]["accuracy"]);
    assert!(bench.record_files()[0].starts_with("results/super_glue--boolq/m/seed-42-"), "{:?}", bench.record_files());
    let predicted = std::fs::read_to_string(bench.path("out/predict_results_super_glue--boolq.txt")).unwrap();
    let values: Vec<&str> = predicted.lines().skip(1).filter_map(|line| Some(line.split_once('\t')?.1)).collect();
    assert!(values.len() == 10 && values.iter().all(|value| ["False", "True"].contains(value)), "{predicted}");
    let card = std::fs::read_to_string(bench.path("out/README.md")).unwrap();
    assert!(card.contains("name: SuperGLUE BOOLQ") && card.contains("datasets:\n- super_glue"), "{card}");
}

#[test]
fn the_whole_benchmark_has_an_average_of_its_own() {
    let bench = bench();
    let ended = bench.run(["--task", "super_glue", "--format", "tsv"].into_iter().chain(FLAGS));
    ended.assert_done("super_glue");
    let records = records(&bench);
    let tasks: Vec<&str> = records.iter().map(|record| record["task"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["super_glue/boolq", "super_glue/cb", "super_glue/rte"]);
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    let cb = &records[1];
    let both = (number(&cb["metrics"]["accuracy"]) + number(&cb["metrics"]["f1_macro"])) / 2.0;
    assert!((number(&cb["score"]) - both).abs() < 1e-12, "{both}");
    let mean = records.iter().map(|record| number(&record["score"])).sum::<f64>() / 3.0;
    // The table at the end, and that of a comparison.
    let average = &ended.table()[3];
    assert_eq!(average["task"], "average");
    assert!((average["score"].parse::<f64>().unwrap() - mean).abs() < 1e-12, "{}", ended.stdout);
    let compared = |format: &str| {
        let ended = bench.run(["compare", "results", "--format", format]);
        ended.assert_done(format);
        ended.stdout
    };
    // Rows that are not the benchmark's own make none of its averages.
    let json: Value = serde_json::from_str(&compared("json")).unwrap();
    assert!(json["models"][0]["super_glue_boolq_cb_rte"].is_null(), "{json}");
    for (file, rows) in bench.record_files().into_iter().zip([3270, 56, 277]) {
        let mut record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        let mut splits = record["dataset"]["splits"].as_array_mut().unwrap().iter_mut();
        let evaluated = splits.find(|split| split["used_for"] == "evaluation").unwrap();
        (evaluated["rows"], evaluated["rows_of_split"]) = (rows.into(), rows.into());
        bench.write(&file, record.to_string());
    }
    let json: Value = serde_json::from_str(&compared("json")).unwrap();
    assert!((number(&json["models"][0]["super_glue_boolq_cb_rte"]["mean"]) - mean).abs() < 1e-12, "{json}");
    assert!(json["models"][0]["glue"].is_null());
    let markdown = compared("markdown");
    assert!(markdown.contains("SuperGLUE (BoolQ, CB, RTE)"), "{markdown}");
}

#[test]
fn names_are_told_apart() {
    let bench = bench();
    // `rte` is GLUE's, whose columns these files have not.
    let ended = bench.run(["--task", "rte"].into_iter().chain(FLAGS));
    ended.assert_one_line("rte", &["no column `sentence1`", "`premise`, `hypothesis`"]);
    let cases: [(&[&str], &[&str]); 3] = [
        (&["--task", "super_glue/bolq"], &["`super_glue/bolq`", "did you mean `super_glue/boolq`?"]),
        (&["--task", "superglue/cb"], &["did you mean `super_glue/cb`?"]),
        (&["--task", "boolq", "--glue_submission", "--output_dir", "out"], &["--glue_submission", "super_glue/boolq"]),
    ];
    for (flags, parts) in cases {
        bench.run(flags.iter().copied().chain(FLAGS)).assert_one_line(flags[1], parts);
        bench.assert_clean(flags[1]);
    }
    // Without its benchmark, where only one has it.
    bench.run(["--task", "CB"].into_iter().chain(FLAGS)).assert_done("cb");
    assert_eq!(bench.record()["task"], "super_glue/cb");
}
