//! Learning curves of a task: the training's loss over its steps and, where it was evaluated on the way, the task's metric.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::lines::{Line, lines};
use super::draw::paint::Look;
use super::figure::{Figure, FigureKind, drawn, slug};
use crate::compare::column::Column;
use crate::compare::comparison::Comparison;
use crate::compare::row::Row;
use crate::compare::shown::{Cell, Form, Table, is_loss, metric_order};
use crate::statistics::Summary;
use records::Error;
use records::metrics::Metrics;
use records::record::RunRecord;

/// Points of a line; of more, neighbours are averaged.
const MOST_POINTS: usize = 120;

/// With more models than this, lines of single seeds would hide everything.
const SEEDS_SHOWN_UP_TO: usize = 4;

/// Of more seeds of a model, the lines of the first are drawn.
const MOST_SEEDS: usize = 60;

/// Numbers in the table of a chart. Where logs of other steps each make more, it has some of the steps, evenly.
const MOST_NUMBERS: usize = 3000;

type Points = Vec<(f64, f64)>;

/// Two charts a task at most.
pub(super) fn figures(comparison: &Comparison<'_>) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    for column in &comparison.columns {
        let title = format!("{}: training loss", column.title());
        let loss = Curve { column, key: "loss".to_owned(), title, name: "loss" };
        figures.extend(loss.figure(comparison)?);
        let logged: BTreeSet<&str> = comparison
            .records_of(column)
            .flat_map(|record| record.log_history.iter().flatten())
            .flat_map(|row| row.keys().filter_map(|key| key.strip_prefix("eval_")))
            .collect();
        let measured: BTreeSet<&str> =
            comparison.records_of(column).flat_map(|record| record.metrics.keys().map(String::as_str)).collect();
        let evaluated = logged.intersection(&measured).copied().filter(|key| !is_loss(key));
        if let Some(metric) = evaluated.min_by_key(|metric| metric_order(column.spec, metric)) {
            let title = format!("{}: {} during the training", column.title(), metric.replace('_', " "));
            let curve = Curve { column, key: format!("eval_{metric}"), title, name: "evaluated" };
            figures.extend(curve.figure(comparison)?);
        }
    }
    Ok(figures)
}

/// A number of the log over the steps.
struct Curve<'a> {
    column: &'a Column,
    key: String,
    title: String,
    name: &'static str,
}

