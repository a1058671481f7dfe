//! The real program on broken data, and on several tasks of which one is broken: one error, exit code 2, nothing written.

use crate::support::program::{Bench, RUN, check};
use serde_json::{Value, json};

const TRAIN: &str = "g/rte/train-00000-of-00001.parquet";
const VALIDATION: &str = "g/rte/validation-00000-of-00001.parquet";
const WEIGHTS: &str = "m/model.safetensors";

/// The training split as a file of another format.
fn train_as(bench: &Bench, name: &str, text: impl AsRef<[u8]>) {
    bench.remove(TRAIN);
    bench.write(&format!("g/rte/{name}"), text);
}

/// Training rows, all alike but for what `row` says of the third one.
fn train_rows(bench: &Bench, row: Value) {
    let good = json!({"sentence1": "a man sleeps", "sentence2": "a man", "label": 1});
    let mut third = good.clone();
    third.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
    train_as(bench, "train.jsonl", format!("{good}\n{good}\n{third}\n"));
}

/// Another task's file in place of one of this task's.
fn replace(bench: &Bench, file: &str, other: &str) {
    std::fs::copy(bench.path(other), bench.path(file)).unwrap();
}

#[test]
fn the_bench_is_sound_where_nothing_is_broken() {
    let bench = Bench::new();
    bench.run(["--task", "rte"].into_iter().chain(RUN)).assert_done("sound");
    assert_eq!(bench.record()["task"], "rte");
    let outside: Vec<String> =
        bench.files("out").into_iter().filter(|file| !file.starts_with("out/checkpoint-1/")).collect();
    assert_eq!(
        outside,
        [
            ".run-glue.finished",
            "README.md",
            "all_results.json",
            "config.json",
            "eval_results.json",
            "log.jsonl",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "train_results.json",
            "trainer_state.json",
            "training_rows.json",
            "vocab.txt",
        ]
        .map(|f| format!("out/{f}"))
    );
}

#[test]
fn broken_columns_labels_and_splits() {
    check(&[
        (
            "missing column",
            |b| replace(b, TRAIN, "g/cola/train-00000-of-00001.parquet"),
            &[TRAIN, "no column `sentence1`", "did you mean `sentence`?", "its columns are `sentence`, `label`, `idx`"],
        ),
        (
            "misnamed label column",
            |b| train_as(b, "train.csv", "sentence1,sentence2,lable\na,b,0\n"),
            &["g/rte/train.csv", "no column `label`", "did you mean `lable`?"],
        ),
        (
            "misnamed text column, its neighbour being nearer",
            |b| train_as(b, "train.csv", "sentence1,sentence_2,label\na,b,0\n"),
            &["no column `sentence2`", "did you mean `sentence_2`?"],
        ),
        (
            "label outside the set, parquet",
            |b| replace(b, TRAIN, "g/stsb/train-00000-of-00001.parquet"),
            &[TRAIN, "row 0", "column `label`", "expected 0 or `entailment`, 1 or `not_entailment`"],
        ),
        (
            "label outside the set, a number",
            |b| train_rows(b, json!({"label": 7})),
            &["g/rte/train.jsonl, row 2", "`7`", "expected 0 or `entailment`, 1 or `not_entailment`"],
        ),
        (
            "label outside the set, a word",
            |b| train_rows(b, json!({"label": "maybe"})),
            &["g/rte/train.jsonl, row 2", "`maybe`", "expected 0 or `entailment`"],
        ),
        (
            "no label",
            |b| train_rows(b, json!({"label": null})),
            &["g: split train of rte, row 2 (from 0) has no label", "need one in every row"],
        ),
        (
            "the test split's -1 in the validation split",
            |b| replace(b, VALIDATION, "g/rte/test-00000-of-00001.parquet"),
            &["split validation of rte, row 0 (from 0) has no label"],
        ),
        (
            "no text",
            |b| train_rows(b, json!({"sentence2": null})),
            &["g/rte/train.jsonl, row 2", "no text in column `sentence2`", "fill it in or leave the row out"],
        ),
        ("empty split, jsonl", |b| train_as(b, "train.jsonl", ""), &["g/rte/train.jsonl", "the split is empty"]),
        (
            "empty split, csv",
            |b| train_as(b, "train.csv", "sentence1,sentence2,label\n"),
            &["g/rte/train.csv", "the split is empty"],
        ),
        (
            "no split",
            |b| b.remove(VALIDATION),
            &["g: there is no split validation of rte", "expected rte/validation-*.parquet"],
        ),
        (
            "a shard is missing",
            |b| std::fs::rename(b.path(TRAIN), b.path("g/rte/train-00000-of-00002.parquet")).unwrap(),
            &["--dataset_dir", "`train` of `rte`", "`train-00001-of-00002.parquet` is missing"],
        ),
        (
            "no folder of the task",
            |b| std::fs::remove_dir_all(b.path("g/rte")).unwrap(),
            &["--dataset_dir", "folder g has no configuration `rte`", "it has `cola`, `stsb`"],
        ),
    ]);
}

