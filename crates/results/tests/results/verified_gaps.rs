//! What references and records leave open, and is not passed over: rows without content or name, numbers that no run answers, runs of
//! which it is not said what the number is; and numbers that cannot be.

use results::compare::{self, CompareOptions};
use results::verify::{self, Outcome};
use serde_json::{Value, json};

use crate::verified::Bench;
use crate::verified_rows::{NEAR, accuracy, verdict};

#[test]
fn rows_whose_content_a_record_does_not_have_are_not_known_to_be_the_same() {
    // Of format 1, which has no hashes.
    let bench = Bench::new("accuracy", &NEAR, 277);
    let run = json!({"metric": "accuracy", "value": 0.65, "rows_sha256": "ab".repeat(32)});
    let number = bench.against(&run, |_| ()).unwrap();
    let note = number["note"].as_str().unwrap();
    assert!(number["same_rows"].is_null() && note.contains("unknown whether on the same rows"), "{number}");
    assert_eq!(verdict(&number), "reproduced");
    // The number of rows is one of the benchmark's split.
    let number = bench.against(&accuracy(0.65), |_| ()).unwrap();
    assert_eq!((&number["same_rows"], &number["note"]), (&json!(true), &json!("")));
}

#[test]
fn rows_that_are_not_named_are_of_no_split() {
    let bench = Bench::new("accuracy", &[], 0);
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("results", seed, |record| {
            record["format_version"] = json!(2);
            record["task"] = json!("own");
            record["metrics"] = json!({"accuracy": value});
            record["dataset"].as_object_mut().unwrap().remove("rows");
            record["dataset"]["splits"] = json!([]);
        });
    }
    let against = |run: &Value| {
        bench.write("reference.json", &json!({"runs": {"own": run}}));
        let verified = verify::run(&bench.options("reference.json")).map_err(|error| error.to_string())?;
        Ok::<_, String>(serde_json::from_str::<Value>(&verified.as_json()).unwrap()["numbers"][0].clone())
    };
    let error = against(&json!({"metric": "accuracy", "value": 0.65, "split": "test"})).unwrap_err();
    assert!(error.contains("scored on rows that it does not name, expected rows of test"), "{error}");
    assert!(against(&accuracy(0.65)).unwrap()["same_rows"].is_null());
}

/// A table of two models, with a number of another split and one whose metric is not stated.
fn table_of_two() -> Value {
    json!({"format": "published-results-2", "name": "t", "source": "https://example.org", "protocol": "p", "split": "validation",
        "statistic": "mean", "runs": 5, "rows": [
            {"model": "all-MiniLM-L6-v2", "tasks": {"rte": {"accuracy": 0.65}}},
            {"model": "all-minilm-l6-v2", "tasks": {"rte": {"accuracy": 0.9}}}]})
}

#[test]
fn all_numbers_are_answered_or_named() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let sum = |table: &Value, complete: bool, model: Option<&str>| {
        bench.write("table.json", table);
        let mut options = bench.options("table.json");
        (options.complete, options.reference_model) = (complete, model.map(str::to_owned));
        let verified = verify::run(&options).unwrap();
        (verified.outcome(), verified.summary().to_owned(), verified.as_text())
    };
    let table = table_of_two();
    assert_eq!(sum(&table, false, None).0, Outcome::Reproduced, "the other model is none of ours");
    let (outcome, summary, text) = sum(&table, true, None);
    let named = "no run answers 1 number (accuracy of rte of all-minilm-l6-v2: model not run)";
    assert_eq!(outcome, Outcome::NotReproduced);
    assert!(
        summary.starts_with(&format!("Not reproduced, since {named}, and --complete asks for all: of 1 ")),
        "{summary}"
    );
    assert!(text.lines().any(|line| line.starts_with("all-minilm-l6-v2") && line.contains("model not run")), "{text}");
    // Whoever says which model is meant asks for the numbers of that one.
    assert_eq!(sum(&table, true, Some("all-MiniLM-L6-v2")).0, Outcome::Reproduced);
    for (number, what) in [
        (json!({"accuracy": {"value": 0.65, "split": "test"}}), "accuracy of rte: other split"),
        (json!({"unstated": 0.65}), "unstated of rte: metric not stated"),
    ] {
        let mut table = table_of_two();
        table["rows"][1] = json!({"model": "all-MiniLM-L6-v2", "tasks": {"rte": number}});
        assert_eq!(sum(&table, false, None).0, Outcome::Reproduced);
        let (outcome, summary, _) = sum(&table, true, None);
        assert!(
            outcome == Outcome::NotReproduced && summary.contains(&format!("no run answers 1 number ({what})")),
            "{summary}"
        );
    }
}

