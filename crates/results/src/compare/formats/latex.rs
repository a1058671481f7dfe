//! A table with booktabs.

use std::fmt::Write;

use super::grid::{Cell, Grid, caption, notes};
use crate::clipped::Half;
use crate::compare::best;
use crate::compare::comparison::Comparison;
use records::shown;

/// What stands where there is no number.
const NOTHING: &str = "--";

pub(super) fn render(comparison: &Comparison<'_>) -> String {
    let grid = Grid::new(comparison);
    let mut text = String::new();
    let header: Vec<String> = grid.header.iter().map(|name| escaped(name)).collect();
    let _ =
        writeln!(text, "% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{l{}}}\n\\toprule", "r".repeat(header.len()));
    let _ = writeln!(text, "model & {} \\\\\n\\midrule", header.join(" & "));
    for (name, cells) in grid.rows {
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        let _ = writeln!(text, "{} & {} \\\\", escaped(&name), cells.join(" & "));
    }
    let _ =
        writeln!(text, "\\bottomrule\n\\end{{tabular}}\n% {} {}", caption(comparison), best::words(comparison.level));
    for note in notes(comparison) {
        let _ = writeln!(text, "% {}", shown(&note));
    }
    text
}

fn cell(cell: Option<Cell>) -> String {
    let Some(cell) = cell else { return NOTHING.to_owned() };
    let plain = if cell.no_mean { NOTHING.to_owned() } else { cell.mean };
    let mean = if cell.best { format!("\\textbf{{{plain}}}") } else { plain };
    let half = match &cell.half {
        None => String::new(),
        Some(Half::Both(half)) => format!(" {{\\small $\\pm$ {half}}}"),
        Some(Half::Sides { up, down }) => format!(" {{\\small $^{{+{up}}}_{{-{down}}}$}}"),
    };
    let collapsed = if cell.collapsed { "$^*$" } else { "" };
    let trained_on = if cell.trained_on { "$^\\ddagger$" } else { "" };
    let partial = if cell.partial { "$^\\S$" } else { "" };
    let no_mean = if cell.no_mean { "$^\\P$" } else { "" };
    format!("{mean}{half}{collapsed}{trained_on}{partial}{no_mean}")
}

fn escaped(text: &str) -> String {
    shown(text)
        .chars()
        .map(|letter| match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => format!("\\{letter}"),
            '\\' => "\\textbackslash{}".to_owned(),
            '~' => "\\textasciitilde{}".to_owned(),
            '^' => "\\textasciicircum{}".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
