//! Metrics of classes: accuracy, the confusion matrix and what is read from it. Behaviour is scikit-learn's:
//! <https://scikit-learn.org/stable/modules/model_evaluation.html#classification-metrics>.

use super::error::MetricError;
use super::lengths::check_lengths;

/// How precision, recall and F1 become one number each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// Those of class 1; more than two classes are an error.
    Binary,
    /// The plain mean over the classes that occur in the references or the predictions.
    Macro,
    /// From the counts of all classes together.
    Micro,
}

/// Precision, recall and their harmonic mean. Each is 0 where it would be 0 / 0 (`zero_division=0`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallF1 {
    /// Right among those predicted.
    pub precision: f64,
    /// Right among those that should have been predicted.
    pub recall: f64,
    /// `2 tp / (2 tp + fp + fn)`.
    pub f1: f64,
}

/// How often each class was predicted where each class was right.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ConfusionMatrix {
    labels: Vec<usize>,
    counts: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    /// Over the classes that occur, in rising order, as `sklearn.metrics.confusion_matrix` without `labels`:
    /// <https://scikit-learn.org/stable/modules/generated/sklearn.metrics.confusion_matrix.html>.
    ///
    /// # Errors
    /// Columns of different lengths, or empty ones.
    pub fn of_present(predictions: &[usize], references: &[usize]) -> Result<Self, MetricError> {
        check_lengths(predictions.len(), references.len())?;
        let mut labels: Vec<usize> = predictions.iter().chain(references).copied().collect();
        labels.sort_unstable();
        labels.dedup();
        Self::count(predictions, references, labels)
    }

    /// Over all classes of a label set, those that never occur included.
    ///
    /// # Errors
    /// As [`Self::of_present`], and a class that is not in the label set.
    pub fn of_all(predictions: &[usize], references: &[usize], num_labels: usize) -> Result<Self, MetricError> {
        check_lengths(predictions.len(), references.len())?;
        if let Some(&label) = predictions.iter().chain(references).find(|&&label| label >= num_labels) {
            return Err(MetricError::LabelOutOfRange { label, num_labels });
        }
        Self::count(predictions, references, (0..num_labels).collect())
    }

    /// Of counts that are known: a row a reference class, as many columns, a predicted class each.
    ///
    /// # Errors
    /// Where a row has more or fewer columns than there are rows.
    pub fn of_counts(counts: Vec<Vec<u64>>) -> Result<Self, MetricError> {
        let num_labels = counts.len();
        if let Some(row) = counts.iter().find(|row| row.len() != num_labels) {
            return Err(MetricError::LabelOutOfRange { label: row.len(), num_labels });
        }
        Ok(Self { labels: (0..num_labels).collect(), counts })
    }

    fn count(predictions: &[usize], references: &[usize], labels: Vec<usize>) -> Result<Self, MetricError> {
        let num_labels = labels.len();
        let place =
            |label: usize| labels.binary_search(&label).map_err(|_| MetricError::LabelOutOfRange { label, num_labels });
        let mut counts = vec![vec![0; num_labels]; num_labels];
        for (&prediction, &reference) in predictions.iter().zip(references) {
            counts[place(reference)?][place(prediction)?] += 1;
        }
        Ok(Self { labels, counts })
    }

    /// The classes, in the order of rows and columns.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// One row a reference class, one column a predicted class.
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// The number of rows that were counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// How many were right.
    pub fn correct(&self) -> u64 {
        (0..self.labels.len()).map(|class| self.counts[class][class]).sum()
    }

    /// How often each class was right.
    pub fn reference_totals(&self) -> Vec<u64> {
        self.counts.iter().map(|row| row.iter().sum()).collect()
    }

    /// How often each class was predicted.
    pub fn predicted_totals(&self) -> Vec<u64> {
        (0..self.labels.len()).map(|class| self.counts.iter().map(|row| row[class]).sum()).collect()
    }

    /// The rows and columns of classes that occur, in the references or in the predictions.
    fn present(&self) -> impl Iterator<Item = usize> {
        let (references, predicted) = (self.reference_totals(), self.predicted_totals());
        (0..self.labels.len()).filter(move |&class| references[class] + predicted[class] > 0)
    }

    /// Precision, recall and F1 of each class, in the order of [`Self::labels`].
    pub fn per_class(&self) -> Vec<PrecisionRecallF1> {
        let (references, predicted) = (self.reference_totals(), self.predicted_totals());
        (0..self.labels.len())
            .map(|class| from_counts(self.counts[class][class], predicted[class], references[class]))
            .collect()
    }

    /// Precision, recall and F1 as one number each; see [`precision_recall_f1`].
    ///
    /// # Errors
    /// [`MetricError::NotBinary`] for [`Average::Binary`] where a class above 1 occurs.
    pub fn average(&self, average: Average) -> Result<PrecisionRecallF1, MetricError> {
        match average {
            Average::Binary => {
                if let Some(label) = self.present().map(|class| self.labels[class]).find(|&label| label > 1) {
                    return Err(MetricError::NotBinary { label });
                }
                // Where class 1 never occurs, each of the three is 0 / 0.
                let positive = self.labels.iter().position(|&label| label == 1);
                Ok(positive.map_or(from_counts(0, 0, 0), |class| self.per_class()[class]))
            }
            Average::Macro => {
                // A class of the label set that never occurs says nothing about the model.
                let per_class = self.per_class();
                let present: Vec<_> = self.present().map(|class| per_class[class]).collect();
                let mean =
                    |of: fn(&PrecisionRecallF1) -> f64| present.iter().map(of).sum::<f64>() / present.len() as f64;
                Ok(PrecisionRecallF1 {
                    precision: mean(|class| class.precision),
                    recall: mean(|class| class.recall),
                    f1: mean(|class| class.f1),
                })
            }
            Average::Micro => Ok(from_counts(self.correct(), self.total(), self.total())),
        }
    }

    /// Matthews' correlation, for any number of classes: Gorodkin's R_K.
    ///
    /// With c right of s, and class k right t_k times and predicted p_k times:
    /// `(c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2) (s^2 - sum t_k^2))`, and 0 where that is 0 / 0:
    /// <https://scikit-learn.org/stable/modules/model_evaluation.html#matthews-corrcoef>,
    /// <https://doi.org/10.1016/j.compbiolchem.2004.09.006>.
    pub fn matthews(&self) -> f64 {
        let (references, predicted) = (self.reference_totals(), self.predicted_totals());
        // Whole numbers, so that equal terms cancel exactly and "undefined" is a comparison with 0.
        let dot = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(&a, &b)| i128::from(a) * i128::from(b)).sum::<i128>();
        let (total, correct) = (i128::from(self.total()), i128::from(self.correct()));
        let covariance = correct * total - dot(&references, &predicted);
        let of_predicted = total * total - dot(&predicted, &predicted);
        let of_references = total * total - dot(&references, &references);
        if of_predicted == 0 || of_references == 0 {
            return 0.0;
        }
        // One root, as scikit-learn has it: that of a square is exact, and what is all right is 1 and not a little more.
        covariance as f64 / (of_predicted as f64 * of_references as f64).sqrt()
    }
}

