//! The nine GLUE tasks and the diagnostic set, as one table.
//!
//! A new task is a new row of [`TASKS`]; nothing else in the program lists tasks. Columns, splits, label order and row
//! counts are those of the Hub's dataset: <https://huggingface.co/datasets/nyu-mll/glue>. Metrics are those of
//! `evaluate.load("glue", task)`: <https://huggingface.co/spaces/evaluate-metric/glue>.

use crate::dataset::LabelKind;
use crate::metrics::Metric;
use crate::near::{nearest, quoted};

/// Whether a task's target is one of several classes or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// One of the task's labels.
    Classification,
    /// A number.
    Regression,
    /// Any number of the task's labels.
    MultiLabel,
}

impl TaskKind {
    /// The name in config.json.
    pub fn problem_type(self) -> &'static str {
        match self {
            Self::Classification => "single_label_classification",
            Self::Regression => "regression",
            Self::MultiLabel => "multi_label_classification",
        }
    }
}

/// A split that is evaluated or predicted, and what its results are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvalSplit {
    /// The split's name in the dataset.
    pub name: &'static str,
    /// What is put behind every key of its results: `_mm` for MNLI's mismatched splits, nothing elsewhere.
    pub key_suffix: &'static str,
}

/// How many rows each split has; the slices run parallel to the task's splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows of the training split; 0 where there is none.
    pub train: usize,
    /// Rows of each of `eval_splits`.
    pub eval: &'static [usize],
    /// Rows of each of `test_splits`.
    pub test: &'static [usize],
}

/// What a leaderboard file holds in its `prediction` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaderboardValues {
    /// The label's index: 0 or 1.
    LabelIds,
    /// The label's name.
    LabelNames,
    /// A number with three decimals.
    Scores,
}

/// A file of a leaderboard upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderboardFile {
    /// The name that <https://gluebenchmark.com> asks for.
    pub file_name: &'static str,
    /// What its `prediction` column holds.
    pub values: LeaderboardValues,
}

/// Everything that tells one task from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskSpec {
    /// The name as `--task_name` takes it: `sst2`.
    pub name: &'static str,
    /// The name as papers write it: `SST-2`.
    pub display_name: &'static str,
    /// The configuration of the Hub's dataset.
    pub config: &'static str,
    /// The column of the first text, and that of the second where the task compares two.
    pub text_columns: (&'static str, Option<&'static str>),
    /// The column of the label.
    pub label_column: &'static str,
    /// The split to train on; none for the diagnostic set.
    pub train_split: Option<&'static str>,
    /// The labelled splits to evaluate on.
    pub eval_splits: &'static [EvalSplit],
    /// The splits whose labels only the leaderboard has.
    pub test_splits: &'static [EvalSplit],
    /// Label names in index order; empty for regression.
    pub labels: &'static [&'static str],
    /// Classes or a number.
    pub kind: TaskKind,
    /// What is measured, in the order in which it is reported.
    pub metrics: &'static [Metric],
    /// Whether the task's number is the mean of its metrics, as in GLUE; else it is the first of them.
    pub averages_metrics: bool,
    /// Rows of each split.
    pub rows: RowCounts,
    /// The leaderboard's files, parallel to `test_splits`.
    pub leaderboard_files: &'static [LeaderboardFile],
    /// Epochs in the published recipe of `run_glue.py`'s README: 3, and 5 for MRPC and WNLI.
    pub recipe_epochs: f64,
}

/// A task that is none of GLUE's, as it is found in the data.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnTask {
    /// What it is called in results.
    pub name: String,
    /// The configuration, which is a folder of the dataset.
    pub config: String,
    /// The column of the first text, and that of the second.
    pub text_columns: (String, Option<String>),
    /// The column of the label.
    pub label_column: String,
    /// What that column holds.
    pub labels: LabelKind,
    /// What is measured; the first is the task's number.
    pub metrics: Vec<Metric>,
}

