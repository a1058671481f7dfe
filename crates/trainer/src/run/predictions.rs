//! `predict_results_<task>.txt`: what the model says about splits whose labels only the leaderboard has.

use std::fmt::Write;
use std::path::Path;

use super::context::RunContext;
use super::rows::task_of_file;
use super::score::{Evaluation, in_dataset_order};
use crate::data::Split;
use crate::error::Error;
use crate::training::evaluate::Logits;
use glue_tasks::metrics::Predictions;
use records::atomic::write_whole;
use records::files::logits::write_logits;
use records::files::submission::{Expected, file_of};
use records::{counted, shown};

/// A predicted split.
pub(super) struct Prediction {
    /// As in the name of its file: `mrpc`, `mnli-mm`, `ax`.
    pub(super) name: String,
    /// Classes in the dataset's order.
    logits: Logits,
    predictions: Predictions,
    labels: Vec<String>,
    /// The leaderboard's file, where it asks for this split.
    leaderboard: Option<Expected>,
    /// How good they are, where the split has labels.
    pub(super) evaluation: Option<Evaluation>,
}

impl Prediction {
    /// The first row with a logit that is no number.
    pub(super) fn lost_row(&self) -> Option<usize> {
        self.logits.lost_row()
    }

    /// What `logits` of a split come to, classes in the model's order; `name` is that of the file.
    ///
    /// # Errors
    /// A metric that is not defined for them, where the split has labels.
    pub(super) fn new(context: &RunContext, split: &Split, name: String, logits: Logits) -> Result<Self, Error> {
        let task = &context.prepared.task;
        let measured = task_of_file(task, &name);
        let is_labelled = split.first_unlabelled().is_none() && !split.is_empty();
        let evaluation = is_labelled
            .then(|| {
                let is_diagnostic = !std::ptr::eq(measured, task);
                let suffix = task.diagnostic_suffix().filter(|_| is_diagnostic).unwrap_or_default();
                Evaluation::new(context, split, suffix, logits.clone())
            })
            .transpose()?;
        let logits = in_dataset_order(logits, task.kind, &context.class_order);
        let predictions =
            Predictions::from_logits(&logits.values, logits.num_labels, task.kind).map_err(Error::input)?;
        debug_assert_eq!(logits.rows().count(), split.len());
        let leaderboard = file_of(measured, &split.name);
        Ok(Self { name, logits, predictions, labels: task.labels.clone(), leaderboard, evaluation })
    }

    /// run_glue.py's lines: row and label, or row and score with three decimals. Whatever a label holds, it breaks no line.
    fn text(&self) -> String {
        let mut text = "index\tprediction\n".to_owned();
        let mut line = |index: usize, value: &dyn std::fmt::Display| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{index}\t{value}");
        };
        match &self.predictions {
            Predictions::Classes(classes) => {
                classes.iter().enumerate().for_each(|(i, &class)| line(i, &shown(&self.labels[class])));
            }
            Predictions::Sets(sets) => sets.iter().enumerate().for_each(|(i, set)| {
                let names: Vec<_> =
                    set.iter().zip(&self.labels).filter(|(said, _)| **said).map(|(_, label)| shown(label)).collect();
                line(i, &names.join(","));
            }),
            Predictions::Scores(scores) => {
                scores.iter().enumerate().for_each(|(i, score)| line(i, &format_args!("{score:.3}")));
            }
        }
        text
    }

    /// Writes the file, and the logits where they are wanted.
    pub(super) fn write(&self, dir: &Path, save_logits: bool) -> Result<(), Error> {
        write_whole(dir.join(self.file()), self.text().as_bytes())?;
        if save_logits {
            let path = dir.join(self.logits_file());
            let unlabelled = || vec![None; self.logits.rows().count()];
            let labels = self.evaluation.as_ref().map_or_else(unlabelled, Evaluation::host_labels);
            write_logits(&path, &self.logits.values, self.logits.num_labels, &labels)?;
        }
        Ok(())
    }

    /// Writes the leaderboard's file.
    pub(super) fn write_leaderboard_file(&self, dir: &Path) -> Result<(), Error> {
        match &self.leaderboard {
            Some(expected) => {
                let outside = expected.outside(&self.predictions);
                if outside > 0 {
                    log::info!(
                        "{}: {} beyond 0 and 5 {} written as the nearest of these",
                        expected.file.file_name,
                        counted(outside, "score"),
                        if outside == 1 { "is" } else { "are" }
                    );
                }
                Ok(write_whole(dir.join(&expected.file.file_name), expected.text(&self.predictions).as_bytes())?)
            }
            None => Ok(()),
        }
    }

    /// The name of the file.
    pub(super) fn file(&self) -> String {
        format!("predict_results_{}.txt", self.name)
    }

    pub(super) fn logits_file(&self) -> String {
        format!("predict_logits_{}.jsonl", self.name)
    }

    /// The leaderboard's, where it asks for this split.
    pub(super) fn leaderboard_file(&self) -> Option<&str> {
        self.leaderboard.as_ref().map(|expected| expected.file.file_name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_breaks_no_line() {
        let logits = Logits { values: vec![0.0; 4], num_labels: 2, seconds: 0.0, batches: 1 };
        let of = |predictions| Prediction {
            name: "own".to_owned(),
            logits: logits.clone(),
            predictions,
            labels: ["a\tb\n", "ölçüm"].map(str::to_owned).to_vec(),
            leaderboard: None,
            evaluation: None,
        };
        assert_eq!(of(Predictions::Classes(vec![1, 0])).text(), "index\tprediction\n0\tölçüm\n1\ta\\tb\\n\n");
        let sets = Predictions::Sets(vec![vec![true, true], vec![false, false]]);
        assert_eq!(of(sets).text(), "index\tprediction\n0\ta\\tb\\n,ölçüm\n1\t\n");
    }
}
