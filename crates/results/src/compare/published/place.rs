//! In which column a published number stands: only with scores of the same split and metric.

use std::collections::BTreeMap;

use glue_tasks::metrics::Metric;
use glue_tasks::task::TaskSpec;
use glue_tasks::{plain_key, task_named, task_score};

use super::range::UNSTATED;
use super::value::PublishedValue;
use crate::compare::column::{Column, is_usual_split};
use crate::compare::entry::Entry;
use crate::compare::lacking::Lacking;
use crate::compare::shown::{is_loss, metric_words};
use crate::statistics::Summary;

type Values<'a> = BTreeMap<&'a str, &'a PublishedValue>;

/// The numbers of a model on a task, with the names of their columns. Columns that are not there yet are added.
pub(super) fn place(
    task: &str,
    metrics: &BTreeMap<String, PublishedValue>,
    columns: &mut Vec<Column>,
) -> Vec<(String, Entry)> {
    let mut by_split: BTreeMap<Option<&str>, Values<'_>> = BTreeMap::new();
    for (metric, value) in metrics {
        by_split.entry(value.made.split.as_deref()).or_default().insert(metric, value);
    }
    let of_split = |(split, values): (Option<&str>, Values<'_>)| match task_named(task) {
        Some(spec) => vec![of_benchmark(spec, split, &values, columns)],
        None => of_other_data(task, split, &values, columns),
    };
    by_split.into_iter().flat_map(of_split).collect()
}

/// A benchmark's task has a column of the rows that runs are scored on, and one of each other split.
fn of_benchmark(
    spec: &'static TaskSpec,
    split: Option<&str>,
    values: &Values<'_>,
    columns: &mut Vec<Column>,
) -> (String, Entry) {
    // MNLI's matched and mismatched development sets are both its validation split.
    let is_scored = |split: &str| {
        let is = |own: &str| own.strip_prefix(split).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        spec.eval_splits.iter().any(|own| is(&own.name))
    };
    let rows = split.filter(|split| !is_scored(split)).map(|split| format!("{split} split"));
    let column = there(columns, Column::published(&spec.name, rows.as_deref(), None));
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

/// Data that are no benchmark's have the column of our runs where its split and metric are the same, else one a metric.
fn of_other_data(
    task: &str,
    split: Option<&str>,
    values: &Values<'_>,
    columns: &mut Vec<Column>,
) -> Vec<(String, Entry)> {
    let of_task = |column: &&Column| column.name == task && column.spec.is_none();
    let ours = columns.iter().find(of_task).filter(|column| column.is_of_split(split));
    let ours = ours.and_then(|column| Some((column, values.get(column.metric()?.key())?)));
    if let Some((column, value)) = ours {
        let which = column.class().map(|_| format!("{} of a class that is not stated", column.metric_words()));
        return vec![(column.name.clone(), entry(values, Some(value.value), which))];
    }
    let is_taken = columns.iter().any(|column| of_task(&column));
    let one = values.len() == 1;
    let of_metric = |(key, value): (&&str, &&PublishedValue)| {
        let metric = Metric::from_key(plain_key(key));
        let is_said = is_taken || !is_usual_split(split);
        let split = split.filter(|_| is_said).map(|split| format!("{split} split"));
        let words: Vec<String> = split.into_iter().chain((is_said || !one).then(|| in_words(key))).collect();
        let rows = (!words.is_empty()).then(|| words.join("; "));
        let name = there(columns, Column::published(task, rows.as_deref(), metric));
        (name, entry(&BTreeMap::from([(*key, *value)]), Some(value.value), None))
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