impl OwnTask {
    /// What is measured where nothing else is asked for.
    pub fn default_metrics(kind: TaskKind) -> &'static [Metric] {
        use Metric::{Accuracy, F1Macro, F1Micro, Mae, Mse, Pearson, PrecisionMacro, RecallMacro, Rmse, Spearman};
        match kind {
            TaskKind::Classification => &[Accuracy, F1Macro, F1Micro, PrecisionMacro, RecallMacro],
            TaskKind::MultiLabel => &[F1Micro, F1Macro, PrecisionMacro, RecallMacro, Accuracy],
            TaskKind::Regression => &[Pearson, Spearman, Mse, Rmse, Mae],
        }
    }

    /// The task as a row like those of [`TASKS`]. It stays until the program ends, as they do; a program has one.
    pub fn leak(self) -> &'static TaskSpec {
        let text = |text: String| -> &'static str { text.leak() };
        let kind = self.labels.task_kind();
        let labels: Vec<&'static str> = self.labels.names().iter().cloned().map(text).collect();
        let name = text(self.name);
        Box::leak(Box::new(TaskSpec {
            name,
            display_name: name,
            config: text(self.config),
            text_columns: (text(self.text_columns.0), self.text_columns.1.map(text)),
            label_column: text(self.label_column),
            train_split: Some("train"),
            eval_splits: VALIDATION,
            test_splits: TEST,
            labels: labels.leak(),
            kind,
            metrics: self.metrics.leak(),
            averages_metrics: false,
            rows: RowCounts { train: 0, eval: &[0], test: &[0] },
            leaderboard_files: &[],
            recipe_epochs: 3.0,
        }))
    }
}

impl TaskSpec {
    /// The width of the head: one output a label, or one in all for regression.
    pub fn num_labels(&self) -> usize {
        match self.kind {
            TaskKind::Classification | TaskKind::MultiLabel => self.labels.len(),
            TaskKind::Regression => 1,
        }
    }

    /// How many rows a split of this task has, by the split's name.
    pub fn rows_of(&self, split: &str) -> Option<usize> {
        if self.train_split == Some(split) {
            return Some(self.rows.train);
        }
        let counted = |splits: &[EvalSplit], rows: &[usize]| {
            splits.iter().position(|one| one.name == split).and_then(|at| rows.get(at).copied())
        };
        counted(self.eval_splits, self.rows.eval).or_else(|| counted(self.test_splits, self.rows.test))
    }
}

const fn split(name: &'static str, key_suffix: &'static str) -> EvalSplit {
    EvalSplit { name, key_suffix }
}

const fn file(file_name: &'static str, values: LeaderboardValues) -> LeaderboardFile {
    LeaderboardFile { file_name, values }
}

const VALIDATION: &[EvalSplit] = &[split("validation", "")];
const TEST: &[EvalSplit] = &[split("test", "")];
/// MNLI's order, which the diagnostic set shares.
const THREE_WAY: &[&str] = &["entailment", "neutral", "contradiction"];

use LeaderboardValues::{LabelIds, LabelNames, Scores};
use TaskKind::{Classification, Regression};

