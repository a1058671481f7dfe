//! Columns of a comparison: a task and the rows that it was evaluated on. Only scores on the same rows stand in one column.

use std::collections::{BTreeMap, BTreeSet};

use glue_tasks::metrics::Metric;
use glue_tasks::task::TaskSpec;
use glue_tasks::{task_named, task_order};
use records::counted;
use records::record::{RecordFile, RunRecord, SplitRows};

use super::origin::short;
use super::shown::{Form, metric_words, task_score_words};
use crate::scored_rows::{is_whole, scored, spec_of};

/// A task and the rows that it was evaluated on.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The task's short name where these are the rows of the benchmark's own split; else with the rows behind it.
    pub name: String,
    /// The task's short name.
    pub task: String,
    /// Which rows these are where they are not all of the benchmark's split, in words.
    pub rows: Option<String>,
    /// The benchmark's task; none of other data, whatever they are called.
    pub(super) spec: Option<&'static TaskSpec>,
    /// The metric that is the score of data that are no benchmark's.
    metric: Option<Metric>,
}

/// The rows of an evaluation, and what was measured on them: scores of two metrics are no seeds of one number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct EvaluatedRows {
    /// Of each split its suffix and what is known of its rows.
    splits: Vec<(String, Known)>,
    /// The metric that is the score of data that are no benchmark's, by its key, with the class that it is of.
    metric: Option<String>,
}

/// What a record knows of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// Their content, SHA-256.
    Content(String),
    /// The split and their number: a record of format 1.
    Number(String, u64),
}

impl EvaluatedRows {
    fn of(record: &RunRecord) -> Self {
        let known = |split: &SplitRows| match &split.sha256 {
            Some(hash) => Known::Content(hash.clone()),
            None => Known::Number(split.split.clone(), split.rows),
        };
        let splits = scored(record).into_iter().map(|split| (split.key_suffix.clone(), known(split))).collect();
        Self { splits, metric: first_metric(record).map(|metric| metric_of_class(metric, record)) }
    }

    fn is_known(&self) -> bool {
        self.splits.iter().all(|(_, known)| matches!(known, Known::Content(_)))
    }

    fn short_hash(&self) -> Option<&str> {
        match &self.splits.first()?.1 {
            Known::Content(hash) => Some(short(hash)),
            Known::Number(..) => None,
        }
    }
}

/// A task's name, and whether it is of data that are no benchmark's.
type Task<'a> = (&'a str, bool);

fn task_of(record: &RunRecord) -> Task<'_> {
    (&record.task, spec_of(record).is_none())
}

/// The columns of records, and of each record the name of its column.
pub(crate) struct Columns {
    pub(super) all: Vec<Column>,
    pub(crate) of_record: Vec<String>,
}

impl Columns {
    pub(crate) fn of(found: &[RecordFile]) -> Self {
        let mut by_task: BTreeMap<Task, BTreeMap<EvaluatedRows, &RunRecord>> = BTreeMap::new();
        for (_, record) in found {
            by_task.entry(task_of(record)).or_default().entry(EvaluatedRows::of(record)).or_insert(record);
        }
        let mut keyed: Vec<(Task, EvaluatedRows, Column)> = Vec::new();
        for (task, by_rows) in by_task {
            // The benchmark's own rows have the task's name: those whose content is known, where there are such.
            let whole = |known: bool| {
                by_rows.iter().find(|(rows, record)| is_whole(record) == Some(true) && rows.is_known() == known)
            };
            let own = whole(true).or_else(|| whole(false)).map(|(rows, _)| rows.clone());
            // Of other data the rows are said where there are several, and so is the metric.
            let is_alone = task.1 && by_rows.len() == 1;
            let metrics: BTreeSet<_> = by_rows.keys().map(|rows| rows.metric.as_deref()).collect();
            for (rows, record) in &by_rows {
                let is_own = own.as_ref() == Some(rows) || is_alone;
                let metric = rows.metric.as_deref().filter(|_| metrics.len() > 1);
                keyed.push((task, rows.clone(), Column::of(record, (!is_own).then_some(rows), metric)));
            }
        }
        tell_apart(&mut keyed);
        keyed.sort_by_cached_key(|(.., column)| column.place());
        let place = |record: &RunRecord| {
            let key = (task_of(record), EvaluatedRows::of(record));
            let column = keyed.iter().find(|(task, rows, _)| *task == key.0 && *rows == key.1);
            column.map_or_else(String::new, |(.., column)| column.name.clone())
        };
        let of_record = found.iter().map(|(_, record)| place(record)).collect();
        Self { all: keyed.into_iter().map(|(.., column)| column).collect(), of_record }
    }
}

/// Columns of one name are told apart by the hash of their rows.
fn tell_apart(keyed: &mut [(Task, EvaluatedRows, Column)]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    keyed.iter().for_each(|(.., column)| *counts.entry(column.name.clone()).or_default() += 1);
    for (_, rows, column) in keyed.iter_mut().filter(|(.., column)| counts[&column.name] > 1) {
        let hash = rows.short_hash().map_or_else(|| "content unknown".to_owned(), |hash| format!("content {hash}"));
        let words = column.rows.as_ref().map_or_else(|| hash.clone(), |words| format!("{words}; {hash}"));
        column.name = format!("{} ({words})", column.task);
        column.rows = Some(words);
    }
}

