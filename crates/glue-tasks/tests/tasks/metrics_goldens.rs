//! Metrics beside scikit-learn, scipy and numpy. `scripts/fixtures/metrics_goldens.py` wrote the values.

use glue_tasks::metrics::{
    Average, ConfusionMatrix, accuracy, mae, matthews, mse, pearson, precision_recall_f1, rmse, spearman,
};
use glue_tasks::{Metric, Predictions, References, argmax, evaluate};
use serde_json::Value;

fn goldens(section: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics_goldens.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = all[section].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

/// NaN is null in the file.
fn number(value: &Value) -> f64 {
    if value.is_null() { f64::NAN } else { value.as_f64().unwrap() }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn classes(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|class| class.as_u64().unwrap() as usize).collect()
}

#[track_caller]
fn close(case: &str, what: &str, ours: f64, theirs: f64, relative: f64) {
    let near = ours == theirs || (ours - theirs).abs() <= relative * theirs.abs().max(f64::MIN_POSITIVE);
    assert!(near || (ours.is_nan() && theirs.is_nan()), "{case}: {what} is {ours}, expected {theirs}");
}

#[test]
fn classification() {
    for case in goldens("classification") {
        let name = case["name"].as_str().unwrap();
        let (p, r) = (classes(&case["predictions"]), classes(&case["references"]));
        close(name, "accuracy", accuracy(&p, &r).unwrap(), number(&case["accuracy"]), 1e-14);
        // An absolute bound: near 0 the terms cancel, and only ours are whole numbers.
        let ours = matthews(&p, &r).unwrap();
        assert!((ours - number(&case["matthews_correlation"])).abs() < 1e-14, "{name}: {ours}");

        let matrix = ConfusionMatrix::of_present(&p, &r).unwrap();
        assert_eq!(matrix.labels(), classes(&case["labels"]), "{name}");
        assert_eq!(serde_json::to_value(matrix.counts()).unwrap(), case["confusion"], "{name}");
        let num_labels = matrix.labels().last().unwrap() + 3;
        let wide = ConfusionMatrix::of_all(&p, &r, num_labels).unwrap();
        assert_eq!(wide.matthews(), matrix.matthews(), "{name}: classes that never occur must not count");

        for (key, average) in [("macro", Average::Macro), ("micro", Average::Micro), ("binary", Average::Binary)] {
            if case[key].is_null() {
                assert!(precision_recall_f1(&p, &r, average).is_err(), "{name}");
                continue;
            }
            let theirs = numbers(&case[key]);
            for matrix in [&matrix, &wide] {
                let ours = matrix.average(average).unwrap();
                close(name, &format!("{key} precision"), ours.precision, theirs[0], 1e-14);
                close(name, &format!("{key} recall"), ours.recall, theirs[1], 1e-14);
                close(name, &format!("{key} f1"), ours.f1, theirs[2], 1e-14);
            }
        }
    }
}

#[test]
fn regression() {
    for case in goldens("regression") {
        let name = case["name"].as_str().unwrap();
        let (p, r) = (numbers(&case["predictions"]), numbers(&case["references"]));
        // The spread of "tiny variance around 1" is itself known to 1e-7 only.
        let relative = if name.starts_with("tiny variance") { 1e-7 } else { 1e-12 };
        close(name, "pearson", pearson(&p, &r).unwrap(), number(&case["pearson"]), relative);
        close(name, "spearmanr", spearman(&p, &r).unwrap(), number(&case["spearmanr"]), 1e-12);
        close(name, "mse", mse(&p, &r).unwrap(), number(&case["mse"]), 1e-13);
        close(name, "rmse", rmse(&p, &r).unwrap(), number(&case["rmse"]), 1e-13);
        close(name, "mae", mae(&p, &r).unwrap(), number(&case["mae"]), 1e-13);
    }
}

#[test]
fn near_constant_columns_are_nearer_the_truth_than_scipy() {
    for case in goldens("near_constant") {
        let name = case["name"].as_str().unwrap();
        let ours = pearson(&numbers(&case["predictions"]), &numbers(&case["references"])).unwrap();
        close(name, "pearson", ours, number(&case["exact"]), 1e-13);
        assert!((number(&case["scipy"]) - number(&case["exact"])).abs() > 1e-6, "{name}: scipy got better");
    }
}

#[test]
fn largest_index() {
    for case in goldens("argmax") {
        let row: Vec<f32> =
            case["values"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(argmax(&row), case["argmax"].as_u64().map(|at| at as usize), "{row:?}");
    }
    assert_eq!(argmax(&[]), None);
}

#[test]
fn every_metric_is_its_function() {
    let (p, r) = (vec![0, 1, 1, 0, 1, 1], vec![0, 1, 0, 0, 1, 0]);
    let (x, y) = (vec![1.0, 2.5, 3.0, 2.0], vec![1.5, 2.0, 3.5, 2.5]);
    let average = |average| precision_recall_f1(&p, &r, average).unwrap();
    let expected = |metric| match metric {
        Metric::Accuracy => accuracy(&p, &r).unwrap(),
        Metric::Precision => average(Average::Binary).precision,
        Metric::Recall => average(Average::Binary).recall,
        Metric::F1 => average(Average::Binary).f1,
        Metric::PrecisionMacro => average(Average::Macro).precision,
        Metric::RecallMacro => average(Average::Macro).recall,
        Metric::F1Macro => average(Average::Macro).f1,
        Metric::PrecisionMicro => average(Average::Micro).precision,
        Metric::RecallMicro => average(Average::Micro).recall,
        Metric::F1Micro => average(Average::Micro).f1,
        Metric::Matthews => matthews(&p, &r).unwrap(),
        Metric::Pearson => pearson(&x, &y).unwrap(),
        Metric::Spearman => spearman(&x, &y).unwrap(),
        Metric::Mse => mse(&x, &y).unwrap(),
        Metric::Rmse => rmse(&x, &y).unwrap(),
        Metric::Mae => mae(&x, &y).unwrap(),
    };
    let of_classes = (Predictions::Classes(p.clone()), References::Classes(r.clone()));
    let of_scores = (Predictions::Scores(x.clone()), References::Scores(y.clone()));
    for metric in Metric::ALL {
        let result = evaluate(&[metric], &of_classes.0, &of_classes.1)
            .or_else(|_| evaluate(&[metric], &of_scores.0, &of_scores.1));
        assert_eq!(result.unwrap(), [(metric.key().to_owned(), expected(metric))]);
    }
}
