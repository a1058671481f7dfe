//! What verification refuses, what it takes, and what it says of numbers that are no plain means.

use results::verify::{self, Margin, Margins, Outcome, VerifyOptions};
use serde_json::{Value, json};

use crate::verified::Bench;

/// Three seeds of RTE, whose mean is 0.65 and standard deviation 0.004.
pub(crate) const NEAR: [f64; 3] = [0.646, 0.65, 0.654];

pub(crate) fn accuracy(value: f64) -> Value {
    json!({"metric": "accuracy", "value": value})
}

pub(crate) fn verdict(number: &Value) -> &str {
    number["verdict"].as_str().unwrap()
}

#[test]
fn a_wide_interval_reproduces_nothing() {
    // Two seeds on few rows, far from each other and from the number: the width must not help.
    let bench = Bench::new("accuracy", &[0.3, 0.75], 277);
    let number = bench.against(&accuracy(0.95), |_| ()).unwrap();
    assert_eq!(verdict(&number), "cannot tell", "{number}");
    // Three near each other, and the number far: not reproduced.
    let number = Bench::new("accuracy", &NEAR, 277).against(&accuracy(0.95), |_| ()).unwrap();
    assert_eq!(verdict(&number), "not reproduced", "{number}");
}

fn margins(given: &[&str]) -> Margins {
    given.iter().map(|text| text.parse::<Margin>().unwrap()).collect()
}

#[test]
fn the_margin_is_the_flags_the_references_or_two_points() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let one_point = ["accuracy=0.01", "0.1", "f1=0.2"].as_slice();
    for (run, given, expected, verdict_of) in [
        (accuracy(0.65), [].as_slice(), 0.02, "reproduced"),
        (accuracy(0.65), &["0.001"], 0.001, "cannot tell"),
        (json!({"metric": "accuracy", "value": 0.65, "tolerance": 0.1}), &[], 0.1, "reproduced"),
        (json!({"metric": "accuracy", "value": 0.7, "tolerance": 0.1}), &[], 0.1, "reproduced"),
        (json!({"metric": "accuracy", "value": 0.7, "tolerance": 0.1}), &["0.01"], 0.01, "not reproduced"),
        // A metric's own margin comes before that of all.
        (json!({"metric": "accuracy", "value": 0.7, "tolerance": 0.1}), one_point, 0.01, "not reproduced"),
    ] {
        let number = bench.against(&run, |options| options.margins = margins(given)).unwrap();
        assert_eq!((number["margin"].as_f64().unwrap(), verdict(&number)), (expected, verdict_of), "{number}");
    }
    // An error of a regression has no usual margin.
    let bench = Bench::new("rmse", &[1.2, 1.21, 1.19], 277);
    let run = json!({"metric": "rmse", "value": 1.2});
    let error = bench.against(&run, |_| ()).unwrap_err();
    assert!(error.contains("rmse of rte is no fraction") && error.contains("--margin rmse=X"), "{error}");
    // Nor is that of fractions its own.
    let error = bench.against(&run, |options| options.margins = margins(&["0.02", "mse=0.1"])).unwrap_err();
    assert!(error.contains("rmse of rte is no fraction"), "{error}");
    assert_eq!(
        verdict(&bench.against(&run, |options| options.margins = margins(&["rmse=0.1"])).unwrap()),
        "reproduced"
    );
    // A smaller error is better.
    let run = json!({"metric": "rmse", "value": 2.0, "tolerance": 0.1});
    assert_eq!(verdict(&bench.against(&run, |_| ()).unwrap()), "not reproduced");
    assert_eq!(verdict(&bench.against(&run, |options| options.one_sided = true).unwrap()), "reproduced");
    let run = json!({"metric": "rmse", "value": 0.5, "tolerance": 0.1});
    assert_eq!(verdict(&bench.against(&run, |options| options.one_sided = true).unwrap()), "not reproduced");
}

#[test]
fn one_run_shows_nothing_alone() {
    let bench = Bench::new("accuracy", &[0.65], 277);
    let number = bench.against(&accuracy(0.65), |_| ()).unwrap();
    assert_eq!(verdict(&number), "cannot tell");
    assert!(number["note"].as_str().unwrap().contains("2 further seeds at least"), "{number}");
    // With the spread of theirs it may.
    let run =
        json!({"metric": "accuracy", "value": 0.65, "statistic": "mean", "runs": 10, "standard_deviation": 0.004});
    assert_eq!(verdict(&bench.against(&run, |_| ()).unwrap()), "reproduced");
}

