//! In which column a published number stands: only with scores of the same rows and metric.

use std::collections::BTreeMap;

use glue_tasks::metrics::Metric;
use glue_tasks::task::TaskSpec;
use glue_tasks::{plain_key, task_named, task_score};

use super::range::UNSTATED;
use super::value::PublishedValue;
use crate::compare::column::{Column, is_usual_split};
use crate::compare::entry::Entry;
use crate::compare::known_rows::{KnownRows, RowsBySuffix};
use crate::compare::lacking::Lacking;
use crate::compare::shown::{is_loss, metric_words};
use crate::compare::start::published_start;
use crate::statistics::Summary;

type Values<'a> = BTreeMap<&'a str, &'a PublishedValue>;

/// The numbers of a model on a task, with the names of their columns. Columns that are not there yet are added.
pub(super) fn place(
    task: &str,
    metrics: &BTreeMap<String, PublishedValue>,
    columns: &mut Vec<Column>,
) -> Vec<(String, Entry)> {
    let all: Values = metrics.iter().map(|(metric, value)| (metric.as_str(), value)).collect();
    let by_start = grouped(&all, |_, value| published_start(value.made.initialisation.as_deref()));
    by_start.iter().flat_map(|(start, values)| place_of_start(task, start, values, columns)).collect()
}

/// The same of trainings that began from one thing.
fn place_of_start(task: &str, start: &str, values: &Values, columns: &mut Vec<Column>) -> Vec<(String, Entry)> {
    match task_named(task) {
        Some(spec) => {
            let by_rows = grouped(values, |metric, value| rows_of_benchmark(spec, start, metric, value, columns));
            by_rows.into_iter().map(|(rows, values)| of_benchmark(spec, start, &rows, &values, columns)).collect()
        }
        None => {
            let by_split = grouped(values, |_, value| value.made.split.as_deref());
            let of_split = |(split, values)| of_other_data((task, start), split, &values, columns);
            by_split.into_iter().flat_map(of_split).collect()
        }
    }
}

fn grouped<'a, K: Ord>(all: &Values<'a>, key: impl Fn(&'a str, &'a PublishedValue) -> K) -> BTreeMap<K, Values<'a>> {
    let mut groups: BTreeMap<K, Values<'a>> = BTreeMap::new();
    for (&metric, &value) in all {
        groups.entry(key(metric, value)).or_default().insert(metric, value);
    }
    groups
}

/// The rows of a benchmark's task that a published number is of.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum PublishedRows {
    /// Those of the benchmark's own splits for evaluations.
    Usual,
    /// Those of the column of this name, by their content.
    OfColumn(String),
    /// Others, in words.
    Other(String),
}

fn rows_of_benchmark(
    spec: &TaskSpec,
    start: &str,
    metric: &str,
    value: &PublishedValue,
    columns: &[Column],
) -> PublishedRows {
    let (known, suffix) = (known_rows(value), suffix_of(metric));
    let is_of_task = |column: &&Column| column.spec.is_some() && column.task == spec.name && column.start == start;
    let of_task = || columns.iter().filter(is_of_task);
    let rows_of =
        |column: &&Column| column.known_rows(suffix).is_some_and(|own| own.has_content_of(&known) == Some(true));
    match of_task().find(rows_of) {
        Some(column) if column.rows.is_none() => return PublishedRows::Usual,
        Some(column) => return PublishedRows::OfColumn(column.name.clone()),
        None => {}
    }
    // MNLI's matched and mismatched development sets are both its validation split.
    let is_scored = |split: &&str| {
        let is = |own: &str| own.strip_prefix(*split).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        spec.eval_splits.iter().any(|own| is(&own.name))
    };
    let split = value.made.split.as_deref();
    let other_split = split.filter(|split| !is_scored(split)).map(|split| format!("{split} split"));
    let own_split = spec.eval_splits.iter().find(|own| own.key_suffix == suffix);
    let of_benchmark = KnownRows { rows: own_split.and_then(|own| own.rows).map(|rows| rows as u64), sha256: None };
    let own = of_task().find(|column| column.rows.is_none()).and_then(|column| column.known_rows(suffix));
    let is_other =
        other_split.is_some() || known.is_other_than(&of_benchmark) || own.is_some_and(|own| own.is_other_than(&known));
    let rows = known.as_published().filter(|_| is_other);
    let words: Vec<String> = other_split.into_iter().chain(rows).collect();
    if words.is_empty() { PublishedRows::Usual } else { PublishedRows::Other(words.join("; ")) }
}

/// What a number says of its rows.
fn known_rows(value: &PublishedValue) -> KnownRows {
    KnownRows { rows: value.rows, sha256: value.rows_sha256.clone() }
}

/// What stands behind a metric's name where it is of a second split.
fn suffix_of(metric: &str) -> &str {
    metric.strip_prefix(plain_key(metric)).unwrap_or_default()
}

