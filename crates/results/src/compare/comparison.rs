//! Models beside each other, before any form is given to them.

use glue_tasks::{AverageSpec, Benchmark, GLUE};

use super::average;
use super::pairs::{Pair, pairs};
use super::published::Published;
use super::row::Row;
use super::rows::{rows, tasks};
use super::shown::count_in_words;
use records::Error;
use records::record::{RecordFile, RunRecord};

/// Everything that a table shows.
pub struct Comparison<'a> {
    /// Tasks, in their benchmarks' order, others after them.
    pub tasks: Vec<String>,
    /// Models, in the order of the records, published ones after them.
    pub rows: Vec<Row>,
    /// Two models, task by task.
    pub pairs: Vec<Pair>,
    /// Level of the intervals, between 0 and 1.
    pub level: f64,
    /// The records with their files; rows name them by their place in this list.
    pub found: &'a [RecordFile],
    /// The tables of others, whose rows come last.
    pub published: &'a [Published],
}

impl<'a> Comparison<'a> {
    /// Puts records and published tables side by side. `baseline`: the model that others are compared with.
    ///
    /// # Errors
    /// When there is no such model.
    pub fn new(
        found: &'a [RecordFile],
        published: &'a [Published],
        baseline: Option<&str>,
        level: f64,
    ) -> Result<Self, Error> {
        let mut rows = rows(found, level);
        let pairs = pairs(&rows, found, baseline)?;
        rows.extend(published.iter().flat_map(Published::rows));
        let tasks = tasks(&rows);
        Ok(Self { tasks, rows, pairs, level, found, published })
    }

    /// The averages that some row has, in the benchmarks' order.
    pub(super) fn averages(&self) -> Vec<(&'static Benchmark, &'static AverageSpec)> {
        let is_there = |average: &AverageSpec| self.rows.iter().any(|row| row.averages.get(average).is_some());
        average::averages().filter(|(_, average)| is_there(average)).collect()
    }

    /// What the usual averages are, in words: GLUE's first, which is always said, and those of other benchmarks that a row has.
    pub(super) fn averages_in_words(&self) -> Vec<String> {
        let shown = self.averages();
        let others = shown.iter().map(|(benchmark, _)| *benchmark).filter(|benchmark| benchmark.name != GLUE.name);
        let mut benchmarks: Vec<&Benchmark> = std::iter::once(&*GLUE).chain(others).collect();
        benchmarks.dedup_by_key(|benchmark| &benchmark.name);
        let words = benchmarks.iter().filter_map(|benchmark| {
            let average = benchmark.averages.first()?;
            let count = count_in_words(benchmark.tasks.len());
            Some(format!("{} is the mean of the {count} tasks", average.display_name))
        });
        words.collect()
    }

    /// The records of a row.
    pub(super) fn records(&self, row: &Row) -> impl Iterator<Item = &'a RunRecord> {
        let found = self.found;
        row.records.iter().filter_map(move |&at| Some(&found.get(at)?.1))
    }

    /// The records of a task.
    pub(super) fn records_of(&self, task: &str) -> impl Iterator<Item = &'a RunRecord> {
        self.found.iter().map(|(_, record)| record).filter(move |record| record.task == task)
    }

    /// Rows and tasks that have runs, with these.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&Row, &String, Vec<&'a RunRecord>)> {
        let of_row = |row| self.tasks.iter().map(move |task| (row, task));
        self.rows.iter().flat_map(of_row).filter_map(|(row, task)| {
            let records: Vec<_> = self.records(row).filter(|record| record.task == *task).collect();
            (!records.is_empty()).then_some((row, task, records))
        })
    }

    /// What a model that has learnt nothing scores on a task, where a record says so.
    pub(super) fn baseline_of(&self, task: &str) -> Option<f64> {
        self.records_of(task).find_map(|record| record.majority_baseline.as_ref()?.score)
    }
}
