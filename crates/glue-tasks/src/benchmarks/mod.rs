//! The benchmarks that are known, one file each.
//!
//! A new benchmark is a file with its value and a row of `LISTED`; nothing else in the program lists tasks.

mod glue;
mod glue_download;
mod shorthand;
mod super_glue;

use std::sync::LazyLock;

use crate::benchmark::Benchmark;

pub use glue::GLUE;
pub use glue_download::{DownloadedSplit, downloaded_folder, downloaded_split, is_download};
pub use super_glue::SUPER_GLUE;

/// All of them. The first one's tasks are found by their short names before those of others.
static LISTED: [&LazyLock<Benchmark>; 2] = [&GLUE, &SUPER_GLUE];

/// The benchmarks, GLUE first.
pub fn benchmarks() -> impl Iterator<Item = &'static Benchmark> {
    LISTED.iter().map(|benchmark| &***benchmark)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::task::{LeaderboardValues, TaskKind, TaskSpec};

    fn tasks() -> impl Iterator<Item = &'static TaskSpec> {
        benchmarks().flat_map(|benchmark| benchmark.tasks.iter().chain(benchmark.diagnostics()))
    }

    #[test]
    fn every_task_is_consistent() {
        for task in tasks() {
            let name = &task.name;
            assert!(task.splits().all(|split| split.rows.is_some_and(|rows| rows > 0)), "{name}");
            assert_eq!(task.train_split.is_none(), task.eval_splits.is_empty(), "{name}");
            assert_eq!(task.labels.is_empty(), task.kind == TaskKind::Regression, "{name}");
            assert!(!task.metrics.is_empty(), "{name}");
            assert!(task.metrics.iter().all(|metric| metric.fits(task.kind, task.num_labels())), "{name}");
            for file in task.test_splits.iter().filter_map(|split| split.leaderboard_file.as_ref()) {
                assert_eq!(file.values == LeaderboardValues::Scores, task.kind == TaskKind::Regression, "{name}");
            }
            let asked = task.test_splits.iter().filter(|split| split.leaderboard_file.is_some()).count();
            assert!(asked == 0 || asked == task.test_splits.len(), "{name}: a file for some test splits only");
        }
    }

    #[test]
    fn names_are_unique_and_say_the_benchmark() {
        let mut names = BTreeSet::new();
        for (place, benchmark) in benchmarks().enumerate() {
            assert!(benchmark.averages[0].left_out.is_empty(), "{}: the usual average is over all", benchmark.name);
            for task in &benchmark.tasks {
                assert!(names.insert(&task.name), "{} is there twice", task.name);
                let expected = format!("{}/{}", benchmark.name, task.short_name());
                assert_eq!(task.name, if place == 0 { task.short_name() } else { &expected });
            }
            for average in &benchmark.averages {
                assert!(average.left_out.iter().all(|name| benchmark.task(name).is_some()), "{}", average.key);
            }
        }
    }
}
