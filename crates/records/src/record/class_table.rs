//! How well each class of a split is told, and what it is taken for.

use crate::shown;
use glue_tasks::metrics::{ConfusionMatrix, MetricError, Predictions, References, per_label};
use serde::{Deserialize, Serialize};

/// The classes of an evaluated split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassTable {
    /// Name of the split, such as `validation_matched`.
    pub split: String,
    /// One row a class, in the order of the labels.
    pub classes: Vec<ClassRow>,
    /// Counts, one row a right class, one column a predicted one; `None` where a row of data can have several classes.
    pub confusion_matrix: Option<Vec<Vec<u64>>>,
}

/// How well one class is told; shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// The label, as the dataset names it.
    pub label: String,
    /// Share of rows that are right among those predicted as it.
    pub precision: f64,
    /// Share of rows that are predicted as it among those that are it.
    pub recall: f64,
    /// Harmonic mean of precision and recall; 0 where both are.
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
        labels: &[impl AsRef<str>],
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
            label: label.as_ref().to_owned(),
            precision: rates.precision,
            recall: rates.recall,
            f1: rates.f1,
            support,
            predicted,
        });
        Ok(Some(Self { split: split.to_owned(), classes: classes.collect(), confusion_matrix }))
    }

    /// The share of right predictions, and the largest one that another order of the predicted classes would give; `None`
    /// where a row can have several classes, or there are too many orders to try.
    #[must_use]
    pub fn accuracy_and_best_order(&self) -> Option<(f64, f64)> {
        let matrix = self.confusion_matrix.as_ref().filter(|matrix| (2..=6).contains(&matrix.len()))?;
        let total: u64 = matrix.iter().flatten().sum();
        let right: u64 = (0..matrix.len()).map(|class| matrix[class][class]).sum();
        let best = best_order(matrix, 0, &mut vec![false; matrix.len()]);
        (total > 0).then(|| (right as f64 / total as f64, best as f64 / total as f64))
    }

    /// Whether the rows are told apart, but under each other's names: fewer are right than by chance (by three standard
    /// deviations), and in another order most would be.
    #[must_use]
    pub fn is_permuted(&self) -> bool {
        let Some((accuracy, best)) = self.accuracy_and_best_order() else { return false };
        let rows: u64 = self.classes.iter().map(|row| row.support).sum();
        let chance = 1.0 / self.classes.len() as f64;
        let deviation = (chance * (1.0 - chance) / rows as f64).sqrt();
        accuracy < chance - 3.0 * deviation && best > chance + 3.0 * deviation
    }

    /// The rows as text, aligned.
    #[must_use]
    pub fn render(&self) -> String {
        let labels: Vec<_> = self.classes.iter().map(|row| shown(&row.label)).collect();
        let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).clamp(5, 40);
        let mut text = format!("{:width$}  precision  recall      f1  support\n", "class");
        for (row, label) in self.classes.iter().zip(&labels) {
            let label: String = label.chars().take(width).collect();
            text += &format!(
                "{label:width$}  {:9.4}  {:6.4}  {:6.4}  {:7}\n",
                row.precision, row.recall, row.f1, row.support
            );
        }
        text
    }
}

/// The most rows that are right where each right class from `row` on gets a predicted class of its own.
fn best_order(matrix: &[Vec<u64>], row: usize, taken: &mut Vec<bool>) -> u64 {
    let Some(counts) = matrix.get(row) else { return 0 };
    let mut best = 0;
    for (class, &count) in counts.iter().enumerate() {
        if !taken[class] {
            taken[class] = true;
            best = best.max(count + best_order(matrix, row + 1, taken));
            taken[class] = false;
        }
    }
    best
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
    fn a_label_is_one_line_whatever_it_holds() {
        let references = References::Classes(vec![0, 1]);
        let table = ClassTable::new("v", &["a\n\u{1b}[2J", "b"], &Predictions::Classes(vec![0, 1]), &references);
        let text = table.expect("a table").expect("of classes").render();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert_eq!(text.lines().nth(1), Some(r"a\n\u{1b}[2J     1.0000  1.0000  1.0000        1"), "{text}");
    }

    #[test]
    fn classes_under_each_others_names_are_seen() {
        let of = |matrix: [[u64; 3]; 3]| {
            let rows = |i: usize| ClassRow {
                label: i.to_string(),
                precision: 0.0,
                recall: 0.0,
                f1: 0.0,
                support: matrix[i].iter().sum(),
                predicted: 0,
            };
            let confusion_matrix = Some(matrix.map(|row| row.to_vec()).to_vec());
            ClassTable { split: "v".to_owned(), classes: (0..3).map(rows).collect(), confusion_matrix }
        };
        let turned = of([[2, 30, 1], [1, 2, 30], [30, 1, 3]]);
        assert!(turned.is_permuted());
        assert_eq!(turned.accuracy_and_best_order(), Some((0.07, 0.9)));
        assert!(!of([[30, 2, 1], [1, 30, 2], [1, 2, 31]]).is_permuted());
        // Chance, and too few rows to tell.
        assert!(!of([[11, 12, 10], [10, 11, 12], [12, 10, 12]]).is_permuted());
        assert!(!of([[0, 1, 0], [0, 0, 1], [1, 0, 0]]).is_permuted());
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
        let numbers = ClassTable::new("v", &[""; 0], &Predictions::Scores(vec![1.0]), &References::Scores(vec![1.0]));
        assert_eq!(numbers, Ok(None));
    }
}
