//! Numbers that do not exist in some of the reference's runs: they are answered, and not passed over.

use results::verify::{self, Outcome};
use serde_json::{Value, json};

use crate::verified::Bench;
use crate::verified_rows::{NEAR, accuracy};

/// Three runs beside three of a reference, whose metrics are changed.
fn beside(complete: bool, change: impl Fn(usize, &mut Value)) -> (Outcome, String, Vec<Value>) {
    let bench = Bench::new("accuracy", &[], 277);
    for (seed, value) in NEAR.into_iter().enumerate() {
        bench.add("results", seed, |record| record["metrics"] = json!({"accuracy": value, "f1": value}));
        bench.add("others", seed + 10, |record| {
            record["metrics"] = json!({"accuracy": value, "f1": value});
            change(seed, &mut record["metrics"]);
        });
    }
    let options = verify::VerifyOptions { complete, ..bench.options("others") };
    let verified = verify::run(&options).unwrap();
    let all: Value = serde_json::from_str(&verified.as_json()).unwrap();
    assert!(!verified.as_text().contains("NaN"), "{}", verified.as_text());
    (verified.outcome(), verified.summary().to_owned(), all["numbers"].as_array().unwrap().clone())
}

#[test]
fn a_number_that_a_run_of_the_reference_lacks_cannot_be_told() {
    type Change = fn(usize, &mut Value);
    let cases: [(Change, &str); 3] = [
        (
            |seed, metrics| {
                if seed == 1 {
                    metrics["f1"] = Value::Null;
                }
            },
            "the reference's f1 is undefined in 1 of its 3 runs",
        ),
        (
            |seed, metrics| {
                if seed == 1 {
                    metrics.as_object_mut().unwrap().remove("f1");
                }
            },
            "the reference's f1 is missing in 1 of its 3 runs",
        ),
        (|_, metrics| metrics["f1"] = Value::Null, "the reference's f1 is undefined in 3 of its 3 runs"),
    ];
    for (change, note) in cases {
        for complete in [false, true] {
            let (outcome, summary, numbers) = beside(complete, change);
            assert_eq!((outcome, numbers.len()), (Outcome::CannotTell, 2), "{numbers:?}");
            assert!(
                summary.contains("of 2 numbers compared 1 is reproduced, 0 are not, and 1 cannot be told"),
                "{summary}"
            );
            assert!(summary.ends_with("; among them 1 without a number in some of the reference's runs."), "{summary}");
            let number = numbers.iter().find(|number| number["metric"] == "f1").unwrap();
            assert!(number["note"].as_str().unwrap().contains(note), "{number}");
            assert_eq!((&number["verdict"], &number["reference"]), (&json!("cannot tell"), &Value::Null));
        }
    }
}

#[test]
fn a_reference_without_any_number_is_no_empty_file() {
    let (outcome, _, numbers) =
        beside(true, |seed, metrics| *metrics = json!({"accuracy": null, "loss": 0.5 + seed as f64}));
    assert_eq!((outcome, numbers.len()), (Outcome::CannotTell, 1), "{numbers:?}");
    assert!(numbers[0]["note"].as_str().unwrap().contains("undefined in 3 of its 3 runs"), "{}", numbers[0]);
}

#[test]
fn a_record_that_lacks_what_others_have_is_named() {
    let bench = Bench::new("accuracy", &NEAR, 277);
    bench.add("results", 1, |record| record["metrics"] = json!({"f1": 0.5}));
    let error = bench.against(&accuracy(0.65), |_| ()).unwrap_err();
    assert!(error.contains("seed-1.json: accuracy of rte is not in this record, and 2 of 3 runs have it"), "{error}");
}