/// A benchmark's task has a column of the rows that runs are scored on, and one of each other split or number of rows.
fn of_benchmark(
    spec: &'static TaskSpec,
    start: &str,
    rows: &PublishedRows,
    values: &Values<'_>,
    columns: &mut Vec<Column>,
) -> (String, Entry) {
    let words = match rows {
        PublishedRows::Other(words) => Some(words.as_str()),
        PublishedRows::Usual | PublishedRows::OfColumn(_) => None,
    };
    let column = match rows {
        PublishedRows::OfColumn(name) => name.clone(),
        _ => there(columns, Column::published((&spec.name, start), words, None, known_by_suffix(values))),
    };
    let value = |key: &str| values.get(key).map(|value| value.value);
    let entry = match task_score(spec, value) {
        Ok(score) => entry(values, Some(score), None),
        Err(_) if values.keys().all(|key| is_loss(key)) => {
            let names = values.keys().map(|key| in_words(key)).collect();
            Entry { lacking: vec![Lacking::Published(names)], ..entry(values, None, None) }
        }
        Err(_) => {
            let known: Vec<(&str, f64)> =
                values.iter().filter(|(key, _)| !is_loss(key)).map(|(key, value)| (*key, value.value)).collect();
            let mean = Summary::of(&known.iter().map(|(_, value)| *value).collect::<Vec<_>>()).map(|all| all.mean);
            let names: Vec<String> = known.iter().map(|(key, _)| in_words(key)).collect();
            entry(values, mean, Some(names.join(" and ")))
        }
    };
    (column, entry)
}

fn known_by_suffix(values: &Values<'_>) -> RowsBySuffix {
    let known = values.iter().map(|(metric, value)| (suffix_of(metric).to_owned(), known_rows(value)));
    known.filter(|(_, rows)| !rows.is_unknown()).collect()
}

/// Data that are no benchmark's have the column of our runs where its split, its rows and its metric are the same, else one a metric.
fn of_other_data(
    (task, start): (&str, &str),
    split: Option<&str>,
    values: &Values<'_>,
    columns: &mut Vec<Column>,
) -> Vec<(String, Entry)> {
    let is_of_task = |column: &Column| column.task == task && column.spec.is_none() && column.start == start;
    let of_task = |column: &&Column| is_of_task(column) && column.rows.is_none();
    let value_of = |column: &Column| values.get(column.metric()?.key()).copied();
    let is_other = |column: &Column, value: &PublishedValue| {
        column.known_rows("").is_some_and(|own| own.is_other_than(&known_rows(value)))
    };
    let has_content = |column: &&Column| {
        let theirs = value_of(column).map(known_rows);
        let is_same = |theirs| Some(column.known_rows("")?.has_content_of(&theirs) == Some(true));
        is_of_task(column) && theirs.and_then(is_same) == Some(true)
    };
    let is_usual =
        |column: &&Column| column.is_of_split(split) && value_of(column).is_some_and(|of| !is_other(column, of));
    let ours = columns.iter().find(has_content).or_else(|| columns.iter().find(of_task).filter(is_usual));
    if let Some((column, value)) = ours.and_then(|column| Some((column, value_of(column)?))) {
        let which = column.class().map(|_| format!("{} of a class that is not stated", column.metric_words()));
        return vec![(column.name.clone(), entry(values, Some(value.value), which))];
    }
    let is_taken = columns.iter().any(|column| of_task(&column));
    let one = values.len() == 1;
    let of_metric = |(key, value): (&&str, &&PublishedValue)| {
        let metric = Metric::from_key(plain_key(key));
        let is_said = is_taken || !is_usual_split(split);
        let split = split.filter(|_| is_said).map(|split| format!("{split} split"));
        let metric_words = (is_said || !one).then(|| in_words(key));
        let rows = known_rows(value).as_published().filter(|_| is_said);
        let words: Vec<String> = split.into_iter().chain(metric_words).chain(rows).collect();
        let rows = (!words.is_empty()).then(|| words.join("; "));
        let only = BTreeMap::from([(*key, *value)]);
        let name = there(columns, Column::published((task, start), rows.as_deref(), metric, known_by_suffix(&only)));
        (name, entry(&only, Some(value.value), None))
    };
    values.iter().map(of_metric).collect()
}

/// The name of a column, which is added where it is not there.
fn there(columns: &mut Vec<Column>, column: Column) -> String {
    let name = column.name.clone();
    if !columns.iter().any(|other| other.name == name) {
        columns.push(column);
    }
    name
}

/// The metric as papers write it; what a table calls it where that is none.
fn in_words(key: &str) -> String {
    if key == UNSTATED { "a metric that is not stated".to_owned() } else { metric_words(key).to_owned() }
}

fn entry(values: &Values<'_>, score: Option<f64>, partial: Option<String>) -> Entry {
    Entry {
        score: score.and_then(|score| Summary::of(&[score])),
        interval: None,
        bootstrap: None,
        metrics: values.iter().map(|(name, value)| ((*name).to_owned(), Summary::of(&[value.value]))).collect(),
        lacking: Vec::new(),
        class: None,
        partial,
        seeds: Vec::new(),
        collapsed: 0,
        seconds: None,
        train_seconds: None,
        train_samples_per_second: None,
        peak_memory_bytes: None,
    }
}