/// The nine tasks of the benchmark, in the order in which results list them.
pub static TASKS: [TaskSpec; 9] = [
    TaskSpec {
        name: "cola",
        display_name: "CoLA",
        config: "cola",
        text_columns: ("sentence", None),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        labels: &["unacceptable", "acceptable"],
        kind: Classification,
        metrics: &[Metric::Matthews],
        averages_metrics: true,
        rows: RowCounts { train: 8551, eval: &[1043], test: &[1063] },
        leaderboard_files: &[file("CoLA.tsv", LabelIds)],
        recipe_epochs: 3.0,
    },
    TaskSpec {
        name: "sst2",
        display_name: "SST-2",
        config: "sst2",
        text_columns: ("sentence", None),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        labels: &["negative", "positive"],
        kind: Classification,
        metrics: &[Metric::Accuracy],
        averages_metrics: true,
        rows: RowCounts { train: 67349, eval: &[872], test: &[1821] },
        leaderboard_files: &[file("SST-2.tsv", LabelIds)],
        recipe_epochs: 3.0,
    },
    TaskSpec {
        name: "mrpc",
        display_name: "MRPC",
        config: "mrpc",
        text_columns: ("sentence1", Some("sentence2")),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        labels: &["not_equivalent", "equivalent"],
        kind: Classification,
        metrics: &[Metric::Accuracy, Metric::F1],
        averages_metrics: true,
        rows: RowCounts { train: 3668, eval: &[408], test: &[1725] },
        leaderboard_files: &[file("MRPC.tsv", LabelIds)],
        recipe_epochs: 5.0,
    },
    TaskSpec {
        name: "stsb",
        display_name: "STS-B",
        config: "stsb",
        text_columns: ("sentence1", Some("sentence2")),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        labels: &[],
        kind: Regression,
        metrics: &[Metric::Pearson, Metric::Spearman],
        averages_metrics: true,
        rows: RowCounts { train: 5749, eval: &[1500], test: &[1379] },
        leaderboard_files: &[file("STS-B.tsv", Scores)],
        recipe_epochs: 3.0,
    },
    TaskSpec {
        name: "qqp",
        display_name: "QQP",
        config: "qqp",
        text_columns: ("question1", Some("question2")),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        labels: &["not_duplicate", "duplicate"],
        kind: Classification,
        metrics: &[Metric::Accuracy, Metric::F1],
        averages_metrics: true,
        rows: RowCounts { train: 363_846, eval: &[40430], test: &[390_965] },
        leaderboard_files: &[file("QQP.tsv", LabelIds)],
        recipe_epochs: 3.0,
    },
    TaskSpec {
        name: "mnli",
        display_name: "MNLI",
        config: "mnli",
        text_columns: ("premise", Some("hypothesis")),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: &[split("validation_matched", ""), split("validation_mismatched", "_mm")],
        test_splits: &[split("test_matched", ""), split("test_mismatched", "_mm")],
        labels: THREE_WAY,
        kind: Classification,
        metrics: &[Metric::Accuracy],
        averages_metrics: true,
        rows: RowCounts { train: 392_702, eval: &[9815, 9832], test: &[9796, 9847] },
        leaderboard_files: &[file("MNLI-m.tsv", LabelNames), file("MNLI-mm.tsv", LabelNames)],
        recipe_epochs: 3.0,
    },
    TaskSpec {
        name: "qnli",
        display_name: "QNLI",
        config: "qnli",
        text_columns: ("question", Some("sentence")),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        labels: &["entailment", "not_entailment"],
        kind: Classification,
        metrics: &[Metric::Accuracy],
        averages_metrics: true,
        rows: RowCounts { train: 104_743, eval: &[5463], test: &[5463] },
        leaderboard_files: &[file("QNLI.tsv", LabelNames)],
        recipe_epochs: 3.0,
    },
    TaskSpec {
        name: "rte",
        display_name: "RTE",
        config: "rte",
        text_columns: ("sentence1", Some("sentence2")),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        labels: &["entailment", "not_entailment"],
        kind: Classification,
        metrics: &[Metric::Accuracy],
        averages_metrics: true,
        rows: RowCounts { train: 2490, eval: &[277], test: &[3000] },
        leaderboard_files: &[file("RTE.tsv", LabelNames)],
        recipe_epochs: 3.0,
    },
    TaskSpec {
        name: "wnli",
        display_name: "WNLI",
        config: "wnli",
        text_columns: ("sentence1", Some("sentence2")),
        label_column: "label",
        train_split: Some("train"),
        eval_splits: VALIDATION,
        test_splits: TEST,
        // The reverse of RTE's and QNLI's order: here 1 is entailment.
        labels: &["not_entailment", "entailment"],
        kind: Classification,
        metrics: &[Metric::Accuracy],
        averages_metrics: true,
        rows: RowCounts { train: 635, eval: &[71], test: &[146] },
        leaderboard_files: &[file("WNLI.tsv", LabelIds)],
        recipe_epochs: 5.0,
    },
];

