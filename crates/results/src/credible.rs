//! Whether the numbers of records can be: what was changed by hand, or broken, is neither ranked nor verified.

use std::cell::RefCell;
use std::path::Path;

use glue_tasks::metrics::COMBINED_SCORE;
use glue_tasks::{Metric, plain_key, task_score};
use records::Error;
use records::record::{RecordFile, RunRecord, Scores};

use crate::scored_rows::{first_metric, spec_of};

/// Room for rounding.
const ROOM: f64 = 1e-6;

/// What a metric lies between.
pub(crate) fn range_of(metric: Metric) -> (f64, f64) {
    match metric {
        Metric::Matthews | Metric::Pearson | Metric::Spearman => (-1.0, 1.0),
        metric if metric.higher_is_better() => (0.0, 1.0),
        _ => (0.0, f64::INFINITY),
    }
}

/// What a number of a record lies between, by its name; `None` of names that are not known.
pub(crate) fn range_named(name: &str) -> Option<(f64, f64)> {
    match plain_key(name) {
        // Cross-entropy, or a mean of squares.
        "loss" => Some((0.0, f64::INFINITY)),
        // The mean of several, of which some may be correlations.
        COMBINED_SCORE => Some((-1.0, 1.0)),
        key => Metric::from_key(key).map(range_of),
    }
}

/// # Errors
/// The first metric of a record that lies beyond what it can be, such as an accuracy in percent, or is not what others give.
pub(crate) fn check_metrics(found: &[RecordFile]) -> Result<(), Error> {
    found.iter().try_for_each(|(path, record)| {
        check_ranges(path, record, &record.metrics, "")?;
        check_combined(path, record)
    })
}

/// `combined_score` is the mean of a task's metrics, on each of its splits.
fn check_combined(path: &Path, record: &RunRecord) -> Result<(), Error> {
    let Some(spec) = spec_of(record) else { return Ok(()) };
    for (name, combined) in record.metrics.iter().filter(|(name, _)| plain_key(name) == COMBINED_SCORE) {
        let Some(combined) = combined else { continue };
        let suffix = name.strip_prefix(COMBINED_SCORE).unwrap_or_default();
        let values = spec
            .of_suffix(suffix)
            .metrics
            .iter()
            .map(|metric| record.metrics.get(&format!("{}{suffix}", metric.key())).copied());
        // What lacks a metric contradicts nothing.
        let Some(values) = values.collect::<Option<Vec<_>>>() else { continue };
        let Some(values) = values.into_iter().collect::<Option<Vec<f64>>>() else {
            return Err(broken(
                path,
                &format!("{name} of {} is {combined}, and a metric of it is undefined", record.task),
            ));
        };
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        if (combined - mean).abs() > ROOM {
            return Err(broken(path, &format!("{name} of {} is {combined}, and its metrics give {mean}", record.task)));
        }
    }
    Ok(())
}

/// # Errors
/// The same, also of what a model that has learnt nothing would score, and the first record whose score is not what its metrics give.
pub(crate) fn check_scores(found: &[RecordFile]) -> Result<(), Error> {
    check_metrics(found)?;
    for (path, record) in found {
        if let Some(baseline) = &record.majority_baseline {
            const OF_BASELINE: &str = "the majority baseline's ";
            check_ranges(path, record, &baseline.metrics, OF_BASELINE)?;
            if let (Some(score), Some(range)) = (baseline.score, score_range(record)) {
                check_range(path, &format!("{OF_BASELINE}score of {}", record.task), score, range)?;
            }
        }
        let Some(score) = record.score else { continue };
        match given_by_metrics(record) {
            Given::Score(given) if (score - given).abs() > ROOM * given.abs().max(1.0) => {
                return Err(broken(
                    path,
                    &format!("the score of {} is {score}, and its metrics give {given}", record.task),
                ));
            }
            Given::Undefined(name) => {
                return Err(broken(
                    path,
                    &format!("the score of {} is {score}, and its {name} is undefined", record.task),
                ));
            }
            Given::Score(_) | Given::Unknown => {}
        }
    }
    Ok(())
}

fn check_ranges(path: &Path, record: &RunRecord, metrics: &Scores, whose: &str) -> Result<(), Error> {
    for (name, value) in metrics {
        if let (Some(range), Some(value)) = (range_named(name), value) {
            check_range(path, &format!("{whose}{name} of {}", record.task), *value, range)?;
        }
    }
    Ok(())
}

fn check_range(path: &Path, what: &str, value: f64, (low, high): (f64, f64)) -> Result<(), Error> {
    if value >= low - ROOM && value <= high + ROOM {
        return Ok(());
    }
    let expected = if high.is_finite() { format!("{low} to {high}") } else { format!("{low} or more") };
    Err(broken(path, &format!("{what} is {value}, expected {expected}")))
}

