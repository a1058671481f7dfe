//! The cells that the readable forms share.

use crate::clipped::{Half, Range};
use crate::compare::column::Column;
use crate::compare::comparison::Comparison;
use crate::compare::entry::{Entry, PARTIAL};
use crate::compare::lacking::{NO_MEAN, SCORE};
use crate::compare::row::{CHOSEN_HERE, Row, TRAINED};
use crate::compare::shown::{Form, INTERVAL_ENDS, average_range};
use crate::statistics::Summary;

/// What stands where there is no number.
pub(super) const NOTHING: &str = "-";

/// A cell: its mean and how far its interval reaches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    /// Percent, or an error as it is.
    pub(super) mean: String,
    pub(super) half: Option<Half>,
    pub(super) best: bool,
    pub(super) collapsed: bool,
    /// The model was trained on rows of the column.
    pub(super) trained_on: bool,
    /// The score is not of all metrics of the column.
    pub(super) partial: bool,
    /// There is no number, and it is said why.
    pub(super) no_mean: bool,
}

impl Cell {
    /// A number that is no score.
    fn of_text(mean: String) -> Self {
        Self { mean, half: None, best: false, collapsed: false, trained_on: false, partial: false, no_mean: false }
    }

    /// Of what has no number; `None` where there is nothing to say of it.
    fn without_number(no_mean: bool) -> Option<Self> {
        no_mean.then(|| Self { no_mean, ..Self::of_text(NOTHING.to_owned()) })
    }
}

/// Tasks, then the averages that a row has; where a model trains few of its parameters, what was trained and what that took.
pub(super) struct Grid {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<(String, Vec<Option<Cell>>)>,
}

impl Grid {
    pub(super) fn new(comparison: &Comparison<'_>) -> Self {
        let averages = comparison.averages();
        let mut header: Vec<String> = comparison.columns.iter().map(|column| column.name.clone()).collect();
        header.extend(averages.iter().map(|(_, average)| average.display_name.clone()));
        let trains_few = comparison.rows.iter().any(Row::trains_few);
        if trains_few {
            header.extend(["trained", "training (s)", "memory (MB)"].map(str::to_owned));
        }
        let cell = |summary: Summary, (form, range): (Form, Option<Range>), best: Option<&Row>, row: &Row| Cell {
            mean: form.text(summary.mean),
            half: summary.confidence_interval(comparison.level).map(|ends| form.half(summary.mean, ends, range)),
            best: best.is_some_and(|best| best.name == row.name),
            collapsed: false,
            trained_on: false,
            partial: false,
            no_mean: false,
        };
        let best: Vec<Option<&Row>> = comparison.columns.iter().map(|column| comparison.best_of(column)).collect();
        let best_averages: Vec<Option<&Row>> =
            averages.iter().map(|(of, average)| comparison.best_average(of, average)).collect();
        let row = |row: &Row| {
            let of_column = |(column, best): (&Column, &Option<&Row>)| {
                let entry: &Entry = row.entries.get(&column.name)?;
                let number = match entry.score {
                    Some(score) => cell(score, (column.form(), column.range()), *best, row),
                    None => Cell::without_number(entry.why_no(SCORE).is_some())?,
                };
                Some(Cell {
                    collapsed: entry.collapsed > 0,
                    trained_on: comparison.is_trained_on(row, column),
                    partial: entry.partial.is_some(),
                    ..number
                })
            };
            let tasks = comparison.columns.iter().zip(&best).map(of_column);
            let means = averages.iter().zip(&best_averages).map(|((of, average), best)| {
                let cell = cell(row.averages.get(average)?, (Form::Percent, average_range(of, average)), *best, row);
                Some(Cell { trained_on: comparison.is_average_trained_on(row, of, average), ..cell })
            });
            let took = [
                row.trained.map(|trained| (trained as f64, Form::Count)),
                row.train_seconds().map(|seconds| (seconds, Form::Measure)),
                row.peak_memory_bytes().map(|bytes| (bytes as f64, Form::Megabytes)),
            ];
            let took = took.into_iter().filter(|_| trains_few).map(|number| {
                let (value, form) = number?;
                Some(Cell::of_text(form.text(value)))
            });
            let mark = if row.chosen_on.is_some() { " †" } else { "" };
            (format!("{}{mark}", row.name), tasks.chain(means).chain(took).collect::<Vec<_>>())
        };
        let rows = comparison.rows.iter().map(row).collect();
        Self { header, rows }
    }
}

/// What the table shows, in words.
pub(super) fn caption(comparison: &Comparison<'_>) -> String {
    let trains_few = comparison.rows.iter().any(Row::trains_few);
    let took = if trains_few { format!(" {TRAINED}") } else { String::new() };
    let chosen = comparison.rows.iter().any(|row| row.chosen_on.is_some());
    let chosen = if chosen { format!(" {CHOSEN_HERE}") } else { String::new() };
    let partial = if comparison.has_partial() { format!(" {PARTIAL}") } else { String::new() };
    let no_mean = if comparison.has_cells_without_mean() { format!(" {NO_MEAN}") } else { String::new() };
    format!(
        "Scores in percent, errors as they are; mean over seeds ± half of the {:.0} % interval (Student's t), {INTERVAL_ENDS}. A task with two metrics counts as their \
         mean, MNLI as the mean of both splits; {}.{took}{chosen}{partial}{no_mean}",
        comparison.level * 100.0,
        comparison.averages_in_words().join(", ")
    )
}

/// What there is to say below the table, a sentence a line.
pub(super) fn notes(comparison: &Comparison<'_>) -> Vec<String> {
    comparison.all_notes().iter().map(|note| format!("{note}.")).collect()
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
            pair.form.text(pair.difference),
            pair.seeds.to_string(),
            p(pair.p_seeds),
            p(pair.p_examples),
            p(pair.p_mcnemar),
        ]
    });
    let header = vec!["task", "model", "against", "difference", "seeds", "p (seeds)", "p (examples)", "p (McNemar)"];
    Some((header, rows.collect()))
}
