//! `run-glue verify`: what is reproduced, what is missed, and what cannot be told.

use std::path::Path;

use crate::support::program::{Bench, Ended, copy};
use serde_json::{Value, json};

/// A folder with room for records.
struct Records {
    bench: Bench,
    record: Value,
}

impl Records {
    /// Without any.
    fn new() -> Self {
        let bench = Bench::new();
        let flags =
            ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--max_steps", "1", "--results_dir", "first"];
        bench.run(flags).assert_done("a record");
        let file = bench.files("first").into_iter().find(|file| !file.ends_with(".predictions.json")).unwrap();
        let record = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        Self { bench, record }
    }

    /// With three seeds of RTE, whose mean is 0.65 and standard deviation 0.01.
    fn of_three() -> Self {
        let this = Self::new();
        for (seed, accuracy) in [(1, 0.64), (2, 0.65), (3, 0.66)] {
            this.add("results", "m", "rte", seed, &json!({"accuracy": accuracy, "loss": 0.6}));
        }
        this
    }

    /// A record of a run on a dev set of 277 rows.
    fn add(&self, folder: &str, model: &str, task: &str, seed: u64, metrics: &Value) {
        let mut record = self.record.clone();
        record["model"]["id"] = json!(model);
        record["task"] = json!(task);
        record["seed"] = json!(seed);
        record["metrics"] = metrics.clone();
        record["dataset"]["rows"]["validation"] = json!(277);
        self.bench.write(&format!("{folder}/{task}/{model}/seed-{seed}.json"), record.to_string());
    }

    fn verify(&self, flags: &str) -> Ended {
        self.bench.run(["verify"].into_iter().chain(flags.split_whitespace()))
    }

    /// The results against these runs of a reference.
    fn against(&self, runs: &Value, flags: &str) -> Ended {
        self.bench.write("reference.json", json!({"runs": runs}).to_string());
        self.verify(&format!("results --against reference.json {flags}"))
    }

    /// The only row of the table.
    fn row(&self, runs: &Value) -> Value {
        let rows: Value = serde_json::from_str(&self.against(runs, "--json").stdout).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
        rows[0].clone()
    }
}

fn accuracy(value: f64) -> Value {
    json!({"rte": {"metric": "accuracy", "value": value}})
}

fn within(value: f64, tolerance: f64) -> Value {
    json!({"rte": {"metric": "accuracy", "value": value, "tolerance": tolerance}})
}

