//! Which settings tell a model's runs apart, in the names of rows. What the columns and the content of rows say is not among them.

use std::collections::{BTreeMap, BTreeSet};

use super::deciding_settings::{self, NONE, is_method, methods_of, names_of};
use super::model_names::ModelNames;
use records::record::{RecordFile, RunRecord};

/// What a run was computed with beside its settings: backends differ in the last bits of numbers, and so in what a training comes to.
const BACKEND: &str = "backend";

/// A record's value of a setting, in words; `None` where the run did not use it.
fn value_of(record: &RunRecord, name: &str) -> Option<String> {
    if name == BACKEND { Some(record.host.backend.clone()) } else { deciding_settings::value_of(record, name) }
}

/// The settings that differ between a model's runs of one task, and what is usual of them.
#[derive(Default)]
struct OfModel<'a> {
    differing: BTreeSet<&'a str>,
    /// Of each task the values that most of its runs have, in the order of `differing`. `None` where that cannot be said of a task
    /// whose runs differ, as in a grid: then every row names its values.
    usual: Option<BTreeMap<Task<'a>, Values>>,
}

/// Of one record, in the order of the settings' names; `None` of a setting that it did not use.
type Values = Vec<Option<String>>;

/// A task, whether it was trained, and by which methods: an evaluation alone has settings of a training, which change nothing, and each method
/// has a learning rate of its own.
type Task<'a> = (&'a str, bool, Vec<String>);

fn task_of(record: &RunRecord) -> Task<'_> {
    (&record.task, record.is_trained(), methods_of(record))
}

impl<'a> OfModel<'a> {
    fn of(by_task: &BTreeMap<Task<'a>, Vec<&'a RunRecord>>) -> Self {
        let differing: BTreeSet<&str> = by_task.values().flat_map(|records| differing(records)).collect();
        let usual = |records: &Vec<&RunRecord>| usual(records.iter().map(|record| values(record, &differing)));
        let usual = by_task.iter().map(|(task, records)| Some((task.clone(), usual(records)?))).collect();
        Self { differing, usual }
    }
}

fn values(record: &RunRecord, names: &BTreeSet<&str>) -> Values {
    names.iter().map(|name| value_of(record, name)).collect()
}

/// The names whose values differ between records of a model and a task. A record that lacks a setting of others has a value too.
fn differing<'a>(records: &[&'a RunRecord]) -> BTreeSet<&'a str> {
    let is_differing = |name: &&str| {
        let values: BTreeSet<String> = records.iter().filter_map(|record| value_of(record, name)).collect();
        values.len() > 1
    };
    names_of(records).into_iter().chain([BACKEND]).filter(|name| !is_method(name)).filter(is_differing).collect()
}

/// What two thirds have, or more.
fn usual(all: impl Iterator<Item = Values>) -> Option<Values> {
    let mut counts: BTreeMap<Values, usize> = BTreeMap::new();
    all.for_each(|values| *counts.entry(values).or_default() += 1);
    let total: usize = counts.values().sum();
    counts.into_iter().find(|(_, count)| 3 * count >= 2 * total).map(|(values, _)| values)
}

/// Of each model's name what its runs differ in.
pub(super) struct Configurations<'a>(BTreeMap<&'a str, OfModel<'a>>);

impl<'a> Configurations<'a> {
    pub(super) fn of(found: &'a [RecordFile], names: &'a ModelNames) -> Self {
        let mut by_model: BTreeMap<&str, BTreeMap<Task, Vec<&RunRecord>>> = BTreeMap::new();
        for (at, (_, record)) in found.iter().enumerate() {
            by_model.entry(names.get(at)).or_default().entry(task_of(record)).or_default().push(record);
        }
        Self(by_model.into_iter().map(|(model, by_task)| (model, OfModel::of(&by_task))).collect())
    }

    /// The methods that a record's model was trained by, and the settings by which it differs from most of its model, task and method; all that
    /// differ at all where there is no such majority.
    pub(super) fn words(&self, model: &str, record: &RunRecord) -> Vec<String> {
        let Some(of_model) = self.0.get(model) else { return Vec::new() };
        let usual = of_model.usual.as_ref().and_then(|usual| usual.get(&task_of(record)));
        let is_said = |at: usize, value: &str| match usual {
            Some(usual) => usual[at].as_deref() != Some(value),
            None => value != NONE,
        };
        // What it did not use is left out because of a setting that is said.
        let all = of_model.differing.iter().enumerate();
        let all = all.filter_map(|(at, &name)| Some((at, name, value_of(record, name)?)));
        let said = all.filter(|(at, _, value)| is_said(*at, value));
        methods_of(record).into_iter().chain(said.map(|(_, name, value)| format!("{name}={value}"))).collect()
    }

    /// The settings by which runs of a model differ and of which the tasks of one row have several values, each its usual one, in words:
    /// `learning_rate 0.001 on mrpc, 0.0001 on rte`.
    pub(super) fn by_task(&self, model: &str, records: &[&RunRecord]) -> Vec<String> {
        let Some(of_model) = self.0.get(model) else { return Vec::new() };
        let words = |name: &&str| {
            let mut tasks: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
            for record in records {
                if let Some(value) = value_of(record, name) {
                    tasks.entry(value).or_default().insert(&record.task);
                }
            }
            let values = tasks.iter().map(|(value, tasks)| {
                format!("{value} on {}", tasks.iter().copied().collect::<Vec<_>>().join(" and "))
            });
            (tasks.len() > 1).then(|| format!("{name} {}", values.collect::<Vec<_>>().join(", ")))
        };
        of_model.differing.iter().filter_map(words).collect()
    }
}
