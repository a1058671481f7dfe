//! Which model is the best of a column, where that can be said: better than the next by more than chance, and than a model that has
//! learnt nothing.

use glue_tasks::{AverageSpec, Benchmark};

use super::column::Column;
use super::comparison::Comparison;
use super::pairs::{Pair, pair};
use super::row::Row;
use crate::scored_rows::{is_trained_on, may_be_trained_on};

/// What the mark of a score on rows that the model was trained on means.
pub(super) const TRAINED_ON_IT: &str =
    "‡ was trained on rows of its column, so that the score says nothing of other rows.";

/// What bold means, in words.
pub(super) fn words(level: f64) -> String {
    format!(
        "Bold: better than the next model of the column by more than chance (p < {:.2}, randomization test of the column's \
         score over the examples, or over seeds where the predictions are not there), and than a model that has learnt nothing; rows that a model was or may have been trained on do not count.",
        1.0 - level
    )
}

/// The first two models of a column, and whether they can be told apart.
pub(super) struct Contest<'a> {
    pub(super) best: &'a Row,
    pub(super) next: &'a Row,
    /// `None`: no runs of both belong together.
    pub(super) tested: Option<Tested>,
    pub(super) outcome: Outcome,
}

/// What can be said of the first of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is better than the next one by more than chance.
    Better,
    /// Chance would make as much of a difference, or nothing could be tested.
    Chance,
    /// It is no better than a model that has learnt nothing.
    NothingLearnt,
}

/// A test of two models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tested {
    /// Over the runs of both that belong together.
    pub(super) difference: f64,
    /// How many those are.
    pub(super) runs: usize,
    /// `None`: there are too few seeds, and no predictions.
    pub(super) p: Option<f64>,
    /// Whether it is over examples, and not over seeds.
    pub(super) is_over_examples: bool,
}

impl Tested {
    fn of(pair: &Pair) -> Self {
        let (difference, runs) = (pair.difference, pair.seeds);
        Self { difference, runs, p: pair.p_examples.or(pair.p_seeds), is_over_examples: pair.p_examples.is_some() }
    }

    /// The same of the two the other way round.
    fn turned(self) -> Self {
        Self { difference: -self.difference, ..self }
    }
}

