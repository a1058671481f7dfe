//! `train_results.json`, `eval_results.json` and `all_results.json`, as `Trainer.save_metrics` writes them.
//!
//! Indent 4, sorted keys, no newline at the end. Measured times are rounded (seconds to 4 decimals, rates to 3);
//! scores and losses are not.

use super::atomic::{WriteError, write_whole};
use super::python_json::{Object, ParseError, Value, dumps, parse, round_decimals};
use std::path::{Path, PathBuf};

/// The numbers of one stage, by run_glue.py's names.
pub type Metrics = Object;

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

/// What is known when training ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainSummary {
    /// Epochs trained, with the fraction.
    pub epoch: f64,
    /// Floating-point operations of the run; `None` leaves the key out.
    pub total_flos: Option<f64>,
    /// Sum of the step losses over the steps run.
    pub train_loss: f64,
    /// Wall-clock seconds of training.
    pub seconds: f64,
    /// Rows in the training set that was used.
    pub train_samples: usize,
    /// Rows trained on, each counted once an epoch: what the rate is about.
    pub samples_seen: usize,
    /// Optimizer updates.
    pub steps: u64,
}

impl TrainSummary {
    /// The content of `train_results.json`.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut metrics = speed_metrics("train", self.seconds, self.samples_seen, self.steps);
        metrics.insert("epoch".to_owned(), self.epoch.into());
        if let Some(flos) = self.total_flos {
            metrics.insert("total_flos".to_owned(), flos.into());
        }
        metrics.insert("train_loss".to_owned(), self.train_loss.into());
        metrics.insert("train_samples".to_owned(), self.train_samples.into());
        metrics
    }
}

/// What is known when one split has been evaluated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvalSummary<'a> {
    /// Epochs trained before; `None` (no training in this run) leaves the key out.
    pub epoch: Option<f64>,
    /// Mean loss; `None` leaves the key out.
    pub loss: Option<f64>,
    /// Scores by name, without the `eval_` in front.
    pub scores: &'a [(&'a str, f64)],
    /// Wall-clock seconds of the evaluation.
    pub seconds: f64,
    /// Rows evaluated.
    pub samples: usize,
    /// Batches evaluated.
    pub steps: u64,
}

impl EvalSummary<'_> {
    /// The content of `eval_results.json` (for MNLI the matched half of it, see [`mismatched`]).
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut metrics = speed_metrics("eval", self.seconds, self.samples, self.steps);
        if let Some(epoch) = self.epoch {
            metrics.insert("epoch".to_owned(), epoch.into());
        }
        if let Some(loss) = self.loss {
            metrics.insert("eval_loss".to_owned(), loss.into());
        }
        for (name, score) in self.scores {
            metrics.insert(format!("eval_{name}"), (*score).into());
        }
        metrics.insert("eval_samples".to_owned(), self.samples.into());
        metrics
    }
}

/// `<stage>_runtime`, `<stage>_samples_per_second` and `<stage>_steps_per_second`. A run too short for the clock has
/// no rates.
#[must_use]
pub fn speed_metrics(stage: &str, seconds: f64, samples: usize, steps: u64) -> Metrics {
    let mut metrics = Metrics::new();
    metrics.insert(format!("{stage}_runtime"), round_decimals(seconds, 4).into());
    if seconds > 0.0 {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let rates = [("samples", samples as f64 / seconds), ("steps", steps as f64 / seconds)];
        for (what, rate) in rates {
            metrics.insert(format!("{stage}_{what}_per_second"), round_decimals(rate, 3).into());
        }
    }
    metrics
}

/// The metrics of the mismatched MNLI split as run_glue.py names them: `_mm` behind every key, `epoch` included.
#[must_use]
pub fn mismatched(metrics: &Metrics) -> Metrics {
    metrics.iter().map(|(key, value)| (format!("{key}_mm"), value.clone())).collect()
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

    #[test]
    fn mismatched_renames_every_key() {
        let mm = mismatched(&eval());
        assert_eq!(mm.len(), eval().len());
        assert!(mm.contains_key("eval_accuracy_mm") && mm.contains_key("epoch_mm"));
    }

    #[test]
    fn no_rates_without_time() {
        assert_eq!(speed_metrics("eval", 0.0, 5, 1).keys().collect::<Vec<_>>(), ["eval_runtime"]);
    }
}
