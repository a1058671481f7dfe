//! `run-glue verify`: its exit codes, flags and tables. What is reproduced, and when, is tested in the crate `results`.

use std::path::Path;

use crate::support::program::{Bench, Ended, copy};
use serde_json::{Value, json};

/// The exit codes of numbers that are not reproduced, and of which it cannot be told.
const NOT_REPRODUCED: Option<i32> = Some(1);
const CANNOT_TELL: Option<i32> = Some(3);

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

    /// With three seeds of RTE, whose mean is 0.65 and standard deviation 0.004.
    fn of_three() -> Self {
        let this = Self::new();
        for (seed, accuracy) in [(1, 0.646), (2, 0.65), (3, 0.654)] {
            this.add("results", "m", "rte", seed, &json!({"accuracy": accuracy, "loss": 0.6}));
        }
        this
    }

    /// A record of a run on the whole development set.
    fn add(&self, folder: &str, model: &str, task: &str, seed: u64, metrics: &Value) {
        let rows = if task == "cola" { 1043 } else { 277 };
        self.add_on(folder, model, task, seed, metrics, rows);
    }

    /// A record of a run on so many of its rows.
    fn add_on(&self, folder: &str, model: &str, task: &str, seed: u64, metrics: &Value, rows: u64) {
        let mut record = self.record.clone();
        record["model"]["id"] = json!(model);
        record["task"] = json!(task);
        record["seed"] = json!(seed);
        record["metrics"] = metrics.clone();
        // Of other models and rows the hash is another one.
        record["settings_hash"] = json!(format!("{model} {task} {rows}"));
        for used in record["dataset"]["splits"].as_array_mut().unwrap() {
            if used["used_for"] == "evaluation" {
                used["rows"] = json!(rows);
                used["rows_of_split"] = json!(rows);
                used["trained_on"] = json!(0);
            }
        }
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
}

fn accuracy(value: f64) -> Value {
    json!({"rte": {"metric": "accuracy", "value": value}})
}

fn within(value: f64, tolerance: f64) -> Value {
    json!({"rte": {"metric": "accuracy", "value": value, "tolerance": tolerance}})
}

/// The numbers of a verification with `--json`.
fn numbers(ended: &Ended) -> Vec<Value> {
    let all: Value = serde_json::from_str(&ended.stdout).unwrap();
    all["numbers"].as_array().unwrap().clone()
}

#[test]
fn the_exit_code_and_the_last_line_say_what_came_of_it() {
    let records = Records::of_three();
    for (runs, flags, code, last) in [
        (
            accuracy(0.65),
            "",
            Some(0),
            "Reproduced: of 1 number compared 1 is reproduced, 0 are not, and 0 cannot be told.",
        ),
        (
            accuracy(0.95),
            "",
            NOT_REPRODUCED,
            "Not reproduced: of 1 number compared 0 are reproduced, 1 is not, and 0 cannot be told.",
        ),
        (
            accuracy(0.67),
            "",
            CANNOT_TELL,
            "Cannot tell: of 1 number compared 0 are reproduced, 0 are not, and 1 cannot be told.",
        ),
        (
            accuracy(0.67),
            "--accept_inconclusive",
            Some(0),
            "Cannot tell: of 1 number compared 0 are reproduced, 0 are not, and 1 cannot be told.",
        ),
    ] {
        let ended = records.against(&runs, flags);
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stdout.lines().last(), Some(last), "{}", ended.stdout);
        let ended = records.against(&runs, &format!("{flags} --json"));
        let all: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((ended.code, all["summary"].as_str()), (code, Some(last)), "{}", ended.stdout);
    }
    // The flag accepts no miss.
    assert_eq!(records.against(&accuracy(0.95), "--accept_inconclusive").code, NOT_REPRODUCED);
    let help = records.bench.run(["--help"]);
    assert!(help.stdout.contains("3 cannot tell"), "{}", help.stdout);
}

