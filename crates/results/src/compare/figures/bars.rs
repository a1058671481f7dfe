//! Scores, one chart a task and one for each average: a bar a model, with its interval.

use super::draw::bars::{Bar, Bars, bars};
use super::draw::paint::Look;
use super::figure::{Figure, FigureKind, drawn, slug};
use crate::clipped::within;
use crate::compare::best::TRAINED_ON_IT;
use crate::compare::comparison::Comparison;
use crate::compare::entry::Entry;
use crate::compare::row::Row;
use crate::compare::shown::{Cell, Form, Table, average_range, count_in_words, task_name};
use crate::statistics::Summary;
use records::{Error, counted};

/// One chart a task, then the averages.
pub(super) fn figures(comparison: &Comparison<'_>) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    for column in &comparison.columns {
        // A ring beside the others would look like one of the same score.
        let is_whole = |entry: &&Entry| entry.partial.is_none();
        let of_row = |row: &Row| row.entries.get(&column.name).filter(is_whole).map(|entry| entry.score);
        let of = column.score_words();
        let of = if of.is_empty() { String::new() } else { format!(" ({of})") };
        let baseline = comparison.baseline_of(column);
        let title = column.title();
        let what = (slug(&column.name), title.clone(), format!("{title}{of}"));
        let trained_on = |row: &Row| comparison.is_trained_on(row, column);
        figures.extend(figure(comparison, what, (column.form(), column.range()), of_row, trained_on, baseline)?);
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
        let of_row = |row: &Row| row.averages.get(average).map(Some);
        let range = average_range(benchmark, average);
        let trained_on = |row: &Row| comparison.is_average_trained_on(row, benchmark, average);
        figures.extend(figure(comparison, what, (Form::Percent, range), of_row, trained_on, None)?);
    }
    Ok(figures)
}

/// `range`: what scores lie between. `of_row`: the outer `None` where a row has no such thing, the inner one where it is undefined.
/// `trained_on`: whether its model was trained on what is scored.
fn figure(
    comparison: &Comparison<'_>,
    (name, title, described): (String, String, String),
    (form, range): (Form, Option<(f64, f64)>),
    of_row: impl Fn(&Row) -> Option<Option<Summary>>,
    trained_on: impl Fn(&Row) -> bool,
    baseline: Option<f64>,
) -> Result<Option<Figure>, Error> {
    let (scale, unit) = form.scale();
    let mut table = Table::new(&["model", "score", "low", "high", "runs"], 1);
    let scaled = range.map(|(low, high)| (low * scale, high * scale));
    let mut data = Bars { baseline: baseline.map(|score| score * scale), range: scaled, ..Bars::default() };
    let (mut others, mut any_trained_on) = (Vec::new(), false);
    let rows = comparison.rows.iter().enumerate().filter_map(|(place, row)| Some((place, row, of_row(row)?)));
    let (published, own): (Vec<_>, Vec<_>) = rows.partition(|(_, row, _)| row.is_published());
    // Errors are better the lower they are.
    let (own, left_out) = drawn(own, form == Form::Plain, |(.., summary)| summary.map(|summary| summary.mean));
    for (place, row, summary) in own.into_iter().chain(published) {
        let summary = summary.filter(|summary| summary.mean.is_finite());
        let interval = summary.and_then(|summary| summary.confidence_interval(comparison.level));
        let number = |value: Option<f64>| Cell::number(value, form);
        let shown = interval.map(|ends| within(ends, range));
        table.rows.push(vec![
            Cell::text(&row.name),
            number(summary.map(|summary| summary.mean)),
            number(shown.map(|ends| ends.0)),
            number(shown.map(|ends| ends.1)),
            Cell::number(summary.map(|summary| summary.count as f64), Form::Count),
        ]);
        if row.is_published() {
            others.extend(summary.map(|summary| summary.mean * scale));
            continue;
        }
        let half = summary.zip(interval).map(|(summary, ends)| format!(" {}", form.half(summary.mean, ends, range)));
        let half = half.unwrap_or_default();
        let mark = if trained_on(row) { " ‡" } else { "" };
        any_trained_on |= !mark.is_empty();
        let text = summary.map_or_else(|| "undefined".to_owned(), |s| format!("{}{half}{mark}", form.text(s.mean)));
        data.bars.push(Bar {
            name: row.name.clone(),
            look: Look::of(place),
            text,
            value: summary.map(|summary| summary.mean * scale),
            interval: interval.map(|(low, high)| (low * scale, high * scale)),
        });
    }
    if data.bars.is_empty() {
        return Ok(None);
    }
    if !others.is_empty() {
        data.others = Some((format!("published: {}", counted(others.len(), "row")), others));
    }
    let mut description = format!(
        "Bars: mean over the runs, {unit}, with the {:.0} % interval where there are several; it has no end where it goes \
         beyond what a score can be.",
        comparison.level * 100.0
    );
    if let Some(score) = baseline {
        description += &format!(" Vertical line: a model that has learnt nothing, {}.", form.text(score));
        table.rows.push(vec![
            Cell::text("a model that has learnt nothing"),
            Cell::number(Some(score), form),
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
        ]);
    }
    if any_trained_on {
        description += &format!(" {TRAINED_ON_IT}");
    }
    if data.others.is_some() {
        description += " Rings: published rows.";
    }
    Ok(Some(Figure {
        kind: FigureKind::Scores,
        name: format!("scores-{name}"),
        title: format!("{title}: scores{left_out}"),
        description: format!("{described}. {description}"),
        chart: bars(&data, unit)?,
        table,
    }))
}
