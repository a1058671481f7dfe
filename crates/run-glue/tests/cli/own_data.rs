//! Data that are none of GLUE's: files of any format, columns, labels, slices, held-out rows.

use crate::support::program::{Bench, Ended, rows_of};
use serde_json::{Value, json};

const MODEL: [&str; 6] = ["--model", "m", "--results_dir", "results", "--output_dir", "out"];

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(MODEL.into_iter().chain(flags.split_whitespace()))
}

fn json_file(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap()
}

fn lines(bench: &Bench, name: &str) -> Vec<String> {
    std::fs::read_to_string(bench.path(name)).unwrap().lines().map(str::to_owned).collect()
}

/// Rows of three kinds that a tiny model can tell apart.
fn row(i: usize) -> (&'static str, &'static str) {
    [("the film was good good good", "praise"), ("a bad bad bad film", "blame"), ("no no no no", "other")][i % 3]
}

/// train.csv, validation.tsv and test.jsonl, the last without labels.
fn bench() -> Bench {
    let bench = Bench::new();
    let delimited = |n: usize, sep: &str| {
        let rows = (0..n).map(|i| format!("{i}{sep}{}{sep}{}\n", row(i).1, row(i).0));
        format!("id{sep}kind{sep}text\n{}", rows.collect::<String>())
    };
    bench.write("train.csv", delimited(120, ","));
    bench.write("validation.tsv", delimited(31, "\t"));
    let test: String = (0..10).map(|i| json!({"text": row(i).0}).to_string() + "\n").collect();
    bench.write("test.jsonl", test);
    bench
}

const FILES: &str = "--train_file train.csv --validation_file validation.tsv --test_file test.jsonl \
                     --label_column_name kind --learning_rate 5e-3 --num_train_epochs 8";

#[test]
fn the_data_have_the_name_that_they_are_given() {
    let bench = bench();
    let files = "--train_file train.csv --validation_file train.csv --label_column_name kind --max_steps 1 --do_train --do_eval";
    let ended = run(&bench, &format!("{files} --task_name news"));
    ended.assert_done("named");
    let record = bench.record();
    assert_eq!(record["task"], "news");
    assert!(bench.record_files()[0].starts_with("results/news/"), "{:?}", bench.record_files());
    // One file as both is warned of, and on record.
    let overlap = "120 of the 120 rows of validation are trained on and evaluated too";
    assert!(ended.stderr.contains(overlap), "{}", ended.stderr);
    assert!(record["warnings"].to_string().contains(overlap));
    assert_eq!(record["dataset"]["splits"][1]["trained_on"], 120);
    assert_eq!(record["dataset"]["splits"][0]["sha256"], record["dataset"]["splits"][1]["sha256"]);
}

#[test]
fn a_blank_more_makes_no_new_row() {
    let bench = bench();
    let rows = |end: &str| (0..30).map(|i| format!("{},{}{end}\n", row(i).1, row(i).0)).collect::<String>();
    bench.write("train.csv", format!("kind,text\n{}", rows("")));
    bench.write("dev.csv", format!("kind,text\n{}", rows(" ")));
    let files =
        "--train_file train.csv --validation_file dev.csv --label_column_name kind --max_steps 1 --do_train --do_eval";
    let ended = run(&bench, &format!("{files} --task_name news"));
    ended.assert_done("blanks");
    let overlap = "30 of the 30 rows of validation are trained on and evaluated too (0 with the very same texts, the others but for \
                   white space or case): scores on them say nothing of other rows";
    assert!(ended.stderr.contains(overlap), "{}", ended.stderr);
    let split = &bench.record()["dataset"]["splits"][1];
    assert_eq!((&split["trained_on"], &split["trained_on_exactly"]), (&json!(30), &json!(0)));
}

