//! From metrics to the benchmark's number: one score a task, then the mean over the tasks.
//!
//! GLUE averages tasks, not metrics: a task with two metrics counts as their mean, and MNLI's two splits count as one
//! task. Wang et al. 2018, section 3: <https://arxiv.org/abs/1804.07461>.

use crate::near::quoted;
use crate::task::{AX, TASKS, TaskSpec};

/// The task that many papers leave out of the average.
const OFTEN_LEFT_OUT: &str = "wnli";

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The results of a task lack a metric.
    #[error("the results of `{task}` have no `{key}`: evaluate all of the task's splits, then score again")]
    MissingMetric {
        /// The task.
        task: &'static str,
        /// The key that is missing, with the split's suffix.
        key: String,
    },
    /// A task without a labelled split, such as the diagnostic set.
    #[error("`{task}` has no labelled split, so it has no score")]
    NoEvaluation {
        /// The task.
        task: &'static str,
    },
    /// A score for something that is no task.
    #[error("a score for `{name}`, which is no GLUE task; the tasks are {}", quoted(&TASKS.each_ref().map(|task| task.name)))]
    UnknownTask {
        /// The name.
        name: String,
    },
    /// Two scores for one task.
    #[error("two scores for `{task}`: pass one for each task, for instance the mean over its seeds")]
    TwoScores {
        /// The task.
        task: &'static str,
    },
}

/// The score of a task: the mean of its metrics on each of its splits, then the mean over the splits.
///
/// `value_of` looks up a result by its key as `run_glue.py` writes it but without `eval_`: `accuracy`, `accuracy_mm`.
/// A NaN (a correlation of constant predictions) makes the score NaN.
///
/// # Errors
/// A key that is missing, or a task that is never evaluated.
pub fn task_score(task: &TaskSpec, value_of: impl Fn(&str) -> Option<f64>) -> Result<f64, ScoreError> {
    if task.eval_splits.is_empty() {
        return Err(ScoreError::NoEvaluation { task: task.name });
    }
    let mut sum = 0.0;
    for split in task.eval_splits {
        for metric in task.metrics {
            let key = format!("{}{}", metric.key(), split.key_suffix);
            sum += value_of(&key).ok_or(ScoreError::MissingMetric { task: task.name, key })?;
        }
    }
    // Every split has the same metrics, so the mean of means is the mean of all.
    Ok(sum / (task.eval_splits.len() * task.metrics.len()) as f64)
}

/// The benchmark's number, as far as the tasks at hand allow.
///
/// An average over other tasks than GLUE's would look like GLUE's and not be comparable, so there is none then.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct GlueScore {
    /// The mean over all nine tasks; none where one is missing.
    pub average: Option<f64>,
    /// The mean over the eight tasks but WNLI; none where one of those is missing.
    pub average_without_wnli: Option<f64>,
    /// The tasks without a score, in the order of the table.
    pub missing: Vec<&'static str>,
}

/// The GLUE average of one score a task, with and without WNLI. The diagnostic set counts in neither and may be given.
///
/// # Errors
/// A name that is no task's, or two scores for one task.
pub fn glue_score(scores: &[(&str, f64)]) -> Result<GlueScore, ScoreError> {
    let mut by_task: [Option<f64>; TASKS.len()] = [None; TASKS.len()];
    for &(name, score) in scores {
        if name == AX.name {
            continue;
        }
        let at = TASKS.iter().position(|task| task.name == name);
        let at = at.ok_or_else(|| ScoreError::UnknownTask { name: name.to_owned() })?;
        if by_task[at].replace(score).is_some() {
            return Err(ScoreError::TwoScores { task: TASKS[at].name });
        }
    }
    let named = || TASKS.iter().map(|task| task.name).zip(by_task);
    Ok(GlueScore {
        average: mean(named().map(|(_, score)| score)),
        average_without_wnli: mean(named().filter(|(name, _)| *name != OFTEN_LEFT_OUT).map(|(_, score)| score)),
        missing: named().filter(|(_, score)| score.is_none()).map(|(name, _)| name).collect(),
    })
}