#[test]
fn the_number_of_further_seeds_would_settle_it() {
    let values = [0.636, 0.65, 0.664];
    let run =
        json!({"metric": "accuracy", "value": 0.651, "statistic": "mean", "runs": 20, "standard_deviation": 0.01});
    let number = Bench::new("accuracy", &values, 277).against(&run, |_| ()).unwrap();
    assert_eq!(verdict(&number), "cannot tell", "{number}");
    // So many seeds of the same mean and spread: three times as many of these have a slightly smaller spread.
    let more = number["further_seeds"].as_u64().unwrap() as usize;
    let all: Vec<f64> = values.into_iter().cycle().take((3 + more).next_multiple_of(3)).collect();
    let number = Bench::new("accuracy", &all, 277).against(&run, |_| ()).unwrap();
    assert_eq!(verdict(&number), "reproduced", "{more}: {number}");
    // Beside one run with the same spread no number of seeds is enough.
    let number = Bench::new("accuracy", &[0.63, 0.65, 0.67], 277).against(&accuracy(0.65), |_| ()).unwrap();
    assert!(number["further_seeds"].is_null() && number["note"].as_str().unwrap().starts_with("no number"), "{number}");
}

#[test]
fn the_best_of_several_is_no_mean() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let best = |value: f64, runs: Option<u64>| json!({"metric": "accuracy", "value": value, "statistic": "best", "runs": runs});
    for (run, expected) in [
        // How far their mean lies below is unknown.
        (best(0.65, None), "cannot tell"),
        (best(0.9, None), "cannot tell"),
        // Among so few it cannot be so far.
        (best(0.9, Some(5)), "not reproduced"),
        // Better than their best by more than the margin.
        (best(0.5, None), "not reproduced"),
    ] {
        assert_eq!(verdict(&bench.against(&run, |_| ()).unwrap()), expected, "{run}");
    }
    let number = bench.against(&best(0.65, None), |options| options.one_sided = true).unwrap();
    assert_eq!(verdict(&number), "reproduced", "no worse than their best is no worse than their mean");
    let number = bench.against(&best(0.9, None), |_| ()).unwrap();
    assert!(number["note"].as_str().unwrap().contains("the best of several is no mean"), "{number}");
}

#[test]
fn other_rows_are_an_error() {
    let partial = Bench::new("accuracy", &NEAR, 120);
    let error = partial.against(&accuracy(0.65), |_| ()).unwrap_err();
    for part in [
        "seed-0.json: accuracy of rte was scored on 120 rows of validation",
        "the 277 rows of validation",
        "--allow_partial",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let number = partial.against(&accuracy(0.65), |options| options.allow_partial = true).unwrap();
    assert_eq!((verdict(&number), &number["same_rows"]), ("reproduced", &json!(false)));
    // The reference says that it is of so many.
    let run = json!({"metric": "accuracy", "value": 0.65, "rows": 120});
    assert_eq!(verdict(&partial.against(&run, |_| ()).unwrap()), "reproduced");
    let run = json!({"metric": "accuracy", "value": 0.65, "rows": 121});
    assert!(partial.against(&run, |_| ()).unwrap_err().contains("the 121 rows of the reference"));
}

/// A run of format 2 on these rows.
fn of_rows(task: &str, used: &Value) -> Result<Value, String> {
    let bench = Bench::new("accuracy", &[], 0);
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("results", seed, |record| {
            record["format_version"] = json!(2);
            record["task"] = json!(task);
            record["metrics"] = json!({"accuracy": value});
            record["dataset"].as_object_mut().unwrap().remove("rows");
            record["dataset"]["splits"] = json!([used]);
        });
    }
    bench.write("reference.json", &json!({"runs": {task: {"metric": "accuracy", "value": 0.65}}}));
    let verified = verify::run(&bench.options("reference.json")).map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&verified.as_json()).unwrap())
}

