//! Aligned columns, within the width of a terminal.

use std::fmt::Write;

use super::grid::{Grid, NOTHING, caption, notes, pair_grid};
use crate::compare::best::{self, TRAINED_ON_IT};
use crate::compare::comparison::Comparison;
use crate::fitted::{Width, fitted, wrapped};
use records::shown;

pub(super) fn render(comparison: &Comparison<'_>, width: Width) -> String {
    let grid = Grid::new(comparison);
    let mut lines = vec![std::iter::once("model".to_owned()).chain(grid.header).collect::<Vec<_>>()];
    for (name, cells) in grid.rows {
        let cell = |cell: Option<super::grid::Cell>| {
            cell.map_or_else(
                || NOTHING.to_owned(),
                |cell| {
                    let half = cell.half.map_or_else(String::new, |half| format!(" {half}"));
                    let marks = [
                        (cell.best, "!"),
                        (cell.collapsed, "*"),
                        (cell.trained_on, "‡"),
                        (cell.partial, "§"),
                        (cell.no_mean, "¶"),
                    ];
                    let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
                    format!("{}{half}{marks}", cell.mean)
                },
            )
        };
        lines.push(std::iter::once(name).chain(cells.into_iter().map(cell)).collect());
    }
    let table = fitted(&lines, usize::MAX, 1, width);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\n{} ! is what is bold elsewhere, * has runs that predict one class only, {TRAINED_ON_IT} {}",
        caption(comparison),
        best::words(comparison.level)
    );
    for note in notes(comparison) {
        let _ = writeln!(text, "{}", shown(&note));
    }
    for (name, source) in comparison.rows.iter().filter_map(|row| Some((&row.name, row.source_words()?))) {
        let _ = writeln!(text, "{}: {}", shown(name), shown(&source));
    }
    let mut pairs = String::new();
    if let Some((header, rows)) = pair_grid(comparison) {
        let header = vec![header.into_iter().map(str::to_owned).collect()];
        pairs = format!("\n{}", fitted(&[header, rows].concat(), usize::MAX, 3, width));
    }
    table + &wrapped(&text, width) + &pairs
}