/// The mean, where every value is there.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find_task;

    /// Google's small BERTs on the test sets, <https://github.com/google-research/bert#bert>: score, then CoLA, SST-2,
    /// MRPC, STS-B, QQP, MNLI, QNLI, RTE, WNLI, two numbers where two metrics or two splits count.
    const SMALL_BERTS: [(f64, [&[f64]; 9]); 4] = [
        (
            64.2,
            [&[0.0], &[83.2], &[81.1, 71.1], &[74.3, 73.6], &[62.2, 83.4], &[70.2, 70.3], &[81.5], &[57.2], &[62.3]],
        ),
        (
            65.8,
            [&[0.0], &[85.9], &[81.1, 71.8], &[75.4, 73.3], &[66.4, 86.2], &[74.8, 74.3], &[84.1], &[57.9], &[62.3]],
        ),
        (
            71.2,
            [&[27.8], &[89.7], &[83.4, 76.2], &[78.8, 77.0], &[68.1, 87.0], &[77.6, 77.0], &[86.4], &[61.8], &[62.3]],
        ),
        (
            73.5,
            [&[38.0], &[89.6], &[86.6, 81.6], &[80.4, 78.4], &[69.6, 87.9], &[80.0, 79.1], &[87.7], &[62.2], &[62.3]],
        ),
    ];

    #[test]
    fn googles_small_berts() {
        let names = ["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"];
        for (published, row) in SMALL_BERTS {
            let mut scores = Vec::new();
            for (name, values) in names.into_iter().zip(row) {
                let task = find_task(name).unwrap();
                let keys = task.eval_splits.iter().flat_map(|split| {
                    task.metrics.iter().map(move |metric| format!("{}{}", metric.key(), split.key_suffix))
                });
                let results: Vec<(String, f64)> = keys.zip(values.iter().copied()).collect();
                assert_eq!(results.len(), values.len());
                let score = task_score(task, |key| results.iter().find(|(k, _)| k == key).map(|(_, v)| *v));
                scores.push((name, score.unwrap()));
            }
            let score = glue_score(&scores).unwrap();
            // The published inputs are rounded to 0.1, so their mean is known to about as much.
            assert!((score.average.unwrap() - published).abs() < 0.07, "{score:?} {published}");
            assert!(score.missing.is_empty());
        }
    }

    #[test]
    fn a_missing_task_is_named_and_averages_are_never_over_fewer() {
        let all: Vec<(&str, f64)> = TASKS.iter().map(|task| (task.name, 1.0)).collect();
        let without = |left_out: &str| {
            let some: Vec<_> = all.iter().copied().filter(|(name, _)| *name != left_out).collect();
            glue_score(&some).unwrap()
        };
        let score = without("wnli");
        assert_eq!((score.average, score.average_without_wnli, score.missing), (None, Some(1.0), vec!["wnli"]));
        let score = without("rte");
        assert_eq!((score.average, score.average_without_wnli, score.missing), (None, None, vec!["rte"]));
    }

    #[test]
    fn the_diagnostic_set_does_not_count() {
        let mut scores: Vec<(&str, f64)> = TASKS.iter().map(|task| (task.name, 0.5)).collect();
        scores.push(("ax", 0.0));
        assert_eq!(glue_score(&scores).unwrap().average, Some(0.5));
        assert_eq!(task_score(&AX, |_| Some(1.0)), Err(ScoreError::NoEvaluation { task: "ax" }));
    }

    #[test]
    fn wrong_inputs_are_named() {
        assert_eq!(glue_score(&[("boolq", 1.0)]), Err(ScoreError::UnknownTask { name: "boolq".to_owned() }));
        assert_eq!(glue_score(&[("rte", 1.0), ("rte", 0.5)]), Err(ScoreError::TwoScores { task: "rte" }));
        let mnli = find_task("mnli").unwrap();
        assert_eq!(
            task_score(mnli, |key| (key == "accuracy").then_some(0.8)).unwrap_err().to_string(),
            "the results of `mnli` have no `accuracy_mm`: evaluate all of the task's splits, then score again"
        );
    }
}
