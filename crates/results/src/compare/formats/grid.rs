//! The cells that the readable forms share.

use glue_tasks::{Benchmark, GLUE};

use crate::compare::comparison::Comparison;
use crate::compare::entry::Entry;
use crate::compare::row::{CHOSEN_HERE, Row};
use crate::compare::shown::count_in_words;
use crate::statistics::Summary;

/// A cell: its mean and half the width of its interval, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) mean: f64,
    pub(super) half: Option<f64>,
    pub(super) best: bool,
    pub(super) collapsed: bool,
}

/// Tasks, then the averages that a row has.
pub(super) struct Grid {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<(String, Vec<Option<Cell>>)>,
}

impl Grid {
    pub(super) fn new(comparison: &Comparison<'_>) -> Self {
        let averages = comparison.averages();
        let mut header = comparison.tasks.clone();
        header.extend(averages.iter().map(|(_, average)| average.display_name.clone()));
        let cell = |summary: Summary, collapsed: bool| Cell {
            mean: summary.mean * 100.0,
            half: summary.confidence_interval(comparison.level).map(|(_, high)| (high - summary.mean) * 100.0),
            best: false,
            collapsed,
        };
        let row = |row: &Row| {
            let of_task = |task: &String| {
                row.entries.get(task).and_then(|entry: &Entry| Some(cell(entry.score?, entry.collapsed > 0)))
            };
            let tasks = comparison.tasks.iter().map(of_task);
            let means =
                averages.iter().map(|(_, average)| row.averages.get(average).map(|summary| cell(summary, false)));
            let mark = if row.chosen_on.is_some() { " †" } else { "" };
            (format!("{}{mark}", row.name), tasks.chain(means).collect::<Vec<_>>())
        };
        let mut rows: Vec<_> = comparison.rows.iter().map(row).collect();
        if rows.len() > 1 {
            for column in 0..header.len() {
                let best = rows.iter().filter_map(|(_, cells)| Some(cells[column]?.mean)).fold(f64::MIN, f64::max);
                for cell in rows.iter_mut().filter_map(|(_, cells)| cells[column].as_mut()) {
                    cell.best = cell.mean == best;
                }
            }
        }
        Self { header, rows }
    }
}

/// What the table shows, in words.
pub(super) fn caption(comparison: &Comparison<'_>) -> String {
    let chosen = comparison.rows.iter().any(|row| row.chosen_on.is_some());
    let chosen = if chosen { format!(" {CHOSEN_HERE}") } else { String::new() };
    let of_benchmark = |benchmark: &Benchmark| {
        let count = count_in_words(benchmark.tasks.len());
        format!("{} is the mean of the {count} tasks", benchmark.averages[0].display_name)
    };
    let mut means = vec![of_benchmark(&GLUE)];
    let shown = comparison.averages();
    let others = shown.iter().filter(|(benchmark, average)| benchmark.name != GLUE.name && average.left_out.is_empty());
    means.extend(others.map(|(benchmark, _)| of_benchmark(benchmark)));
    format!(
        "Scores in percent, mean over seeds ± half of the {:.0} % interval (Student's t). A task with two metrics counts as their \
         mean, MNLI as the mean of both splits; {}.{chosen}",
        comparison.level * 100.0,
        means.join(", ")
    )
}

/// p-values of pairs: a header and rows.
pub(super) fn pair_grid(comparison: &Comparison<'_>) -> Option<(Vec<&'static str>, Vec<Vec<String>>)> {
    if comparison.pairs.is_empty() {
        return None;
    }
    let p = |value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |p| if p < 1e-4 { format!("{p:.1e}") } else { format!("{p:.4}") })
    };
    let rows = comparison.pairs.iter().map(|pair| {
        vec![
            pair.task.clone(),
            pair.model.clone(),
            pair.baseline.clone(),
            format!("{:+.2}", pair.difference * 100.0),
            pair.seeds.to_string(),
            p(pair.p_seeds),
            p(pair.p_examples),
            p(pair.p_mcnemar),
        ]
    });
    let header = vec!["task", "model", "against", "difference", "seeds", "p (seeds)", "p (examples)", "p (McNemar)"];
    Some((header, rows.collect()))
}
