//! Labels and files as people have them: what is read otherwise than it was meant would train a wrong model without a word.

use crate::support::program::{Bench, Ended};

const FLAGS: &str = "--results_dir results --max_steps 2 --max_seq_length 32";

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(FLAGS.split(' ').chain(flags.split_whitespace()))
}

fn names(bench: &Bench, model: &str) -> serde_json::Value {
    let config = std::fs::read(bench.path(&format!("{model}/config.json"))).unwrap();
    serde_json::from_slice::<serde_json::Value>(&config).unwrap()["id2label"].clone()
}

/// `text,label` with a text of its own a row.
fn csv(labels: &[&str]) -> String {
    let rows = labels.iter().enumerate().map(|(row, label)| format!("a film of number {row},{label}\n"));
    format!("text,label\n{}", rows.collect::<String>())
}

#[test]
fn classes_that_differ_in_capital_letters_stay_apart() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["No", "NO", "yes", "No", "NO", "yes"]));
    let train = "--model m --train_file data.csv --validation_file data.csv --do_train --do_eval --output_dir out --num_train_epochs 30";
    let trained = bench.run("--results_dir results --learning_rate 3e-3".split(' ').chain(train.split(' ')));
    trained.assert_done("trained");
    let accuracy = bench.record()["metrics"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
    assert_eq!(names(&bench, "out"), serde_json::json!({"0": "NO", "1": "No", "2": "yes"}));
    let again = bench.run("--results_dir again --model out --validation_file data.csv --do_eval".split(' '));
    again.assert_done("evaluated");
    assert!(again.stderr.contains(&format!("accuracy {accuracy:.4}")), "{}", again.stderr);
    // The other way round: names that are the same but for capital letters are matched, and that is said.
    bench.write("lower.csv", csv(&["yes", "YES"]));
    let other = bench.run("--results_dir again --model out --validation_file lower.csv --do_eval".split(' '));
    other.assert_refused("two of one", 2, &["lower.csv, row 1", "`YES`"]);
}

#[test]
fn labels_are_words_as_they_stand_where_one_is_a_word() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["2E3", "A10", "001", "1", "2E3", "A10"]));
    let flags = "--model m --train_file data.csv --validation_file data.csv --do_train --do_eval --output_dir out";
    run(&bench, flags).assert_done("codes");
    assert_eq!(names(&bench, "out"), serde_json::json!({"0": "001", "1": "1", "2": "2E3", "3": "A10"}));
}

#[test]
fn rows_without_a_label_are_an_error_or_left_out_and_counted() {
    let bench = Bench::new();
    let train = "--model m --validation_file dev.csv --do_train --do_eval --train_file";
    bench.write("dev.csv", csv(&["0", "1", "2"]));
    for nothing in ["", "NULL", "NaN"] {
        bench.write("null.csv", csv(&["0", "1", nothing, "1", nothing, "2"]));
        let refused = run(&bench, &format!("{train} null.csv"));
        refused.assert_refused(
            nothing,
            2,
            &["row 2 (from 0) has no label, and 1 more have none", "--missing_labels drop"],
        );
        let dropped = run(&bench, &format!("{train} null.csv --missing_labels drop"));
        dropped.assert_done(nothing);
        assert!(dropped.stderr.contains("2 of 6 rows have no label and are left out"), "{}", dropped.stderr);
    }
    bench.write("marks.csv", csv(&["0", "1", "-1", "2"]));
    let marks = run(&bench, &format!("{train} marks.csv"));
    marks.assert_done("marks");
    assert!(marks.stderr.contains("1 of 4 rows have no label and are left out"), "{}", marks.stderr);
    run(&bench, &format!("{train} marks.csv --missing_labels error")).assert_refused(
        "marks",
        2,
        &["row 2 (from 0) has no label"],
    );
}

#[test]
fn classes_that_only_one_split_has_are_said() {
    let bench = Bench::new();
    bench.write("train.csv", csv(&["neg", "neg", "pos", "pos", "rare"]));
    bench.write("dev.csv", csv(&["pos", "neutral"]));
    let flags = "--model m --train_file train.csv --validation_file dev.csv --do_train --do_eval --output_dir out";
    let ended = run(&bench, flags);
    ended.assert_done("classes");
    let said = ["rows of classes that are not trained on: neutral", "no row of classes that are trained on: neg, rare"];
    assert!(said.iter().all(|said| ended.stderr.contains(said)), "{}", ended.stderr);
    // Labels that nobody knows are no reason not to predict.
    bench.write("test.csv", csv(&["?", "?"]));
    let predicted = run(&bench, "--model out --test_file test.csv --do_predict --output_dir predictions");
    predicted.assert_done("predicted");
    assert!(predicted.stderr.contains("the rows are predicted, and not scored"), "{}", predicted.stderr);
}

