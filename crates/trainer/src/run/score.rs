//! Logits to metrics.

use std::collections::HashSet;

use glue_tasks::dataset::Label;
use glue_tasks::metrics::{COMBINED_SCORE, MetricError, Predictions, References, evaluate};
use glue_tasks::task::{TaskKind, TaskSpec};
use models::head::Targets;

use super::context::RunContext;
use crate::data::Split;
use crate::error::Error;
use crate::training::evaluate::{Logits, mean_loss};
use records::files::logits::LogitsLabel;
use records::metrics::{EvalSummary, Metrics};
use records::record::class_table::ClassTable;
use records::record::parts::{Baseline, Predictor, finite};
use records::record::predictions::{SplitPredictions, Values};

/// What one evaluated split gave.
pub(super) struct Evaluation {
    /// Behind every key: empty, `_mm`, `_ax`.
    pub(super) suffix: String,
    pub(super) split: String,
    /// Classes in the dataset's order.
    pub(super) logits: Logits,
    pub(super) labels: Vec<Option<Label>>,
    /// Absent for splits without labels, as all that follows.
    pub(super) loss: Option<f64>,
    pub(super) scores: Vec<(String, f64)>,
    pub(super) baseline: Option<Baseline>,
    pub(super) class_table: Option<ClassTable>,
    /// Right and predicted, row by row.
    pub(super) rows: Option<(Values, Values)>,
    /// Every prediction is the same.
    pub(super) collapsed: bool,
}

impl Evaluation {
    /// The name of the file with its logits.
    pub(super) fn logits_file(&self) -> String {
        format!("eval_logits{}.jsonl", self.suffix)
    }

    /// Scores `logits` of a split, classes in the model's order.
    ///
    /// # Errors
    /// A metric that is not defined for them.
    pub(super) fn new(context: &RunContext, split: &Split, suffix: &str, logits: Logits) -> Result<Self, Error> {
        let RunContext { class_order, criterion, .. } = context;
        let task = &context.prepared.task;
        let logits = in_dataset_order(logits, task.kind, class_order);
        let predictions =
            Predictions::from_logits(&logits.values, logits.num_labels, task.kind).map_err(Error::input)?;
        let collapsed = is_constant(&predictions);
        let mut this = Self {
            suffix: suffix.to_owned(),
            split: split.name.clone(),
            labels: split.labels().to_vec(),
            loss: None,
            scores: Vec::new(),
            baseline: None,
            class_table: None,
            rows: None,
            collapsed,
            logits,
        };
        if split.first_unlabelled().is_none() {
            let rows: Vec<u32> = (0..split.len() as u32).collect();
            let plain: Vec<usize> = (0..class_order.len()).collect();
            let targets = split.targets(&rows, &plain);
            this.loss =
                Some(mean_loss(&this.logits, &targets, criterion.label_smoothing_factor, &criterion.by_dataset));
            let references = references(&targets);
            this.scores = scores(task, suffix, &predictions, &references).map_err(Error::input)?;
            this.baseline = Some(baseline(task, suffix, &targets)?);
            this.class_table =
                ClassTable::new(&split.name, &task.labels, &predictions, &references).map_err(Error::input)?;
            this.rows = Some((values_of(references), predicted_values(predictions)));
        }
        Ok(this)
    }

    /// The numbers by run_glue.py's names, `suffix` behind each; `epoch` is how far the model was trained in this run.
    pub(super) fn metrics(&self, epoch: Option<f64>) -> Metrics {
        let scores: Vec<(&str, f64)> = self.scores.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        let summary = EvalSummary {
            epoch,
            loss: self.loss,
            scores: &scores,
            seconds: self.logits.seconds,
            samples: self.labels.len(),
            steps: self.logits.batches as u64,
        };
        summary.metrics().into_iter().map(|(key, value)| (format!("{key}{}", self.suffix), value)).collect()
    }

    /// What was predicted, where it can be compared with labels.
    pub(super) fn row_predictions(&self) -> Option<SplitPredictions> {
        let (labels, predictions) = self.rows.clone()?;
        Some(SplitPredictions { split: self.split.clone(), labels, predictions })
    }

    /// The labels as they stand in a file of logits.
    pub(super) fn host_labels(&self) -> Vec<Option<LogitsLabel>> {
        let shown = |label: &Label| match label {
            Label::Class(class) => LogitsLabel::Class(*class as u32),
            Label::Score(score) => LogitsLabel::Value(*score),
            Label::Classes(classes) => LogitsLabel::Classes(classes.iter().map(|&class| class as u32).collect()),
        };
        self.labels.iter().map(|label| label.as_ref().map(shown)).collect()
    }
}

