//! `train_results.json`, `eval_results.json` and `all_results.json`, as `Trainer.save_metrics` writes them.
//!
//! Indent 4, sorted keys, no newline at the end.

use crate::atomic::{WriteError, write_whole};
use crate::metrics::Metrics;
use crate::python_json::{ParseError, Value, dumps, parse};
use std::path::{Path, PathBuf};

/// A results file could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The `all_results.json` that is to be updated cannot be opened.
    #[error("cannot read {}, which is to be updated: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The `all_results.json` that is to be updated is no JSON.
    #[error("{} is to be updated but is no JSON: {source}; move it away", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: ParseError,
    },
    /// The `all_results.json` that is to be updated holds something else than an object.
    #[error("{} is to be updated but holds no JSON object; move it away", path.display())]
    NoObject {
        /// The file.
        path: PathBuf,
    },
}

/// Write `<stage>_results.json` into `output_dir` and, where `combined`, put the same keys into `all_results.json`,
/// which keeps its other keys: those of other stages and of earlier runs in the same folder.
///
/// # Errors
/// [`MetricsError`]. The stage's own file is written first, so a broken `all_results.json` costs no results.
pub fn save_metrics(output_dir: &Path, stage: &str, metrics: &Metrics, combined: bool) -> Result<(), MetricsError> {
    write_object(&output_dir.join(format!("{stage}_results.json")), metrics)?;
    if combined {
        let path = output_dir.join("all_results.json");
        let mut all = read_metrics(&path)?.unwrap_or_default();
        all.extend(metrics.iter().map(|(key, value)| (key.clone(), value.clone())));
        write_object(&path, &all)?;
    }
    Ok(())
}

fn write_object(path: &Path, metrics: &Metrics) -> Result<(), WriteError> {
    write_whole(path, dumps(&Value::Object(metrics.clone()), 4).as_bytes())
}

/// Read a results file, whoever wrote it; `None` where there is none.
///
/// # Errors
/// [`MetricsError`] where the file cannot be opened or holds no JSON object.
pub fn read_metrics(path: &Path) -> Result<Option<Metrics>, MetricsError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(MetricsError::Read { path: path.to_path_buf(), source });
        }
    };
    match parse(&text) {
        Ok(Value::Object(metrics)) => Ok(Some(metrics)),
        Ok(_) => Err(MetricsError::NoObject { path: path.to_path_buf() }),
        Err(source) => Err(MetricsError::Json { path: path.to_path_buf(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{EvalSummary, TrainSummary};

    fn train() -> Metrics {
        TrainSummary {
            epoch: 3.0,
            total_flos: Some(723_818_513_295_360.0),
            train_loss: 0.391_186_279_6,
            seconds: 83.412_53,
            train_samples: 3668,
            samples_seen: 11_004,
            steps: 345,
        }
        .metrics()
    }

    fn eval() -> Metrics {
        EvalSummary {
            epoch: Some(3.0),
            loss: Some(0.419_348_537_921_905_5),
            scores: &[
                ("accuracy", 0.840_686_274_509_803_9),
                ("f1", 0.888_482_632_541_133_5),
                ("combined_score", 0.864_584_453_525_568_7),
            ],
            seconds: 1.257_14,
            samples: 408,
            steps: 51,
        }
        .metrics()
    }

    /// Written by `Trainer.save_metrics` of transformers 5.23 for the same numbers.
    const TRAIN_FILE: &str = r#"{
    "epoch": 3.0,
    "total_flos": 723818513295360.0,
    "train_loss": 0.3911862796,
    "train_runtime": 83.4125,
    "train_samples": 3668,
    "train_samples_per_second": 131.923,
    "train_steps_per_second": 4.136
}"#;

    const EVAL_FILE: &str = r#"{
    "epoch": 3.0,
    "eval_accuracy": 0.8406862745098039,
    "eval_combined_score": 0.8645844535255687,
    "eval_f1": 0.8884826325411335,
    "eval_loss": 0.4193485379219055,
    "eval_runtime": 1.2571,
    "eval_samples": 408,
    "eval_samples_per_second": 324.546,
    "eval_steps_per_second": 40.568
}"#;

    fn read(folder: &Path, name: &str) -> String {
        std::fs::read_to_string(folder.join(name)).unwrap()
    }

    #[test]
    fn writes_the_files_of_run_glue() {
        let folder = tempfile::tempdir().unwrap();
        save_metrics(folder.path(), "train", &train(), true).unwrap();
        assert_eq!(read(folder.path(), "train_results.json"), TRAIN_FILE);
        assert_eq!(read(folder.path(), "all_results.json"), TRAIN_FILE);
        save_metrics(folder.path(), "eval", &eval(), true).unwrap();
        assert_eq!(read(folder.path(), "eval_results.json"), EVAL_FILE);
        let all = read_metrics(&folder.path().join("all_results.json")).unwrap().unwrap();
        assert_eq!(all.len(), train().len() + eval().len() - 1, "the union, epoch being in both");
        assert_eq!(all["train_samples"], Value::Int(3668));
    }

    #[test]
    fn all_results_keeps_foreign_keys_and_nan() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all_results.json");
        std::fs::write(&path, "{\n    \"eval_pearson\": NaN,\n    \"mine\": [1, 2.0]\n}").unwrap();
        save_metrics(folder.path(), "x", &Metrics::from([("a".to_owned(), 1e-5.into())]), true).unwrap();
        assert_eq!(
            read(folder.path(), "all_results.json"),
            "{\n    \"a\": 1e-05,\n    \"eval_pearson\": NaN,\n    \"mine\": [\n        1,\n        2.0\n    ]\n}"
        );
    }

    #[test]
    fn a_broken_all_results_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all_results.json");
        std::fs::write(&path, "{ half").unwrap();
        let error = save_metrics(folder.path(), "eval", &eval(), true).unwrap_err().to_string();
        assert!(error.contains("all_results.json") && error.contains("line 1"), "{error}");
        assert_eq!(read(folder.path(), "eval_results.json"), EVAL_FILE);
        assert_eq!(read(folder.path(), "all_results.json"), "{ half");
    }
}
