//! Whether the numbers of records can be: what was changed by hand, or broken, is neither ranked nor verified.

use std::path::Path;

use glue_tasks::{Metric, plain_key, task_score};
use records::Error;
use records::record::{RecordFile, RunRecord};

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

/// # Errors
/// The first metric of a record that lies beyond what it can be, such as an accuracy in percent.
pub(crate) fn check_metrics(found: &[RecordFile]) -> Result<(), Error> {
    for (path, record) in found {
        for (name, value) in &record.metrics {
            let (Some(metric), Some(value)) = (Metric::from_key(plain_key(name)), value) else { continue };
            let (low, high) = range_of(metric);
            if *value < low - ROOM || *value > high + ROOM {
                let expected = if high.is_finite() { format!("{low} to {high}") } else { format!("{low} or more") };
                return Err(broken(path, &format!("{name} of {} is {value}, expected {expected}", record.task)));
            }
        }
    }
    Ok(())
}

/// # Errors
/// The same, and the first record whose score is not what its metrics give.
pub(crate) fn check_scores(found: &[RecordFile]) -> Result<(), Error> {
    check_metrics(found)?;
    for (path, record) in found {
        let (Some(score), Some(given)) = (record.score, given_by_metrics(record)) else { continue };
        if (score - given).abs() > ROOM * given.abs().max(1.0) {
            return Err(broken(
                path,
                &format!("the score of {} is {score}, and its metrics give {given}", record.task),
            ));
        }
    }
    Ok(())
}

/// The score that the metrics of a record give; `None` where some are missing or undefined.
fn given_by_metrics(record: &RunRecord) -> Option<f64> {
    let value = |key: &str| record.metrics.get(key).copied().flatten();
    match (spec_of(record), first_metric(record)) {
        (Some(spec), _) => task_score(spec, value).ok(),
        (None, Some(metric)) => value(metric.key()),
        (None, None) => None,
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
    use records::record::read_folder;

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
        // What lacks a metric, or is undefined, contradicts nothing.
        for change in [
            (|record| record.score = None) as fn(&mut RunRecord),
            |record| {
                record.metrics.remove("pearson");
            },
            |record| {
                record.metrics.insert("pearson".to_owned(), None);
            },
        ] {
            assert!(check_scores(&changed(change).0).is_ok());
        }
        assert_eq!((range_of(Metric::Mse), range_of(Metric::F1)), ((0.0, f64::INFINITY), (0.0, 1.0)));
    }
}
