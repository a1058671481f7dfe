//! Every metric that there is: its key, whether more is better, what it fits, and the function that computes it.

use super::classification::{Average, ConfusionMatrix, accuracy, binary, macro_average, matthews, micro_average};
use super::correlation::{pearson, spearman};
use super::error::MetricError;
use super::regression::{mae, mse, rmse};
use crate::task_kind::TaskKind;

/// Something that can be measured on predictions and references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// The share of right predictions.
    Accuracy,
    /// Precision of class 1 of two.
    Precision,
    /// Recall of class 1 of two.
    Recall,
    /// F1 of class 1 of two.
    F1,
    /// Precision, averaged over the classes.
    PrecisionMacro,
    /// Recall, averaged over the classes.
    RecallMacro,
    /// F1, averaged over the classes.
    F1Macro,
    /// Precision over all decisions taken together.
    PrecisionMicro,
    /// Recall over all decisions taken together.
    RecallMicro,
    /// F1 over all decisions taken together.
    F1Micro,
    /// Matthews' correlation, for any number of classes.
    Matthews,
    /// Pearson's correlation.
    Pearson,
    /// Spearman's rank correlation.
    Spearman,
    /// The mean squared error.
    Mse,
    /// The root of the mean squared error.
    Rmse,
    /// The mean absolute error.
    Mae,
}

/// How a metric is computed: from classes, or from numbers. Both take predictions first, then references.
#[derive(Clone, Copy)]
pub(super) enum Compute {
    Classes(fn(&[usize], &[usize]) -> Result<f64, MetricError>),
    Scores(fn(&[f64], &[f64]) -> Result<f64, MetricError>),
}

impl Metric {
    /// Every metric, in the order in which messages list them.
    pub const ALL: [Self; 16] = [
        Self::Accuracy,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::PrecisionMacro,
        Self::RecallMacro,
        Self::F1Macro,
        Self::PrecisionMicro,
        Self::RecallMicro,
        Self::F1Micro,
        Self::Matthews,
        Self::Pearson,
        Self::Spearman,
        Self::Mse,
        Self::Rmse,
        Self::Mae,
    ];

