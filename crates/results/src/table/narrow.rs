//! The table within the width of a terminal: where it is too wide, the metrics of a task stand below its line.

use crate::columns::aligned;
use crate::fitted::{Width, below, stacked, widest};

/// The place of the column that is put below.
const METRICS: usize = 1;

/// The lines of the table, whose first one is its header.
pub(super) fn laid_out(grid: &[Vec<String>], width: Width) -> String {
    let whole = aligned(grid, METRICS + 1);
    let Some(width) = width.filter(|&width| widest(&whole) > width) else { return whole };
    let without = |line: &Vec<String>| {
        line.iter().enumerate().filter(|(at, _)| *at != METRICS).map(|(_, cell)| cell.clone()).collect()
    };
    let numbers = aligned(&grid.iter().map(without).collect::<Vec<Vec<String>>>(), METRICS);
    if widest(&numbers) > width {
        return stacked(grid, METRICS, width);
    }
    let mut text = String::new();
    for (at, (line, cells)) in numbers.lines().zip(grid).enumerate() {
        text += &format!("{line}\n");
        if let Some(metrics) = cells.get(METRICS).filter(|metrics| at > 0 && !metrics.is_empty()) {
            let each: Vec<String> = metrics.split("  ").map(|metric| records::shown(metric).into_owned()).collect();
            text += &below(&each, width);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Table, TableRow};

    fn table(name: &str) -> Table {
        let row = |task: &str, metrics: &[(&str, f64)], score: f64| TableRow {
            task: task.to_owned(),
            metrics: metrics.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect(),
            score: Some(score),
            interval: Some((score - 0.01, score + 0.01)),
            baseline: Some(0.5),
            seconds: 12.04,
            runs: 3,
            ..TableRow::default()
        };
        let stsb = row("stsb", &[("pearson", 0.840_69), ("spearmanr", 0.888_5)], 0.864_6);
        Table { rows: vec![stsb, row(name, &[("matthews_correlation", 0.25)], 0.25)], average_interval: None }
    }

    #[test]
    fn a_wide_terminal_has_the_table_of_a_pipe() {
        assert_eq!(table("cola").text_within(Some(120)), table("cola").text());
        assert_eq!(table("cola").text_within(Some(74)), table("cola").text());
    }

    #[test]
    fn on_a_narrow_one_metrics_stand_below() {
        let wanted = "\
task        score  baseline  seconds  runs
stsb  86.46 ±1.00     50.00     12.0     3
  pearson 84.07  spearmanr 88.85
cola  25.00 ±1.00     50.00     12.0     3
  matthews_correlation 25.00
all         55.73     50.00     24.1
  mean of 2 tasks
mean ± half of the 95 % interval over the runs
(Student's t)
";
        assert_eq!(table("cola").text_within(Some(48)), wanted);
    }

    #[test]
    fn beside_a_long_name_nothing_has_room() {
        let text = table("my/own-task-with-a-long-name").text_within(Some(48));
        assert!(
            text.contains(
                "my/own-task-with-a-long-name\n  metrics matthews_correlation 25.00\n  score 25.00 ±1.00  baseline 50.00\n  \
                 seconds 12.0  runs 3\n"
            ),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 48), "{text}");
    }
}
