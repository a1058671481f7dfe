//! How well each class of a split is told, and what it is taken for.

use glue_tasks::metrics::{ConfusionMatrix, MetricError, Predictions, References, per_label};
use serde::{Deserialize, Serialize};

/// The classes of an evaluated split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassTable {
    /// The split.
    pub split: String,
    /// One row a class, in the order of the labels.
    pub classes: Vec<ClassRow>,
    /// Counts, one row a right class, one column a predicted one; `None` where a row of data can have several classes.
    pub confusion_matrix: Option<Vec<Vec<u64>>>,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// Its name.
    pub label: String,
    /// Right among those predicted.
    pub precision: f64,
    /// Predicted among those that are right.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// How many rows have it.
    pub support: u64,
    /// How many rows were said to have it.
    pub predicted: u64,
}

impl ClassTable {
    /// The table of a split; `None` where there are numbers instead of classes.
    ///
    /// # Errors
    /// Columns of different lengths, empty ones, or a class that has no label.
    pub fn new(
        split: &str,
        labels: &[&str],
        predictions: &Predictions,
        references: &References,
    ) -> Result<Option<Self>, MetricError> {
        let (rates, support, predicted, confusion_matrix) = match (predictions, references) {
            (Predictions::Classes(p), References::Classes(r)) => {
                let matrix = ConfusionMatrix::of_all(p, r, labels.len())?;
                let counts = matrix.counts().to_vec();
                (matrix.per_class(), matrix.reference_totals(), matrix.predicted_totals(), Some(counts))
            }
            (Predictions::Sets(p), References::Sets(r)) => {
                let totals = |sets: &[Vec<bool>]| -> Vec<u64> {
                    (0..labels.len()).map(|class| sets.iter().filter(|set| set[class]).count() as u64).collect()
                };
                (per_label(p, r)?, totals(r), totals(p), None)
            }
            _ => return Ok(None),
        };
        let classes = labels.iter().zip(rates).zip(support.into_iter().zip(predicted));
        let classes = classes.map(|((label, rates), (support, predicted))| ClassRow {
            label: (*label).to_owned(),
            precision: rates.precision,
            recall: rates.recall,
            f1: rates.f1,
            support,
            predicted,
        });
        Ok(Some(Self { split: split.to_owned(), classes: classes.collect(), confusion_matrix }))
    }

    /// The rows as text, aligned.
    #[must_use]
    pub fn render(&self) -> String {
        let width = self.classes.iter().map(|row| row.label.chars().count()).max().unwrap_or(0).clamp(5, 40);
        let mut text = format!("{:width$}  precision  recall      f1  support\n", "class");
        for row in &self.classes {
            let label: String = row.label.chars().take(width).collect();
            text += &format!(
                "{label:width$}  {:9.4}  {:6.4}  {:6.4}  {:7}\n",
                row.precision, row.recall, row.f1, row.support
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_counted_both_ways() {
        let table = ClassTable::new(
            "validation",
            &["no", "yes", "maybe"],
            &Predictions::Classes(vec![0, 0, 1, 1]),
            &References::Classes(vec![0, 1, 1, 1]),
        );
        let table = table.expect("a table").expect("of classes");
        assert_eq!(table.confusion_matrix, Some(vec![vec![1, 0, 0], vec![1, 2, 0], vec![0, 0, 0]]));
        let yes = &table.classes[1];
        assert_eq!((yes.precision, yes.recall, yes.support, yes.predicted), (1.0, 2.0 / 3.0, 3, 2));
        assert_eq!(
            table.render().lines().nth(2),
            Some("yes       1.0000  0.6667  0.8000        3"),
            "{}",
            table.render()
        );
    }

    #[test]
    fn sets_have_no_confusion_matrix_and_numbers_no_table() {
        let sets = |rows: &[[bool; 2]]| rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        let table = ClassTable::new(
            "v",
            &["a", "b"],
            &Predictions::Sets(sets(&[[true, true], [false, false]])),
            &References::Sets(sets(&[[true, false], [false, true]])),
        );
        let table = table.expect("a table").expect("of sets");
        assert_eq!((table.classes[0].f1, table.classes[1].f1), (1.0, 0.0));
        assert_eq!(table.confusion_matrix, None);
        let numbers = ClassTable::new("v", &[], &Predictions::Scores(vec![1.0]), &References::Scores(vec![1.0]));
        assert_eq!(numbers, Ok(None));
    }
}