#[test]
fn an_evaluation_knows_the_rows_that_the_model_was_trained_on() {
    let bench = bench();
    let text = |i: usize| format!("{},number {i} is {}\n", row(i).1, row(i).0);
    let file = |name: &str, rows: std::ops::Range<usize>| {
        bench.write(name, format!("kind,text\n{}", rows.map(text).collect::<String>()));
    };
    file("a.csv", 0..30);
    file("b.csv", 20..50);
    file("new.csv", 50..80);
    let train = |train: &str, model: &str, out: &str| {
        let flags = format!(
            "--train_file {train} --validation_file new.csv --label_column_name kind --task_name news --model {model} --output_dir {out} \
             --max_steps 2 --save_steps 1 --results_dir trained"
        );
        bench.run(flags.split_whitespace()).assert_done(out);
    };
    let evaluated = |rows: &str, model: &str| {
        let flags = format!(
            "--do_eval --validation_file {rows} --label_column_name kind --task_name news --model {model} --results_dir {model}-{rows}"
        );
        let ended = bench.run(flags.split_whitespace());
        ended.assert_done(model);
        let files = bench.files(&format!("{model}-{rows}"));
        let record = files.iter().find(|file| file.ends_with(".json") && !file.ends_with(".predictions.json")).unwrap();
        (json_file(&bench, record)["dataset"]["splits"][0]["trained_on"].clone(), ended.stderr)
    };
    train("a.csv", "m", "first");
    train("b.csv", "first", "second");
    for (rows, model, expected) in [
        ("a.csv", "first", json!(30)),
        ("b.csv", "first", json!(10)),
        ("new.csv", "first", json!(0)),
        ("a.csv", "first/checkpoint-1", json!(30)),
        // It started from the first.
        ("a.csv", "second", json!(30)),
        // Nobody says what this one was trained on.
        ("a.csv", "m", Value::Null),
    ] {
        let (trained_on, said) = evaluated(rows, model);
        assert_eq!(trained_on, expected, "{rows} by {model}");
        let is_warned = said.contains("have been trained on, says training_rows.json of the model, and are evaluated");
        assert_eq!(is_warned, expected.as_u64() > Some(0), "{rows} by {model}: {said}");
    }
    // Other weights in the folder are another model.
    std::fs::copy(bench.path("second/model.safetensors"), bench.path("first/model.safetensors")).unwrap();
    std::fs::remove_dir_all(bench.path("first-a.csv")).unwrap();
    let (trained_on, said) = evaluated("a.csv", "first");
    assert_eq!(trained_on, Value::Null);
    let warned = "training_rows.json is of other weights: which rows this model was trained on is unknown";
    assert!(said.contains(warned), "{said}");
}

