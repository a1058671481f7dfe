//! Scores, one chart a task and one for each average: a bar a model, with its interval.

use super::draw::bars::{Bar, Bars, bars};
use super::draw::paint::Look;
use super::figure::{Figure, FigureKind, slug};
use crate::compare::comparison::Comparison;
use crate::compare::row::Row;
use crate::compare::shown::{Cell, Form, Table, count_in_words, task_name, task_score_words};
use crate::statistics::Summary;
use records::Error;

/// One chart a task, then the averages.
pub(super) fn figures(comparison: &Comparison<'_>) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    for task in &comparison.tasks {
        let of_row = |row: &Row| row.entries.get(task).map(|entry| entry.score);
        let of = task_score_words(task);
        let of = if of.is_empty() { String::new() } else { format!(" ({of})") };
        let baseline = comparison.baseline_of(task);
        let what = (slug(task), task_name(task).to_owned(), format!("{}{of}", task_name(task)));
        figures.extend(figure(comparison, what, of_row, baseline)?);
    }
    for (benchmark, average) in comparison.averages() {
        let title = match average.left_out.as_slice() {
            [] => {
                format!("{} average, {} tasks", average.display_name, count_in_words(benchmark.tasks.len()))
            }
            left_out => {
                let names: Vec<&str> = left_out.iter().map(|task| task_name(task)).collect();
                format!("{} average without {}", benchmark.display_name, names.join(" and "))
            }
        };
        let what = (average.key.replace('_', "-"), title.clone(), title);
        figures.extend(figure(comparison, what, |row| row.averages.get(average).map(Some), None)?);
    }
    Ok(figures)
}

/// `of_row`: the outer `None` where a row has no such thing, the inner one where it is undefined.
fn figure(
    comparison: &Comparison<'_>,
    (name, title, described): (String, String, String),
    of_row: impl Fn(&Row) -> Option<Option<Summary>>,
    baseline: Option<f64>,
) -> Result<Option<Figure>, Error> {
    let mut table = Table::new(&["model", "score", "low", "high", "runs"], 1);
    let mut data = Bars { baseline: baseline.map(|score| score * 100.0), ..Bars::default() };
    let mut others = Vec::new();
    for (place, row) in comparison.rows.iter().enumerate() {
        let Some(summary) = of_row(row) else { continue };
        let summary = summary.filter(|summary| summary.mean.is_finite());
        let interval = summary.and_then(|summary| summary.confidence_interval(comparison.level));
        let number = |value: Option<f64>| Cell::number(value, Form::Percent);
        table.rows.push(vec![
            Cell::text(&row.name),
            number(summary.map(|summary| summary.mean)),
            number(interval.map(|ends| ends.0)),
            number(interval.map(|ends| ends.1)),
            Cell::number(summary.map(|summary| summary.count as f64), Form::Count),
        ]);
        if row.is_published() {
            others.extend(summary.map(|summary| summary.mean * 100.0));
            continue;
        }
        let half = interval.map_or_else(String::new, |(low, high)| format!(" ±{:.2}", (high - low) * 50.0));
        let text = summary.map_or_else(|| "undefined".to_owned(), |s| format!("{:.2}{half}", s.mean * 100.0));
        data.bars.push(Bar {
            name: row.name.clone(),
            look: Look::of(place),
            text,
            value: summary.map(|summary| summary.mean * 100.0),
            interval: interval.map(|(low, high)| (low * 100.0, high * 100.0)),
        });
    }
    if data.bars.is_empty() {
        return Ok(None);
    }
    if !others.is_empty() {
        data.others = Some((format!("published: {} rows", others.len()), others));
    }
    let mut description = format!(
        "Bars: mean over the runs, in percent, with the {:.0} % interval where there are several.",
        comparison.level * 100.0
    );
    if let Some(score) = baseline {
        description += &format!(" Vertical line: a model that has learnt nothing, {:.2}.", score * 100.0);
        table.rows.push(vec![
            Cell::text("a model that has learnt nothing"),
            Cell::number(Some(score), Form::Percent),
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
        ]);
    }
    if data.others.is_some() {
        description += " Rings: published rows.";
    }
    Ok(Some(Figure {
        kind: FigureKind::Scores,
        name: format!("scores-{name}"),
        title: format!("{title}: scores"),
        description: format!("{described}. {description}"),
        chart: bars(&data, "percent")?,
        table,
    }))
}
