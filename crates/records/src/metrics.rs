//! The numbers of a run by run_glue.py's names, as they stand in its files, its log and a record.
//!
//! Measured times are rounded as the Trainer rounds them (seconds to 4 decimals, rates to 3); scores and losses are not.

use crate::python_json::{Object, round_decimals};

/// Numbers by name, such as `eval_accuracy` and `train_runtime`; sorted, as Python's files have them.
pub type Metrics = Object;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mismatched_renames_every_key() {
        let eval = EvalSummary {
            epoch: Some(3.0),
            loss: Some(0.5),
            scores: &[("accuracy", 0.75)],
            seconds: 2.0,
            samples: 408,
            steps: 51,
        };
        let mm = mismatched(&eval.metrics());
        assert_eq!(mm.len(), eval.metrics().len());
        assert!(mm.contains_key("eval_accuracy_mm") && mm.contains_key("epoch_mm"));
    }

    #[test]
    fn no_rates_without_time() {
        assert_eq!(speed_metrics("eval", 0.0, 5, 1).keys().collect::<Vec<_>>(), ["eval_runtime"]);
    }
}
