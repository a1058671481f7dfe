//! What a model was trained on before is known or unknown, and never taken for nothing.

use crate::support::program::{Bench, Ended};
use serde_json::{Value, json};

fn bench() -> Bench {
    let bench = Bench::new();
    let text = |row: usize| format!("the {} number {row},{}\n", ["good", "bad"][row % 2], row % 2);
    for (name, rows) in [("a.csv", 0..30), ("b.csv", 30..60), ("new.csv", 60..90)] {
        bench.write(name, format!("text,label\n{}", rows.map(text).collect::<String>()));
    }
    bench
}

fn run(bench: &Bench, flags: &str) -> Ended {
    let ended = bench.run(flags.split_whitespace());
    ended.assert_done(flags);
    ended
}

/// What a run says of the rows that it evaluates: its record's number, and whether the head was new.
fn said(bench: &Bench, flags: &str) -> (Value, Value, Ended) {
    let ended = run(bench, &format!("{flags} --results_dir results"));
    let record = bench.record();
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    let splits = record["dataset"]["splits"].as_array().unwrap().clone();
    let evaluated = splits.into_iter().find(|split| split["used_for"] == "evaluation").unwrap();
    (evaluated["trained_on"].clone(), record["hyper_parameters"]["new_head"].clone(), ended)
}

const FURTHER: &str = "--train_file b.csv --validation_file a.csv --max_steps 2 --do_train --do_eval --output_dir further \
                       --overwrite_output_dir";

#[test]
fn a_training_that_starts_from_a_head_does_not_know_what_that_saw() {
    let bench = bench();
    // A pretrained model has seen no labels.
    let first =
        "--model m --train_file a.csv --validation_file b.csv --max_steps 2 --do_train --do_eval --output_dir first";
    let (trained_on, new_head, _) = said(&bench, first);
    assert_eq!((trained_on, new_head), (json!(0), json!(true)));
    let further = format!("--model first {FURTHER}");
    let (trained_on, new_head, _) = said(&bench, &further);
    assert_eq!((trained_on, new_head), (json!(30), json!(false)), "the model says it");

    let rows = std::fs::read(bench.path("first/training_rows.json")).unwrap();
    let of_others =
        String::from_utf8(rows).unwrap().replacen("\"model.safetensors\":\"", "\"model.safetensors\":\"00", 1);
    for (case, text) in [("no file", None), ("of other weights", Some(of_others)), ("damaged", Some("{".to_owned()))] {
        match text {
            None => bench.remove("first/training_rows.json"),
            Some(text) => bench.write("first/training_rows.json", text),
        }
        let (trained_on, new_head, _) = said(&bench, &further);
        assert_eq!((trained_on, new_head), (Value::Null, json!(false)), "{case}");
        // What comes of it does not know either, but for the rows that were trained on since.
        let of = |rows: &str| said(&bench, &format!("--model further --validation_file {rows} --do_eval"));
        assert_eq!(of("a.csv").0, Value::Null, "{case}");
        assert_eq!(of("new.csv").0, Value::Null, "{case}");
        let (trained_on, _, ended) = of("b.csv");
        assert_eq!(trained_on, json!(30), "{case}");
        assert!(
            ended.stderr.contains("30 of the 30 rows of validation have been trained on"),
            "{case}: {}",
            ended.stderr
        );
        let later = FURTHER.replace("b.csv", "new.csv").replace("--output_dir further", "--output_dir later");
        assert_eq!(said(&bench, &format!("--model further {later}")).0, Value::Null, "{case}");
    }
}

#[test]
fn a_head_of_another_size_saw_labels_too() {
    let bench = bench();
    let three: String = (0..30).map(|row| format!("number {row},{}\n", row % 3)).collect();
    bench.write("three.csv", format!("text,label\n{three}"));
    run(
        &bench,
        "--model m --train_file three.csv --validation_file three.csv --max_steps 2 --output_dir first --results_dir other",
    );
    bench.remove("first/training_rows.json");
    let (trained_on, new_head, _) = said(&bench, &format!("--model first --ignore_mismatched_sizes {FURTHER}"));
    assert_eq!((trained_on, new_head), (Value::Null, json!(true)));
}

#[test]
fn rows_of_this_run_are_warned_of_where_those_before_are_unknown() {
    let bench = bench();
    run(
        &bench,
        "--model m --train_file a.csv --validation_file b.csv --max_steps 2 --output_dir first --results_dir other",
    );
    bench.remove("first/training_rows.json");
    // One row of thirty.
    let one = std::fs::read_to_string(bench.path("b.csv")).unwrap().lines().nth(1).unwrap().to_owned();
    let new = std::fs::read_to_string(bench.path("new.csv")).unwrap();
    bench.write("a.csv", format!("{new}{one}\n"));
    let (trained_on, _, ended) = said(&bench, &format!("--model first {FURTHER}"));
    assert_eq!(trained_on, Value::Null);
    assert!(
        ended.stderr.contains("1 of the 31 rows of validation are trained on and evaluated too"),
        "{}",
        ended.stderr
    );
}
