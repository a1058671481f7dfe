//! Aligned columns.

use std::fmt::Write;

use super::grid::{Grid, NOTHING, caption, notes, pair_grid};
use crate::columns::aligned;
use crate::compare::best::{self, TRAINED_ON_IT};
use crate::compare::comparison::Comparison;
use records::shown;

pub(super) fn render(comparison: &Comparison<'_>) -> String {
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
    let mut text = aligned(&lines, usize::MAX);
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
    if let Some((header, rows)) = pair_grid(comparison) {
        text.push('\n');
        let header = vec![header.into_iter().map(str::to_owned).collect()];
        text.push_str(&aligned(&[header, rows].concat(), usize::MAX));
    }
    text
}
