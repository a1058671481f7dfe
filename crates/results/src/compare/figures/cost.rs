//! Scores against what the training took: its seconds, or the parameters that it trained.

use super::draw::joined::{Group, joined};
use super::draw::paint::Look;
use super::draw::points::{Point, points};
use super::figure::{Figure, FigureKind, drawn, slug};
use crate::clipped::{around, within};
use crate::compare::best::TRAINED_ON_IT;
use crate::compare::column::Column;
use crate::compare::comparison::Comparison;
use crate::compare::entry::Entry;
use crate::compare::row::Row;
use crate::compare::shown::{Cell, Form, Table};
use records::Error;

/// So many models' scores on all tasks are in one chart.
const JOINED_UP_TO: usize = 4;

/// Behind the name of a model that was trained on what is scored.
const MARK: &str = " ‡";

/// What scores are drawn against.
pub(super) struct Against {
    kind: FigureKind,
    /// Of the files.
    name: &'static str,
    title: &'static str,
    header: &'static str,
    form: Form,
    description: &'static str,
    axis: &'static str,
    of: fn(&Row, &Entry) -> Option<f64>,
    /// Of several tasks.
    together: fn(f64, f64) -> f64,
}

/// The seconds of the training.
pub(super) const TIME: Against = Against {
    kind: FigureKind::Cost,
    name: "cost",
    title: "training time",
    header: "training, seconds",
    form: Form::Measure,
    description: "over the seconds that its training took, evaluations not counted (mean over the runs, logarithmic axis)",
    axis: "seconds of training (log)",
    of: |_, entry| entry.train_seconds,
    together: |a, b| a + b,
};

/// How many parameters are trained.
pub(super) const TRAINED: Against = Against {
    kind: FigureKind::Trained,
    name: "trained",
    title: "trained parameters",
    header: "trained parameters",
    form: Form::Count,
    description: "over the number of parameters that were trained (logarithmic axis)",
    axis: "trained parameters (log)",
    of: |row, _| row.trained.map(|trained| trained as f64),
    together: f64::max,
};

/// What a model scored on a task, or over several, and what that took.
struct TaskCost {
    name: String,
    look: Look,
    took: f64,
    score: f64,
    interval: Option<(f64, f64)>,
}

/// Of one model a point a task; of several a chart over the tasks that all have, and one a task.
pub(super) fn figures(comparison: &Comparison<'_>, against: &Against) -> Result<Vec<Figure>, Error> {
    // Errors have no place on an axis of percent.
    let shares: Vec<&Column> = comparison.columns.iter().filter(|column| column.form() == Form::Percent).collect();
    let own: Vec<(usize, &Row)> = comparison.rows.iter().enumerate().filter(|(_, row)| !row.is_published()).collect();
    if let [(_, row)] = own.as_slice() {
        let of_column = |(at, column): (usize, &&Column)| {
            let mark = if comparison.is_trained_on(row, column) { MARK } else { "" };
            task_cost(against, column.title() + mark, Look::of(at), row, column)
        };
        let costs: Vec<TaskCost> = shares.iter().enumerate().filter_map(of_column).collect();
        let title = format!("Scores against {}", against.title);
        // Of each task the whisker is drawn as far as the lowest of their scores can be.
        let range = around(shares.iter().map(|column| column.range()));
        let figure = figure(
            against,
            against.name.to_owned(),
            title,
            "task",
            "The score of each task",
            (Form::Percent, range),
            costs,
        )?;
        return Ok(figure.into_iter().collect());
    }
    // With so few models a chart a task would have hardly a point.
    let is_one = own.len() <= JOINED_UP_TO && shares.len() > 1;
    let mut figures = Vec::new();
    if is_one {
        figures.extend(together(comparison, against, &own, &shares)?);
    }
    let has_all = |column: &&&Column| own.iter().all(|(_, row)| row.entries.contains_key(&column.name));
    let common: Vec<&Column> = shares.iter().filter(has_all).copied().collect();
    if common.len() > 1 && !is_one {
        let of_row = |(at, row): &(usize, &Row)| {
            let of_column = |column: &&Column| task_cost(against, String::new(), Look::of(*at), row, column);
            let of_tasks: Vec<TaskCost> = common.iter().map(of_column).collect::<Option<_>>()?;
            Some(TaskCost {
                name: marked(row, common.iter().any(|column| comparison.is_trained_on(row, column))),
                look: Look::of(*at),
                took: of_tasks.iter().map(|cost| cost.took).reduce(against.together)?,
                score: of_tasks.iter().map(|cost| cost.score).sum::<f64>() / of_tasks.len() as f64,
                interval: None,
            })
        };
        let costs: Vec<TaskCost> = own.iter().filter_map(of_row).collect();
        let title = format!("Mean of {} tasks against {}", common.len(), against.title);
        let names: Vec<String> = common.iter().map(|column| column.title()).collect();
        let what = format!("The mean score over {}", names.join(", "));
        figures.extend(figure(against, against.name.to_owned(), title, "model", &what, (Form::Percent, None), costs)?);
    }
    for column in comparison.columns.iter().filter(|column| !is_one || column.form() != Form::Percent) {
        let of_row = |(at, row): &(usize, &Row)| {
            let name = marked(row, comparison.is_trained_on(row, column));
            task_cost(against, name, Look::of(*at), row, column)
        };
        let costs: Vec<TaskCost> = own.iter().filter_map(of_row).collect();
        let title = format!("{}: score against {}", column.title(), against.title);
        let what = format!("The score on {}", column.title());
        let name = format!("{}-{}", against.name, slug(&column.name));
        figures.extend(figure(against, name, title, "model", &what, (column.form(), column.range()), costs)?);
    }
    Ok(figures)
}