/// The numbers of a task. A diagnostic set has metrics of its own, and only tasks that average theirs have a combined score.
fn scores(
    task: &TaskSpec,
    suffix: &str,
    predictions: &Predictions,
    references: &References,
) -> Result<Vec<(String, f64)>, MetricError> {
    let mut scores = evaluate(&task.of_suffix(suffix).metrics, predictions, references)?;
    scores.retain(|(key, _)| task.averages_metrics || key != COMBINED_SCORE);
    Ok(scores)
}

/// Puts a model's own class order back into the dataset's.
pub(super) fn in_dataset_order(mut logits: Logits, kind: TaskKind, class_order: &[usize]) -> Logits {
    let is_plain = class_order.iter().enumerate().all(|(i, &class)| i == class);
    if kind != TaskKind::Regression && !is_plain {
        let n = logits.num_labels;
        logits.values = logits.rows().flat_map(|row| class_order.iter().map(|&class| row[class])).collect();
        debug_assert_eq!(logits.values.len() % n, 0);
    }
    logits
}

fn references(targets: &Targets) -> References {
    match targets {
        Targets::Classes(classes) => References::Classes(classes.clone()),
        Targets::Scores(scores) => References::Scores(scores.iter().map(|&s| f64::from(s)).collect()),
        Targets::MultiLabel(rows) => {
            References::Sets(rows.iter().map(|row| row.iter().map(|&y| y > 0.5).collect()).collect())
        }
    }
}

fn values_of(references: References) -> Values {
    match references {
        References::Classes(classes) => Values::Classes(classes),
        References::Scores(scores) => Values::Scores(scores.into_iter().map(|score| score as f32).collect()),
        References::Sets(sets) => Values::Sets(sets),
    }
}

fn predicted_values(predictions: Predictions) -> Values {
    match predictions {
        Predictions::Classes(classes) => Values::Classes(classes),
        Predictions::Scores(scores) => Values::Scores(scores.into_iter().map(|score| score as f32).collect()),
        Predictions::Sets(sets) => Values::Sets(sets),
    }
}

fn is_constant(predictions: &Predictions) -> bool {
    match predictions {
        Predictions::Classes(classes) => classes.iter().collect::<HashSet<_>>().len() == 1 && classes.len() > 1,
        Predictions::Scores(scores) => scores.len() > 1 && scores.iter().all(|s| *s == scores[0]),
        Predictions::Sets(sets) => sets.len() > 1 && sets.iter().all(|set| *set == sets[0]),
    }
}

/// What the most frequent class, or the mean, scores on the same rows.
fn baseline(task: &TaskSpec, suffix: &str, targets: &Targets) -> Result<Baseline, Error> {
    let (predictor, predictions) = match targets {
        Targets::Classes(classes) => {
            let highest = classes.iter().copied().max().unwrap_or(0);
            let mut counts = vec![0usize; highest + 1];
            classes.iter().for_each(|&class| counts[class] += 1);
            let most = counts.iter().copied().max().unwrap_or(0);
            let majority = counts.iter().position(|&count| count == most).unwrap_or(0);
            (Predictor::MajorityClass, Predictions::Classes(vec![majority; classes.len()]))
        }
        Targets::Scores(scores) => {
            let mean = scores.iter().map(|&s| f64::from(s)).sum::<f64>() / scores.len() as f64;
            (Predictor::Mean, Predictions::Scores(vec![mean; scores.len()]))
        }
        Targets::MultiLabel(rows) => {
            // Each class as it is in most rows.
            let width = rows.first().map_or(0, Vec::len);
            let share = |class: usize| rows.iter().map(|row| row[class]).sum::<f32>() / rows.len() as f32;
            let set: Vec<bool> = (0..width).map(|class| share(class) > 0.5).collect();
            (Predictor::MajorityClass, Predictions::Sets(vec![set; rows.len()]))
        }
    };
    let scores = scores(task, suffix, &predictions, &references(targets)).map_err(Error::input)?;
    Ok(Baseline {
        predictor,
        score: task_number(task, &scores),
        metrics: scores.into_iter().map(|(k, v)| (k, finite(v))).collect(),
    })
}

/// A task's number: of GLUE's the mean of its metrics, `combined_score` not counted, else the first metric; `None` where
/// one is undefined.
pub(super) fn task_number(task: &TaskSpec, scores: &[(String, f64)]) -> Option<f64> {
    let plain = scores.iter().filter(|(name, _)| name != COMBINED_SCORE).map(|(_, v)| *v);
    let counted: Vec<f64> = plain.take(if task.averages_metrics { usize::MAX } else { 1 }).collect();
    finite(counted.iter().sum::<f64>() / counted.len() as f64)
}