/// What the score of a record lies between.
pub(crate) fn score_range(record: &RunRecord) -> Option<(f64, f64)> {
    let metrics = match (spec_of(record), first_metric(record)) {
        (Some(spec), _) => spec.metrics.clone(),
        (None, first) => vec![first?],
    };
    let ranges = metrics.into_iter().map(range_of);
    ranges.reduce(|(low, high), (other_low, other_high)| (low.min(other_low), high.max(other_high)))
}

/// The score that the metrics of a record give.
enum Given {
    Score(f64),
    /// There is none, since this metric is undefined.
    Undefined(String),
    /// Some are missing, or it is not known which count.
    Unknown,
}

fn given_by_metrics(record: &RunRecord) -> Given {
    let undefined = RefCell::new(None);
    let value = |key: &str| {
        let value = *record.metrics.get(key)?;
        if value.is_none() {
            undefined.borrow_mut().get_or_insert_with(|| key.to_owned());
        }
        value
    };
    let score = match (spec_of(record), first_metric(record)) {
        (Some(spec), _) => task_score(spec, value).ok(),
        (None, Some(metric)) => value(metric.key()),
        (None, None) => None,
    };
    match (score, undefined.into_inner()) {
        (Some(score), _) => Given::Score(score),
        (None, Some(name)) => Given::Undefined(name),
        (None, None) => Given::Unknown,
    }
}

fn broken(path: &Path, what: &str) -> Error {
    Error::input(format!(
        "{}: {what}: the record was changed or is broken; make the run again, or leave the file out",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::record::{Baseline, Predictor, read_folder};

    fn baseline(record: &mut RunRecord, pearson: f64, score: Option<f64>) {
        let metrics = Scores::from([("pearson".to_owned(), Some(pearson))]);
        record.majority_baseline = Some(Baseline { predictor: Predictor::Mean, metrics, score });
    }

    #[test]
    fn numbers_that_cannot_be_are_named_with_their_file() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results/stsb");
        let found = read_folder(folder.as_ref()).unwrap().records;
        assert!(check_scores(&found).is_ok());
        let changed = |change: fn(&mut RunRecord)| {
            let mut found = found.clone();
            change(&mut found[1].1);
            let name = found[1].0.display().to_string();
            (found, name)
        };
        let (percent, name) = changed(|record| {
            record.metrics.insert("pearson".to_owned(), Some(81.0));
        });
        let error = check_metrics(&percent).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: pearson of stsb is 81, expected -1 to 1: ")), "{error}");
        let (other, name) = changed(|record| record.score = Some(0.99));
        assert!(check_metrics(&other).is_ok());
        let error = check_scores(&other).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: the score of stsb is 0.99, and its metrics give 0.8")), "{error}");
        // What lacks a metric contradicts nothing, nor does a score that is undefined as a metric is.
        for change in [
            (|record| record.score = None) as fn(&mut RunRecord),
            |record| {
                record.metrics.remove("pearson");
            },
            |record| {
                record.metrics.extend(["pearson", COMBINED_SCORE].map(|name| (name.to_owned(), None)));
                record.score = None;
            },
        ] {
            assert!(check_scores(&changed(change).0).is_ok());
        }
        for (change, part) in [
            (
                (|record| {
                    record.metrics.extend(["pearson", COMBINED_SCORE].map(|name| (name.to_owned(), None)));
                }) as fn(&mut RunRecord),
                ": the score of stsb is 0.8",
            ),
            (
                |record| {
                    record.metrics.insert("loss".to_owned(), Some(-0.5));
                },
                ": loss of stsb is -0.5, expected 0 or more",
            ),
            (
                |record| baseline(record, 41.0, None),
                ": the majority baseline's pearson of stsb is 41, expected -1 to 1",
            ),
            (
                |record| baseline(record, 0.1, Some(2.0)),
                ": the majority baseline's score of stsb is 2, expected -1 to 1",
            ),
        ] {
            let (found, name) = changed(change);
            let error = check_scores(&found).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}{part}")), "{error}");
        }
        let combined = |value: f64, pearson: Option<f64>| {
            let mut found = found.clone();
            let metrics = [("pearson", pearson), ("spearmanr", Some(0.6)), (COMBINED_SCORE, Some(value))];
            found[0].1.metrics = metrics.map(|(name, value)| (name.to_owned(), value)).into();
            check_metrics(&found).map_err(|error| error.to_string())
        };
        assert_eq!(combined(0.7, Some(0.8)), Ok(()));
        let error = combined(0.9, Some(0.8)).unwrap_err();
        assert!(error.contains("combined_score of stsb is 0.9, and its metrics give 0.7"), "{error}");
        let error = combined(0.7, None).unwrap_err();
        assert!(error.contains("combined_score of stsb is 0.7, and a metric of it is undefined"), "{error}");
        assert_eq!((range_of(Metric::Mse), range_of(Metric::F1)), ((0.0, f64::INFINITY), (0.0, 1.0)));
    }
}