impl Comparison<'_> {
    /// The row that is the best of a column; `None` where chance would make as much of a difference.
    pub(super) fn best_of(&self, column: &Column) -> Option<&Row> {
        self.contest(column).filter(|contest| contest.outcome == Outcome::Better).map(|contest| contest.best)
    }

    /// The first two of a column; `None` where fewer have a score that counts.
    pub(super) fn contest(&self, column: &Column) -> Option<Contest<'_>> {
        let score =
            |row: &Row| row.entries.get(&column.name)?.score.map(|score| score.mean).filter(|mean| mean.is_finite());
        let counts = |row: &&Row| !row.is_published() && self.counts(row, column);
        let mut ranked: Vec<(&Row, f64)> =
            self.rows.iter().filter(counts).filter_map(|row| Some((row, score(row)?))).collect();
        let sign = if column.lower_is_better() { 1.0 } else { -1.0 };
        ranked.sort_by(|(_, a), (_, b)| (sign * a).total_cmp(&(sign * b)));
        let [(best, of_best), (next, of_next), ..] = ranked.as_slice() else { return None };
        let tested = self.tested(best, next, column);
        let beats_nothing = self.floor_of(column).is_none_or(|floor| column.is_better(*of_best, floor));
        // What is tested is the difference over the seeds that both have, and the ranks are over all.
        let is_told =
            |tested: Tested| tested.p.is_some_and(|p| p < 1.0 - self.level) && column.is_better(tested.difference, 0.0);
        let outcome = if !beats_nothing {
            Outcome::NothingLearnt
        } else if column.is_better(*of_best, *of_next) && tested.is_some_and(is_told) {
            Outcome::Better
        } else {
            Outcome::Chance
        };
        Some(Contest { best, next, tested, outcome })
    }

    fn tested(&self, best: &Row, next: &Row, column: &Column) -> Option<Tested> {
        // Of two models the test is among the pairs already, the one or the other way round.
        let known = |model: &Row, base: &Row| {
            let is = |pair: &&Pair| pair.task == column.name && pair.model == model.name && pair.baseline == base.name;
            self.pairs.iter().find(is).map(Tested::of)
        };
        known(best, next)
            .or_else(|| known(next, best).map(Tested::turned))
            .or_else(|| pair(best, next, column, &self.of_record, self.found).as_ref().map(Tested::of))
    }

    /// The row that is the best of an average: its interval lies above all others, and so there is none where one has no interval; and it is better than
    /// that of a model that has learnt nothing. Rows that were or may have been trained on some of what is averaged do not count.
    pub(super) fn best_average(&self, benchmark: &Benchmark, average: &AverageSpec) -> Option<&Row> {
        let interval = |row: &Row| row.averages.get(average)?.confidence_interval(self.level);
        let of_average = |column: &&Column| benchmark.tasks_of(average).any(|task| task.name == column.name);
        let counts = |row: &&Row| {
            !row.is_published() && self.columns.iter().filter(of_average).all(|column| self.counts(row, column))
        };
        let own: Vec<&Row> =
            self.rows.iter().filter(counts).filter(|row| row.averages.get(average).is_some()).collect();
        let intervals: Vec<Option<(f64, f64)>> = own.iter().map(|row| interval(row)).collect();
        let low = |at: usize| intervals[at].map_or(f64::NEG_INFINITY, |(low, _)| low);
        // What lies above all others begins above them too.
        let first = (0..own.len()).max_by(|&a, &b| low(a).total_cmp(&low(b)))?;
        let is_below = |other: usize| other == first || intervals[other].is_some_and(|(_, high)| high < low(first));
        let best = (own.len() > 1 && (0..own.len()).all(is_below)).then(|| own[first])?;
        let mean = best.averages.get(average)?.mean;
        self.average_floor(benchmark, average).is_none_or(|floor| mean > floor).then_some(best)
    }

    /// The average of a model that has learnt nothing, where that is known of all of its tasks.
    fn average_floor(&self, benchmark: &Benchmark, average: &AverageSpec) -> Option<f64> {
        let floors = benchmark.tasks_of(average).map(|task| {
            let column = self.columns.iter().find(|column| column.name == task.name)?;
            self.floor_of(column)
        });
        let floors: Vec<f64> = floors.collect::<Option<_>>()?;
        Some(floors.iter().sum::<f64>() / floors.len() as f64)
    }

    /// Whether a run of the row was trained on the rows that it is scored on here.
    pub(super) fn is_trained_on(&self, row: &Row, column: &Column) -> bool {
        self.trained_on(row, column) == Some(true)
    }

    /// The same; `None` where that is unknown of a run, and no other one was.
    pub(super) fn trained_on(&self, row: &Row, column: &Column) -> Option<bool> {
        let runs: Vec<Option<bool>> = self.records_in(row, column).into_iter().map(is_trained_on).collect();
        let is_known = !runs.is_empty() && runs.iter().all(Option::is_some);
        let trained = runs.contains(&Some(true));
        (trained || is_known).then_some(trained)
    }

    /// Whether a run of the row is of a saved model that may have been trained on what it is scored on here.
    pub(super) fn may_be_trained_on(&self, row: &Row, column: &Column) -> bool {
        self.records_in(row, column).into_iter().any(may_be_trained_on)
    }

    /// Whether a score of the row says something of a column: the model was not trained on its rows, as far as is known.
    fn counts(&self, row: &Row, column: &Column) -> bool {
        !self.is_trained_on(row, column) && !self.may_be_trained_on(row, column)
    }
}
