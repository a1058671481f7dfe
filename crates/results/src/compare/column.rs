//! Columns of a comparison: a task and the rows that it was evaluated on. Only scores on the same rows stand in one column.

use std::collections::{BTreeMap, BTreeSet};

use glue_tasks::metrics::Metric;
use glue_tasks::task::TaskSpec;
use glue_tasks::{task_named, task_order};
use records::counted;
use records::record::{RecordFile, RunRecord, SplitRows};

use super::known_rows::{KnownRows, RowsBySuffix};
use super::origin::{data_words, short};
use super::shown::{Form, is_loss, metric_words, score_range, task_score_words};
use super::start::{start_in_words, start_of};
use crate::scored_rows::{class_names, class_one, first_metric, is_whole, scored, spec_of};

/// A task and the rows that it was evaluated on.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The task's short name where these are the rows of the benchmark's own split; else with the rows behind it.
    pub name: String,
    /// The task's short name.
    pub task: String,
    /// What the runs began from, where that is not the model itself: `mnli`; `rte, from mnli`; empty elsewhere.
    pub start: String,
    /// Which rows these are where they are not all of the benchmark's split, in words.
    pub rows: Option<String>,
    /// The benchmark's task; none of other data, whatever they are called.
    pub(super) spec: Option<&'static TaskSpec>,
    /// The splits that these are rows of, as our runs call them; none of published numbers.
    splits: BTreeSet<String>,
    /// What is known of the rows of each.
    known: RowsBySuffix,
    /// The metric that is the score of data that are no benchmark's.
    measure: Option<Measure>,
}

/// A metric that is a score, and of which class it is where it is of one: F1 of the one class is no F1 of the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Measure {
    /// The metric's key.
    key: &'static str,
    /// The name of the class.
    class: Option<String>,
}

impl Measure {
    /// Of data that are no benchmark's the first of the metrics is the score.
    fn of(record: &RunRecord) -> Option<Self> {
        let metric = first_metric(record)?;
        let class = if metric.is_of_one_class() { class_one(record) } else { None };
        Some(Self { key: metric.key(), class: class.map(str::to_owned) })
    }

    fn metric(&self) -> Option<Metric> {
        Metric::from_key(self.key)
    }

    /// `F1 of spam`.
    fn in_words(&self) -> String {
        let of_class = self.class.as_ref().map_or_else(String::new, |class| format!(" of {class}"));
        format!("{}{of_class}", metric_words(self.key))
    }
}

/// The rows of an evaluation, and what was measured on them: scores of two metrics are no seeds of one number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct EvaluatedRows {
    /// Of each split its suffix and what is known of its rows.
    splits: Vec<(String, Known)>,
    /// The metric that is the score of data that are no benchmark's.
    measure: Option<Measure>,
}

/// What a record knows of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// Their content, SHA-256.
    Content(String),
    /// The data that they are of, the split and their number: a record of format 1. A benchmark's own splits are the same rows
    /// wherever they lie.
    Number(Option<NamedData>, String, u64),
}

/// Data of which no content is known: by the name that they were given, and the names of their classes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct NamedData {
    name: String,
    classes: Option<BTreeSet<String>>,
}

impl NamedData {
    fn of(record: &RunRecord) -> Self {
        let classes = if spec_of(record).is_none() { class_names(record) } else { None };
        Self { name: data_words(record), classes }
    }

    /// `classes ham, spam`.
    fn classes_in_words(&self) -> Option<String> {
        let classes = self.classes.as_ref()?;
        let named: Vec<&str> = classes.iter().take(NAMED_CLASSES).map(String::as_str).collect();
        let more = classes.len().saturating_sub(NAMED_CLASSES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("classes {}{more}", named.join(", ")))
    }
}

impl EvaluatedRows {
    fn of(record: &RunRecord) -> Self {
        let dataset = (is_whole(record) != Some(true)).then(|| NamedData::of(record));
        let known = |split: &SplitRows| match &split.sha256 {
            Some(hash) => Known::Content(hash.clone()),
            None => Known::Number(dataset.clone(), split.split.clone(), split.rows),
        };
        let splits = scored(record).into_iter().map(|split| (split.key_suffix.clone(), known(split))).collect();
        Self { splits, measure: Measure::of(record) }
    }

