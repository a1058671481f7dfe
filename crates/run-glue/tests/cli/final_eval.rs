//! `--final_eval`: the weights at the end of a run on each part of the data, in one table and in the record.

use crate::support::program::{Bench, Ended};
use serde_json::{Value, json};

const FLAGS: &str = "--results_dir results --output_dir out --max_seq_length 32";

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(FLAGS.split(' ').chain(flags.split_whitespace()))
}

fn json_file(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap()
}

/// Rows of two kinds that a tiny model can tell apart.
fn csv(rows: std::ops::Range<usize>) -> String {
    let row = |row: usize| match row % 2 {
        0 => format!("the film was good good good {row},1\n"),
        _ => format!("a bad bad bad film {row},0\n"),
    };
    format!("text,label\n{}", rows.map(row).collect::<String>())
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("train.csv", csv(0..60));
    bench.write("dev.csv", csv(60..80));
    bench.write("test.csv", csv(80..100));
    bench.write("test.txt.csv", "text\na film\nno film\n");
    bench
}

const FILES: &str = "--model m --train_file train.csv --validation_file dev.csv --test_file test.csv --label_names NEG,POS \
                     --metric_name accuracy,f1,precision,recall --learning_rate 5e-3 --num_train_epochs 3";

/// Name, split and rows of each part.
fn parts(table: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let parts = table.as_array().unwrap().iter();
    parts.map(|part| (text(&part["name"]), text(&part["split"]), part["rows"].as_u64().unwrap())).collect()
}

fn part(name: &str, split: &str, rows: u64) -> (String, String, u64) {
    (name.to_owned(), split.to_owned(), rows)
}

#[test]
fn a_table_of_train_validation_and_test_is_printed_written_and_recorded() {
    let bench = bench();
    let best = "--eval_strategy epoch --save_strategy epoch --load_best_model_at_end --metric_for_best_model f1";
    let ended = run(
        &bench,
        &format!(
            "{FILES} {best} --do_train --do_eval --do_predict --final_eval train,validation,test,test[:50%]+train[:3]"
        ),
    );
    ended.assert_done("table");
    let table = json_file(&bench, "out/final_eval.json");
    let expected = [
        part("train", "train", 60),
        part("validation", "validation", 20),
        part("test", "test", 20),
        part("test[:50%]+train[:3]", "test[:50%]+train[:3]", 13),
    ];
    assert_eq!(parts(&table), expected);
    for key in ["accuracy", "f1", "precision", "recall", "loss"] {
        assert!(table.as_array().unwrap().iter().all(|part| part[key].is_f64()), "{key}: {table}");
    }
    // The same numbers as in the run's own files.
    let (eval, test) = (json_file(&bench, "out/eval_results.json"), json_file(&bench, "out/predict_results.json"));
    assert_eq!((&table[1]["f1"], &table[1]["loss"]), (&eval["eval_f1"], &eval["eval_loss"]));
    assert_eq!(table[2]["accuracy"], test["predict_accuracy"]);
    let title = "***** final evaluation *****\nsplit                 rows  accuracy";
    assert!(ended.stdout.contains(title), "{}", ended.stdout);
    let markdown = std::fs::read_to_string(bench.path("out/final_eval.md")).unwrap();
    assert!(markdown.starts_with("| split | rows | accuracy | f1 | precision | recall | loss |\n"), "{markdown}");
    assert!(std::fs::read_to_string(bench.path("out/README.md")).unwrap().contains(markdown.trim_end()));
    let lines = std::fs::read_to_string(bench.path("out/final_eval.csv")).unwrap();
    assert_eq!(lines.lines().count(), 5);
    let record = bench.record();
    assert_eq!(record["final_eval"][0]["data"]["trained_on"], 60);
    assert_eq!(record["final_eval"][2]["metrics"]["recall"], table[2]["recall"]);
    assert_eq!(record["dataset"]["splits"].as_array().unwrap().len(), 3, "no rows of the run itself");
    let overlap = "3 of the 13 rows of test[:50%]+train[:3] are trained on and evaluated too";
    assert!(ended.stderr.contains(overlap), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("are trained on").count(), 1, "that train is trained on is no surprise");
    // A chart of the classes before the training.
    let chart = "train: class    train  validation     test\ntrain: NEG         30          10       10  ####";
    assert!(ended.stderr.replace("info: ", "").contains(chart), "{}", ended.stderr);

    // The saved model alone gives the same.
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    let again = "--results_dir results --output_dir again --model out --do_eval --max_seq_length 32 --train_file train.csv \
                 --validation_file dev.csv --test_file test.csv --metric_name accuracy,f1,precision,recall \
                 --final_eval train,validation,test,test[:50%]+train[:3]";
    bench.run(again.split_whitespace()).assert_done("evaluated");
    assert_eq!(json_file(&bench, "again/final_eval.json"), table);
}

