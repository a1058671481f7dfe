//! Tasks under their benchmarks' names, from parquet files laid out as on the Hub.

use std::fs::File;
use std::sync::Arc;

use crate::support::program::Bench;
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

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
    assert_eq!((&record["task"], &record["dataset"]["rows"]["train"]), (&"rte".into(), &48.into()));
}