    fn is_known(&self) -> bool {
        self.splits.iter().all(|(_, known)| matches!(known, Known::Content(_)))
    }

    /// What tells data apart that have one name and no content that is known.
    fn classes(&self) -> Option<String> {
        match self.splits.first()? {
            (_, Known::Number(Some(data), ..)) => data.classes_in_words(),
            _ => None,
        }
    }

    /// What tells rows apart that are otherwise called alike.
    fn content(&self) -> String {
        match self.splits.first() {
            Some((_, Known::Content(hash))) => format!("content {}", short(hash)),
            Some((_, Known::Number(Some(data), ..))) => format!("of {}", data.name),
            Some((_, Known::Number(None, ..))) | None => UNKNOWN_CONTENT.to_owned(),
        }
    }
}

/// So many classes are named where they tell data apart.
const NAMED_CLASSES: usize = 4;

/// Of rows that a record of format 1 has no hash of.
const UNKNOWN_CONTENT: &str = "content unknown";

/// A task's name, whether it is of data that are no benchmark's, and what the runs began from.
type Task<'a> = (&'a str, bool, String);

fn task_of(record: &RunRecord) -> Task<'_> {
    (&record.task, spec_of(record).is_none(), start_of(record))
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
        let mut known_as: BTreeMap<(Task, EvaluatedRows), EvaluatedRows> = BTreeMap::new();
        for (task, by_rows) in by_task {
            // The benchmark's own rows have the task's name: those whose content is known, where there are such. Of two contents with as
            // many rows nothing says which is the benchmark's.
            let whole = |known: bool| {
                let claims = move |(rows, record): &(&EvaluatedRows, &&RunRecord)| {
                    is_whole(record) == Some(true) && rows.is_known() == known
                };
                by_rows.iter().filter(claims).map(|(rows, _)| rows)
            };
            let own = match (whole(true).count(), whole(true).next()) {
                (0 | 1, only) => only.or_else(|| whole(false).next()).cloned(),
                _ => None,
            };
            // Of other data the rows are said where there are several, and so is the metric.
            let is_alone = task.1 && by_rows.len() == 1;
            let measures: BTreeSet<_> = by_rows.keys().map(|rows| &rows.measure).collect();
            // All rows of a benchmark's splits by their number, as format 1 has them, are those whose content is known: there is one such
            // content.
            let is_own_by_number = |rows: &EvaluatedRows, record| !rows.is_known() && is_whole(record) == Some(true);
            let only = own.as_ref().filter(|own| own.is_known());
            for (rows, record) in &by_rows {
                if let Some(only) = only.filter(|_| is_own_by_number(rows, record)) {
                    known_as.insert((task.clone(), rows.clone()), only.clone());
                    continue;
                }
                let is_own = own.as_ref() == Some(rows) || is_alone;
                let measure = rows.measure.as_ref().filter(|_| measures.len() > 1).map(Measure::in_words);
                keyed.push((task.clone(), rows.clone(), Column::of(record, (!is_own).then_some(rows), measure)));
            }
        }
        tell_apart(&mut keyed);
        keyed.sort_by_cached_key(|(.., column)| column.place());
        let of_record = {
            let names: BTreeMap<_, &String> =
                keyed.iter().map(|(task, rows, column)| ((task, rows), &column.name)).collect();
            let name = |record: &RunRecord| {
                let key = (task_of(record), EvaluatedRows::of(record));
                let rows = known_as.get(&key).unwrap_or(&key.1);
                names.get(&(&key.0, rows)).map_or_else(String::new, |name| (*name).clone())
            };
            found.iter().map(|(_, record)| name(record)).collect()
        };
        Self { all: keyed.into_iter().map(|(.., column)| column).collect(), of_record }
    }
}

/// Columns of one name are told apart by the content of their rows, and by numbers where even that is the same.
fn tell_apart(keyed: &mut [(Task, EvaluatedRows, Column)]) {
    let count = |keyed: &[(Task, EvaluatedRows, Column)]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        keyed.iter().for_each(|(.., column)| *counts.entry(column.name.clone()).or_default() += 1);
        counts
    };
    let counts = count(keyed);
    for (_, rows, column) in keyed.iter_mut().filter(|(.., column)| counts[&column.name] > 1) {
        column.say(&rows.content());
    }
    let counts = count(keyed);
    for (_, rows, column) in keyed.iter_mut().filter(|(.., column)| counts[&column.name] > 1) {
        rows.classes().into_iter().for_each(|classes| column.say(&classes));
    }
    let (counts, mut number) = (count(keyed), 0);
    for (.., column) in keyed.iter_mut().filter(|(.., column)| counts[&column.name] > 1) {
        number += 1;
        column.say(&format!("set {number}"));
    }
}

