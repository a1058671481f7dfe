//! From metrics to a benchmark's number: one score a task, then the mean over the tasks.
//!
//! Tasks are averaged, not metrics: a task with two metrics counts as their mean, and MNLI's two splits count as one
//! task. Wang et al. 2018, section 3: <https://arxiv.org/abs/1804.07461>.

use std::collections::BTreeMap;

use crate::benchmark::Benchmark;
use crate::near::quoted;
use crate::task::TaskSpec;

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The results of a task lack a metric.
    #[error("the results of `{task}` have no `{key}`: evaluate all of the task's splits, then score again")]
    MissingMetric {
        /// The name of the task, as records have it.
        task: String,
        /// The key that is missing, with the split's suffix.
        key: String,
    },
    /// A task without a labelled split, such as the diagnostic set.
    #[error("`{task}` has no labelled split, so it has no score")]
    NoEvaluation {
        /// The name of the task, as records have it.
        task: String,
    },
    /// A score for something that is no task of the benchmark.
    #[error("a score for `{name}`, which is no {benchmark} task; the tasks are {}", quoted(tasks))]
    UnknownTask {
        /// The name that was given.
        name: String,
        /// The benchmark as papers write it.
        benchmark: String,
        /// The names of its tasks.
        tasks: Vec<String>,
    },
    /// Two scores for one task.
    #[error("two scores for `{task}`: pass one for each task, for instance the mean over its seeds")]
    TwoScores {
        /// The name of the task, as records have it.
        task: String,
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
        return Err(ScoreError::NoEvaluation { task: task.name.clone() });
    }
    let mut sum = 0.0;
    for split in &task.eval_splits {
        for metric in &task.metrics {
            let key = format!("{}{}", metric.key(), split.key_suffix);
            sum += value_of(&key)
                .ok_or_else(|| ScoreError::MissingMetric { task: task.name.clone(), key: key.clone() })?;
        }
    }
    // Every split has the same metrics, so the mean of means is the mean of all.
    Ok(sum / (task.eval_splits.len() * task.metrics.len()) as f64)
}

/// The numbers of a benchmark, as far as the tasks at hand allow.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct BenchmarkScore {
    /// The averages in the order of [`Benchmark::averages`]; none where a task of it is missing, since a mean over other
    /// tasks would look like the benchmark's and not be comparable.
    pub averages: Vec<Option<f64>>,
    /// The names of the tasks without a score, in the benchmark's order.
    pub missing: Vec<String>,
}

impl BenchmarkScore {
    /// The usual average, over all tasks.
    pub fn average(&self) -> Option<f64> {
        self.averages.first().copied().flatten()
    }
}

/// The averages of one score a task. Diagnostic sets count in none and may be given.
///
/// # Errors
/// A name that is no task's of the benchmark, or two scores for one task.
pub fn benchmark_score(benchmark: &Benchmark, scores: &[(&str, f64)]) -> Result<BenchmarkScore, ScoreError> {
    let mut by_task: BTreeMap<&str, f64> = BTreeMap::new();
    for &(name, score) in scores {
        if benchmark.diagnostics().any(|set| set.name == name) {
            continue;
        }
        if benchmark.task(name).is_none() {
            let tasks = benchmark.tasks.iter().map(|task| task.name.clone()).collect();
            return Err(ScoreError::UnknownTask {
                name: name.to_owned(),
                benchmark: benchmark.display_name.clone(),
                tasks,
            });
        }
        if by_task.insert(name, score).is_some() {
            return Err(ScoreError::TwoScores { task: name.to_owned() });
        }
    }
    let score_of = |task: &TaskSpec| by_task.get(task.name.as_str()).copied();
    Ok(BenchmarkScore {
        averages: benchmark.averages.iter().map(|average| mean(benchmark.tasks_of(average).map(score_of))).collect(),
        missing: benchmark.tasks.iter().filter(|task| score_of(task).is_none()).map(|task| task.name.clone()).collect(),
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
    use crate::GLUE;

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
                let task = GLUE.task(name).unwrap();
                let keys = task.eval_splits.iter().flat_map(|split| {
                    task.metrics.iter().map(move |metric| format!("{}{}", metric.key(), split.key_suffix))
                });
                let results: Vec<(String, f64)> = keys.zip(values.iter().copied()).collect();
                assert_eq!(results.len(), values.len());
                let score = task_score(task, |key| results.iter().find(|(k, _)| k == key).map(|(_, v)| *v));
                scores.push((name, score.unwrap()));
            }
            let score = benchmark_score(&GLUE, &scores).unwrap();
            // The published inputs are rounded to 0.1, so their mean is known to about as much.
            assert!((score.average().unwrap() - published).abs() < 0.07, "{score:?} {published}");
            assert!(score.missing.is_empty());
        }
    }

    #[test]
    fn a_missing_task_is_named_and_averages_are_never_over_fewer() {
        let all: Vec<(&str, f64)> = GLUE.tasks.iter().map(|task| (task.name.as_str(), 1.0)).collect();
        let without = |left_out: &str| {
            let some: Vec<_> = all.iter().copied().filter(|(name, _)| *name != left_out).collect();
            benchmark_score(&GLUE, &some).unwrap()
        };
        let score = without("wnli");
        assert_eq!((score.averages, score.missing), (vec![None, Some(1.0)], vec!["wnli".to_owned()]));
        let score = without("rte");
        assert_eq!((score.averages, score.missing), (vec![None, None], vec!["rte".to_owned()]));
    }

    #[test]
    fn the_diagnostic_set_does_not_count() {
        let mut scores: Vec<(&str, f64)> = GLUE.tasks.iter().map(|task| (task.name.as_str(), 0.5)).collect();
        scores.push(("ax", 0.0));
        assert_eq!(benchmark_score(&GLUE, &scores).unwrap().averages, [Some(0.5); 2]);
        let ax = GLUE.diagnostics().next().unwrap();
        assert_eq!(task_score(ax, |_| Some(1.0)), Err(ScoreError::NoEvaluation { task: "ax".to_owned() }));
    }

    #[test]
    fn wrong_inputs_are_named() {
        let error = benchmark_score(&GLUE, &[("boolq", 1.0)]).unwrap_err().to_string();
        assert!(
            error.starts_with("a score for `boolq`, which is no GLUE task; the tasks are `cola`, `sst2`"),
            "{error}"
        );
        let twice = benchmark_score(&GLUE, &[("rte", 1.0), ("rte", 0.5)]);
        assert_eq!(twice, Err(ScoreError::TwoScores { task: "rte".to_owned() }));
        let mnli = GLUE.task("mnli").unwrap();
        assert_eq!(
            task_score(mnli, |key| (key == "accuracy").then_some(0.8)).unwrap_err().to_string(),
            "the results of `mnli` have no `accuracy_mm`: evaluate all of the task's splits, then score again"
        );
    }
}