#[test]
fn names_of_classes_may_be_numbers_in_config_json() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["1", "2", "3"]));
    run(&bench, "--model m --train_file data.csv --do_train --output_dir out").assert_done("trained");
    let config = std::fs::read_to_string(bench.path("out/config.json")).unwrap();
    let numbers = ["1", "2", "3"]
        .iter()
        .fold(config, |config, name| config.replacen(&format!(": \"{name}\""), &format!(": {name}"), 1));
    assert!(numbers.contains("\"0\": 1"), "{numbers}");
    bench.write("out/config.json", numbers);
    let ended = run(&bench, "--model out --validation_file data.csv --do_eval");
    ended.assert_done("evaluated");
    let predicted = bench.run(["predict", "out", "a film of number 1"]);
    predicted.assert_done("predicted");
    let label = predicted.stdout.split('\t').next().unwrap().to_owned();
    assert!(["1", "2", "3"].contains(&label.as_str()), "{}", predicted.stdout);
}

#[test]
fn a_sorted_file_is_shuffled_before_it_is_cut() {
    let bench = Bench::new();
    let sorted: Vec<&str> = (0..60).map(|row| ["a", "b", "c"][row / 20]).collect();
    bench.write("news.csv", csv(&sorted));
    let parts = "--model m --train_file news.csv --train_split_name train[:50%] --validation_split_name train[50%:75%] \
                 --test_split_name train[75%:] --do_train --do_eval --do_predict --output_dir out --overwrite_output_dir";
    let sorted = run(&bench, parts);
    assert!(sorted.stderr.contains("classes that are not trained on: c"), "{}", sorted.stderr);
    let mut hashes = Vec::new();
    for like in ["datasets", "pandas"] {
        std::fs::remove_dir_all(bench.path("results")).unwrap();
        let shuffled = run(&bench, &format!("{parts} --shuffle_before_split --shuffle_like {like}"));
        shuffled.assert_done(like);
        assert!(!shuffled.stderr.contains("not trained on"), "{}", shuffled.stderr);
        let record = bench.record();
        assert_eq!(record["dataset"]["splits"].as_array().unwrap().len(), 3);
        assert!(record["dataset"]["splits"][1]["trained_on"] == 0, "the parts have no row in common");
        hashes.push(record["dataset"]["splits"][0]["sha256"].clone());
    }
    assert_ne!(hashes[0], hashes[1]);
    run(&bench, &format!("{parts} --shuffle_like pandas")).assert_refused(
        "not shuffled",
        2,
        &["--shuffle_like is pandas"],
    );
    let shuffled = run(&bench, &format!("{parts} --shuffle_before_split"));
    assert!(shuffled.stderr.contains("the index of a prediction counts them in that order"), "{}", shuffled.stderr);
    let whole = "--model m --train_file news.csv --do_train --shuffle_before_split";
    run(&bench, whole).assert_refused(
        "nothing is cut",
        2,
        &["--shuffle_before_split is for parts", "--shuffle_train_dataset"],
    );
    run(&bench, &format!("{parts} --delimiter xx")).assert_refused("delimiter", 2, &["--delimiter", "one character"]);
}

#[test]
fn models_in_other_layouts_are_read_or_said_what_they_are() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["0", "1", "1"]));
    let evaluate = |model: &str| run(&bench, &format!("--model {model} --train_file data.csv --do_train"));
    // sentence-transformers
    let module =
        r#"[{"idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]"#;
    bench.write("sbert/modules.json", module);
    for file in bench.files("m") {
        let name = file.rsplit('/').next().unwrap().to_owned();
        bench.write(&format!("sbert/0_Transformer/{name}"), std::fs::read(bench.path(&file)).unwrap());
    }
    let taken = evaluate("sbert");
    taken.assert_done("sbert");
    assert!(taken.stderr.contains("the model is the one in 0_Transformer, as modules.json says"), "{}", taken.stderr);
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        if let Ok(bytes) = std::fs::read(bench.path(&format!("m/{name}"))) {
            bench.write(&format!("tf/{name}"), bytes);
        }
    }
    bench.write("tf/tf_model.h5", "weights");
    evaluate("tf").assert_refused("TensorFlow", 2, &["its weights are TensorFlow's (tf_model.h5)", "from_tf=True"]);
}