impl Column {
    /// `rows`: where they are not the benchmark's own; `measure`: where other runs of the task have another one.
    fn of(record: &RunRecord, rows: Option<&EvaluatedRows>, measure: Option<String>) -> Self {
        let spec = spec_of(record);
        let splits = scored(record).into_iter().map(|split| split.split.clone()).collect();
        let shares_a_name = spec.is_none() && task_named(&record.task).is_some();
        let own_data = shares_a_name.then(|| "data of one's own".to_owned());
        let words: Vec<String> =
            own_data.into_iter().chain(rows.map(|rows| words(record, rows))).chain(measure).collect();
        let rows = (!words.is_empty()).then(|| words.join("; "));
        let known = KnownRows::of(record);
        let (task, start, measure) = (record.task.clone(), start_of(record), Measure::of(record));
        Self { name: String::new(), task, start, rows, spec, splits, known, measure }.named()
    }

    /// The same with the name that follows from the rest: `rte, from mnli (60 of 277 rows)`.
    fn named(self) -> Self {
        let name = labelled(&self.task, &self.start, self.rows.as_deref());
        Self { name, ..self }
    }

    /// One more word of its rows, behind the others.
    fn say(&mut self, word: &str) {
        let words = self.rows.as_ref().map_or_else(|| word.to_owned(), |words| format!("{words}; {word}"));
        self.name = labelled(&self.task, &self.start, Some(&words));
        self.rows = Some(words);
    }

    /// The column of a task, and what its trainings began from, as others publish it: `rows` are said where they are not the benchmark's own; `metric` where the task is
    /// no benchmark's.
    pub(super) fn published(
        (task, start): (&str, &str),
        rows: Option<&str>,
        metric: Option<Metric>,
        known: RowsBySuffix,
    ) -> Self {
        let measure = metric.map(|metric| Measure { key: metric.key(), class: None });
        let (rows, spec, splits) = (rows.map(str::to_owned), task_named(task), BTreeSet::new());
        let (name, task, start) = (String::new(), task.to_owned(), start.to_owned());
        Self { name, task, start, rows, spec, splits, known, measure }.named()
    }

    /// What is known of its rows of the split whose metrics have this suffix.
    pub(super) fn known_rows(&self, suffix: &str) -> Option<&KnownRows> {
        self.known.get(suffix)
    }

    /// Whether a published number of a split can be of these rows.
    pub(super) fn is_of_split(&self, split: Option<&str>) -> bool {
        if self.splits.is_empty() {
            is_usual_split(split)
        } else {
            split.is_none_or(|split| self.splits.iter().all(|own| own == split))
        }
    }

    /// The class that its scores are of, where they are of one.
    pub(super) fn class(&self) -> Option<&str> {
        self.measure.as_ref()?.class.as_deref()
    }

    /// Its place among others: benchmarks' tasks in their order, the benchmark's own rows first; what no run was scored on comes last.
    pub(super) fn place(&self) -> (bool, bool, usize, bool, bool, String) {
        let is_special = self.rows.is_some() || !self.start.is_empty();
        let has_no_run = self.splits.is_empty() && is_special;
        let (start, rows) = (!self.start.is_empty(), self.rows.is_some());
        (has_no_run, self.spec.is_none(), task_order(&self.task), start, rows, self.name.clone())
    }

    /// The task as papers write it, with what its runs began from.
    pub(super) fn task_title(&self) -> String {
        let task = self.spec.map_or(self.task.as_str(), |spec| &spec.display_name);
        labelled(task, &start_in_words(&self.start), None)
    }

    /// The task as papers write it, with what its runs began from, and the rows where they are not all: `RTE, from MNLI`.
    #[must_use]
    pub fn title(&self) -> String {
        let task = self.spec.map_or(self.task.as_str(), |spec| &spec.display_name);
        labelled(task, &start_in_words(&self.start), self.rows.as_deref())
    }