#[test]
fn how_many_runs_there_were_counts_where_it_is_said_what_the_number_is_of_them() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let against = |statistic: Value, runs: Value| {
        let run = json!({"metric": "accuracy", "value": 0.65, "statistic": statistic, "runs": runs, "tolerance": 0.05});
        bench.against(&run, |_| ()).unwrap()
    };
    let (unstated, one, mean) =
        (against(Value::Null, json!(100)), against(json!("single"), json!(1)), against(json!("mean"), json!(100)));
    assert_eq!(unstated["interval"], one["interval"], "{unstated}");
    assert_ne!(unstated["interval"], mean["interval"]);
    let note = unstated["note"].as_str().unwrap();
    assert!(note.contains("does not say what it is of its 100 runs (statistic), and counts as one run"), "{note}");
    assert_eq!((&mean["note"], &one["note"]), (&json!(""), &json!("")));
}

#[test]
fn numbers_that_cannot_be_are_named() {
    let bench = Bench::new("accuracy", &[0.5, 53.4], 277);
    let error = bench.against(&accuracy(0.5), |_| ()).unwrap_err();
    assert!(error.contains("seed-1.json: accuracy of rte is 53.4, expected 0 to 1"), "{error}");
    let error = compare::run(&CompareOptions { paths: bench.options("results").paths, ..CompareOptions::default() });
    assert!(error.unwrap_err().to_string().contains("seed-1.json: accuracy of rte is 53.4"));
}

#[test]
fn predictions_alone_are_passed_over_where_other_runs_answer() {
    let predicted_in = |bench: &Bench, folder: &str, seed: usize| {
        bench.add(folder, seed, |record| {
            record["format_version"] = json!(2);
            record["metrics"] = json!({});
            record["score"] = Value::Null;
            record["dataset"].as_object_mut().unwrap().remove("rows");
            record["dataset"]["splits"] =
                json!([{"split": "test", "used_for": "prediction", "rows": 3000, "rows_of_split": 3000, "sha256": "ab".repeat(32)}]);
        });
    };
    let predicted = |bench: &Bench, seed: usize| predicted_in(bench, "results", seed);
    let bench = Bench::new("accuracy", &NEAR, 277);
    predicted(&bench, 20);
    let number = bench.against(&accuracy(0.65), |_| ()).unwrap();
    assert_eq!((verdict(&number), &number["runs"]), ("reproduced", &json!(3)), "{number}");
    // Nor are those among the runs of the reference one of several settings.
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("others", seed + 30, |record| record["metrics"] = json!({"accuracy": value}));
    }
    predicted_in(&bench, "others", 40);
    let beside = verify::run(&bench.options("others")).map_err(|error| error.to_string()).unwrap();
    let beside: Value = serde_json::from_str(&beside.as_json()).unwrap();
    assert_eq!(beside["numbers"].as_array().map(Vec::len), Some(1), "{beside}");
    // Those of another task are no error either.
    bench.add("results", 21, |record| {
        record["task"] = json!("cola");
        record["metrics"] = json!({});
        record["score"] = Value::Null;
    });
    let cola = json!({"metric": "matthews_correlation", "value": 0.5});
    bench.write("two.json", &json!({"runs": {"rte": accuracy(0.65), "cola": cola}}));
    let all = verify::run(&bench.options("two.json")).unwrap();
    let all: Value = serde_json::from_str(&all.as_json()).unwrap();
    let of_task = |task: &str| all["numbers"].as_array().unwrap().iter().find(|number| number["task"] == task).unwrap();
    assert_eq!((verdict(of_task("rte")), verdict(of_task("cola"))), ("reproduced", "not run"), "{all}");
    // Where none does, that is said.
    let bench = Bench::new("accuracy", &[], 277);
    predicted(&bench, 20);
    let error = bench.against(&accuracy(0.65), |_| ()).unwrap_err();
    assert!(error.contains("they were not evaluated (--do_eval)"), "{error}");
}

