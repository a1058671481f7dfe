//! Statistics against numpy and scipy (`scripts/fixtures/statistics_goldens.py`, `metrics_goldens.py`).

use proptest::collection::vec;
use proptest::prelude::*;
use results::statistics::{Summary, bootstrap_mean_interval, mcnemar, permutation_test, student_t_quantile};
use serde_json::Value;

fn goldens() -> Value {
    serde_json::from_str(include_str!("../fixtures/statistics_goldens.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn near(name: &str, ours: f64, theirs: &Value, tolerance: f64) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() <= tolerance, "{name}: {ours}, expected {theirs}");
}

/// Those of quantiles lie beside the metrics'.
fn more_goldens(section: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../../glue-tasks/tests/fixtures/metrics_goldens.json")).unwrap();
    let cases = all[section].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

#[track_caller]
fn close(case: &str, what: &str, ours: f64, theirs: &Value, relative: f64) {
    let theirs = theirs.as_f64().unwrap();
    let near = ours == theirs || (ours - theirs).abs() <= relative * theirs.abs().max(f64::MIN_POSITIVE);
    assert!(near, "{case}: {what} is {ours}, expected {theirs}");
}

#[test]
fn quantiles_of_students_t() {
    for case in more_goldens("student_t") {
        let [p, degrees, theirs] = numbers(&case)[..] else { panic!("{case}") };
        let ours = student_t_quantile(p, degrees).unwrap();
        assert!((ours - theirs).abs() < 1e-9 * theirs.abs().max(1.0), "{case}: {ours}");
    }
}

#[test]
fn summaries() {
    for case in more_goldens("summary") {
        let summary = Summary::of(&numbers(&case["values"])).unwrap();
        let name = format!("{} seeds", summary.count);
        close(&name, "mean", summary.mean, &case["mean"], 1e-14);
        close(&name, "std", summary.std.unwrap(), &case["std"], 1e-12);
        close(&name, "median", summary.median, &case["median"], 1e-15);
        close(&name, "min", summary.min, &case["min"], 0.0);
        close(&name, "max", summary.max, &case["max"], 0.0);
        for interval in case["intervals"].as_array().unwrap() {
            let ours = summary.confidence_interval(interval[0].as_f64().unwrap()).unwrap();
            close(&name, "lower end", ours.0, &interval[1], 1e-9);
            close(&name, "upper end", ours.1, &interval[2], 1e-9);
        }
    }
}

proptest! {
    #[test]
    fn an_interval_holds_its_mean_and_grows_with_its_level(values in vec(-10.0..10.0_f64, 2..12)) {
        let summary = Summary::of(&values).unwrap();
        prop_assert!(summary.min <= summary.median && summary.median <= summary.max);
        let (narrow, wide) =
            (summary.confidence_interval(0.5).unwrap(), summary.confidence_interval(0.99).unwrap());
        prop_assert!(wide.0 <= narrow.0 && narrow.0 <= summary.mean);
        prop_assert!(summary.mean <= narrow.1 && narrow.1 <= wide.1);
    }
}

#[test]
fn summaries_and_intervals() {
    for case in goldens()["summary"].as_array().unwrap() {
        let (values, level) = (numbers(&case["values"]), case["level"].as_f64().unwrap());
        let summary = Summary::of(&values).unwrap();
        near("mean", summary.mean, &case["mean"], 1e-14);
        near("std", summary.std.unwrap(), &case["std"], 1e-14);
        near("median", summary.median, &case["median"], 1e-14);
        near("min", summary.min, &case["min"], 0.0);
        near("max", summary.max, &case["max"], 0.0);
        let (low, high) = summary.confidence_interval(level).unwrap();
        near("t, low", low, &case["student_t"][0], 1e-10);
        near("t, high", high, &case["student_t"][1], 1e-10);
        let (low, high) = bootstrap_mean_interval(&values, level).unwrap();
        // Other draws than scipy's: an end of the interval moves by a few hundredths of the spread.
        let tolerance = if case["bootstrap_is_exact"].as_bool().unwrap() { 1e-12 } else { 0.03 * summary.std.unwrap() };
        near("bootstrap, low", low, &case["bootstrap"][0], tolerance);
        near("bootstrap, high", high, &case["bootstrap"][1], tolerance);
    }
}

#[test]
fn permutation_tests() {
    for case in goldens()["permutation"].as_array().unwrap() {
        let differences = numbers(&case["differences"]);
        let p = permutation_test(&differences).unwrap();
        // Four standard deviations of a share of 9999 draws.
        let wanted = case["p"].as_f64().unwrap();
        let drawn = 4.0 * (wanted * (1.0 - wanted) / 9999.0).sqrt() + 2e-4;
        near(&format!("{differences:?}"), p, &case["p"], if case["is_exact"] == true { 1e-14 } else { drawn });
    }
}

#[test]
fn mcnemars_test() {
    for case in goldens()["mcnemar"].as_array().unwrap() {
        let count = |field: &str| case[field].as_u64().unwrap() as usize;
        let p = mcnemar(count("only_first"), count("only_second"));
        let wanted = case["p"].as_f64().unwrap();
        near(&case.to_string(), p, &case["p"], 1e-10 * wanted.max(1e-290));
    }
}
