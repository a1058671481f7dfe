//! `run-glue RECORD.json`: a run made again from its record, to the last digit, or refused by name.

use crate::support::program::{Bench, Ended, RUN};
use serde_json::{Value, json};

/// The one record below a folder.
fn record_in(bench: &Bench, folder: &str) -> (String, Value) {
    let is_record = |file: &String| file.ends_with(".json") && !file.ends_with(".predictions.json");
    let files: Vec<String> = bench.files(folder).into_iter().filter(is_record).collect();
    let [file] = files.as_slice() else { panic!("not one record: {files:?}") };
    (file.clone(), serde_json::from_slice(&std::fs::read(bench.path(file)).unwrap()).unwrap())
}

/// The rows of a log, without times.
fn losses(record: &Value) -> Vec<(Value, Value)> {
    let rows = record["log_history"].as_array().unwrap().iter();
    rows.filter(|row| row.get("loss").is_some()).map(|row| (row["step"].clone(), row["loss"].clone())).collect()
}

/// Makes a run, repeats it from its record with `more` beside it, and fails unless both are the same to the last digit.
fn assert_repeats(bench: &Bench, flags: &str, more: &str) -> (Value, Ended) {
    bench.run(flags.split_whitespace().chain(["--results_dir", "first"])).assert_done(flags);
    let (file, first) = record_in(bench, "first");
    let ended = bench.run([file.as_str(), "--results_dir", "again"].into_iter().chain(more.split_whitespace()));
    ended.assert_done(&format!("the repeat of {flags}"));
    let (_, again) = record_in(bench, "again");
    for part in ["settings_hash", "seed", "hyper_parameters", "metrics", "score", "task", "training"] {
        assert_eq!(again[part], first[part], "{part} of {flags}");
    }
    assert_eq!(losses(&again), losses(&first), "{flags}");
    assert!(!losses(&first).is_empty(), "{flags} logged nothing");
    assert!(ended.stderr.contains("losses and metrics are the same to the last digit"), "{}", ended.stderr);
    (first, ended)
}

#[test]
fn a_run_of_the_demo_is_made_again() {
    assert_repeats(&Bench::new(), "demo --task rte --num_train_epochs 1 --seed 7 --logging_steps 20", "");
}

#[test]
fn a_run_with_few_parameters_is_made_again() {
    let flags = "--task rte --model m --dataset_dir g --max_steps 4 --learning_rate 0.01 --peft lora --lora_r 4 \
                 --lora_dropout 0.1 --target_modules query,key --logging_steps 2 --bf16 false --warmup_ratio 0.5 \
                 --lr_scheduler_type polynomial --lr_scheduler_kwargs {\"lr_end\":1e-6} --hidden_dropout_prob 0.2";
    assert_repeats(&Bench::new(), flags, "");
}

#[test]
fn the_best_checkpoint_needs_a_folder_again() {
    let bench = Bench::new();
    let flags = "--task rte --model m --dataset_dir g --max_steps 6 --eval_strategy steps --eval_steps 2 --save_steps 2 \
                 --load_best_model_at_end --metric_for_best_model accuracy --logging_steps 2 --output_dir out";
    bench.run(flags.split_whitespace().chain(["--results_dir", "first"])).assert_done("first");
    let (file, _) = record_in(&bench, "first");
    let ended = bench.run([file.as_str(), "--results_dir", "none"]);
    ended.assert_one_line("no folder", &["--load_best_model_at_end needs checkpoints, and so --output_dir"]);
    std::fs::remove_dir_all(bench.path("first")).unwrap();
    std::fs::remove_dir_all(bench.path("out")).unwrap();
    assert_repeats(&bench, flags, "--output_dir out2");
}

fn own_data() -> Bench {
    let bench = Bench::new();
    let row = |i: usize| [("good good film", "praise"), ("a bad bad film", "blame"), ("no no no", "other")][i % 3];
    let rows: String = (0..60).map(|i| format!("{i}|{}|{}\n", row(i).1, row(i).0)).collect();
    bench.write("train.csv", format!("id|kind|words\n{rows}"));
    bench.write("test.csv", format!("id|kind|words\n{}", &rows[..200].rsplit_once('\n').unwrap().0));
    bench
}

const OWN: &str = "--model m --train_file train.csv --validation_file train.csv --test_file test.csv --delimiter | --text_column_names words \
                   --label_column_name kind --metric_name f1_macro,accuracy --task_name news --max_steps 3 --logging_steps 1 \
                   --class_weights 1,2,0.5 --validation_split_name validation[:20] --final_eval train[:10]";

#[test]
fn a_run_on_data_of_ones_own_is_made_again() {
    let bench = own_data();
    let (first, _) = assert_repeats(&bench, OWN, "");
    assert_eq!(first["dataset"]["delimiter"], "|");
    assert_eq!(record_in(&bench, "again").1["final_eval"], first["final_eval"]);
}