    /// The name in results files, which is `run_glue.py`'s: `accuracy`, `matthews_correlation`, `spearmanr`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::PrecisionMacro => "precision_macro",
            Self::RecallMacro => "recall_macro",
            Self::F1Macro => "f1_macro",
            Self::PrecisionMicro => "precision_micro",
            Self::RecallMicro => "recall_micro",
            Self::F1Micro => "f1_micro",
            Self::Matthews => "matthews_correlation",
            Self::Pearson => "pearson",
            Self::Spearman => "spearmanr",
            Self::Mse => "mse",
            Self::Rmse => "rmse",
            Self::Mae => "mae",
        }
    }

    /// The metric with this [`key`](Self::key); none for `combined_score`, which is a mean of metrics.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.key() == key)
    }

    /// What is measured of data that no benchmark describes, where nothing else is asked for; the first is the task's number.
    pub fn defaults(kind: TaskKind) -> &'static [Self] {
        match kind {
            TaskKind::Classification => {
                &[Self::Accuracy, Self::F1Macro, Self::F1Micro, Self::PrecisionMacro, Self::RecallMacro]
            }
            TaskKind::MultiLabel => {
                &[Self::F1Micro, Self::F1Macro, Self::PrecisionMacro, Self::RecallMacro, Self::Accuracy]
            }
            TaskKind::Regression => &[Self::Pearson, Self::Spearman, Self::Mse, Self::Rmse, Self::Mae],
        }
    }

    /// Whether more is better; false for the three errors.
    pub fn higher_is_better(self) -> bool {
        !matches!(self, Self::Mse | Self::Rmse | Self::Mae)
    }

    /// Whether it is of class 1 of two: another order of the classes makes another number.
    pub fn is_of_one_class(self) -> bool {
        matches!(self, Self::Precision | Self::Recall | Self::F1)
    }

    /// Whether there is such a number for a kind of task with so many labels: errors and correlations are of numbers, and
    /// precision, recall and F1 of one class are of two classes.
    pub fn fits(self, kind: TaskKind, num_labels: usize) -> bool {
        let of_numbers = matches!(self.compute(), Compute::Scores(_));
        let binary = self.is_of_one_class();
        match kind {
            TaskKind::Regression => of_numbers,
            TaskKind::Classification => !of_numbers && (!binary || num_labels == 2),
            TaskKind::MultiLabel => !of_numbers && !binary && self != Self::Matthews,
        }
    }

    /// The metric of classes that were counted already; `None` of numbers, and where [`evaluate`](super::evaluate::evaluate) has an error.
    pub fn of_counts(self, counts: &ConfusionMatrix) -> Option<f64> {
        let average = |average: Average| counts.average(average).ok();
        match self {
            Self::Accuracy => Some(counts.correct() as f64 / counts.total() as f64),
            Self::Precision => Some(average(Average::Binary)?.precision),
            Self::Recall => Some(average(Average::Binary)?.recall),
            Self::F1 => Some(average(Average::Binary)?.f1),
            Self::PrecisionMacro => Some(average(Average::Macro)?.precision),
            Self::RecallMacro => Some(average(Average::Macro)?.recall),
            Self::F1Macro => Some(average(Average::Macro)?.f1),
            Self::PrecisionMicro => Some(average(Average::Micro)?.precision),
            Self::RecallMicro => Some(average(Average::Micro)?.recall),
            Self::F1Micro => Some(average(Average::Micro)?.f1),
            Self::Matthews => Some(counts.matthews()),
            Self::Pearson | Self::Spearman | Self::Mse | Self::Rmse | Self::Mae => None,
        }
    }

    pub(super) fn compute(self) -> Compute {
        use Compute::{Classes, Scores};
        match self {
            Self::Accuracy => Classes(accuracy),
            Self::Precision => Classes(|p, r| binary(p, r).map(|all| all.precision)),
            Self::Recall => Classes(|p, r| binary(p, r).map(|all| all.recall)),
            Self::F1 => Classes(|p, r| binary(p, r).map(|all| all.f1)),
            Self::PrecisionMacro => Classes(|p, r| macro_average(p, r).map(|all| all.precision)),
            Self::RecallMacro => Classes(|p, r| macro_average(p, r).map(|all| all.recall)),
            Self::F1Macro => Classes(|p, r| macro_average(p, r).map(|all| all.f1)),
            Self::PrecisionMicro => Classes(|p, r| micro_average(p, r).map(|all| all.precision)),
            Self::RecallMicro => Classes(|p, r| micro_average(p, r).map(|all| all.recall)),
            Self::F1Micro => Classes(|p, r| micro_average(p, r).map(|all| all.f1)),
            Self::Matthews => Classes(matthews),
            Self::Pearson => Scores(pearson),
            Self::Spearman => Scores(spearman),
            Self::Mse => Scores(mse),
            Self::Rmse => Scores(rmse),
            Self::Mae => Scores(mae),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate::{Predictions, References, evaluate};
    use super::*;

    #[test]
    fn keys_are_unique_and_lead_back() {
        for metric in Metric::ALL {
            assert_eq!(Metric::from_key(metric.key()), Some(metric));
        }
        assert_eq!(Metric::from_key("combined_score"), None);
    }

    #[test]
    fn a_metric_that_fits_can_be_computed() {
        let cases = [
            (TaskKind::Classification, 2, Predictions::Classes(vec![0, 1]), References::Classes(vec![1, 0])),
            (TaskKind::Classification, 3, Predictions::Classes(vec![0, 1, 2]), References::Classes(vec![1, 2, 0])),
            (TaskKind::Regression, 1, Predictions::Scores(vec![0.0, 1.0]), References::Scores(vec![1.0, 0.5])),
            (
                TaskKind::MultiLabel,
                2,
                Predictions::Sets(vec![vec![true, false]; 2]),
                References::Sets(vec![vec![true, true], vec![false, true]]),
            ),
        ];
        for (kind, num_labels, predictions, references) in cases {
            for metric in Metric::ALL {
                let computed = evaluate(&[metric], &predictions, &references);
                assert_eq!(computed.is_ok(), metric.fits(kind, num_labels), "{} of {kind:?}", metric.key());
            }
        }
    }

    #[test]
    fn counts_say_the_same_as_rows() {
        // A class that never occurs is none of those that are averaged.
        let (said, right) = (vec![0, 1, 1, 0, 1, 1, 0], vec![0, 1, 0, 0, 1, 0, 1]);
        for num_labels in [2, 3] {
            let counts = ConfusionMatrix::of_all(&said, &right, num_labels).unwrap();
            assert_eq!(ConfusionMatrix::of_counts(counts.counts().to_vec()).as_ref(), Ok(&counts));
            let (said, right) = (Predictions::Classes(said.clone()), References::Classes(right.clone()));
            for metric in Metric::ALL {
                let of_rows = evaluate(&[metric], &said, &right).ok().map(|all| all[0].1);
                assert_eq!(metric.of_counts(&counts), of_rows, "{}", metric.key());
            }
        }
        assert!(ConfusionMatrix::of_counts(vec![vec![1, 2], vec![3]]).is_err());
    }

    #[test]
    fn only_errors_are_better_when_low() {
        let low: Vec<_> = Metric::ALL.into_iter().filter(|metric| !metric.higher_is_better()).collect();
        assert_eq!(low, [Metric::Mse, Metric::Rmse, Metric::Mae]);
    }
}