#[test]
fn unreadable_data_files() {
    check(&[
        (
            "cut in the middle",
            |b| b.cut(TRAIN, 9000),
            &[TRAIN, "is not a whole parquet file", "download or write it again"],
        ),
        ("cut to nothing", |b| b.cut(VALIDATION, 0), &[VALIDATION, "is not a whole parquet file"]),
        ("text", |b| b.write(TRAIN, "an error page, for example"), &[TRAIN, "is not a whole parquet file"]),
        (
            "spoilt pages between a sound header and a sound footer",
            |b| {
                let mut bytes = std::fs::read(b.path(TRAIN)).unwrap();
                bytes[100..18_000].iter_mut().for_each(|byte| *byte ^= 0x5a);
                b.write(TRAIN, bytes);
            },
            &[TRAIN, "is not a whole parquet file"],
        ),
        (
            "json line cut off",
            |b| train_as(b, "train.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":0}\n{\"sentence1\":\"a"),
            &["g/rte/train.jsonl, row 1", "not one JSON object a line"],
        ),
        (
            "csv row too short",
            |b| train_as(b, "train.csv", "sentence1,sentence2,label\na,b,0\na,b\n"),
            &["g/rte/train.csv, row 1", "2 cells under 3 columns", "stands in quotes"],
        ),
        (
            "csv in another encoding",
            |b| train_as(b, "train.csv", b"sentence1,sentence2,label\na\xff,b,0\n"),
            &["g/rte/train.csv, row 0", "UTF-8"],
        ),
    ]);
}

#[test]
fn a_broken_task_does_not_take_the_others_with_it() {
    for tasks in ["rte,cola", "cola,rte"] {
        let bench = Bench::new();
        bench.cut(TRAIN, 1000);
        let ended = bench.run(["--task", tasks, "--format", "tsv"].into_iter().chain(RUN));
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        for part in
            [format!("error: rte: {TRAIN} is not a whole parquet file").as_str(), "error: 1 of 2 runs failed: rte\n"]
        {
            assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        }
        assert_eq!(bench.record()["task"], "cola");
        let rows = ended.table();
        assert!(rows.len() == 1 && rows[0]["task"] == "cola", "{}", ended.stdout);
        assert!(bench.files("out").iter().all(|file| file.starts_with("out/cola-")), "{:?}", bench.files("out"));
    }
}

#[test]
fn an_error_of_the_model_is_not_told_once_for_every_task() {
    let bench = Bench::new();
    bench.cut(WEIGHTS, 1000);
    let ended = bench.run(["--task", "rte,cola,stsb"].into_iter().chain(RUN));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let lines: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[2], "error: 2 of 3 runs failed: rte; cola; 1 more would fail alike and were not tried");
    bench.assert_clean("model");
}