#[test]
fn a_number_is_within_its_interval_up_to_the_edge() {
    let records = Records::of_three();
    // Exact, at the edges of the tolerance, where binary fractions lie a hair beyond, and out.
    for (value, tolerance, code) in
        [(0.65, 0.0, 0), (0.67, 0.02, 0), (0.63, 0.02, 0), (0.6701, 0.02, 1), (0.6299, 0.02, 1)]
    {
        let ended = records.against(&within(value, tolerance), "");
        assert_eq!(ended.code, Some(code), "{value}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stdout.contains("MISS"), code == 1, "{}", ended.stdout);
        assert_eq!(ended.stderr.contains("1 of 1 numbers are out of their intervals"), code == 1, "{}", ended.stderr);
    }
    // From the seeds: 4.3027 x 0.01 x sqrt(1 + 1/3), a row of 277, half of the last digit.
    let row = records.row(&accuracy(0.65));
    let half = 4.302_653 * 0.01 * (4.0 / 3.0_f64).sqrt() + 1.0 / 277.0 + 0.005;
    assert!((row["allowed"].as_f64().unwrap() - half).abs() < 1e-6, "{row}");
    assert_eq!((&row["runs"], &row["within"], &row["state"]), (&json!(3), &json!(true), &json!("ok")));
    assert_eq!(
        records.against(&accuracy(0.65 + half - 1e-4), "").code,
        Some(1),
        "with more digits the interval is narrower"
    );
    // A wider level, a wider interval.
    assert_eq!(records.against(&accuracy(0.72), "").code, Some(1));
    assert_eq!(records.against(&accuracy(0.72), "--level 0.99").code, Some(0));
    // Better than it is right where that was asked for, worse is not.
    assert_eq!(records.against(&within(0.5, 0.02), "--one_sided").code, Some(0));
    assert_eq!(records.against(&within(0.8, 0.02), "--one_sided").code, Some(1));
}

#[test]
fn one_run_has_the_interval_of_chance() {
    let records = Records::new();
    records.add("results", "m", "rte", 1, &json!({"accuracy": 0.7}));
    let row = records.row(&json!({"rte": {"metric": "accuracy", "value": 0.6543}}));
    let half = 1.959_964 * (2.0 * 0.6543 * (1.0 - 0.6543) / 277.0_f64).sqrt() + 1.0 / 277.0 + 0.5e-4;
    assert!((row["allowed"].as_f64().unwrap() - half).abs() < 1e-6 && row["std"] == Value::Null, "{row}");
    // An error of a regression has no scale.
    records.add("results", "m", "stsb", 1, &json!({"rmse": 1.2}));
    records
        .against(&json!({"stsb": {"metric": "rmse", "value": 1.3}}), "")
        .assert_one_line("rmse", &["give a tolerance"]);
    let stated = json!({"stsb": {"metric": "rmse", "value": 1.3, "tolerance": 0.01}});
    assert_eq!(records.against(&stated, "").code, Some(1));
    assert_eq!(records.against(&stated, "--one_sided").code, Some(0), "a smaller error is better");
}

#[test]
fn what_was_not_run_or_is_undefined_is_not_passed_over() {
    let records = Records::of_three();
    let both =
        json!({"rte": {"metric": "accuracy", "value": 0.65}, "cola": {"metric": "matthews_correlation", "value": 0.1}});
    let ended = records.against(&both, "");
    ended.assert_done("a task that was not run");
    let line = ended.stdout.lines().find(|line| line.starts_with("cola")).unwrap();
    assert!(line.contains("0.1000") && line.contains("not run"), "{}", ended.stdout);
    let ended = records.against(&both, "--complete");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains("1 numbers are of tasks that were not run"), "{}", ended.stderr);
    // A correlation that does not exist is null in the record.
    for (seed, value) in [(1, json!(0.2)), (2, Value::Null)] {
        records.add("results", "m", "cola", seed, &json!({"matthews_correlation": value}));
    }
    let ended = records.against(&both, "");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stdout.contains("MISS: undefined in a run"), "{}", ended.stdout);
    // Nothing was run of what is asked for.
    let other = json!({"qnli": {"metric": "accuracy", "value": 0.9}});
    records.against(&other, "").assert_one_line("nothing to compare", &["reference.json: no number of the models m"]);
}

#[test]
fn models_and_settings_are_told_apart() {
    let records = Records::of_three();
    records.add("results", "n", "rte", 1, &json!({"accuracy": 0.1}));
    let ended = records.against(&within(0.65, 0.02), "");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let rows: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows[0][0], rows[1][0], rows[2][0]), ("model", "m", "n"), "{}", ended.stdout);
    assert!(rows[1].contains(&"ok") && rows[2].contains(&"MISS"), "{}", ended.stdout);
    // Whose the numbers are.
    let reference = json!({"model": "m", "runs": within(0.65, 0.02)});
    records.bench.write("reference.json", reference.to_string());
    records.verify("results --against reference.json").assert_done("only m");
    let reference = json!({"model": "big/model", "runs": within(0.65, 0.02)});
    records.bench.write("reference.json", reference.to_string());
    let hint = ["models m, n", "give --reference_model, one of: big/model"];
    records.verify("results --against reference.json").assert_one_line("another name", &hint);
    assert_eq!(records.verify("results/rte/m --against reference.json --reference_model big/model").code, Some(0));
    // The same model with another learning rate.
    let mut record = records.record.clone();
    record["hyper_parameters"]["learning_rate"] = json!(3e-5);
    record["metrics"] = json!({"accuracy": 0.2});
    records.bench.write("results/rte/m/other.json", record.to_string());
    let ended = records.against(&within(0.65, 0.02), "--json");
    let rows: Value = serde_json::from_str(&ended.stdout).unwrap();
    let found: Vec<_> = rows.as_array().unwrap().iter().map(|row| (&row["runs"], &row["within"])).collect();
    assert!(found.contains(&(&json!(3), &json!(true))) && found.contains(&(&json!(1), &json!(false))), "{rows:#}");
    let several = records.verify("results/rte/m --against results/rte/m");
    several.assert_one_line("several settings", &["several settings", "learning_rate=", "give the records of one"]);
}

