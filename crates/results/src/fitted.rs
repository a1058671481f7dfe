//! Tables and sentences within the width of a terminal. Nothing is cut: a table that is too wide goes on below, or its rows stand one
//! below another.

use crate::columns::aligned;
use records::shown;

/// What lies between two columns, and two cells of a row that stands alone.
const GAP: &str = "  ";

/// The columns of a terminal; `None` where the text goes elsewhere and may be as wide as it is.
pub(crate) type Width = Option<usize>;

/// Aligned columns ([`aligned`]) of a table whose first line is its header and whose first `names` columns name a row. A table that is too
/// wide goes on below, each part with these names; where too few columns fit beside them, each row has lines of its own.
pub(crate) fn fitted(lines: &[Vec<String>], left: usize, names: usize, width: Width) -> String {
    let text = aligned(lines, left);
    match width {
        Some(width) if widest(&text) > width => {
            parts(lines, left, names, width).unwrap_or_else(|| stacked(lines, names, width))
        }
        _ => text,
    }
}

/// Characters of the longest line.
pub(crate) fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// The columns in as many tables as they need; `None` where those would be hardly more than one column each.
fn parts(lines: &[Vec<String>], left: usize, names: usize, width: usize) -> Option<String> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| shown(cell).chars().count()).max().unwrap_or(0)
    };
    let of_names: usize = (0..names).map(|column| width_of(column) + GAP.len()).sum();
    let (mut parts, mut used): (Vec<Vec<usize>>, usize) = (Vec::new(), 0);
    for column in names..columns {
        let own = width_of(column);
        match parts.last_mut() {
            Some(part) if used + GAP.len() + own <= width => {
                part.push(column);
                used += GAP.len() + own;
            }
            _ if of_names + own <= width => {
                parts.push(vec![column]);
                used = of_names + own;
            }
            _ => return None,
        }
    }
    let is_worth_it = columns.saturating_sub(names) >= 2 * parts.len();
    let part = |part: &Vec<usize>| {
        let cells = |line: &Vec<String>| {
            (0..names).chain(part.iter().copied()).filter_map(|column| line.get(column).cloned()).collect()
        };
        aligned(&lines.iter().map(cells).collect::<Vec<Vec<String>>>(), left)
    };
    is_worth_it.then(|| parts.iter().map(part).collect::<Vec<_>>().join("\n"))
}

/// Each row by itself: its names, and below them its cells with their columns' names.
pub(crate) fn stacked(lines: &[Vec<String>], names: usize, width: usize) -> String {
    let Some((header, rows)) = lines.split_first() else { return String::new() };
    let row = |row: &Vec<String>| {
        let name: Vec<_> = row.iter().take(names).map(|cell| shown(cell)).collect();
        let cells = header.iter().zip(row).skip(names).filter(|(_, cell)| !cell.is_empty());
        let cells: Vec<String> = cells.map(|(head, cell)| format!("{} {}", shown(head), shown(cell))).collect();
        format!("{}\n{}", name.join(GAP), below(&cells, width))
    };
    rows.iter().map(row).collect()
}

/// Cells below what they belong to, as many a line as fit; only one that is longer than a line is broken, between its words.
pub(crate) fn below(cells: &[String], width: usize) -> String {
    let mut lines = vec![GAP.to_owned()];
    for cell in cells {
        let is_short = GAP.len() + cell.chars().count() <= width;
        let words: Vec<&str> = if is_short { vec![cell] } else { cell.split(' ').collect() };
        for (at, word) in words.into_iter().enumerate() {
            add(&mut lines, (GAP, if at == 0 { GAP } else { " " }), word, width);
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Sentences, broken between words.
pub(crate) fn wrapped(text: &str, width: Width) -> String {
    let Some(width) = width.filter(|&width| widest(text) > width) else { return text.to_owned() };
    let mut broken = String::new();
    for line in text.lines() {
        let mut lines = vec![String::new()];
        line.split(' ').for_each(|word| add(&mut lines, ("", " "), word, width));
        broken.extend(lines.into_iter().map(|line| line.trim_end().to_owned() + "\n"));
    }
    broken
}

/// Puts something behind the last line, after a gap, or on a line of its own where there is no room.
fn add(lines: &mut Vec<String>, (indent, gap): (&str, &str), text: &str, width: usize) {
    let Some(last) = lines.last_mut() else { return };
    if last == indent {
        last.push_str(text);
    } else if last.chars().count() + gap.len() + text.chars().count() <= width {
        last.push_str(gap);
        last.push_str(text);
    } else {
        lines.push(format!("{indent}{text}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: usize) -> Vec<Vec<String>> {
        let line = |name: &str, cell: &str| {
            std::iter::once(name.to_owned()).chain((0..columns).map(|at| format!("{cell}{at}"))).collect()
        };
        vec![line("model", "task"), line("a/small", "71.2"), line("a/large", "84.0")]
    }

    fn assert_fits(text: &str, width: usize) {
        assert!(widest(text) <= width, "{} of {width}\n{text}", widest(text));
    }

    #[test]
    fn a_table_that_fits_is_left_as_it_is() {
        let all = aligned(&table(3), usize::MAX);
        for width in [None, Some(widest(&all))] {
            assert_eq!(fitted(&table(3), usize::MAX, 1, width), all);
        }
    }

    #[test]
    fn a_table_that_is_too_wide_goes_on_below() {
        let wanted = "\
model    task0  task1
a/small  71.20  71.21
a/large  84.00  84.01

model    task2  task3
a/small  71.22  71.23
a/large  84.02  84.03
";
        assert_eq!(fitted(&table(4), usize::MAX, 1, Some(24)), wanted);
    }

    #[test]
    fn where_one_column_fits_rows_stand_alone() {
        let wanted = "\
a/small
  task0 71.20
  task1 71.21
a/large
  task0 84.00
  task1 84.01
";
        assert_eq!(fitted(&table(2), usize::MAX, 1, Some(15)), wanted);
    }

    #[test]
    fn every_cell_is_there_at_every_width() {
        for width in 13..140 {
            let text = fitted(&table(9), usize::MAX, 1, Some(width));
            assert_fits(&text, width);
            let has = |cell: &str| text.split_whitespace().any(|word| word == cell);
            assert!((0..9).all(|at| has(&format!("71.2{at}")) && has(&format!("84.0{at}"))), "{width}\n{text}");
        }
    }

    #[test]
    fn long_cells_and_sentences_break_between_words() {
        let lines = [["task", "note"], ["rte", "the weights are not those of the reference"]];
        let lines = lines.map(|line| line.map(str::to_owned).to_vec());
        let wanted = "rte\n  note the weights are not\n  those of the reference\n";
        assert_eq!(fitted(&lines, usize::MAX, 1, Some(26)), wanted);
        assert_eq!(wrapped("one two three\nfour\n", Some(8)), "one two\nthree\nfour\n");
        assert_eq!(wrapped("one two three\n", None), "one two three\n");
        // What has no space stays whole.
        assert_eq!(wrapped("a https://example.org/long b\n", Some(8)), "a\nhttps://example.org/long\nb\n");
    }
}