/// All tasks of a few models: a task's points are joined.
fn together(
    comparison: &Comparison<'_>,
    against: &Against,
    own: &[(usize, &Row)],
    columns: &[&Column],
) -> Result<Option<Figure>, Error> {
    let (scale, unit) = Form::Percent.scale();
    let mut table = Table::new(&["task", "model", against.header, "score", "low", "high"], 2);
    let (mut groups, mut any_trained_on) = (Vec::new(), false);
    for column in columns {
        let mut points = Vec::new();
        for (at, row) in own {
            let is_trained_on = comparison.is_trained_on(row, column);
            let Some(cost) = task_cost(against, row.name.clone(), Look::of(*at), row, column) else { continue };
            any_trained_on |= is_trained_on;
            let number = |value: Option<f64>| Cell::number(value, Form::Percent);
            table.rows.push(vec![
                Cell::Text(column.title()),
                Cell::Text(marked(row, is_trained_on)),
                Cell::number(Some(cost.took), against.form),
                number(Some(cost.score)),
                number(cost.interval.map(|ends| ends.0)),
                number(cost.interval.map(|ends| ends.1)),
            ]);
            let (x, y) = (cost.took, cost.score * scale);
            points.push(Point { name: cost.name, look: cost.look, x, y, interval: None });
        }
        if !points.is_empty() {
            let is_trained_on = own.iter().any(|(_, row)| comparison.is_trained_on(row, column));
            let mark = if is_trained_on { MARK } else { "" };
            groups.push(Group { name: comparison.usual_name(column) + mark, points });
        }
    }
    if groups.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = columns.iter().map(|column| column.title()).collect();
    let note = if any_trained_on { format!(" {TRAINED_ON_IT}") } else { String::new() };
    Ok(Some(Figure {
        kind: against.kind,
        name: against.name.to_owned(),
        title: format!("Scores against {}", against.title),
        description: format!(
            "The scores on {}, {unit}, {}. The points of a task are joined, and its name stands at the right; intervals are in the numbers.{note}",
            names.join(", "),
            against.description
        ),
        chart: joined(&groups, against.axis)?,
        table,
    }))
}

/// A model's name, with the mark of one that was trained on what is scored.
fn marked(row: &Row, trained_on: bool) -> String {
    format!("{}{}", row.name, if trained_on { MARK } else { "" })
}

fn task_cost(against: &Against, name: String, look: Look, row: &Row, column: &Column) -> Option<TaskCost> {
    let entry = row.entries.get(&column.name)?;
    let score = entry.score.filter(|summary| summary.mean.is_finite())?.mean;
    let took = (against.of)(row, entry).filter(|took| *took > 0.0)?;
    // As far as it is shown: of each task by its own score.
    let interval = entry.interval.map(|ends| within(ends, column.range()));
    Some(TaskCost { name, look, took, score, interval })
}

fn figure(
    against: &Against,
    name: String,
    title: String,
    of: &str,
    what: &str,
    (form, range): (Form, Option<(f64, f64)>),
    costs: Vec<TaskCost>,
) -> Result<Option<Figure>, Error> {
    let (scale, unit) = form.scale();
    if costs.is_empty() {
        return Ok(None);
    }
    // Errors are better the lower they are.
    let (costs, left_out) = drawn(costs, form == Form::Plain, |cost| Some(cost.score));
    let mut table = Table::new(&[of, against.header, "score", "low", "high"], 1);
    let mut marks = Vec::new();
    for cost in &costs {
        let percent = |value: Option<f64>| Cell::number(value, form);
        table.rows.push(vec![
            Cell::text(&cost.name),
            Cell::number(Some(cost.took), against.form),
            percent(Some(cost.score)),
            percent(cost.interval.map(|ends| ends.0)),
            percent(cost.interval.map(|ends| ends.1)),
        ]);
        marks.push(Point {
            name: cost.name.clone(),
            look: cost.look,
            x: cost.took,
            y: cost.score * scale,
            interval: cost.interval.map(|(low, high)| (low * scale, high * scale)),
        });
    }
    let note =
        if costs.iter().any(|cost| cost.name.ends_with(MARK)) { format!(" {TRAINED_ON_IT}") } else { String::new() };
    Ok(Some(Figure {
        kind: against.kind,
        name,
        title: format!("{title}{left_out}"),
        description: format!("{what}, {unit}, {}.{note}", against.description),
        chart: points(&marks, range.map(|(low, high)| (low * scale, high * scale)), against.axis)?,
        table,
    }))
}
