//! Models beside each other, before any form is given to them.

use std::collections::BTreeSet;

use glue_tasks::{AverageSpec, Benchmark, GLUE};

use super::average;
use super::column::{Column, Columns};
use super::lacking::SCORE;
use super::pairs::{Pair, pairs};
use super::published::Published;
use super::row::Row;
use super::rows::rows_in;
use super::shown::count_in_words;
use super::task_names::check_task_names;
use records::Error;
use records::record::{RecordFile, RunRecord};

/// Everything that a table shows.
pub struct Comparison<'a> {
    /// Tasks with the rows that they were evaluated on, in their benchmarks' order, others after them.
    pub columns: Vec<Column>,
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
    /// What there is to say of records that do not count, in sentences without a full stop.
    pub notes: Vec<String>,
    /// Of each record the name of its column; of one that does not count nothing.
    pub(super) of_record: Vec<String>,
    /// Whether models and tasks have the names that are shown on the page.
    pub(super) has_short_names: bool,
}

impl<'a> Comparison<'a> {
    /// Puts records and published tables side by side. `baseline`: the model that others are compared with.
    ///
    /// # Errors
    /// When there is no such model, or a table names a task otherwise than the runs do, which would be a column of its own.
    pub fn new(
        found: &'a [RecordFile],
        published: &'a [Published],
        baseline: Option<&str>,
        level: f64,
    ) -> Result<Self, Error> {
        check_task_names(published.iter().flat_map(Published::task_names), found)?;
        let Columns { all: mut columns, mut of_record } = Columns::of(found);
        let (mut rows, notes) = rows_in(found, &of_record, level);
        let counted: BTreeSet<usize> = rows.iter().flat_map(|row| row.records.iter().copied()).collect();
        let others = (0..found.len()).filter(|at| !counted.contains(at));
        others.for_each(|at| of_record[at].clear());
        let pairs = pairs(&rows, &columns, &of_record, found, baseline)?;
        rows.extend(published.iter().flat_map(|table| table.rows(&mut columns)));
        columns.sort_by_cached_key(Column::place);
        Ok(Self { columns, rows, pairs, level, found, published, notes, of_record, has_short_names: false })
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

    /// How many tasks the columns are of; data that are no benchmark's are another task than one of its name.
    pub(super) fn task_count(&self) -> usize {
        let tasks = self.columns.iter().map(|column| (column.task.as_str(), column.spec.is_some()));
        tasks.collect::<BTreeSet<_>>().len()
    }

    /// How many runs there are, each once.
    pub(super) fn run_count(&self) -> usize {
        self.rows.iter().map(|row| row.records.len()).sum()
    }

    /// The records of a column.
    pub(super) fn records_of<'s>(&'s self, column: &'s Column) -> impl Iterator<Item = &'a RunRecord> + use<'a, 's> {
        let (found, name) = (self.found, &column.name);
        found.iter().zip(&self.of_record).filter(move |(_, of)| *of == name).map(|((_, record), _)| record)
    }

    /// The records of a row in a column.
    pub(super) fn records_in(&self, row: &Row, column: &Column) -> Vec<&'a RunRecord> {
        self.files_in(row, column).into_iter().map(|(_, record)| record).collect()
    }

    /// The same, with their files.
    pub(super) fn files_in(&self, row: &Row, column: &Column) -> Vec<&'a RecordFile> {
        let there = row.records.iter().filter(|&&at| self.of_record[at] == column.name);
        there.map(|&at| &self.found[at]).collect()
    }

    /// Whether a run of the row was trained on rows that make its average.
    pub(super) fn is_average_trained_on(&self, row: &Row, benchmark: &Benchmark, average: &AverageSpec) -> bool {
        let counts = |column: &Column| benchmark.tasks_of(average).any(|task| task.name == column.name);
        self.columns.iter().any(|column| counts(column) && self.is_trained_on(row, column))
    }

    /// Whether some row has a score that is not of all metrics of its column.
    pub(super) fn has_partial(&self) -> bool {
        self.rows.iter().any(|row| row.entries.values().any(|entry| entry.partial.is_some()))
    }

    /// Whether some cell has no number, and it is said why.
    pub(super) fn has_cells_without_mean(&self) -> bool {
        self.rows.iter().any(|row| row.entries.values().any(|entry| entry.why_no(SCORE).is_some()))
    }

    /// Rows and columns that have runs, with these.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&Row, &Column, Vec<&'a RunRecord>)> {
        let of_row = |row| self.columns.iter().map(move |column| (row, column));
        self.rows.iter().flat_map(of_row).filter_map(|(row, column)| {
            let records = self.records_in(row, column);
            (!records.is_empty()).then_some((row, column, records))
        })
    }

    /// What a model that has learnt nothing scores on these rows, where a record says so. Runs that were trained on other rows may say
    /// otherwise: the best of it.
    pub(super) fn baseline_of(&self, column: &Column) -> Option<f64> {
        let said = self.records_of(column).filter_map(|record| record.majority_baseline.as_ref()?.score);
        said.reduce(|one, other| if column.is_better(other, one) { other } else { one })
    }

    /// What a score must be better than to say that something was learnt. A correlation with what a model that has learnt nothing predicts is
    /// undefined, where all of that is alike; one of chance is 0.
    pub(super) fn floor_of(&self, column: &Column) -> Option<f64> {
        let may_be_negative = column.range().is_some_and(|(low, _)| low < 0.0);
        self.baseline_of(column).or_else(|| may_be_negative.then_some(0.0))
    }
}
