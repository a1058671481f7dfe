//! Logits to metrics.

use std::collections::HashSet;

use glue_tasks::dataset::Label;
use glue_tasks::metrics::{Metric, Predictions, References, evaluate};
use glue_tasks::task::{TaskKind, TaskSpec};
use models::head::Targets;

use crate::data::Split;
use crate::error::Error;
use crate::report::record_parts::{Baseline, Predictor, finite};
use crate::trainer::evaluate::{Logits, mean_loss};

/// What one evaluated split gave.
pub(super) struct Evaluation {
    /// Behind every key: empty, `_mm`, `_ax`.
    pub(super) suffix: &'static str,
    pub(super) split: String,
    /// Classes in the dataset's order.
    pub(super) logits: Logits,
    pub(super) labels: Vec<Option<Label>>,
    /// Absent for splits without labels, as all that follows.
    pub(super) loss: Option<f64>,
    pub(super) scores: Vec<(String, f64)>,
    pub(super) baseline: Option<Baseline>,
    /// Every prediction is the same.
    pub(super) collapsed: bool,
}

impl Evaluation {
    pub(super) fn new(
        task: &TaskSpec,
        split: &Split,
        suffix: &'static str,
        logits: Logits,
        class_order: &[usize],
        label_smoothing_factor: f64,
    ) -> Result<Self, Error> {
        let logits = in_dataset_order(logits, task.kind, class_order);
        let predictions =
            Predictions::from_logits(&logits.values, logits.num_labels, task.kind).map_err(Error::input)?;
        let collapsed = is_constant(&predictions);
        let mut this = Self {
            suffix,
            split: split.name.clone(),
            labels: split.labels().to_vec(),
            loss: None,
            scores: Vec::new(),
            baseline: None,
            collapsed,
            logits,
        };
        if split.first_unlabelled().is_none() {
            let rows: Vec<u32> = (0..split.len() as u32).collect();
            let plain: Vec<usize> = (0..class_order.len()).collect();
            let targets = split.targets(&rows, &plain);
            this.loss = Some(mean_loss(&this.logits, &targets, label_smoothing_factor));
            let metrics = metrics_of(task, suffix);
            let references = references(&targets);
            this.scores = evaluate(metrics, &predictions, &references).map_err(Error::input)?;
            this.baseline = Some(baseline(metrics, &targets)?);
        }
        Ok(this)
    }
}

/// The diagnostic set has a metric of its own.
fn metrics_of(task: &TaskSpec, suffix: &str) -> &'static [Metric] {
    if suffix == "_ax" { glue_tasks::task::AX.metrics } else { task.metrics }
}

/// Puts a model's own class order back into the dataset's.
pub(super) fn in_dataset_order(mut logits: Logits, kind: TaskKind, class_order: &[usize]) -> Logits {
    let is_plain = class_order.iter().enumerate().all(|(i, &class)| i == class);
    if kind == TaskKind::Classification && !is_plain {
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
    }
}

fn is_constant(predictions: &Predictions) -> bool {
    match predictions {
        Predictions::Classes(classes) => classes.iter().collect::<HashSet<_>>().len() == 1 && classes.len() > 1,
        Predictions::Scores(scores) => scores.len() > 1 && scores.iter().all(|s| *s == scores[0]),
    }
}

/// What the most frequent class, or the mean, scores on the same rows.
fn baseline(metrics: &[Metric], targets: &Targets) -> Result<Baseline, Error> {
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
    };
    let scores = evaluate(metrics, &predictions, &references(targets)).map_err(Error::input)?;
    Ok(Baseline {
        predictor,
        score: mean_score(&scores),
        metrics: scores.into_iter().map(|(k, v)| (k, finite(v))).collect(),
    })
}

/// A task's number: the mean of its metrics, `combined_score` not counted; `None` where one is undefined.
pub(super) fn mean_score(scores: &[(String, f64)]) -> Option<f64> {
    let plain: Vec<f64> = scores.iter().filter(|(name, _)| name != "combined_score").map(|(_, v)| *v).collect();
    finite(plain.iter().sum::<f64>() / plain.len() as f64)
}
