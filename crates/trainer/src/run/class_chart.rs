//! How many rows each class has, as a chart of text.

use crate::data::Split;

/// Classes that are shown; the rest is counted.
const SHOWN: usize = 30;
/// The longest bar.
const WIDTH: usize = 32;

/// A line for the header and one a class: its rows in each split, and a bar for all of them together. Of rows with several classes or
/// numbers there is none.
pub(super) fn class_chart(labels: &[String], splits: &[(&str, &Split)]) -> Vec<String> {
    let counts = |split: &Split| {
        let mut counts = vec![0_usize; labels.len()];
        (0..split.len() as u32).filter_map(|row| split.class(row)).for_each(|class| counts[class] += 1);
        counts
    };
    let columns: Vec<(&str, Vec<usize>)> = splits.iter().map(|(name, split)| (*name, counts(split))).collect();
    chart(labels, &columns)
}

fn chart(labels: &[String], columns: &[(&str, Vec<usize>)]) -> Vec<String> {
    let of_class = |class: usize| columns.iter().map(|(_, counts)| counts[class]).sum::<usize>();
    let all: Vec<usize> = (0..labels.len()).map(of_class).collect();
    let Some(most) = all.iter().copied().max().filter(|most| *most > 0) else { return Vec::new() };
    let letters = |text: &str| text.chars().count();
    let names = labels.iter().take(SHOWN).map(|label| letters(label)).max().unwrap_or_default().clamp(5, 40);
    let line = |name: &str, cells: Vec<String>, bar: &str| {
        let name: String = name.chars().take(names).collect();
        let cells = cells.iter().zip(columns).map(|(cell, (column, _))| format!("{cell:>0$}", letters(column).max(7)));
        format!("{name:names$}  {}  {bar}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    let mut lines = vec![line("class", columns.iter().map(|(name, _)| (*name).to_owned()).collect(), "")];
    for (class, label) in labels.iter().enumerate().take(SHOWN) {
        let cells = columns.iter().map(|(_, counts)| counts[class].to_string()).collect();
        // A class with rows has a bar that can be seen.
        let length = (all[class] * WIDTH).div_ceil(most);
        lines.push(line(label, cells, &"#".repeat(length)));
    }
    if labels.len() > SHOWN {
        lines.push(format!("and {} more", labels.len() - SHOWN));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_class_with_a_bar_of_all_its_rows() {
        let labels = ["dünya".to_owned(), "spor".to_owned(), "none".to_owned()];
        let lines = chart(&labels, &[("train", vec![30, 1, 0]), ("test", vec![34, 0, 0])]);
        assert_eq!(lines[0], "class    train     test");
        assert_eq!(lines[1], format!("dünya       30       34  {}", "#".repeat(32)));
        assert_eq!(lines[2], "spor         1        0  #");
        assert_eq!(lines[3], "none         0        0");
        assert!(chart(&labels, &[("train", vec![0, 0, 0])]).is_empty());
        let many: Vec<String> = (0..45).map(|class| class.to_string()).collect();
        assert_eq!(chart(&many, &[("train", vec![2; 45])]).last().map(String::as_str), Some("and 15 more"));
    }
}