#[test]
fn its_rows_are_those_of_the_run_and_change_nothing_of_it() {
    let of = |flags: &str| {
        let bench = bench();
        run(&bench, &format!("{FILES} --max_train_samples 40 --do_train {flags}")).assert_done(flags);
        let record = bench.record();
        let weights = std::fs::read(bench.path("out/model.safetensors")).unwrap();
        let table =
            bench.path("out/final_eval.json").is_file().then(|| parts(&json_file(&bench, "out/final_eval.json")));
        (record["settings_hash"].clone(), weights, record["request_hash"].clone(), table)
    };
    let (plain, with) = (of(""), of("--final_eval train,validation,test"));
    assert_eq!((&plain.0, &plain.1), (&with.0, &with.1), "the same run, with or without");
    assert_ne!(plain.2, with.2, "and another request");
    let expected = [part("train", "train", 40), part("validation", "validation", 20), part("test", "test", 20)];
    assert_eq!(with.3.unwrap(), expected);
    // Held out of the training rows, and of a benchmark's task.
    let bench = bench();
    let held =
        "--model m --train_file train.csv --validation_split_percentage 25 --max_steps 1 --final_eval validation,train";
    run(&bench, held).assert_done("held out");
    let expected = [part("validation", "train (25 % held out)", 15), part("train", "train", 45)];
    assert_eq!(parts(&json_file(&bench, "out/final_eval.json")), expected);
    let bench = Bench::new();
    run(&bench, "--task stsb --model m --dataset_dir g --max_steps 1 --final_eval train[:10],validation")
        .assert_done("stsb");
    let table = json_file(&bench, "out/final_eval.json");
    assert!(table[1]["pearson"].is_f64() && table[0]["rows"] == 10 && table[1]["combined_score"].is_f64(), "{table}");
}

#[test]
fn a_run_that_goes_on_and_runs_of_a_sweep_have_their_tables() {
    let bench = bench();
    let first = format!("{FILES} --do_train --do_eval --save_strategy epoch");
    run(&bench, &first).assert_done("first");
    // Asked for later: the run goes on from its last checkpoint, and has no step left.
    let ended = run(&bench, &format!("{first} --final_eval train,test"));
    ended.assert_done("goes on");
    assert_eq!(parts(&json_file(&bench, "out/final_eval.json")).len(), 2);
    assert_eq!(bench.record()["final_eval"].as_array().unwrap().len(), 2);

    let bench = self::bench();
    let ended = run(&bench, &format!("{FILES} --do_train --do_eval --seeds 2 --max_steps 2 --final_eval test"));
    ended.assert_done("sweep");
    assert_eq!(ended.stdout.matches("***** final evaluation of seed-").count(), 2, "{}", ended.stdout);
    assert_eq!(bench.files("out").iter().filter(|file| file.ends_with("/final_eval.csv")).count(), 2);
}

#[test]
fn parts_that_cannot_be_scored_are_refused_before_the_training() {
    let bench = bench();
    let cases: [(&str, &[&str]); 7] = [
        ("--test_file test.txt.csv --final_eval test", &["--final_eval test: ", "test.txt.csv has no column `label`"]),
        ("--final_eval test", &["--final_eval test: ", "there is no split test; there are train; give --test_file"]),
        ("--final_eval dev", &["--final_eval dev: ", "there is no split dev; expected train, validation or test"]),
        ("--final_eval train[9]", &["--final_eval train[9]: ", "names no part of a split"]),
        ("--final_eval train,train", &["train stands there twice"]),
        ("--final_eval train[99:]", &["--final_eval train[99:]: ", "there is no row in it"]),
        ("--final_eval test --task rte", &["exclude each other"]),
    ];
    for (flags, parts) in cases {
        let flags = format!("--model m --train_file train.csv --do_train {flags}");
        let flags = flags.replace("--task rte", "--task rte --dataset_name g");
        run(&bench, &flags).assert_one_line(&flags, parts);
        bench.assert_clean(&flags);
    }
    let glue = run(&bench, "--task rte --model m --dataset_dir g --do_train --final_eval test");
    glue.assert_one_line("rte", &["--final_eval test: ", "split test of rte", "and here no row has one"]);
    bench.assert_clean("rte");
    assert_eq!(json!(bench.record_files()), json!([]));
}
