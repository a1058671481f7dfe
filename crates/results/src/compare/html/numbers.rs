//! Every number of a comparison: metrics by task, averages, runs.

use std::collections::BTreeMap;

use glue_tasks::benchmarks;

use super::markup::{details, paragraph, table};
use crate::compare::comparison::Comparison;
use crate::compare::entry::Entry;
use crate::compare::row::Row;
use crate::compare::shown::{Cell, Form, Number, Table, is_loss, metric_order, task_name};
use crate::statistics::{Summary, bootstrap_mean_interval};

const HEADER: [&str; 12] = [
    "model",
    "metric",
    "mean",
    "std",
    "median",
    "lowest",
    "highest",
    "t low",
    "t high",
    "bootstrap low",
    "bootstrap high",
    "runs",
];

/// One table a task, one of the averages.
pub(super) fn tables(comparison: &Comparison<'_>) -> String {
    let mut html = paragraph(&format!(
        "Scores in percent, losses and errors as they are. t: Student's interval of the mean; bootstrap: its percentile interval; both at \
         {:.0} %. The best run of each model is its highest number, of losses and errors its lowest; the best mean of the task is in \
         bold. A pointer on a number shows all of its digits.",
        comparison.level * 100.0
    ));
    for task in &comparison.tasks {
        let mut data = Table::new(&HEADER, 2);
        for row in &comparison.rows {
            let Some(entry) = row.entries.get(task) else { continue };
            data.rows.extend(of_entry(comparison, row, task, entry));
        }
        mark_best(&mut data);
        html += &details(task_name(task), &table(&format!("{}: every metric", task_name(task)), &data, true));
    }
    for benchmark in benchmarks() {
        let mut data = Table::new(&HEADER, 2);
        for row in &comparison.rows {
            for average in &benchmark.averages {
                if let Some(summary) = row.averages.get(average) {
                    let interval = summary.confidence_interval(comparison.level);
                    let name = &average.display_name;
                    data.rows.push(line(&row.name, name, Some(summary), interval, None, Form::Percent));
                }
            }
        }
        if !data.rows.is_empty() {
            mark_best(&mut data);
            let title = format!("{} averages", benchmark.display_name);
            html += &details(&title, &table(&title, &data, true));
        }
    }
    html + &details("Every run", &table("Scores of every run", &runs(comparison), true))
}

fn of_entry(comparison: &Comparison<'_>, row: &Row, task: &str, entry: &Entry) -> Vec<Vec<Cell>> {
    let mut names: Vec<&String> = entry.metrics.keys().collect();
    names.sort_by_key(|name| metric_order(task, name));
    let mut lines = vec![line(&row.name, "score", entry.score, entry.interval, entry.bootstrap, Form::Percent)];
    for name in names {
        let summary = entry.metrics[name];
        let values: Option<Vec<f64>> = comparison
            .records(row)
            .filter(|record| record.task == task)
            .map(|record| record.metrics.get(name).copied().flatten())
            .collect();
        let interval = summary.and_then(|summary| summary.confidence_interval(comparison.level));
        let bootstrap = values.and_then(|values| bootstrap_mean_interval(&values, comparison.level));
        lines.push(line(&row.name, name, summary, interval, bootstrap, Form::of_metric(name)));
    }
    lines
}

type Interval = Option<(f64, f64)>;

fn line(model: &str, metric: &str, of: Option<Summary>, t: Interval, bootstrap: Interval, form: Form) -> Vec<Cell> {
    let numbers = [
        of.map(|summary| summary.mean),
        of.and_then(|summary| summary.std),
        of.map(|summary| summary.median),
        of.map(|summary| summary.min),
        of.map(|summary| summary.max),
        t.map(|ends| ends.0),
        t.map(|ends| ends.1),
        bootstrap.map(|ends| ends.0),
        bootstrap.map(|ends| ends.1),
    ];
    let mut cells = vec![Cell::text(model), Cell::text(metric)];
    cells.extend(numbers.map(|value| Cell::number(value, form)));
    cells.push(Cell::number(of.map(|summary| summary.count as f64), Form::Count));
    cells
}

/// Of each metric the best mean, where there are several.
fn mark_best(data: &mut Table) {
    let mut by_metric: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
    for (place, row) in data.rows.iter().enumerate() {
        if let (Cell::Text(metric), Cell::Number(number)) = (&row[1], &row[2]) {
            by_metric.entry(metric.clone()).or_default().push((place, number.value));
        }
    }
    for (metric, means) in by_metric.iter().filter(|(_, means)| means.len() > 1) {
        let sign = if is_loss(metric) { -1.0 } else { 1.0 };
        let best = means.iter().map(|(_, mean)| sign * mean).fold(f64::MIN, f64::max);
        for (place, _) in means.iter().filter(|(_, mean)| sign * mean == best) {
            if let Cell::Number(number) = data.rows[*place][2] {
                data.rows[*place][2] = Cell::Best(number);
            }
        }
    }
}

fn runs(comparison: &Comparison<'_>) -> Table {
    let mut data = Table::new(&["model", "task", "runs", "collapsed", "seeds and their scores"], 2);
    for row in comparison.rows.iter().filter(|row| !row.is_published()) {
        for task in &comparison.tasks {
            let Some(entry) = row.entries.get(task) else { continue };
            let count = |value: usize| Cell::number(Some(value as f64), Form::Count);
            let mut seeds = Vec::new();
            for (seed, score) in &entry.seeds {
                let start = if seeds.is_empty() { "" } else { " · " };
                seeds.push((format!("{start}seed "), Number { value: *seed as f64, form: Form::Count }));
                if let Some(value) = score.filter(|score| score.is_finite()) {
                    seeds.push((": ".to_owned(), Number { value, form: Form::Percent }));
                }
            }
            data.rows.push(vec![
                Cell::text(&row.name),
                Cell::text(task_name(task)),
                count(entry.seeds.len()),
                count(entry.collapsed),
                Cell::List(seeds),
            ]);
        }
    }
    data
}
