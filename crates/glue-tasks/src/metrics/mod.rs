//! The metrics of `evaluate.load("glue")` and those that people ask for beside them, in f64 throughout.
//!
//! A new metric is one function in the file of its family, one row in each table of [`Metric`], and its values in
//! `scripts/fixtures/metrics_goldens.py`.
//!
//! `evaluate` hands scipy float32 columns, so its correlations are computed in float32; these here agree with scipy on
//! the same numbers as float64, and with `evaluate` to about 1e-7.

mod argmax;
mod classification;
mod correlation;
mod error;
mod evaluate;
mod lengths;
mod metric;
mod multilabel;
mod regression;

pub use argmax::argmax;
pub use classification::{Average, ConfusionMatrix, PrecisionRecallF1, accuracy, matthews, precision_recall_f1};
pub use correlation::{average_ranks, pearson, spearman};
pub use error::MetricError;
pub use evaluate::{COMBINED_SCORE, Predictions, References, evaluate};
pub use metric::Metric;
pub use multilabel::per_label;
pub use regression::{mae, mse, rmse};