#[test]
fn flags_move_the_margin_and_the_level() {
    let records = Records::of_three();
    assert_eq!(records.against(&accuracy(0.65), "--margin 0.001").code, CANNOT_TELL);
    assert_eq!(records.against(&accuracy(0.7), "--margin 0.1").code, Some(0));
    assert_eq!(records.against(&within(0.7, 0.1), "").code, Some(0));
    // Nearly sure of it, and not.
    let sure = records.against(&accuracy(0.65), "--level 0.99");
    assert_eq!(sure.code, CANNOT_TELL);
    assert!(sure.stdout.contains("; at --level 0.99."), "{}", sure.stdout);
    assert!(!records.against(&accuracy(0.65), "").stdout.contains("--level"), "the usual one goes without saying");
    // Better than it is right where that was asked for, worse is not.
    assert_eq!(records.against(&accuracy(0.5), "").code, NOT_REPRODUCED);
    assert_eq!(records.against(&accuracy(0.5), "--one_sided").code, Some(0));
    assert_eq!(records.against(&accuracy(0.8), "--one_sided").code, NOT_REPRODUCED);
    let text = records.against(&accuracy(0.65), "").stdout;
    for part in ["difference", "interval", "margin", "verdict", "0.6500", "0.0200", "reproduced"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn runs_on_other_rows_are_refused() {
    let records = Records::new();
    for seed in [1, 2, 3] {
        records.add_on("results", "m", "rte", seed, &json!({"accuracy": 0.65}), 120);
    }
    let parts = ["seed-1.json", "120 rows of validation", "the 277 rows of validation", "--allow_partial"];
    records.against(&accuracy(0.65), "").assert_one_line("some rows", &parts);
    let ended = records.against(&accuracy(0.65), "--allow_partial");
    assert!(ended.code == Some(0) && ended.stdout.contains("not on the reference's rows"), "{}", ended.stdout);
}

#[test]
fn a_reference_that_does_not_say_its_rows_is_no_reference_of_the_same_rows() {
    let records = Records::new();
    for (seed, accuracy) in [(1, 0.646), (2, 0.65), (3, 0.654)] {
        records.add("results", "m", "mine", seed, &json!({"accuracy": accuracy, "loss": 0.6 + accuracy}));
    }
    for (rows, same, said) in [(None, json!(null), true), (Some(277), json!(true), false)] {
        let runs = json!({"mine": {"metric": "accuracy", "value": 0.65, "rows": rows}});
        let one = numbers(&records.against(&runs, "--json")).remove(0);
        assert_eq!(one["same_rows"], same, "{one}");
        let note = one["note"].as_str().unwrap();
        assert_eq!(note.contains("the reference does not say of which rows it is"), said, "{note}");
    }
    for rows in [None, Some(277)] {
        let of_test = json!({"mine": {"metric": "accuracy", "value": 0.65, "split": "test", "rows": rows}});
        records.against(&of_test, "").assert_one_line("split", &["277 rows of validation", "expected rows of test"]);
    }
}

#[test]
fn runs_of_another_model_or_training_are_refused() {
    let records = Records::of_three();
    for (seed, accuracy) in [(7, 0.647), (8, 0.651), (9, 0.655)] {
        records.add("others", "m", "rte", seed, &json!({"accuracy": accuracy}));
        let file = format!("others/rte/m/seed-{seed}.json");
        let mut record: Value = serde_json::from_slice(&std::fs::read(records.bench.path(&file)).unwrap()).unwrap();
        record["model"]["weights_sha256"] = json!({"model.safetensors": "ab".repeat(32)});
        records.bench.write(&file, record.to_string());
    }
    let parts = [
        "seed-1.json: accuracy of rte is of a model with the weights",
        "expected the weights abababababab",
        "--allow_other",
    ];
    records.verify("results --against others").assert_one_line("other weights", &parts);
    let ended = records.verify("results --against others --allow_other");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let last = ended.stdout.lines().last().unwrap();
    assert!(last.ends_with("; among them 1 of other weights, or trained on other rows or in another way."), "{last}");
    assert!(ended.stdout.contains("other weights"), "{}", ended.stdout);
}

#[test]
fn what_was_not_run_is_shown() {
    let records = Records::of_three();
    let both =
        json!({"rte": {"metric": "accuracy", "value": 0.65}, "cola": {"metric": "matthews_correlation", "value": 0.1}});
    let ended = records.against(&both, "");
    ended.assert_done("a task that was not run");
    let line = ended.stdout.lines().find(|line| line.starts_with("cola")).unwrap();
    assert!(line.contains("0.1000") && line.contains("not run"), "{}", ended.stdout);
    assert_eq!(records.against(&both, "--complete").code, NOT_REPRODUCED);
    // A correlation that does not exist is null in the record.
    for (seed, value) in [(1, json!(0.2)), (2, Value::Null)] {
        records.add("results", "m", "cola", seed, &json!({"matthews_correlation": value}));
    }
    let ended = records.against(&both, "");
    assert_eq!(ended.code, NOT_REPRODUCED, "{}", ended.stdout);
    assert!(ended.stdout.contains("undefined in a run"), "{}", ended.stdout);
    // Nothing was run of what is asked for.
    let other = json!({"qnli": {"metric": "accuracy", "value": 0.9}});
    records.against(&other, "").assert_one_line("nothing to compare", &["reference.json: no number of the models m"]);
}

#[test]
fn models_and_settings_are_told_apart() {
    let records = Records::of_three();
    for (seed, value) in [(1, 0.1), (2, 0.101), (3, 0.102)] {
        records.add("results", "n", "rte", seed, &json!({"accuracy": value}));
    }
    let ended = records.against(&accuracy(0.65), "");
    assert_eq!(ended.code, NOT_REPRODUCED, "{}", ended.stdout);
    let rows: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows[0][0], rows[1][0], rows[2][0]), ("model", "m", "n"), "{}", ended.stdout);
    assert!(!rows[1].contains(&"not") && rows[2].contains(&"not"), "{}", ended.stdout);
    // Whose the numbers are.
    let reference = json!({"model": "m", "runs": accuracy(0.65)});
    records.bench.write("reference.json", reference.to_string());
    records.verify("results --against reference.json").assert_done("only m");
    let reference = json!({"model": "big/model", "runs": accuracy(0.65)});
    records.bench.write("reference.json", reference.to_string());
    let hint = ["models m, n", "give --reference_model, one of: big/model"];
    records.verify("results --against reference.json").assert_one_line("another name", &hint);
    assert_eq!(records.verify("results/rte/m --against reference.json --reference_model big/model").code, Some(0));
    // The same model with another learning rate.
    let path = records.bench.path("results/rte/m/seed-1.json");
    let mut record: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    record["hyper_parameters"]["learning_rate"] = json!(3e-5);
    record["metrics"] = json!({"accuracy": 0.2});
    record["settings_hash"] = json!("another");
    records.bench.write("results/rte/m/other.json", record.to_string());
    let found: Vec<_> = numbers(&records.against(&accuracy(0.65), "--json"))
        .iter()
        .map(|number| (number["runs"].clone(), number["verdict"].clone()))
        .collect();
    assert!(
        found.contains(&(json!(3), json!("reproduced"))) && found.contains(&(json!(1), json!("cannot tell"))),
        "{found:?}"
    );
    let several = records.verify("results/rte/m --against results/rte/m");
    several.assert_one_line("several settings", &["several settings", "learning_rate=", "give the records of one"]);
}

