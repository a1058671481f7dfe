//! The GLUE average of a model, with and without WNLI, and its spread over seeds.

use std::collections::BTreeMap;

use glue_tasks::score::glue_score;
use glue_tasks::task::find_task;

use super::entry::Entry;
use crate::statistics::Summary;

/// Both definitions; `None` where a task of it is missing, since a mean over fewer tasks would look like one over all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Averages {
    /// Over all nine tasks, as the leaderboard has it.
    pub nine: Option<Summary>,
    /// Over the eight but WNLI, as many papers have it.
    pub without_wnli: Option<Summary>,
}

impl Averages {
    /// Of the seeds that all tasks have; of tasks without a common seed, of their means.
    pub(super) fn of_seeds(entries: &BTreeMap<String, Entry>) -> Self {
        let known: BTreeMap<&str, &Entry> = entries
            .iter()
            .filter(|(task, _)| find_task(task).is_ok())
            .map(|(task, entry)| (task.as_str(), entry))
            .collect();
        let of = |score: &dyn Fn(&Entry) -> Option<f64>, without: &str| {
            let scores: Vec<(&str, f64)> = known
                .iter()
                .filter(|(task, _)| **task != without)
                .filter_map(|(task, entry)| Some((*task, score(entry)?)))
                .collect();
            glue_score(&scores).ok()
        };
        let over = |without: &str, take: &dyn Fn(glue_tasks::score::GlueScore) -> Option<f64>| {
            let counted = || known.iter().filter(|(task, _)| **task != without).map(|(_, entry)| entry);
            let first = counted().next()?;
            let seeds = first.seeds.iter().map(|(seed, _)| *seed);
            let common = seeds.filter(|seed| counted().all(|entry| entry.seeds.iter().any(|(other, _)| other == seed)));
            let of_seed = |seed: u64| {
                let score = |entry: &Entry| entry.seeds.iter().find(|(other, _)| *other == seed)?.1;
                of(&score, without).and_then(take)
            };
            let values: Vec<f64> = common.map(of_seed).collect::<Option<_>>()?;
            Summary::of(&values).or_else(|| {
                let mean = |entry: &Entry| entry.score.map(|summary| summary.mean);
                Summary::of(&[of(&mean, without).and_then(take)?])
            })
        };
        Self { nine: over("", &|score| score.average), without_wnli: over("wnli", &|score| score.average_without_wnli) }
    }
}
