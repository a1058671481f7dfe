//! `--label_names`: names for labels that are numbers, an order for labels that are words, in the model, predictions and tables.

use crate::support::program::{Bench, Ended};
use serde_json::{Value, json};

const FLAGS: &str = "--results_dir results --output_dir out --max_steps 2 --max_seq_length 32 --overwrite_output_dir";

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(FLAGS.split(' ').chain(flags.split_whitespace()))
}

fn json_file(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap()
}

/// `text,label` with a text of its own a row.
fn csv(labels: &[&str]) -> String {
    let rows = labels.iter().enumerate().map(|(row, label)| format!("a film of number {row},{label}\n"));
    format!("text,label\n{}", rows.collect::<String>())
}

#[test]
fn numbers_get_names_in_the_model_the_predictions_and_the_tables() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["0", "1", "0", "1"]));
    let files = "--model m --train_file data.csv --validation_file data.csv --test_file data.csv --do_train --do_eval --do_predict";
    let mut configs = Vec::new();
    for names in ["NEG,POS", "1=POS,0=NEG"] {
        let ended = run(&bench, &format!("{files} --label_names {names}"));
        ended.assert_done(names);
        assert!(ended.stderr.contains("label 0 is NEG, 1 is POS"), "{}", ended.stderr);
        assert!(ended.stdout.contains("\nNEG ") && ended.stdout.contains("\nPOS "), "{}", ended.stdout);
        configs.push(json_file(&bench, "out/config.json"));
        let predicted = std::fs::read_to_string(bench.path("out/predict_results_data.txt")).unwrap();
        assert!(predicted.lines().skip(1).all(|line| line.ends_with("NEG") || line.ends_with("POS")), "{predicted}");
        assert_eq!(predicted.lines().count(), 5);
    }
    assert_eq!(configs[0], configs[1]);
    assert_eq!(configs[0]["id2label"], json!({"0": "NEG", "1": "POS"}));
    assert_eq!(configs[0]["label2id"], json!({"NEG": 0, "POS": 1}));
    assert!(configs[0].get("label_spellings").is_none());
    let record = bench.record();
    assert_eq!(record["hyper_parameters"]["label_names"], "NEG,POS");
    assert_eq!(record["class_tables"][0]["classes"][1]["label"], "POS");
    let predicted = bench.run(["predict", "out", "--top_k", "2", "a film"]);
    predicted.assert_done("predict");
    assert!(predicted.stdout.contains("NEG\t0.") && predicted.stdout.contains("POS\t0."), "{}", predicted.stdout);
    // The saved model is evaluated on the same numbers, with the flag or without.
    let accuracy = record["metrics"]["accuracy"].as_f64().unwrap();
    for flag in ["", "--label_names NEG,POS"] {
        let again = "--results_dir again --model out --validation_file data.csv --do_eval --max_seq_length 32";
        let ended = bench.run(again.split(' ').chain(flag.split_whitespace()));
        ended.assert_done(flag);
        assert!(ended.stderr.contains(&format!("accuracy {accuracy:.4}")), "{flag}: {}", ended.stderr);
    }
}

#[test]
fn numbers_that_are_no_indices_are_read_again_as_they_were() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["-1", "1", "-1", "1", "1"]));
    bench.write("dev.csv", csv(&["1", "1", "-1"]));
    let train =
        "--model m --train_file data.csv --validation_file dev.csv --do_train --do_eval --label_names -1=NEG,1=POS";
    run(&bench, train).assert_done("trained");
    let config = json_file(&bench, "out/config.json");
    assert_eq!(config["id2label"], json!({"0": "NEG", "1": "POS"}));
    assert_eq!(config["label_spellings"], json!(["-1", "1"]));
    let (trained, hash) = (bench.record()["metrics"].clone(), bench.record()["dataset"]["splits"][1]["sha256"].clone());
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    bench.write("words.csv", csv(&["POS", "POS", "NEG"]));
    for file in ["dev.csv", "words.csv"] {
        let again = format!("--results_dir results --model out --validation_file {file} --do_eval --max_seq_length 32");
        bench.run(again.split(' ')).assert_done(file);
        let record = bench.record();
        assert_eq!(record["metrics"]["accuracy"], trained["accuracy"], "{file}");
        // A label is its name, whatever stands in its place.
        assert_eq!(record["dataset"]["splits"][0]["sha256"], hash, "{file}");
        std::fs::remove_dir_all(bench.path("results")).unwrap();
    }
}

#[test]
fn words_are_put_in_order_which_says_whose_f1_it_is() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["good", "bad", "good", "bad", "bad"]));
    let train = "--model m --train_file data.csv --validation_file data.csv --metric_name f1 --do_train --do_eval";
    run(&bench, train).assert_done("in the order of the letters");
    assert_eq!(json_file(&bench, "out/config.json")["id2label"], json!({"0": "bad", "1": "good"}));
    run(&bench, &format!("{train} --label_names good,bad")).assert_done("in this order");
    assert_eq!(json_file(&bench, "out/config.json")["id2label"], json!({"0": "good", "1": "bad"}));
    assert_eq!(bench.record_files().len(), 2, "another order is another run");
    // F1 of another class is another number.
    let ended = bench.run(["compare", "results"]);
    ended.assert_done("compare");
    assert!(ended.stdout.contains("F1 of bad") && ended.stdout.contains("F1 of good"), "{}", ended.stdout);
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let bench = Bench::new();
    bench.write("two.csv", csv(&["0", "1"]));
    bench.write("words.csv", csv(&["neg", "pos"]));
    bench.write("scores.csv", csv(&["0.5", "1.5"]));
    bench.write("own/config.json", "");
    let train = |file: &str, names: &str| format!("--model m --train_file {file} --do_train --label_names {names}");
    let cases: [(String, &[&str]); 12] = [
        (train("two.csv", "A,B,C"), &["--label_names A,B,C: these are 3 names", "column label of two.csv are 0, 1"]),
        (train("two.csv", "A,A"), &["--label_names A,A: A stands there twice"]),
        (train("two.csv", "0=A,2=B"), &["are 0, 1: each needs a name"]),
        (train("two.csv", "0=A,0=B"), &["0 has two names"]),
        (train("two.csv", "0=A,B"), &["expected names in the order of the classes"]),
        (train("two.csv", "1,0"), &["0 would be called 1"]),
        (train("words.csv", "NEG,POS"), &["are words already, neg, pos"]),
        (train("words.csv", "0=NEG,1=POS"), &["are words, neg, pos, and only numbers are given names"]),
        (train("scores.csv", "A,B"), &["column label of scores.csv are numbers to come near to"]),
        (train("two.csv", "A,B --do_regression"), &["--label_names A,B", "numbers to come near to"]),
        (
            "--model m --task rte --dataset_dir g --label_names A,B".to_owned(),
            &["--label_names is about data of your own"],
        ),
        (
            "--model m --dataset_name g --dataset_config_name rte --do_train --label_names not_entailment,entailment"
                .to_owned(),
            &["0 would be called not_entailment", "calls another class so (0 entailment, 1 not_entailment)"],
        ),
    ];
    for (flags, parts) in cases {
        run(&bench, &flags).assert_one_line(&flags, parts);
        bench.assert_clean(&flags);
    }
    run(&bench, &train("two.csv", "A,B")).assert_done("a model");
    let evaluate = |names: &str| format!("--model out --validation_file two.csv --do_eval --label_names {names}");
    for (names, part) in [("A,C", "the model's labels are A, B: give these"), ("A,B,C", "the model has 2 labels")] {
        run(&bench, &evaluate(names)).assert_refused(names, 2, &[part]);
    }
}