#[test]
fn other_runs_and_published_tables_are_references() {
    let records = Records::of_three();
    for (seed, accuracy) in [(7, 0.647), (8, 0.651), (9, 0.655)] {
        records.add("others", "m", "rte", seed, &json!({"accuracy": accuracy, "loss": 0.1}));
    }
    let ended = records.verify("results --against others --json");
    ended.assert_done("other runs");
    assert_eq!(numbers(&ended).len(), 1, "losses are no scores: {}", ended.stdout);

    let table = |format: &str, metrics: Value| {
        let table = json!({"format": format, "name": "t", "source": "https://example.org", "protocol": "p",
            "split": "validation", "rows": [{"model": "big", "tasks": {"rte": metrics}}]});
        records.bench.write("tables/table.json", table.to_string());
    };
    for format in ["published-results-1", "published-results-2"] {
        table(format, json!({"accuracy": 0.01}));
        for path in ["tables", "tables/table.json"] {
            let ended = records.verify(&format!("results --against {path} --reference_model big"));
            assert_eq!(ended.code, NOT_REPRODUCED, "{}", ended.stderr);
            assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
        }
    }
    records
        .verify("results --against tables")
        .assert_one_line("another name", &["give --reference_model, one of: big"]);
    table(
        "published-results-2",
        json!({"unstated": 0.65, "accuracy": {"value": 0.65, "statistic": "mean", "runs": 5}}),
    );
    let ended = records.verify("results --against tables --reference_model big");
    ended.assert_done("an unstated metric");
    assert!(ended.stdout.contains("metric not stated") && ended.stdout.contains("mean of 5"), "{}", ended.stdout);

    // The real ones: every number of BERT is read, and RTE's compared.
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/published"), &records.bench.path("published"));
    let ended = records.verify("results --against published/run_glue_readme.json --reference_model bert-base-cased");
    // Seeds at 0.65 beside one run at 0.657: too few to tell.
    assert_eq!(ended.code, CANNOT_TELL, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("0.6570") && ended.stdout.contains("not run"), "{}", ended.stdout);
    let ended = records.verify("results --against published --reference_model bert-base-cased");
    assert!(ended.code == CANNOT_TELL && ended.stderr.is_empty(), "{}{}", ended.stdout, ended.stderr);
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
        &["acuracy of rte: the runs have no such metric; expected one of accuracy"],
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
    let margin = records.verify("results --against reference.json --margin=-1");
    margin.assert_refused("margin", 2, &["--margin", "expected 0 or more"]);
}
