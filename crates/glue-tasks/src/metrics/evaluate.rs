//! Predictions and references of a whole split, and all metrics of a task on them.

use super::argmax::argmax;
use super::error::MetricError;
use super::metric::{Compute, Metric};
use super::multilabel;
use crate::task_kind::TaskKind;

/// The key of the mean over several metrics, as `run_glue.py` names it.
pub const COMBINED_SCORE: &str = "combined_score";

/// What a model says about each row of a split.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// A class for each row.
    Classes(Vec<usize>),
    /// A number for each row.
    Scores(Vec<f64>),
    /// Yes or no for each class of each row.
    Sets(Vec<Vec<bool>>),
}

/// What is right for each row of a split.
#[derive(Clone, Debug, PartialEq)]
pub enum References {
    /// A class for each row.
    Classes(Vec<usize>),
    /// A number for each row.
    Scores(Vec<f64>),
    /// Yes or no for each class of each row.
    Sets(Vec<Vec<bool>>),
}

impl Predictions {
    /// Predictions from a model's logits, row after row: the class of the largest one, or the only one as a number.
    ///
    /// # Errors
    /// [`MetricError::LogitsShape`] where they do not divide into rows of `num_labels`, or where a number is wanted
    /// and the rows are wider than one.
    pub fn from_logits(logits: &[f32], num_labels: usize, kind: TaskKind) -> Result<Self, MetricError> {
        let shape = || MetricError::LogitsShape { values: logits.len(), num_labels };
        if num_labels == 0 || !logits.len().is_multiple_of(num_labels) {
            return Err(shape());
        }
        match kind {
            TaskKind::Classification => {
                let classes: Option<Vec<usize>> = logits.chunks_exact(num_labels).map(argmax).collect();
                classes.map(Self::Classes).ok_or_else(shape)
            }
            TaskKind::Regression if num_labels == 1 => {
                Ok(Self::Scores(logits.iter().map(|&score| f64::from(score)).collect()))
            }
            TaskKind::Regression => Err(shape()),
            // A probability above one half.
            TaskKind::MultiLabel => Ok(Self::Sets(
                logits.chunks_exact(num_labels).map(|row| row.iter().map(|&x| x > 0.0).collect()).collect(),
            )),
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Scores(scores) => scores.len(),
            Self::Sets(sets) => sets.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Several metrics of a split, by key and in the given order, then `combined_score` where there is more than one.
///
/// The combined score is their plain mean, as in `run_glue.py`:
/// <https://github.com/huggingface/transformers/blob/main/examples/pytorch/text-classification/run_glue.py>.
///
/// # Errors
/// Columns of different lengths, empty ones, or a metric that does not fit what is compared.
pub fn evaluate(
    metrics: &[Metric],
    predictions: &Predictions,
    references: &References,
) -> Result<Vec<(String, f64)>, MetricError> {
    let mut results = Vec::with_capacity(metrics.len() + 1);
    for &metric in metrics {
        results.push((metric.key().to_owned(), value(metric, predictions, references)?));
    }
    if results.len() > 1 {
        let mean = results.iter().map(|(_, value)| value).sum::<f64>() / results.len() as f64;
        results.push((COMBINED_SCORE.to_owned(), mean));
    }
    Ok(results)
}

fn value(metric: Metric, predictions: &Predictions, references: &References) -> Result<f64, MetricError> {
    const CLASSES: &str = "classes";
    const SCORES: &str = "numbers";
    const SETS: &str = "sets of classes";
    let wrong = |side, needs, found| Err(MetricError::WrongKind { metric: metric.key(), side, needs, found });
    if let (Predictions::Sets(p), References::Sets(r)) = (predictions, references) {
        return multilabel::value(metric, p, r);
    }
    match (metric.compute(), predictions, references) {
        (Compute::Classes(compute), Predictions::Classes(p), References::Classes(r)) => compute(p, r),
        (Compute::Scores(compute), Predictions::Scores(p), References::Scores(r)) => compute(p, r),
        (Compute::Classes(_), Predictions::Scores(_), _) => wrong("predictions", CLASSES, SCORES),
        (Compute::Classes(_), _, References::Scores(_)) => wrong("references", CLASSES, SCORES),
        (Compute::Scores(_), Predictions::Classes(_), _) => wrong("predictions", SCORES, CLASSES),
        (Compute::Scores(_), _, References::Classes(_)) => wrong("references", SCORES, CLASSES),
        (Compute::Classes(_), Predictions::Sets(_), _) => wrong("predictions", CLASSES, SETS),
        (Compute::Classes(_), _, References::Sets(_)) => wrong("references", CLASSES, SETS),
        (Compute::Scores(_), Predictions::Sets(_), _) => wrong("predictions", SCORES, SETS),
        (Compute::Scores(_), _, References::Sets(_)) => wrong("references", SCORES, SETS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_metric_alone_has_no_combined_score() {
        let predictions = Predictions::Classes(vec![1, 1, 0, 0]);
        let references = References::Classes(vec![1, 0, 0, 0]);
        let one = evaluate(&[Metric::Accuracy], &predictions, &references).unwrap();
        assert_eq!(one, [("accuracy".to_owned(), 0.75)]);
        let two = evaluate(&[Metric::Accuracy, Metric::F1], &predictions, &references).unwrap();
        let keys: Vec<_> = two.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["accuracy", "f1", "combined_score"]);
        assert!((two[2].1 - (0.75 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn logits_become_classes_or_scores() {
        let logits = [0.1, 0.9, 2.0, 2.0];
        assert_eq!(
            Predictions::from_logits(&logits, 2, TaskKind::Classification),
            Ok(Predictions::Classes(vec![1, 0]))
        );
        assert_eq!(
            Predictions::from_logits(&[0.5, 4.0], 1, TaskKind::Regression),
            Ok(Predictions::Scores(vec![0.5, 4.0]))
        );
        for (width, kind) in [(3, TaskKind::Classification), (0, TaskKind::Classification), (2, TaskKind::Regression)] {
            let error = Predictions::from_logits(&logits, width, kind).unwrap_err();
            assert_eq!(error, MetricError::LogitsShape { values: 4, num_labels: width });
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let classes = Predictions::Classes(vec![0, 1]);
        let long = References::Classes(vec![0, 1, 1]);
        assert_eq!(
            evaluate(&[Metric::Matthews], &classes, &long).unwrap_err().to_string(),
            "2 predictions but 3 references: pass one prediction for each row of the split"
        );
        let nothing = (Predictions::Scores(vec![]), References::Scores(vec![]));
        for metric in [Metric::Pearson, Metric::Spearman, Metric::Mse, Metric::Rmse, Metric::Mae] {
            assert_eq!(evaluate(&[metric], &nothing.0, &nothing.1), Err(MetricError::Empty));
        }
        assert_eq!(
            evaluate(&[Metric::Pearson], &classes, &long).unwrap_err().to_string(),
            "`pearson` compares numbers, but the predictions are classes: choose a metric for this kind of task"
        );
        let three = (Predictions::Classes(vec![0, 2]), References::Classes(vec![0, 1]));
        assert_eq!(evaluate(&[Metric::F1], &three.0, &three.1), Err(MetricError::NotBinary { label: 2 }));
    }
}
