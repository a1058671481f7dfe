//! Which settings tell a model's runs apart, in the names of rows. What the columns and the content of rows say is not among them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use records::record::{RecordFile, RunRecord};

/// Computed from other settings.
const COMPUTED: [&str; 3] = ["warmup_steps", "new_head", "per_device_eval_batch_size"];

/// What decides the rows of a run, which are known by their content, and what was measured on them.
const OF_ROWS: [&str; 19] = [
    "delimiter",
    "do_train",
    "label_column_name",
    "max_eval_samples",
    "max_predict_samples",
    "max_train_samples",
    "metric_name",
    "missing_labels",
    "problem_type",
    "shuffle_before_split",
    "shuffle_like",
    "shuffle_seed",
    "shuffle_train_dataset",
    "test_split_name",
    "text_column_names",
    "train_split_name",
    "validation_split_name",
    "validation_split_percentage",
    "do_regression",
];

/// Whether a setting of this name can have changed the numbers of this record, beside its rows.
pub(crate) fn decides(record: &RunRecord, name: &str) -> bool {
    let rows_are_known = || record.dataset.splits.iter().any(|split| split.sha256.is_some());
    !COMPUTED.contains(&name) && !(OF_ROWS.contains(&name) && rows_are_known())
}

/// Settings by which runs are told apart.
fn settings(record: &RunRecord) -> impl Iterator<Item = (&str, &Value)> {
    let all = record.hyper_parameters.iter().map(|(name, value)| (name.as_str(), value));
    all.filter(|(name, _)| decides(record, name))
}

/// A record's value of a setting, in words.
fn value_of(record: &RunRecord, name: &str) -> String {
    match record.hyper_parameters.get(name) {
        None => "unknown".to_owned(),
        Some(Value::Null) => "none".to_owned(),
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// The settings that differ between a model's runs of one task, and what is usual of them.
#[derive(Default)]
struct OfModel<'a> {
    differing: BTreeSet<&'a str>,
    /// Of each task the values that most of its runs have, in the order of `differing`. `None` where that cannot be said of a task
    /// whose runs differ, as in a grid: then every row names its values.
    usual: Option<BTreeMap<Task<'a>, Vec<String>>>,
}

/// A task, and whether it was trained: an evaluation alone has settings of a training, which change nothing.
type Task<'a> = (&'a str, bool);

fn task_of(record: &RunRecord) -> Task<'_> {
    (&record.task, record.is_trained())
}

impl<'a> OfModel<'a> {
    fn of(by_task: &BTreeMap<Task<'a>, Vec<&'a RunRecord>>) -> Self {
        let differing: BTreeSet<&str> = by_task.values().flat_map(|records| differing(records)).collect();
        let usual = |records: &Vec<&RunRecord>| usual(records.iter().map(|record| values(record, &differing)));
        let usual = by_task.iter().map(|(task, records)| Some((*task, usual(records)?))).collect();
        Self { differing, usual }
    }
}

fn values(record: &RunRecord, names: &BTreeSet<&str>) -> Vec<String> {
    names.iter().map(|name| value_of(record, name)).collect()
}

/// The names whose values differ between records of a model and a task.
fn differing<'a>(records: &[&'a RunRecord]) -> BTreeSet<&'a str> {
    let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in records.iter().flat_map(|record| settings(record)) {
        values.entry(name).or_default().insert(value.to_string());
    }
    values.into_iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| name).collect()
}

/// What two thirds have, or more.
fn usual(all: impl Iterator<Item = Vec<String>>) -> Option<Vec<String>> {
    let mut counts: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    all.for_each(|values| *counts.entry(values).or_default() += 1);
    let total: usize = counts.values().sum();
    counts.into_iter().find(|(_, count)| 3 * count >= 2 * total).map(|(values, _)| values)
}

/// Of each model's name what its runs differ in.
pub(super) struct Configurations<'a>(BTreeMap<&'a str, OfModel<'a>>);

impl<'a> Configurations<'a> {
    pub(super) fn of(found: &'a [RecordFile]) -> Self {
        let mut by_model: BTreeMap<&str, BTreeMap<Task, Vec<&RunRecord>>> = BTreeMap::new();
        for (_, record) in found {
            by_model.entry(&record.model.id).or_default().entry(task_of(record)).or_default().push(record);
        }
        Self(by_model.into_iter().map(|(model, by_task)| (model, OfModel::of(&by_task))).collect())
    }

    /// The settings by which a record differs from most of its model and task; all that differ at all where there is no such
    /// majority.
    pub(super) fn words(&self, record: &RunRecord) -> Vec<String> {
        let Some(of_model) = self.0.get(record.model.id.as_str()) else { return Vec::new() };
        let usual = of_model.usual.as_ref().and_then(|usual| usual.get(&task_of(record)));
        let is_said = |at: usize, name: &str, value: &str| match usual {
            Some(usual) => usual[at] != value,
            None => record.hyper_parameters.get(name).is_some_and(|value| !value.is_null()),
        };
        let all = of_model.differing.iter().enumerate().map(|(at, &name)| (at, name, value_of(record, name)));
        let said = all.filter(|(at, name, value)| is_said(*at, name, value));
        said.map(|(_, name, value)| format!("{name}={value}")).collect()
    }
}