    /// The metric that is the score of data that are no benchmark's.
    pub(super) fn metric(&self) -> Option<Metric> {
        self.measure.as_ref().and_then(Measure::metric)
    }

    /// That metric as papers write it; nothing of a benchmark's task.
    pub(super) fn metric_words(&self) -> &'static str {
        self.measure.as_ref().map_or("", |measure| metric_words(measure.key))
    }

    /// What the score is made of, in words; empty where that is not known.
    pub(super) fn score_words(&self) -> String {
        let lower = if self.lower_is_better() { ", lower is better" } else { "" };
        match &self.measure {
            Some(measure) => format!("{}{lower}", measure.in_words()),
            None => self.spec.map_or_else(String::new, task_score_words),
        }
    }

    /// How its scores are shown.
    pub(super) fn form(&self) -> Form {
        self.measure.as_ref().map_or(Form::Percent, |measure| Form::of_metric(measure.key))
    }

    /// What its scores lie between, where that has ends.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        match (self.metric(), self.spec) {
            (Some(metric), _) => score_range(&[metric]),
            (None, Some(spec)) => score_range(&spec.metrics),
            (None, None) => None,
        }
    }

    /// Whether a record's score is an error: no fraction, and better when it is lower.
    pub(crate) fn is_error(record: &RunRecord) -> bool {
        Measure::of(record).is_some_and(|measure| is_loss(measure.key))
    }

    /// Whether the lowest score is the best: errors and losses.
    #[must_use]
    pub fn lower_is_better(&self) -> bool {
        self.measure.as_ref().is_some_and(|measure| is_loss(measure.key))
    }

    /// Which of two scores is better.
    pub(super) fn is_better(&self, score: f64, than: f64) -> bool {
        if self.lower_is_better() { score < than } else { score > than }
    }
}

fn labelled(task: &str, start: &str, rows: Option<&str>) -> String {
    let start = if start.is_empty() { String::new() } else { format!(", from {start}") };
    let rows = rows.map_or_else(String::new, |rows| format!(" ({rows})"));
    format!("{task}{start}{rows}")
}

/// Whether published numbers need no word of their split: scores are of the validation split where nothing else is said.
pub(super) fn is_usual_split(split: Option<&str>) -> bool {
    split.is_none_or(|split| split == "validation")
}

/// `60 of 408 rows`, `test[:30]+test[-30:]; 60 of 1725 rows`, `150 rows of other data`, `validation_matched only; 9815 rows`.
fn words(record: &RunRecord, rows: &EvaluatedRows) -> String {
    let splits = scored(record);
    if splits.is_empty() {
        return "not evaluated".to_owned();
    }
    let (used, spec) = (splits.iter().map(|split| split.rows).sum::<u64>(), spec_of(record));
    let names: BTreeSet<&str> = splits.iter().map(|split| split.split.as_str()).collect();
    let own = |name: &str| spec.is_some_and(|spec| spec.eval_splits.iter().any(|own| own.name == name));
    let is_usual = names.iter().all(|name| own(name));
    // MNLI is scored on two splits.
    let lacks_a_split = spec.is_some_and(|spec| is_usual && names.len() < spec.eval_splits.len());
    let of_splits: Option<u64> = splits.iter().map(|split| split.rows_of_split).sum();
    let of_benchmark = spec.filter(|_| is_usual);
    let of_benchmark: Option<u64> = of_benchmark.and_then(|spec| {
        let own = spec.eval_splits.iter().filter(|own| names.contains(own.name.as_str()));
        own.map(|split| split.rows.map(|rows| rows as u64)).sum()
    });
    let count = match of_splits.or(of_benchmark) {
        Some(all) if all != used => format!("{used} of {all} rows"),
        _ => counted(usize::try_from(used).unwrap_or(usize::MAX), "row"),
    };
    let is_other = of_splits.is_some_and(|all| of_benchmark.is_some_and(|own| own != all));
    let parts = [
        (!is_usual).then(|| names.iter().copied().collect::<Vec<_>>().join(" and ")),
        lacks_a_split.then(|| format!("{} only", names.iter().copied().collect::<Vec<_>>().join(" and "))),
        Some(if is_other { format!("{count} of other data") } else { count }),
        (!rows.is_known()).then(|| UNKNOWN_CONTENT.to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