#[test]
fn files_of_three_formats_and_labels_that_are_words() {
    let bench = bench();
    let ended = run(&bench, &format!("{FILES} --do_train --do_eval --do_predict"));
    ended.assert_done("files");
    let eval = json_file(&bench, "out/eval_results.json");
    for key in ["accuracy", "f1_macro", "f1_micro", "precision_macro", "recall_macro", "loss"] {
        assert!(eval[format!("eval_{key}")].is_f64(), "{key}: {eval}");
    }
    assert!(eval.get("eval_combined_score").is_none());
    assert_eq!(eval["eval_accuracy"], 1.0, "{eval}");
    let record = bench.record();
    assert_eq!((&record["task"], &record["score"]), (&json!("train"), &json!(1.0)));
    assert_eq!(rows_of(&record), json!({"train": 120, "validation": 31, "test": 10}));
    let table = &record["class_tables"][0];
    assert_eq!(table["confusion_matrix"], json!([[10, 0, 0], [0, 10, 0], [0, 0, 11]]));
    assert_eq!(
        table["classes"][2],
        json!({"label": "praise", "precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 11, "predicted": 11})
    );
    assert!(ended.stdout.contains("***** classes of validation *****\nclass   precision  recall"), "{}", ended.stdout);
    let config = json_file(&bench, "out/config.json");
    assert_eq!(config["id2label"], json!({"0": "blame", "1": "other", "2": "praise"}));
    let predicted = lines(&bench, "out/predict_results_train.txt");
    assert_eq!(predicted[..4], ["index\tprediction", "0\tpraise", "1\tblame", "2\tother"]);
    let card = std::fs::read_to_string(bench.path("out/README.md")).unwrap();
    assert!(card.contains("on the train dataset.") && !card.contains("GLUE"), "{card}");

    // The saved model knows its labels: a file without any is enough to predict.
    let again = bench
        .run("--model out --results_dir again --output_dir predicted --test_file test.jsonl --do_predict".split(' '));
    again.assert_done("predict alone");
    assert_eq!(lines(&bench, "predicted/predict_results_test.txt"), predicted);
    // And rows with labels are scored by name, though not every label is among them.
    bench.write("two.csv", "text,label\nno no no no,other\na bad bad bad film,blame\n");
    let scored =
        bench.run("--model out --results_dir again --output_dir scored --validation_file two.csv --do_eval".split(' '));
    scored.assert_done("evaluate alone");
    assert_eq!(json_file(&bench, "scored/eval_results.json")["eval_accuracy"], 1.0);
}

#[test]
fn halves_of_a_split_of_numbers() {
    let bench = Bench::new();
    let ended = run(
        &bench,
        "--dataset_name g --dataset_config_name stsb --validation_split_name validation[:50%] \
         --test_split_name validation[50%:] --do_train --do_eval --do_predict --metric_name mse,rmse,mae,pearson,spearmanr \
         --num_train_epochs 1",
    );
    ended.assert_done("halves");
    let (eval, test) = (json_file(&bench, "out/eval_results.json"), json_file(&bench, "out/predict_results.json"));
    for key in ["mse", "rmse", "mae", "pearson", "spearmanr"] {
        assert!(eval[format!("eval_{key}")].is_f64() && test[format!("predict_{key}")].is_f64(), "{key}");
    }
    let record = bench.record();
    let rows = rows_of(&record);
    assert_eq!(rows["validation[:50%]"], rows["validation[50%:]"], "{rows}");
    assert_eq!(record["score"], record["metrics"]["mse"]);
    assert_eq!(record["test_metrics"]["mse"], test["predict_mse"]);
    assert_eq!(record["hyper_parameters"]["problem_type"], "regression");
    assert!(ended.stderr.lines().all(|line| !line.contains("too")), "{}", ended.stderr);
}

#[test]
fn lists_of_labels() {
    let bench = Bench::new();
    let rows = |n: usize| -> String {
        let labels = [json!(["praise"]), json!(["blame", "film"]), json!([])];
        (0..n).map(|i| json!({"text": row(i).0, "labels": labels[i % 3]}).to_string() + "\n").collect()
    };
    bench.write("train.jsonl", rows(120));
    bench.write("dev.jsonl", rows(30));
    let flags = "--train_file train.jsonl --validation_file dev.jsonl --learning_rate 5e-3 --num_train_epochs 8";
    run(&bench, flags).assert_done("lists");
    let eval = json_file(&bench, "out/eval_results.json");
    assert!(eval["eval_f1_micro"].as_f64().unwrap() > 0.9, "{eval}");
    assert_eq!(json_file(&bench, "out/config.json")["problem_type"], "multi_label_classification");
    let table = &bench.record()["class_tables"][0];
    assert_eq!(table["confusion_matrix"], Value::Null);
    assert_eq!(table["classes"].as_array().unwrap().len(), 3);
}

#[test]
fn rows_are_chosen_as_asked() {
    let bench = bench();
    let small = "--train_file train.csv --label_column_name kind --num_train_epochs 1";
    let ended = run(&bench, &format!("{small} --validation_split_percentage 25 --shuffle_train_dataset"));
    ended.assert_done("held out");
    assert_eq!(rows_of(&bench.record()), json!({"train": 90, "train (25 % held out)": 30}));

    let bench = self::bench();
    let parts = "--train_split_name train[:20]+train[-20:] --validation_split_name train[100:]+train[:5]";
    let ended = run(&bench, &format!("{small} {parts}"));
    ended.assert_done("slices");
    assert_eq!(rows_of(&bench.record()), json!({"train[:20]+train[-20:]": 40, "train[100:]+train[:5]": 25}));
    let overlap = "25 of the 25 rows of train[100:]+train[:5] are trained on and evaluated too";
    assert!(ended.stderr.contains(overlap), "{}", ended.stderr);

    // The tasks of GLUE take parts too.
    let bench = Bench::new();
    let glue = "--task rte --dataset_dir g --num_train_epochs 1 --train_split_name train[:64] --validation_split_name train[64:96]";
    run(&bench, glue).assert_done("slices of a task");
    assert_eq!(rows_of(&bench.record()), json!({"train[:64]": 64, "train[64:96]": 32}));
}

#[test]
fn what_is_missing_is_asked_for() {
    let bench = bench();
    bench.write("numbers.csv", "text,label\na,0.5\nb,1.5\n");
    bench.write("three.csv", "x,y,z,label\na,b,c,0\nd,e,f,1\n");
    bench.write("nolabel.csv", "text,x,y\na,b,c\n");
    bench.write("one.csv", "text,label\na,yes\nb,yes\n");
    let cases: [(&str, &[&str]); 17] = [
        (
            "--train_file train.csv --validation_file validation.tsv",
            &["train.csv: which column is the label? Give --label_column_name; the columns are id, kind, text"],
        ),
        (
            "--train_file three.csv --do_train",
            &[
                "which column is the text? Give --text_column_names A, or A,B for a pair; the columns are x, y, z, label",
            ],
        ),
        ("--train_file nolabel.csv --do_train", &["which column is the label?"]),
        ("--train_file one.csv --do_train", &["all rows have the label yes; training needs at least two"]),
        (
            "--train_file train.csv --label_column_name kind",
            &["there is no split validation; there are train; give --validation_file", "--validation_split_percentage"],
        ),
        (
            "--train_file train.csv --label_column_name sort --do_train",
            &["train.csv has no column `sort`; its columns are `id`, `kind`, `text`"],
        ),
        (
            "--train_file train.csv --label_column_name kind --text_column_names text,more --do_train",
            &["`more`", "`text`"],
        ),
        ("--train_file numbers.csv --do_train --do_regression false", &["--do_regression is false", "fractions"]),
        (
            "--train_file numbers.csv --do_train --metric_name accuracy",
            &["--metric_name accuracy does not fit labels that are numbers; leave it out for pearson, spearmanr, mse"],
        ),
        ("--train_file train.csv --label_column_name kind --do_train --metric_name f1", &["does not fit 3 classes"]),
        (
            "--task rte --dataset_dir g --metric_name f1",
            &["--metric_name is about data of your own: a task of a benchmark"],
        ),
        ("--train_file train.csv --metric_name sacrebleu", &["--metric_name is sacrebleu, expected one of accuracy"]),
        ("--train_file gone.csv", &["--train_file gone.csv: there is no such file"]),
        ("--dataset_name g", &["which configuration? Give --dataset_config_name one of cola, rte, stsb"]),
        ("--dataset_name g --task rte", &["--task rte and --dataset_name or --train_file exclude each other"]),
        ("--task rte --dataset_dir g --text_column_names a", &["--text_column_names is about data of your own"]),
        (
            "--train_file train.csv --label_column_name kind --do_train --train_split_name train[200:]",
            &["there is no row in train[200:]"],
        ),
    ];
    for (flags, parts) in cases {
        run(&bench, flags).assert_one_line(flags, parts);
        bench.assert_clean(flags);
    }
}

/// The rows behind the first ones say what labels mean, and that is all that is read of them.
#[test]
fn the_first_rows_of_a_file_give_what_a_file_of_them_gives() {
    let bench = Bench::new();
    let rows =
        "praise,the film was good\n-,nobody agrees\n-,nor here\nblame,a bad film\nother,no no\npraise,good good\n";
    bench.write("train.csv", format!("kind,text\n{rows}blame,\n"));
    bench.write("few.csv", "kind,text\npraise,the film was good\nblame,a bad film\nother,no no\n");
    bench.write("dev.csv", "kind,text\npraise,it is good\nblame,it is bad\nother,\n");
    let train = |file: &str, name: &str, more: &str| {
        let flags = format!(
            "--model m --label_column_name kind --task_name news --max_steps 2 --train_file {file} --max_train_samples 3 \
             --results_dir {name}-results --output_dir {name} --do_train {more}"
        );
        bench.run(flags.split_whitespace())
    };
    let rest = "--do_eval --validation_file dev.csv --max_eval_samples 2 --do_predict --test_file dev.csv --max_predict_samples 2";
    let part = train("train.csv", "part", rest);
    part.assert_done("part");
    let left_out = "2 of 7 rows have no label and are left out (--missing_labels)";
    assert!(part.stderr.contains(left_out), "{}", part.stderr);
    train("few.csv", "whole", rest).assert_done("whole");
    let splits = |name: &str| {
        let files = bench.files(&format!("{name}-results"));
        let record = files.iter().find(|file| file.ends_with(".json") && !file.ends_with(".predictions.json")).unwrap();
        json_file(&bench, record)["dataset"]["splits"].clone()
    };
    let (part, whole) = (splits("part"), splits("whole"));
    for (at, rows, of_split) in [(0, 3, 7), (1, 2, 3), (2, 2, 3)] {
        assert_eq!((&part[at]["rows"], &part[at]["rows_of_split"]), (&json!(rows), &json!(of_split)), "{at}");
        assert_eq!(part[at]["sha256"], whole[at]["sha256"], "{at}");
    }
    let model = |name: &str| std::fs::read(bench.path(&format!("{name}/model.safetensors"))).unwrap();
    assert!(model("part") == model("whole"));

    // Of rows in another order, and of those that are left when some are held out, any may be the first: all are read.
    for more in ["--shuffle_train_dataset", "--do_eval --validation_split_percentage 30"] {
        train("train.csv", "any", more).assert_one_line(more, &["train.csv, row 6 (from 0): no text in column `text`"]);
    }
}