#[test]
fn other_runs_and_published_tables_are_references() {
    let records = Records::of_three();
    for (seed, accuracy) in [(7, 0.65), (8, 0.66), (9, 0.67)] {
        records.add("others", "m", "rte", seed, &json!({"accuracy": accuracy, "loss": 0.1}));
    }
    let ended = records.verify("results --against others --json");
    ended.assert_done("other runs");
    let rows: Value = serde_json::from_str(&ended.stdout).unwrap();
    let half = 2.776_445 * 0.01 * (2.0 / 3.0_f64).sqrt() + 1.0 / 277.0;
    assert_eq!(rows.as_array().unwrap().len(), 1, "losses are no scores: {rows}");
    assert!((rows[0]["allowed"].as_f64().unwrap() - half).abs() < 1e-6, "{rows}");

    let table = |metrics: Value| {
        let table = json!({"format": "published-results-1", "name": "t", "source": "s", "protocol": "p",
            "split": "validation", "rows": [{"model": "big", "tasks": {"rte": metrics}}]});
        records.bench.write("tables/table.json", table.to_string());
    };
    table(json!({"accuracy": 0.01}));
    for path in ["tables", "tables/table.json"] {
        let ended = records.verify(&format!("results --against {path} --reference_model big"));
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    }
    records
        .verify("results --against tables")
        .assert_one_line("another name", &["give --reference_model, one of: big"]);
    table(json!({"unstated": 0.65, "accuracy": 0.65}));
    let ended = records.verify("results --against tables --reference_model big");
    ended.assert_done("an unstated metric");
    assert!(ended.stdout.contains("metric not stated") && ended.stdout.contains("ok"), "{}", ended.stdout);

    // The real ones: every number of BERT is read, and RTE's compared.
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/published"), &records.bench.path("published"));
    let ended = records.verify("results --against published/run_glue_readme.json --reference_model bert-base-cased");
    ended.assert_done("run_glue.py's README");
    assert!(ended.stdout.contains("0.6570") && ended.stdout.contains("not run"), "{}", ended.stdout);
    let ended = records.verify("results --against published --reference_model bert-base-cased");
    assert!(ended.code == Some(0) && ended.stderr.is_empty(), "{}", ended.stderr);
}

#[test]
fn wrong_references_are_named() {
    let records = Records::of_three();
    let wrong = |runs: Value, parts: &[&str]| records.against(&runs, "").assert_one_line(&runs.to_string(), parts);
    wrong(
        accuracy(84.07),
        &["reference.json: accuracy of rte is 84.07, expected a fraction, not percent (is 0.8407 meant?)"],
    );
    wrong(within(0.65, 3.0), &["the tolerance of rte is 3, expected 0 to 1"]);
    wrong(within(0.65, -0.1), &["the tolerance of rte is -0.1"]);
    wrong(
        json!({"rte": {"metric": "acuracy", "value": 0.6}}),
        &["acuracy of rte: the runs have no such metric, expected one of accuracy"],
    );
    wrong(json!({"rte": {"metric": "accuracy"}}), &["reference.json: missing field `value`"]);
    wrong(json!({"rte": {"metric": "accuracy", "value": "high"}}), &["reference.json: invalid type"]);
    wrong(json!({}), &["reference.json: there are no numbers in it"]);
    for (path, parts) in [
        ("m/vocab.txt", &["m/vocab.txt", "expected a reference"][..]),
        ("m/config.json", &["m/config.json: it is none of these", "expected a reference"]),
        ("absent.json", &["absent.json: ", "expected a reference"]),
        ("m", &["m: there are no numbers in it"]),
    ] {
        let ended = records.verify(&format!("results --against {path}"));
        assert_eq!(ended.code, Some(2), "{path}: {}", ended.stderr);
        for part in parts {
            assert!(ended.stderr.contains(part), "{path}: {}", ended.stderr);
        }
    }
    records.verify("g --against reference.json").assert_one_line("no records", &["there are no run records"]);
    records.verify("results --against reference.json --level 95").assert_one_line("level", &["--level is 95"]);
}