#[test]
fn records_of_format_2_say_what_they_were_scored_on() {
    let used = |split: &str, rows: u64, of: u64, trained_on: u64| {
        json!({"split": split, "used_for": "evaluation", "rows": rows, "rows_of_split": of, "sha256": "0a".repeat(32),
            "trained_on": trained_on})
    };
    for (task, rows, part) in [
        ("rte", used("validation[:120]", 120, 277, 0), "expected the 277 rows of validation"),
        ("rte", used("train", 277, 2490, 0), "expected the 277 rows of validation"),
        ("rte", used("validation", 277, 277, 28), "it was trained on 28 of them"),
        // Data of one's own: nothing but the record says how many there are.
        ("own", used("test[:30]+test[-30:]", 60, 500, 0), "its field rows"),
    ] {
        let error = of_rows(task, &rows).unwrap_err();
        assert!(error.contains(part) && error.contains("seed-0.json"), "{rows}: {error}");
    }
    for (task, rows) in [("rte", used("validation", 277, 277, 27)), ("own", used("test", 500, 500, 0))] {
        assert_eq!(of_rows(task, &rows).unwrap()["verdict"], "reproduced", "{rows}");
    }
}

/// A file of one's own may be called as a task, and have as many rows.
#[test]
fn data_of_one_s_own_are_not_the_benchmark_s() {
    let bench = Bench::new("accuracy", &[], 0);
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("results", seed, |record| {
            record["metrics"] = json!({"accuracy": value});
            record["hyper_parameters"]["metric_name"] = json!("accuracy");
        });
    }
    let error = bench.against(&accuracy(0.65), |_| ()).unwrap_err();
    assert!(error.contains("data of one's own") && error.contains("--task_name"), "{error}");
}

#[test]
fn a_run_is_not_held_against_itself() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let error = verify::run(&bench.options("results")).map(|verified| verified.outcome()).unwrap_err().to_string();
    assert!(error.contains("seed-0.json") && error.contains("a run always reproduces itself"), "{error}");
}

#[test]
fn runs_on_other_rows_are_no_seeds_of_a_number() {
    let bench = Bench::new("accuracy", &[], 0);
    for (seed, value) in NEAR.into_iter().enumerate() {
        for (rows, hash) in [(19, "0a"), (29, "0b")] {
            bench.add(&format!("results/{rows}"), seed, |record| {
                record["format_version"] = json!(2);
                record["task"] = json!("own");
                record["metrics"] = json!({"accuracy": value});
                record["settings_hash"] = json!(hash.repeat(32));
                record["dataset"].as_object_mut().unwrap().remove("rows");
                record["dataset"]["splits"] = json!([{"split": "validation", "used_for": "evaluation", "rows": rows,
                    "rows_of_split": rows, "sha256": hash.repeat(32)}]);
            });
        }
    }
    bench.write("reference.json", &json!({"runs": {"own": {"metric": "accuracy", "value": 0.65}}}));
    let verified: Value =
        serde_json::from_str(&verify::run(&bench.options("reference.json")).unwrap().as_json()).unwrap();
    let runs: Vec<_> = verified["numbers"].as_array().unwrap().iter().map(|number| number["runs"].clone()).collect();
    assert_eq!(runs, [json!(NEAR.len()), json!(NEAR.len())]);
}

#[test]
fn hashes_of_rows_are_held_against_each_other() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let same = |options: &verify::VerifyOptions| verify::run(options).map(|verified| verified.outcome());
    // Records of format 1 have no hash: their number of rows decides.
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("others", seed + 10, |record| record["metrics"] = json!({"accuracy": value}));
    }
    assert_eq!(same(&bench.options("others")).unwrap(), Outcome::Reproduced);
    bench.add("fewer", 10, |record| record["dataset"]["rows"]["validation"] = json!(100));
    bench.add("fewer", 11, |record| record["dataset"]["rows"]["validation"] = json!(100));
    let error = same(&bench.options("fewer")).unwrap_err().to_string();
    assert!(error.contains("the 100 rows of the reference"), "{error}");
}

#[test]
fn another_split_is_not_compared() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let table = |split: &str| {
        json!({"format": "published-results-2", "name": "t", "source": "https://example.org", "protocol": "p", "split": split,
            "statistic": "mean", "runs": 5,
            "rows": [{"model": "all-MiniLM-L6-v2", "initialisation": "MNLI", "tasks": {"rte": {"accuracy": 0.65}}}]})
    };
    bench.write("table.json", &table("test"));
    let error = verify::run(&bench.options("table.json")).err().unwrap().to_string();
    assert!(error.contains("some are of another split"), "{error}");
    bench.write("table.json", &table("validation"));
    let error = verify::run(&bench.options("table.json")).err().unwrap().to_string();
    assert!(error.contains("began from something else than the runs (--allow_other"), "{error}");
    let verified = verify::run(&VerifyOptions { allow_other: true, ..bench.options("table.json") }).unwrap();
    assert_eq!(verified.outcome(), Outcome::Reproduced);
    let text = verified.as_text();
    assert!(text.contains("started from") && text.contains("MNLI") && text.contains("mean of 5"), "{text}");
}

