//! Metrics of rows that can have any number of classes, each row a set of yes and no. Behaviour is scikit-learn's with
//! `zero_division=0`: <https://scikit-learn.org/stable/modules/model_evaluation.html#multilabel-ranking-metrics>.

use super::classification::PrecisionRecallF1;
use super::error::MetricError;
use super::lengths::check_lengths;
use super::metric::Metric;

/// How often a class was rightly said, wrongly said, and missed.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    right: u64,
    wrong: u64,
    missed: u64,
}

impl Counts {
    fn rates(self) -> PrecisionRecallF1 {
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        PrecisionRecallF1 {
            precision: share(self.right, self.right + self.wrong),
            recall: share(self.right, self.right + self.missed),
            f1: share(2 * self.right, 2 * self.right + self.wrong + self.missed),
        }
    }
}

/// Counts of each class.
fn counts(predictions: &[Vec<bool>], references: &[Vec<bool>]) -> Result<Vec<Counts>, MetricError> {
    check_lengths(predictions.len(), references.len())?;
    let num_labels = references.first().map_or(0, Vec::len);
    let mut counts = vec![Counts::default(); num_labels];
    for (prediction, reference) in predictions.iter().zip(references) {
        if prediction.len() != num_labels || reference.len() != num_labels {
            return Err(MetricError::LabelOutOfRange { label: prediction.len().max(reference.len()), num_labels });
        }
        for ((count, &said), &is) in counts.iter_mut().zip(prediction).zip(reference) {
            count.right += u64::from(said && is);
            count.wrong += u64::from(said && !is);
            count.missed += u64::from(!said && is);
        }
    }
    Ok(counts)
}

/// The metrics that there are for sets: the share of rows that are right in all classes, and precision, recall and F1 over
/// all decisions together or averaged over all classes.
pub(super) fn value(metric: Metric, predictions: &[Vec<bool>], references: &[Vec<bool>]) -> Result<f64, MetricError> {
    let counts = counts(predictions, references)?;
    let micro = || {
        let sum = counts.iter().fold(Counts::default(), |a, b| Counts {
            right: a.right + b.right,
            wrong: a.wrong + b.wrong,
            missed: a.missed + b.missed,
        });
        sum.rates()
    };
    let macro_mean = |of: fn(PrecisionRecallF1) -> f64| {
        counts.iter().map(|count| of(count.rates())).sum::<f64>() / counts.len().max(1) as f64
    };
    match metric {
        Metric::Accuracy => {
            let right = predictions.iter().zip(references).filter(|(p, r)| p == r).count();
            Ok(right as f64 / references.len() as f64)
        }
        Metric::PrecisionMicro => Ok(micro().precision),
        Metric::RecallMicro => Ok(micro().recall),
        Metric::F1Micro => Ok(micro().f1),
        Metric::PrecisionMacro => Ok(macro_mean(|rates| rates.precision)),
        Metric::RecallMacro => Ok(macro_mean(|rates| rates.recall)),
        Metric::F1Macro => Ok(macro_mean(|rates| rates.f1)),
        _ => Err(MetricError::WrongKind {
            metric: metric.key(),
            side: "predictions",
            needs: "one class a row",
            found: "sets of classes",
        }),
    }
}

/// Precision, recall and F1 of each class.
///
/// # Errors
/// Columns of different lengths, or empty ones.
pub fn per_label(predictions: &[Vec<bool>], references: &[Vec<bool>]) -> Result<Vec<PrecisionRecallF1>, MetricError> {
    Ok(counts(predictions, references)?.into_iter().map(Counts::rates).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_scikit_learn() {
        // sklearn 1.7 on y_true [[1,0,1],[0,1,0],[1,1,0],[0,0,0]], y_pred [[1,0,0],[0,1,1],[1,0,0],[0,0,0]].
        let rows =
            |bits: [[u8; 3]; 4]| bits.iter().map(|row| row.iter().map(|b| *b == 1).collect()).collect::<Vec<_>>();
        let references = rows([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 0]]);
        let predictions = rows([[1, 0, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0]]);
        for (metric, expected) in [
            (Metric::Accuracy, 0.25),
            (Metric::PrecisionMicro, 0.75),
            (Metric::RecallMicro, 0.6),
            (Metric::F1Micro, 2.0 / 3.0),
            (Metric::PrecisionMacro, 2.0 / 3.0),
            (Metric::RecallMacro, 0.5),
            (Metric::F1Macro, 5.0 / 9.0),
        ] {
            let value = value(metric, &predictions, &references).expect("a value");
            assert!((value - expected).abs() < 1e-12, "{}: {value}", metric.key());
        }
        assert!(value(Metric::F1, &predictions, &references).is_err());
        assert_eq!(per_label(&predictions, &references).expect("rates")[2].f1, 0.0);
    }
}