impl Curve<'_> {
    fn is_percent(&self) -> bool {
        self.key.starts_with("eval_")
    }

    fn figure(&self, comparison: &Comparison<'_>) -> Result<Option<Figure>, Error> {
        let form = if self.is_percent() { Form::Percent } else { Form::Plain };
        let scale = if self.is_percent() { 100.0 } else { 1.0 };
        let own = comparison.rows.iter().filter(|row| !row.is_published()).count();
        let mut marks = Vec::new();
        let mut models: Vec<(String, BTreeMap<u64, Vec<f64>>)> = Vec::new();
        let seeds_of = |row: &Row| -> Vec<Points> {
            let records = comparison.records_in(row, self.column).into_iter();
            records.map(|record| self.points(record)).filter(|points| points.len() > 1).collect()
        };
        let rows = comparison.rows.iter().enumerate().map(|(place, row)| (place, row, seeds_of(row)));
        let rows: Vec<(usize, &Row, Vec<Points>)> = rows.filter(|(.., seeds)| !seeds.is_empty()).collect();
        let (rows, left_out) = drawn(rows, self.column.lower_is_better(), |(_, row, _)| {
            Some(row.entries.get(&self.column.name)?.score?.mean)
        });
        for (place, row, seeds) in rows {
            let mut by_step: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
            for (step, value) in seeds.iter().flatten() {
                by_step.entry(*step as u64).or_default().push(*value);
            }
            // Only where all runs have a number: a mean over others would jump.
            by_step.retain(|_, values| values.len() == seeds.len());
            let mean: Points = by_step
                .iter()
                .map(|(step, values)| (*step as f64, values.iter().sum::<f64>() / values.len() as f64))
                .collect();
            let scaled =
                |points: &Points| points.iter().map(|(step, value)| (*step, value * scale)).collect::<Points>();
            let shows_seeds = own <= SEEDS_SHOWN_UP_TO && seeds.len() > 1;
            models.push((row.name.clone(), by_step));
            marks.push(Line {
                name: row.name.clone(),
                look: Look::of(place),
                mean: scaled(&mean),
                seeds: if shows_seeds { seeds.iter().take(MOST_SEEDS).map(scaled).collect() } else { Vec::new() },
            });
        }
        if marks.is_empty() {
            return Ok(None);
        }
        let thin = match marks.iter().map(|line| line.seeds.len()).max() {
            None | Some(0) => String::new(),
            Some(MOST_SEEDS) => format!("; thin lines: single runs, {MOST_SEEDS} of a model at most"),
            Some(_) => "; thin lines: single runs".to_owned(),
        };
        let title = format!("{}{left_out}", self.title);
        let of = if self.is_percent() { "percent" } else { "mean since the row of the log before" };
        Ok(Some(Figure {
            kind: FigureKind::Curves,
            name: format!("curve-{}-{}", slug(&self.column.name), self.name),
            description: format!("{title}, {of}, over optimizer steps. Lines: mean over the runs{thin}."),
            title,
            chart: lines(&marks, "step")?,
            table: table(&models, form),
        }))
    }

    /// The number over the steps of a run.
    fn points(&self, record: &RunRecord) -> Points {
        let point = |row: &Metrics| {
            let of = |key: &str| row.get(key).and_then(|value| value.as_f64()).filter(|value| value.is_finite());
            Some((of("step")?, of(&self.key)?))
        };
        thinned(record.log_history.iter().flatten().filter_map(point).collect())
    }
}

/// A row a step, a column a model; of one model the spread of its runs too.
fn table(models: &[(String, BTreeMap<u64, Vec<f64>>)], form: Form) -> Table {
    let lone = models.len() == 1;
    let mut header = vec!["step"];
    if lone {
        header.extend(["mean", "lowest", "highest", "runs"]);
    } else {
        header.extend(models.iter().map(|(name, _)| name.as_str()));
    }
    let mut table = Table::new(&header, 1);
    let steps: BTreeSet<u64> = models.iter().flat_map(|(_, by_step)| by_step.keys().copied()).collect();
    let most = (MOST_NUMBERS / models.len().max(1)).max(MOST_POINTS);
    let every = steps.len().div_ceil(most).max(1);
    for step in steps.into_iter().step_by(every) {
        let mut row = vec![Cell::number(Some(step as f64), Form::Count)];
        for (_, by_step) in models {
            let summary = by_step.get(&step).and_then(|values| Summary::of(values));
            row.push(Cell::number(summary.map(|summary| summary.mean), form));
            if lone {
                row.push(Cell::number(summary.map(|summary| summary.min), form));
                row.push(Cell::number(summary.map(|summary| summary.max), form));
                row.push(Cell::number(summary.map(|summary| summary.count as f64), Form::Count));
            }
        }
        table.rows.push(row);
    }
    table
}

fn thinned(points: Points) -> Points {
    let size = points.len().div_ceil(MOST_POINTS).max(1);
    let middle = |points: &[(f64, f64)]| {
        let last = points.last().map_or(0.0, |point| point.0);
        (last, points.iter().map(|point| point.1).sum::<f64>() / points.len() as f64)
    };
    points.chunks(size).map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_logs_are_thinned() {
        let points: Points = (1..=1000).map(|step| (f64::from(step), f64::from(step % 2))).collect();
        let thin = thinned(points);
        assert!(thin.len() <= MOST_POINTS && thin.last().unwrap().0 == 1000.0);
        assert!((thin[3].1 - 0.5).abs() < 0.06, "{:?}", thin[3]);
        assert_eq!(thinned(vec![(5.0, 1.0), (10.0, 2.0)]), [(5.0, 1.0), (10.0, 2.0)]);
    }
}