/// The diagnostic set: a test split only, predicted with a model that was trained on MNLI. It counts in no average.
pub static AX: TaskSpec = TaskSpec {
    name: "ax",
    display_name: "AX",
    config: "ax",
    text_columns: ("premise", Some("hypothesis")),
    label_column: "label",
    train_split: None,
    eval_splits: &[],
    test_splits: TEST,
    labels: THREE_WAY,
    kind: Classification,
    metrics: &[Metric::Matthews],
    averages_metrics: true,
    rows: RowCounts { train: 0, eval: &[], test: &[1104] },
    leaderboard_files: &[file("AX.tsv", LabelNames)],
    recipe_epochs: 3.0,
};

/// A name that is no task's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no task `{name}` ({hint}); the tasks are {all}", all = quoted(&task_names()))]
pub struct UnknownTask {
    /// The name that was asked for.
    pub name: String,
    /// The task with the nearest name.
    pub nearest: &'static str,
    hint: String,
}

/// The row of a task. Case does not matter, and papers' spellings are known too: `SST-2`, `sts-b`.
///
/// # Errors
/// [`UnknownTask`], which names the nearest task and lists them all. The diagnostic set is not among them: it cannot
/// be trained or evaluated.
pub fn find_task(name: &str) -> Result<&'static TaskSpec, UnknownTask> {
    let wanted = name.trim().to_lowercase();
    if let Some(task) = TASKS.iter().find(|task| task.name == wanted || task.display_name.to_lowercase() == wanted) {
        return Ok(task);
    }
    if wanted == AX.name {
        let hint = "`ax` has only a test split and is predicted with a model of `mnli`".to_owned();
        return Err(UnknownTask { name: name.to_owned(), nearest: "mnli", hint });
    }
    let nearest = nearest(&wanted, task_names()).unwrap_or_default();
    Err(UnknownTask { name: name.to_owned(), nearest, hint: format!("did you mean `{nearest}`?") })
}

fn task_names() -> [&'static str; 9] {
    TASKS.each_ref().map(|task| task.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_spelling() {
        for (spelling, name) in
            [("cola", "cola"), ("CoLA", "cola"), ("SST-2", "sst2"), ("sts-b", "stsb"), ("RTE", "rte")]
        {
            assert_eq!(find_task(spelling).map(|task| task.name), Ok(name));
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest_and_all() {
        let error = find_task("mrcp").unwrap_err();
        assert_eq!(error.nearest, "mrpc");
        assert_eq!(
            error.to_string(),
            "there is no task `mrcp` (did you mean `mrpc`?); the tasks are `cola`, `sst2`, `mrpc`, `stsb`, `qqp`, \
             `mnli`, `qnli`, `rte`, `wnli`"
        );
        assert!(find_task("ax").unwrap_err().to_string().contains("predicted with a model of `mnli`"));
    }

    #[test]
    fn every_row_is_consistent() {
        for task in TASKS.iter().chain([&AX]) {
            assert_eq!(task.eval_splits.len(), task.rows.eval.len(), "{}", task.name);
            assert_eq!(task.test_splits.len(), task.rows.test.len(), "{}", task.name);
            assert_eq!(task.test_splits.len(), task.leaderboard_files.len(), "{}", task.name);
            assert_eq!(task.train_split.is_some(), task.rows.train > 0, "{}", task.name);
            assert_eq!(task.labels.is_empty(), task.kind == Regression, "{}", task.name);
            assert!(!task.metrics.is_empty(), "{}", task.name);
            let scores = task.leaderboard_files.iter().any(|file| file.values == Scores);
            assert_eq!(scores, task.kind == Regression, "{}", task.name);
        }
    }

    #[test]
    fn heads_and_row_counts() {
        let widths = TASKS.each_ref().map(TaskSpec::num_labels);
        assert_eq!(widths, [2, 2, 2, 1, 2, 3, 2, 2, 2]);
        let mnli = find_task("mnli").unwrap();
        assert_eq!(mnli.rows_of("train"), Some(392_702));
        assert_eq!(mnli.rows_of("validation_mismatched"), Some(9832));
        assert_eq!(mnli.rows_of("test_matched"), Some(9796));
        assert_eq!(mnli.rows_of("validation"), None);
        assert_eq!(AX.rows_of("train"), None);
    }
}
