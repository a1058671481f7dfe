//! A table for GitHub and model cards.

use std::fmt::Write;

use super::grid::{Cell, Grid, NOTHING, caption, notes, pair_grid};
use crate::compare::best::{self, TRAINED_ON_IT};
use crate::compare::comparison::Comparison;
use records::markdown::plain;

pub(super) fn render(comparison: &Comparison<'_>) -> String {
    let grid = Grid::new(comparison);
    let mut text = String::new();
    let header: Vec<String> = grid.header.iter().map(|name| plain(name)).collect();
    let _ = writeln!(text, "| model | {} |", header.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(grid.header.len()));
    for (name, cells) in grid.rows {
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        let _ = writeln!(text, "| {} | {} |", plain(&name), cells.join(" | "));
    }
    let _ = writeln!(
        text,
        "\n{} {} * has runs that predict one class only, {TRAINED_ON_IT}",
        caption(comparison),
        best::words(comparison.level)
    );
    for note in notes(comparison) {
        let _ = writeln!(text, "\n{}", plain(&note));
    }
    for (name, source) in comparison.rows.iter().filter_map(|row| Some((&row.name, row.source_words()?))) {
        let _ = writeln!(text, "\n{}: {}", plain(name), plain(&source));
    }
    if let Some((header, rows)) = pair_grid(comparison) {
        let _ = writeln!(text, "\n| {} |\n|{}", header.join(" | "), "---|".repeat(header.len()));
        for row in rows {
            let row: Vec<String> = row.iter().map(|cell| plain(cell)).collect();
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
    }
    text
}

fn cell(cell: Option<Cell>) -> String {
    let Some(cell) = cell else { return NOTHING.to_owned() };
    let mean = if cell.best { format!("**{}**", cell.mean) } else { cell.mean.clone() };
    let half = cell.half.as_ref().map_or_else(String::new, |half| format!(" {half}"));
    let collapsed = if cell.collapsed { "\\*" } else { "" };
    let (trained_on, partial) = (if cell.trained_on { "‡" } else { "" }, if cell.partial { "§" } else { "" });
    let no_mean = if cell.no_mean { "¶" } else { "" };
    format!("{mean}{half}{collapsed}{trained_on}{partial}{no_mean}")
}
