//! The averages of a model over the tasks of each benchmark, and their spread over seeds.

use std::collections::{BTreeMap, BTreeSet};

use glue_tasks::{AverageSpec, Benchmark, benchmark_score, benchmarks};

use super::entry::Entry;
use crate::statistics::Summary;

/// The averages that there are, by their keys. One is missing where a task of it is, since a mean over fewer tasks would
/// look like one over all.
#[derive(Clone, Debug, Default)]
pub struct Averages(BTreeMap<&'static str, Average>);

#[derive(Clone, Copy, Debug)]
struct Average {
    summary: Summary,
    has_other_seeds: bool,
}

impl Averages {
    /// Of the scores of tasks as they stand in a row, each the mean over its own runs.
    pub(super) fn of(entries: &BTreeMap<String, Entry>) -> Self {
        let all = averages()
            .filter_map(|(benchmark, average)| Some((average.key.as_str(), over(benchmark, average, entries)?)));
        Self(all.collect())
    }

    /// The mean of the tasks' scores, with the spread of the averages of single seeds, as many as all tasks have in common; `None` where
    /// a task of it is missing. Where the tasks have [other seeds](Self::has_other_seeds) besides, the median and the extremes are not
    /// numbers.
    #[must_use]
    pub fn get(&self, average: &AverageSpec) -> Option<Summary> {
        self.0.get(average.key.as_str()).map(|average| average.summary)
    }

    /// Whether tasks of it have runs of seeds that not all of them have, so that its mean is of more runs than its spread.
    #[must_use]
    pub fn has_other_seeds(&self, average: &AverageSpec) -> bool {
        self.0.get(average.key.as_str()).is_some_and(|average| average.has_other_seeds)
    }
}

/// Every average of every benchmark.
pub(super) fn averages() -> impl Iterator<Item = (&'static Benchmark, &'static AverageSpec)> {
    benchmarks().flat_map(|benchmark| benchmark.averages.iter().map(move |average| (benchmark, average)))
}

fn over(benchmark: &Benchmark, average: &AverageSpec, entries: &BTreeMap<String, Entry>) -> Option<Average> {
    let place = benchmark.averages.iter().position(|one| one.key == average.key)?;
    let whole = |task: &str| entries.get(task).filter(|entry| entry.partial.is_none());
    let counted: Vec<(&str, &Entry)> =
        benchmark.tasks_of(average).filter_map(|task| Some((task.name.as_str(), whole(&task.name)?))).collect();
    let of = |score: &dyn Fn(&Entry) -> Option<f64>| -> Option<f64> {
        let scores: Vec<(&str, f64)> =
            counted.iter().filter_map(|(task, entry)| Some((*task, score(entry)?))).collect();
        benchmark_score(benchmark, &scores).ok()?.averages.get(place).copied().flatten()
    };
    let mean = of(&|entry: &Entry| entry.score.map(|summary| summary.mean))?;
    let seeds: BTreeSet<u64> = counted.iter().flat_map(|(_, entry)| own_seeds(entry)).collect();
    if seeds.is_empty() {
        // Published numbers, and evaluations, which no seed changes.
        return Some(Average { summary: Summary::of(&[mean])?, has_other_seeds: false });
    }
    let is_common = |seed: &u64| counted.iter().all(|(_, entry)| entry.score_of(*seed).is_some());
    let common: BTreeSet<u64> = seeds.into_iter().filter(is_common).collect();
    let of_seed = |seed: &u64| of(&|entry: &Entry| entry.score_of(*seed)?);
    let values: Vec<f64> = common.iter().map(of_seed).collect::<Option<_>>()?;
    let of_seeds = Summary::of(&values);
    let has_only_common = |(_, entry): &(&str, &Entry)| {
        let own: BTreeSet<u64> = own_seeds(entry).collect();
        own.is_empty() || (own == common && entry.seeds.len() == common.len())
    };
    Some(match of_seeds {
        Some(summary) if counted.iter().all(has_only_common) => Average { summary, has_other_seeds: false },
        _ => Average { summary: of_more_runs(mean, values.len(), of_seeds), has_other_seeds: true },
    })
}

/// The mean of all runs, with the spread of the seeds that the tasks have in common. The mean over more runs is no less sure than one over
/// these alone, so that an interval made of it is not too narrow.
fn of_more_runs(mean: f64, common: usize, of_seeds: Option<Summary>) -> Summary {
    let std = of_seeds.and_then(|summary| summary.std);
    Summary { count: common, mean, std, median: f64::NAN, min: f64::NAN, max: f64::NAN }
}

fn own_seeds(entry: &Entry) -> impl Iterator<Item = u64> {
    entry.seeds.iter().filter_map(|(seed, _)| *seed)
}