#[test]
fn files_that_are_others_or_gone_are_named() {
    let bench = own_data();
    bench.run(OWN.split_whitespace().chain(["--results_dir", "first"])).assert_done("first");
    let (file, _) = record_in(&bench, "first");
    let repeat = |more: &str| bench.run([file.as_str()].into_iter().chain(more.split_whitespace()));
    let before = std::fs::read(bench.path("train.csv")).unwrap();
    bench.write("train.csv", [before.as_slice(), b"99|other|no\n"].concat());
    repeat("").assert_one_line("other rows", &["cannot be repeated: train.csv has changed"]);
    // That it is another run is said where a flag says which file.
    bench.write("moved.csv", &before);
    bench.remove("train.csv");
    repeat("").assert_one_line("no rows", &["its rows are of train.csv, which is not here", "--train_file"]);
    let moved = repeat("--train_file moved.csv --validation_file moved.csv --results_dir moved");
    moved.assert_done("moved");
    assert!(moved.stderr.contains("the same to the last digit"), "{}", moved.stderr);
    bench.write("train.csv", &before);
    bench.write("m/config.json", std::fs::read_to_string(bench.path("m/config.json")).unwrap() + " ");
    repeat("").assert_one_line("other model", &["cannot be repeated: m/config.json has changed"]);
    std::fs::rename(bench.path("m"), bench.path("n")).unwrap();
    repeat("").assert_one_line("no model", &["its model lay in the folder m, which is not here"]);
    bench.assert_clean("refused");
}

/// A record of one step, changed.
fn spoilt(bench: &Bench, spoil: impl FnOnce(&mut Value)) {
    if !bench.path("record.json").exists() {
        bench.run(["--task", "rte"].into_iter().chain(RUN)).assert_done("first");
        bench.write("record.json", std::fs::read(bench.path(&bench.record_files()[0])).unwrap());
        std::fs::remove_dir_all(bench.path("results")).unwrap();
        std::fs::remove_dir_all(bench.path("out")).unwrap();
    }
    let mut record: Value = serde_json::from_slice(&std::fs::read(bench.path("record.json")).unwrap()).unwrap();
    spoil(&mut record);
    bench.write("spoilt.json", record.to_string());
}

type Spoil = fn(&mut Value);

#[test]
fn what_a_record_does_not_give_back_is_refused_by_name() {
    let bench = Bench::new();
    let cases: [(Spoil, &str); 7] = [
        (|r| r["format_version"] = json!(1), "it is of format 1"),
        (|r| r["format_version"] = json!(3), "format"),
        (
            |r| {
                r["search"] =
                    json!({"role": "trial", "id": "ab".repeat(32), "chosen_on": "validation", "optimistic": true})
            },
            "a trial of the search abababababab",
        ),
        (
            |r| {
                r["init_from"] = json!({
                    "task": "mnli", "which": "same", "seed": 42, "score": 0.5, "settings_hash": "ab", "weights_sha256": {},
                    "config_sha256": "ab", "tokenizer_sha256": {}
                });
            },
            "--task mnli,rte --init_from mnli",
        ),
        (|r| r["hyper_parameters"]["no_such_setting"] = json!(3), "no_such_setting"),
        (|r| r["task"] = json!("rtx"), "its task"),
        (|r| r["dataset"]["id"] = json!("h"), "its data lay in h, which is not here"),
    ];
    for (spoil, part) in cases {
        spoilt(&bench, spoil);
        let ended = bench.run(["spoilt.json"]);
        ended.assert_one_line(part, &[part]);
        bench.assert_clean(part);
    }
}

#[test]
fn what_makes_another_run_is_said() {
    let bench = Bench::new();
    // Flags beside the record go before.
    spoilt(&bench, |_| {});
    let other = bench.run("record.json --learning_rate 1e-3 --num_train_epochs 0.05 --results_dir other".split(' '));
    other.assert_done("other");
    let said = "by the flags beside record.json this is another run: learning_rate 0.001 (there 0.00005)";
    assert!(other.stderr.replace("5e-5", "0.00005").contains(said), "{}", other.stderr);
    let (_, record) = record_in(&bench, "other");
    assert_eq!(record["hyper_parameters"]["learning_rate"], 1e-3);
    assert_eq!(record["hyper_parameters"]["max_steps"], Value::Null);
    // Another version is said, and no reason to refuse.
    spoilt(&bench, |r| r["program"]["version"] = json!("0.0.1"));
    let older = bench.run("spoilt.json --results_dir older".split(' '));
    older.assert_done("older");
    assert!(older.stderr.contains("the record is of run-glue 0.0.1"), "{}", older.stderr);
    // Other numbers are said, and another run is an error.
    spoilt(&bench, |r| r["metrics"]["loss"] = json!(0.25));
    let numbers = bench.run("spoilt.json --results_dir numbers".split(' '));
    numbers.assert_done("numbers");
    assert!(numbers.stderr.contains("came to other numbers: loss 0.25 there"), "{}", numbers.stderr);
    spoilt(&bench, |r| {
        r["hyper_parameters"]["new_head"] = json!(false);
        r["settings_hash"] = json!("ab".repeat(32));
    });
    let hash = bench.run("spoilt.json --results_dir hash".split(' '));
    assert_eq!(hash.code, Some(1), "{}", hash.stderr);
    assert!(hash.stderr.contains("is another one than that of spoilt.json: new_head is true"), "{}", hash.stderr);
}

#[test]
fn a_record_that_is_replaced_is_named() {
    let bench = Bench::new();
    bench.run(["--task", "rte"].into_iter().chain(RUN)).assert_done("first");
    let file = bench.record_files().remove(0);
    let ended = bench.run([file.as_str()]);
    ended.assert_done("again");
    assert!(ended.stderr.contains(&format!("its record takes the place of {file}")), "{}", ended.stderr);
    assert_eq!(bench.record_files(), std::slice::from_ref(&file));
    let plan = bench.run([file.as_str(), "--seeds", "3,4", "--dry_run"]);
    plan.assert_done("seeds");
    assert!(plan.stdout.contains("seed 3\tto do") && plan.stdout.contains("seed 4\tto do"), "{}", plan.stdout);
}
