//! The averages of a model over the tasks of each benchmark, and their spread over seeds.

use std::collections::{BTreeMap, BTreeSet};

use glue_tasks::{AverageSpec, Benchmark, benchmark_score, benchmarks};

use super::entry::Entry;
use crate::statistics::Summary;

/// The averages that there are, by their keys. One is missing where a task of it is, since a mean over fewer tasks would
/// look like one over all.
#[derive(Clone, Debug, Default)]
pub struct Averages(BTreeMap<&'static str, Summary>);

impl Averages {
    /// Of the seeds that all tasks have; of tasks without a common seed, of their means.
    pub(super) fn of_seeds(entries: &BTreeMap<String, Entry>) -> Self {
        let all = averages()
            .filter_map(|(benchmark, average)| Some((average.key.as_str(), over(benchmark, average, entries)?)));
        Self(all.collect())
    }

    /// The average over the seeds; `None` where a task of it is missing.
    #[must_use]
    pub fn get(&self, average: &AverageSpec) -> Option<Summary> {
        self.0.get(average.key.as_str()).copied()
    }
}

/// Every average of every benchmark.
pub(super) fn averages() -> impl Iterator<Item = (&'static Benchmark, &'static AverageSpec)> {
    benchmarks().flat_map(|benchmark| benchmark.averages.iter().map(move |average| (benchmark, average)))
}

fn over(benchmark: &Benchmark, average: &AverageSpec, entries: &BTreeMap<String, Entry>) -> Option<Summary> {
    let place = benchmark.averages.iter().position(|one| one.key == average.key)?;
    let whole = |task: &str| entries.get(task).filter(|entry| entry.partial.is_none());
    let counted: Vec<(&str, &Entry)> =
        benchmark.tasks_of(average).filter_map(|task| Some((task.name.as_str(), whole(&task.name)?))).collect();
    let of = |score: &dyn Fn(&Entry) -> Option<f64>| -> Option<f64> {
        let scores: Vec<(&str, f64)> =
            counted.iter().filter_map(|(task, entry)| Some((*task, score(entry)?))).collect();
        benchmark_score(benchmark, &scores).ok()?.averages.get(place).copied().flatten()
    };
    let seeds: BTreeSet<u64> =
        counted.iter().flat_map(|(_, entry)| entry.seeds.iter().filter_map(|(seed, _)| *seed)).collect();
    let common = seeds.into_iter().filter(|&seed| counted.iter().all(|(_, entry)| entry.score_of(seed).is_some()));
    let of_seed = |seed: u64| of(&|entry: &Entry| entry.score_of(seed)?);
    let values: Vec<f64> = common.map(of_seed).collect::<Option<_>>()?;
    Summary::of(&values).or_else(|| Summary::of(&[of(&|entry: &Entry| entry.score.map(|summary| summary.mean))?]))
}