impl Column {
    /// `rows`: where they are not the benchmark's own; `by_metric`: where other runs of the task have another metric.
    fn of(record: &RunRecord, rows: Option<&EvaluatedRows>, by_metric: Option<&str>) -> Self {
        let spec = spec_of(record);
        let shares_a_name = spec.is_none() && task_named(&record.task).is_some();
        let own_data = shares_a_name.then(|| "data of one's own".to_owned());
        let words: Vec<String> = own_data
            .into_iter()
            .chain(rows.map(|rows| words(record, rows)))
            .chain(by_metric.map(str::to_owned))
            .collect();
        let rows = (!words.is_empty()).then(|| words.join("; "));
        let name = rows.as_ref().map_or_else(|| record.task.clone(), |rows| format!("{} ({rows})", record.task));
        Self { name, task: record.task.clone(), rows, spec, metric: first_metric(record) }
    }

    /// The column of a benchmark's task as others publish it.
    pub(super) fn of_task(task: &str) -> Self {
        Self { name: task.to_owned(), task: task.to_owned(), rows: None, spec: task_named(task), metric: None }
    }

    /// Its place among others: benchmarks' tasks in their order, the benchmark's own rows first.
    pub(super) fn place(&self) -> (bool, usize, bool, String) {
        (self.spec.is_none(), task_order(&self.task), self.rows.is_some(), self.name.clone())
    }

    /// The task as papers write it, with the rows where they are not all.
    #[must_use]
    pub fn title(&self) -> String {
        let task = self.spec.map_or(self.task.as_str(), |spec| &spec.display_name);
        self.rows.as_ref().map_or_else(|| task.to_owned(), |rows| format!("{task} ({rows})"))
    }

    /// What the score is made of, in words; empty where that is not known.
    pub(super) fn score_words(&self) -> String {
        match self.metric {
            Some(metric) if self.lower_is_better() => format!("{}, lower is better", metric_words(metric.key())),
            Some(metric) => metric_words(metric.key()).to_owned(),
            None => self.spec.map_or_else(String::new, task_score_words),
        }
    }

    /// How its scores are shown.
    pub(super) fn form(&self) -> Form {
        self.metric.map_or(Form::Percent, |metric| Form::of_metric(metric.key()))
    }

    /// Whether a record's score is an error: no fraction, and better when it is lower.
    pub(crate) fn is_error(record: &RunRecord) -> bool {
        first_metric(record).is_some_and(|metric| !metric.higher_is_better())
    }

    /// Whether the lowest score is the best: errors and losses.
    #[must_use]
    pub fn lower_is_better(&self) -> bool {
        self.metric.is_some_and(|metric| !metric.higher_is_better())
    }

    /// Which of two scores is better.
    pub(super) fn is_better(&self, score: f64, than: f64) -> bool {
        if self.lower_is_better() { score < than } else { score > than }
    }
}

/// Of data that are no benchmark's the first of the metrics is the score.
fn first_metric(record: &RunRecord) -> Option<Metric> {
    Metric::from_key(record.hyper_parameters.get("metric_name")?.as_str()?.split(',').next()?)
}

/// `accuracy`, `f1 of POS`: of two classes some metrics are those of the second, which is another one where the classes have another
/// order.
fn metric_of_class(metric: Metric, record: &RunRecord) -> String {
    let is_of_one = matches!(metric, Metric::F1 | Metric::Precision | Metric::Recall);
    let class = record.class_tables.first().and_then(|table| table.classes.get(1)).filter(|_| is_of_one);
    class.map_or_else(|| metric.key().to_owned(), |class| format!("{} of {}", metric.key(), class.label))
}

/// `60 of 408 rows`, `test[:30]+test[-30:]; 60 of 1725 rows`, `150 rows of other data`.
fn words(record: &RunRecord, rows: &EvaluatedRows) -> String {
    let splits = scored(record);
    if splits.is_empty() {
        return "not evaluated".to_owned();
    }
    let (used, spec) = (splits.iter().map(|split| split.rows).sum::<u64>(), spec_of(record));
    let names: BTreeSet<&str> = splits.iter().map(|split| split.split.as_str()).collect();
    let own = |name: &str| spec.is_some_and(|spec| spec.eval_splits.iter().any(|own| own.name == name));
    let is_usual = names.iter().all(|name| own(name));
    let of_splits: Option<u64> = splits.iter().map(|split| split.rows_of_split).sum();
    let of_benchmark = spec.filter(|_| is_usual);
    let of_benchmark: Option<u64> =
        of_benchmark.and_then(|spec| spec.eval_splits.iter().map(|split| split.rows.map(|rows| rows as u64)).sum());
    let count = match of_splits.or(of_benchmark) {
        Some(all) if all != used => format!("{used} of {all} rows"),
        _ => counted(usize::try_from(used).unwrap_or(usize::MAX), "row"),
    };
    let is_other = of_splits.is_some_and(|all| of_benchmark.is_some_and(|own| own != all));
    let parts = [
        (!is_usual).then(|| names.into_iter().collect::<Vec<_>>().join(" and ")),
        Some(if is_other { format!("{count} of other data") } else { count }),
        (!rows.is_known()).then(|| "content unknown".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