#[test]
fn a_byte_order_mark_makes_no_other_reference() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("others", seed + 10, |record| record["metrics"] = json!({"accuracy": value}));
    }
    bench.write("reference.json", &json!({"runs": {"rte": {"metric": "accuracy", "value": 0.65}}}));
    let mut table = table_of_two();
    table["rows"].as_array_mut().unwrap().pop();
    bench.write("table.json", &table);
    for name in ["reference.json", "table.json", "others/seed-10.json"] {
        let options = bench.options(name);
        let file = &options.against[0];
        std::fs::write(file, format!("\u{feff}{}", std::fs::read_to_string(file).unwrap())).unwrap();
        assert!(verify::run(&options).is_ok(), "{name}");
    }
}

/// Three runs on 277 rows with this content, as many as the development set has.
fn add_content(bench: &Bench, first_seed: usize, hash: &str) {
    for (place, value) in NEAR.into_iter().enumerate() {
        bench.add("results", first_seed + place, |record| {
            record["format_version"] = json!(2);
            record["metrics"] = json!({"accuracy": value});
            record["settings_hash"] = json!(hash.repeat(32));
            record["dataset"].as_object_mut().unwrap().remove("rows");
            record["dataset"]["splits"] = json!([{"split": "validation", "used_for": "evaluation", "rows": 277, "rows_of_split": 277,
                "sha256": hash.repeat(32), "trained_on": 0}]);
        });
    }
}

#[test]
fn of_two_contents_with_the_benchmark_s_number_of_rows_neither_is_known_to_be_the_benchmark_s() {
    let said = "which are the benchmark's is not known";
    let bench = Bench::new("accuracy", &[], 277);
    add_content(&bench, 0, "ab");
    let number = bench.against(&accuracy(0.65), |_| ()).unwrap();
    assert!(!number["note"].as_str().unwrap().contains(said) && number["same_rows"] == true, "{number}");
    add_content(&bench, 10, "cd");
    let number = bench.against(&accuracy(0.65), |_| ()).unwrap();
    assert!(number["note"].as_str().unwrap().contains(said) && number["same_rows"].is_null(), "{number}");
}

#[test]
fn a_hash_is_the_same_in_upper_case() {
    let bench = Bench::new("accuracy", &[], 277);
    add_content(&bench, 0, "ab");
    for hash in ["ab", "AB"] {
        let number = bench
            .against(&json!({"metric": "accuracy", "value": 0.65, "rows_sha256": hash.repeat(32)}), |_| ())
            .unwrap();
        assert_eq!(number["same_rows"], true, "{number}");
    }
    let other = json!({"metric": "accuracy", "value": 0.65, "rows_sha256": "CD".repeat(32)});
    assert!(bench.against(&other, |_| ()).is_err());
}

#[test]
fn a_spread_in_percent_is_refused_as_a_value_is() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let run = json!({"metric": "accuracy", "value": 0.65, "statistic": "mean", "runs": 5, "standard_deviation": 1.2});
    let error = bench.against(&run, |_| ()).unwrap_err();
    for part in ["reference.json: accuracy of rte: standard_deviation is 1.2", "not percent (is 0.012 meant?)"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let mut table = table_of_two();
    table["rows"][0]["tasks"]["rte"]["accuracy"] = json!({"value": 0.65, "standard_deviation": 1.2});
    bench.write("table.json", &table);
    let error = verify::run(&bench.options("table.json")).err().unwrap().to_string();
    assert!(error.contains("accuracy of rte of all-MiniLM-L6-v2: standard_deviation is 1.2"), "{error}");
}
