//! Every number of a comparison: metrics by task, averages, runs.

use glue_tasks::{Metric, benchmarks, plain_key};

use super::markup::{details, paragraph, table};
use crate::clipped::within;
use crate::compare::column::Column;
use crate::compare::comparison::Comparison;
use crate::compare::entry::Entry;
use crate::compare::row::Row;
use crate::compare::shown::{Cell, Form, Number, Table, average_range, metric_order};
use crate::credible::range_named;
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
        "Scores in percent, losses and errors as they are. t: Student's interval of the mean; as far as a number can be; bootstrap: its percentile interval; both at \
         {:.0} %. The best run of each model is its highest number, of losses and errors its lowest. A pointer on a number shows all of its digits.",
        comparison.level * 100.0
    ));
    for column in &comparison.columns {
        let mut data = Table::new(&HEADER, 2);
        for row in &comparison.rows {
            let Some(entry) = row.entries.get(&column.name) else { continue };
            data.rows.extend(of_entry(comparison, row, column, entry));
        }
        let title = column.title();
        html += &details(&title, &table(&format!("{title}: every metric"), &data, true));
    }
    for benchmark in benchmarks() {
        let mut data = Table::new(&HEADER, 2);
        for row in &comparison.rows {
            for average in &benchmark.averages {
                if let Some(summary) = row.averages.get(average) {
                    let interval = summary.confidence_interval(comparison.level);
                    let interval = interval.map(|ends| within(ends, average_range(benchmark, average)));
                    let name = &average.display_name;
                    data.rows.push(line(&row.name, name, Some(summary), interval, None, Form::Percent));
                }
            }
        }
        if !data.rows.is_empty() {
            let title = format!("{} averages", benchmark.display_name);
            html += &details(&title, &table(&title, &data, true));
        }
    }
    html + &details("Every run", &table("Scores of every run", &runs(comparison), true))
}

fn of_entry(comparison: &Comparison<'_>, row: &Row, column: &Column, entry: &Entry) -> Vec<Vec<Cell>> {
    let mut names: Vec<&String> = entry.metrics.keys().collect();
    names.sort_by_key(|name| metric_order(column.spec, name));
    let own = entry.interval.map(|ends| within(ends, column.range()));
    let mut lines = vec![line(&row.name, "score", entry.score, own, entry.bootstrap, column.form())];
    for name in names {
        let summary = entry.metrics[name];
        let values: Option<Vec<f64>> = comparison
            .records_in(row, column)
            .into_iter()
            .map(|record| record.metrics.get(name).copied().flatten())
            .collect();
        let interval = summary.and_then(|summary| summary.confidence_interval(comparison.level));
        let interval = interval.map(|ends| within(ends, range_named(name)));
        let bootstrap = values.and_then(|values| bootstrap_mean_interval(&values, comparison.level));
        let title = title(name, entry.class.as_deref());
        lines.push(line(&row.name, &title, summary, interval, bootstrap, Form::of_metric(name)));
    }
    lines
}

/// A metric, and which class it is of where it is of one.
fn title(metric: &str, class: Option<&str>) -> String {
    let is_of_one = Metric::from_key(plain_key(metric)).is_some_and(Metric::is_of_one_class);
    let class = class.filter(|_| is_of_one);
    class.map_or_else(|| metric.to_owned(), |class| format!("{metric} of {class}"))
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

fn runs(comparison: &Comparison<'_>) -> Table {
    let mut data = Table::new(&["model", "task", "runs", "collapsed", "seeds and their scores"], 2);
    for row in comparison.rows.iter().filter(|row| !row.is_published()) {
        for column in &comparison.columns {
            let Some(entry) = row.entries.get(&column.name) else { continue };
            let count = |value: usize| Cell::number(Some(value as f64), Form::Count);
            let mut seeds = Vec::new();
            for (seed, score) in &entry.seeds {
                let start = if seeds.is_empty() { "" } else { " · " };
                let before_score = match seed {
                    Some(seed) => {
                        seeds.push((format!("{start}seed "), Number { value: *seed as f64, form: Form::Count }));
                        ": ".to_owned()
                    }
                    None => format!("{start}with any seed: "),
                };
                if let Some(value) = score.filter(|score| score.is_finite()) {
                    seeds.push((before_score, Number { value, form: column.form() }));
                }
            }
            data.rows.push(vec![
                Cell::text(&row.name),
                Cell::Text(comparison.usual_name(column)),
                count(entry.seeds.len()),
                count(entry.collapsed),
                Cell::List(seeds),
            ]);
        }
    }
    data
}