#[test]
fn the_rows_that_are_trained_on_decide_what_labels_are() {
    let bench = Bench::new();
    bench.write("int.csv", csv(&["1", "0", "1"]));
    // As pandas writes whole numbers once a cell was empty.
    bench.write("floats.csv", csv(&["1.0", "0.0", ""]));
    bench.write("fractions.csv", csv(&["0.5", "1", "0.25"]));
    let train =
        "--model m --train_file int.csv --do_train --do_eval --output_dir out --overwrite_output_dir --validation_file";
    let floats = run(&bench, &format!("{train} floats.csv --missing_labels drop"));
    floats.assert_done("whole numbers");
    assert!(floats.stderr.contains("labels in label: 2 classes"), "{}", floats.stderr);
    let fractions = run(&bench, &format!("{train} fractions.csv"));
    fractions.assert_refused("fractions", 2, &["has fractions, and the rows that are trained on have classes"]);
    let whole = "--model m --train_file floats.csv --do_train --missing_labels drop";
    let regression = run(&bench, whole);
    regression.assert_done("floats alone");
    assert!(regression.stderr.contains("labels in label: numbers (a regression)"), "{}", regression.stderr);
    let classes = run(&bench, &format!("{whole} --do_regression false"));
    classes.assert_done("floats as classes");
    assert!(classes.stderr.contains("labels in label: 2 classes"), "{}", classes.stderr);
}

#[test]
fn a_dataset_card_says_what_labels_are() {
    let bench = Bench::new();
    let card = |dtype: &str| {
        bench.write(
            "d/README.md",
            format!("---\ndataset_info:\n  features:\n  - name: label\n    dtype: {dtype}\n---\n"),
        );
    };
    for (labels, dtype, said) in [
        (
            ["1.0", "0.0", "1.0"],
            "\n      class_label:\n        names:\n          '0': neg\n          '1': pos",
            "2 classes",
        ),
        (["1.0", "0.0", "1.0"], "int64", "2 classes"),
        (["1", "0", "1"], "float64", "numbers (a regression)"),
        (["1", "0", "1"], "string", "2 classes"),
    ] {
        bench.write("d/train.csv", csv(&labels));
        card(dtype);
        let ended = run(&bench, "--model m --dataset_name d --do_train --output_dir out --overwrite_output_dir");
        ended.assert_done(dtype);
        assert!(ended.stderr.contains(&format!("labels in label: {said}")), "{dtype}: {}", ended.stderr);
    }
    bench.write("d/train.csv", csv(&["1", "0", "1"]));
    card("float64");
    let asked = run(&bench, "--model m --dataset_name d --do_train --do_regression false");
    assert!(asked.stderr.contains("labels in label: 2 classes"), "{}", asked.stderr);
    bench.write("d/validation.csv", csv(&["1.5", "0", "1"]));
    let floats = run(&bench, "--model m --dataset_name d --do_train --do_eval");
    assert!(floats.stderr.contains("labels in label: numbers (a regression)"), "{}", floats.stderr);
    card("string");
    bench.write("d/train.csv", csv(&["01", "1", "2"]));
    let texts = run(&bench, "--model m --dataset_name d --do_train");
    texts.assert_refused(
        "texts",
        2,
        &["the dataset's card says that column label of d holds texts", "json or parquet"],
    );
}

#[test]
fn minus_one_is_a_class_or_none_as_its_name_says() {
    let bench = Bench::new();
    bench.write("m1.csv", csv(&["-1", "0", "1", "-1"]));
    let train = "--model m --train_file m1.csv --do_train --output_dir out --overwrite_output_dir";
    run(&bench, train).assert_done("three classes");
    assert_eq!(names(&bench, "out"), serde_json::json!({"0": "-1", "1": "0", "2": "1"}));
    let two = run(&bench, &format!("{train} --label_names 0=no,1=yes"));
    two.assert_done("two");
    assert!(two.stderr.contains("2 of 4 rows have no label and are left out"), "{}", two.stderr);
    bench.write("m5.csv", csv(&["-1", "0", "1", "2", "3"]));
    let five = "--model m --train_file m5.csv --do_train --output_dir out --overwrite_output_dir --label_names=-1=e,0=a,1=b,2=c,3=d";
    run(&bench, five).assert_done("five");
    assert_eq!(names(&bench, "out").as_object().unwrap().len(), 5);
}

#[test]
fn what_would_be_taken_for_something_else_is_refused() {
    let bench = Bench::new();
    bench.write("data.csv", csv(&["0", "1", "1"]));
    for (flags, part) in [
        ("--text_column_names label", "column label is taken for a text and the label"),
        ("--text_column_names text,text", "column text is taken for both texts"),
        ("--train_split_name train[50%:60]", "names no part of a split"),
    ] {
        run(&bench, &format!("--model m --train_file data.csv --do_train {flags}")).assert_refused(flags, 2, &[part]);
    }
    let table = bench.run(["predict", "m", "--file", "data.csv"]);
    table.assert_refused("a table", 2, &["--file data.csv: this is a table", "--test_file"]);
    let config = std::fs::read(bench.path("m/config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    config["id2label"] = serde_json::json!({"1": "a", "2": "b"});
    bench.write("m/config.json", config.to_string());
    let odd = run(&bench, "--model m --train_file data.csv --do_train");
    odd.assert_refused("id2label", 2, &["`id2label` is", "a name for each of 0, 1, 2 and on"]);
}
