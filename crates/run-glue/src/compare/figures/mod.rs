//! The charts of a comparison: what each shows, and the same numbers as a table.

mod bars;
mod cost;
mod curves;
mod draw;

use std::path::Path;

pub(super) use self::draw::paint::{Look, variables};
pub(super) use self::draw::{Chart, escaped, swatch_on_page};
use super::Comparison;
use super::shown::Table;
use crate::error::Error;
use crate::progress::say;
use crate::report::atomic::write_whole;

/// What a chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Scores, one chart a task.
    Scores,
    /// Loss and scores over the steps of the training.
    Curves,
    /// Scores against the time that the training took.
    Cost,
}

/// A chart with its words and its numbers.
pub(super) struct Figure {
    pub(super) kind: Kind,
    /// For the name of its file, and for ids of a page: letters, digits and dashes.
    pub(super) name: String,
    pub(super) title: String,
    /// For whoever does not see it: what it shows.
    pub(super) description: String,
    pub(super) chart: Chart,
    pub(super) table: Table,
}

/// All charts that the records allow.
///
/// # Errors
/// When one cannot be drawn.
pub(super) fn all(comparison: &Comparison<'_>) -> Result<Vec<Figure>, Error> {
    let mut figures = bars::figures(comparison)?;
    figures.extend(curves::figures(comparison)?);
    figures.extend(cost::figures(comparison)?);
    Ok(figures)
}

/// Writes every chart as an SVG file of its own.
///
/// # Errors
/// When one cannot be drawn or written.
pub(super) fn write(comparison: &Comparison<'_>, folder: &Path) -> Result<(), Error> {
    let figures = all(comparison)?;
    for figure in &figures {
        let svg = figure.chart.alone(&figure.title, &figure.description)?;
        write_whole(folder.join(format!("{}.svg", figure.name)), svg.as_bytes())?;
    }
    say(&format!("{}: {} charts", folder.display(), figures.len()));
    Ok(())
}

/// Part of a file's name.
fn slug(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }).collect()
}
