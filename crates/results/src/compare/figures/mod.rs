//! The charts of a comparison: what each shows, and the same numbers as a table.

mod bars;
mod classes;
mod cost;
mod curves;
mod draw;
mod figure;

use std::path::Path;

pub(super) use self::draw::chart::swatch_on_page;
pub(crate) use self::draw::lines::{Line, lines};
pub(crate) use self::draw::paint::Look;
pub(super) use self::draw::paint::variables;
pub(super) use self::figure::{Figure, FigureKind};
use crate::compare::comparison::Comparison;
use crate::compare::row::Row;
use records::Error;
use records::atomic::write_whole;

/// All charts that the records allow.
///
/// # Errors
/// When one cannot be drawn.
pub(super) fn all(comparison: &Comparison<'_>) -> Result<Vec<Figure>, Error> {
    let mut figures = bars::figures(comparison)?;
    figures.extend(classes::figures(comparison)?);
    figures.extend(curves::figures(comparison)?);
    figures.extend(cost::figures(comparison, &cost::TIME)?);
    if comparison.rows.iter().any(Row::trains_few) {
        figures.extend(cost::figures(comparison, &cost::TRAINED)?);
    }
    Ok(figures)
}

/// Writes every chart as an SVG file of its own; says how many.
///
/// # Errors
/// When one cannot be drawn or written.
pub(super) fn write(comparison: &Comparison<'_>, folder: &Path) -> Result<usize, Error> {
    let figures = all(&comparison.with_short_names())?;
    for figure in &figures {
        let svg = figure.chart.alone(&figure.title, &figure.description)?;
        write_whole(folder.join(format!("{}.svg", figure.name)), svg.as_bytes())?;
    }
    Ok(figures.len())
}