#[test]
fn what_was_not_run_or_is_undefined_is_not_passed_over() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    let both = json!({"runs": {"rte": accuracy(0.65), "qnli": accuracy(0.9)}});
    bench.write("reference.json", &both);
    let mut options = bench.options("reference.json");
    assert_eq!(verify::run(&options).unwrap().outcome(), Outcome::Reproduced);
    options.complete = true;
    let verified = verify::run(&options).unwrap();
    assert_eq!(verified.outcome(), Outcome::NotReproduced);
    assert!(
        verified.summary().starts_with(
            "Not reproduced, since no run answers 1 number (accuracy of qnli: not run), and --complete asks for all: of 1 number "
        ),
        "{}",
        verified.summary()
    );
    // A correlation that does not exist is null in the record.
    bench.add("results", 5, |record| record["metrics"] = json!({"accuracy": null}));
    let number = bench.against(&accuracy(0.65), |_| ()).unwrap();
    assert_eq!((verdict(&number), &number["note"]), ("not reproduced", &json!("undefined in a run")));
}

#[test]
fn wrong_references_and_flags_are_named() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    for (run, part) in [
        (accuracy(64.98), "not percent (is 0.6498 meant?)"),
        (json!({"metric": "accuracy", "value": 0.65, "tolerance": 3.0}), "the tolerance of rte is 3, expected 0 to 1"),
        (json!({"metric": "acuracy", "value": 0.65}), "the runs have no such metric; expected one of accuracy"),
        (json!({"metric": "accuracy", "value": 0.65, "standard_deviation": 0.1}), "give how many there were"),
        (json!({"metric": "accuracy", "value": 0.65, "statistic": "most"}), "unknown variant `most`"),
        (json!({"metric": "accuracy", "value": 0.65, "rows": 0}), "accuracy of rte: rows is 0, expected 1 or more"),
        (
            json!({"metric": "accuracy", "value": 0.65, "rows_sha256": "3f9c02"}),
            "accuracy of rte: rows_sha256 is \"3f9c02\", expected the 64 hexadecimal digits of SHA-256",
        ),
        (json!({"metric": "accuracy"}), "missing field `value`"),
    ] {
        let error = bench.against(&run, |_| ()).unwrap_err();
        assert!(error.contains("reference.json") && error.contains(part), "{error}");
    }
    for (level, part) in [(95.0, "--level is 95"), (0.5, "--level is 0.5")] {
        let error = bench.against(&accuracy(0.65), |options| options.level = level).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    for (margin, part) in [
        ("-1", "expected 0 or more"),
        ("nan", "expected 0 or more"),
        ("acuracy=0.1", "acuracy is no metric"),
        ("mse=", "mse=0.05"),
    ] {
        let error = margin.parse::<Margin>().unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_margin_is_no_more_than_a_fraction_can_be() {
    for (margin, expected) in [
        ("2", "2: expected 0 or more, and at most 1: two points of accuracy are 0.02"),
        ("accuracy=2", "two points of accuracy are 0.02"),
        ("pearson_mm=1.01", "two points of accuracy are 0.02"),
        ("combined_score=20", "two points of accuracy are 0.02"),
        ("-0.1", "expected 0 or more, and at most 1"),
        ("NaN", "expected 0 or more"),
        ("mse=-1", "expected 0 or more, in the unit of the metric, such as mse=0.05"),
        ("loss=inf", "expected 0 or more"),
    ] {
        let error = margin.parse::<Margin>().unwrap_err();
        assert!(error.contains(expected), "{margin}: {error}");
    }
    // Errors and losses have no end.
    for margin in ["0", "1", "accuracy=0.5", "mse=200", "rmse=1.5", "loss=2"] {
        assert!(margin.parse::<Margin>().is_ok(), "{margin}");
    }
}