/// The share of predictions that are right.
///
/// # Errors
/// Columns of different lengths, or empty ones.
pub fn accuracy(predictions: &[usize], references: &[usize]) -> Result<f64, MetricError> {
    check_lengths(predictions.len(), references.len())?;
    let right = predictions.iter().zip(references).filter(|(p, r)| p == r).count();
    Ok(right as f64 / references.len() as f64)
}

/// Precision, recall and F1 as one number each:
/// <https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_recall_fscore_support.html>.
///
/// # Errors
/// Columns of different lengths, empty ones, or a class above 1 with [`Average::Binary`].
pub fn precision_recall_f1(
    predictions: &[usize],
    references: &[usize],
    average: Average,
) -> Result<PrecisionRecallF1, MetricError> {
    ConfusionMatrix::of_present(predictions, references)?.average(average)
}

/// Matthews' correlation; see [`ConfusionMatrix::matthews`].
///
/// # Errors
/// Columns of different lengths, or empty ones.
pub fn matthews(predictions: &[usize], references: &[usize]) -> Result<f64, MetricError> {
    Ok(ConfusionMatrix::of_present(predictions, references)?.matthews())
}

pub(super) fn binary(predictions: &[usize], references: &[usize]) -> Result<PrecisionRecallF1, MetricError> {
    precision_recall_f1(predictions, references, Average::Binary)
}

pub(super) fn macro_average(predictions: &[usize], references: &[usize]) -> Result<PrecisionRecallF1, MetricError> {
    precision_recall_f1(predictions, references, Average::Macro)
}

pub(super) fn micro_average(predictions: &[usize], references: &[usize]) -> Result<PrecisionRecallF1, MetricError> {
    precision_recall_f1(predictions, references, Average::Micro)
}

fn from_counts(right: u64, predicted: u64, references: u64) -> PrecisionRecallF1 {
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    PrecisionRecallF1 {
        precision: share(right, predicted),
        recall: share(right, references),
        f1: share(2 * right, predicted + references),
    }
}
