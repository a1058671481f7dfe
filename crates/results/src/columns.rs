//! Aligned columns of text.

use std::borrow::Cow;

use records::shown;

/// Lines whose columns lie two spaces apart, every line ended, without spaces at its end. The first `left` columns are flush
/// left, the others flush right; widths are counted in characters. A line may have fewer cells than others. Whatever a cell holds, it
/// stays within its line and gives no orders to a terminal.
pub(crate) fn aligned(lines: &[Vec<String>], left: usize) -> String {
    let lines: Vec<Vec<Cow<'_, str>>> =
        lines.iter().map(|line| line.iter().map(|cell| shown(cell)).collect()).collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_line_whatever_it_holds() {
        let lines = [["a", "score"], ["b\n\u{1b}[31m", "1"], ["ölçüm", "22"]];
        let lines = lines.map(|line| line.map(str::to_owned).to_vec());
        let wanted = "a              score\nb\\n\\u{1b}[31m      1\nölçüm             22\n";
        assert_eq!(aligned(&lines, 1), wanted);
    }
}
