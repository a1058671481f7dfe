//! What each class was taken for: counts summed over the runs, with their share of the right class.

use std::cmp::Reverse;

use super::markup::{self, details, number, paragraph, scrolling};
use crate::compare::comparison::Comparison;
use crate::compare::escape::escaped;
use crate::compare::shown::{Cell, Form, Number, Table};
use records::counted;
use records::record::RunRecord;

/// Of more classes nobody reads a matrix, which has a cell for each two.
const MOST_CLASSES: usize = 30;

/// So many mistakes are listed in its place, the most frequent first.
const MOST_MISTAKES: usize = 50;

/// Bytes of all tables of a page; others are left out from there on.
const MOST_BYTES: usize = 3_000_000;

/// Counts of one split over several runs.
struct Matrix {
    split: String,
    labels: Vec<String>,
    counts: Vec<Vec<u64>>,
    runs: usize,
}

/// All matrices, one list a task; empty where the records have none.
pub(super) fn tables(comparison: &Comparison<'_>) -> String {
    let (mut html, mut left_out) = (String::new(), 0);
    for column in &comparison.columns {
        let title = column.title();
        let mut of_task = String::new();
        for row in &comparison.rows {
            for matrix in matrices(&comparison.records_in(row, column)) {
                if html.len() + of_task.len() > MOST_BYTES {
                    left_out += 1;
                } else {
                    of_task += &table(&matrix, &row.name, &title);
                }
            }
        }
        if !of_task.is_empty() {
            html += &details(&title, &format!("<div class=\"grid wide\">\n{of_task}</div>\n"));
        }
    }
    if html.is_empty() {
        return html;
    }
    if left_out > 0 {
        let tables = counted(left_out, "more table");
        html += &paragraph(&format!("The page has no room for {tables}; the counts are in the records."));
    }
    paragraph(
        "Right classes down, predicted ones across: counts summed over the runs, and what share of the right class they are. The \
         stronger the colour, the larger the share.",
    ) + &html
}

/// One a split; runs with other classes are another matrix.
fn matrices(records: &[&RunRecord]) -> Vec<Matrix> {
    let mut matrices: Vec<Matrix> = Vec::new();
    for table in records.iter().flat_map(|record| &record.class_tables) {
        let Some(counts) = &table.confusion_matrix else { continue };
        let labels: Vec<String> = table.classes.iter().map(|class| class.label.clone()).collect();
        let is_square = counts.len() == labels.len() && counts.iter().all(|row| row.len() == labels.len());
        if !is_square {
            continue;
        }
        match matrices.iter_mut().find(|matrix| matrix.split == table.split && matrix.labels == labels) {
            Some(matrix) => {
                for (sum, count) in matrix.counts.iter_mut().flatten().zip(counts.iter().flatten()) {
                    *sum += count;
                }
                matrix.runs += 1;
            }
            None => matrices.push(Matrix { split: table.split.clone(), labels, counts: counts.clone(), runs: 1 }),
        }
    }
    matrices
}

fn table(matrix: &Matrix, model: &str, task: &str) -> String {
    let runs = counted(matrix.runs, "run");
    if matrix.labels.len() > MOST_CLASSES {
        return mistakes(matrix, &format!("{task}, {model}, {}, {runs}", matrix.split));
    }
    let label = format!("{task}, {model}, {}: confusion matrix over {runs}", matrix.split);
    let mut html = format!(
        "<table class=\"confusion\"><caption>{}<br>{}, {runs}</caption>\n<thead><tr><th scope=\"col\"><small>predicted →<br>right ↓</small></th>",
        escaped(model),
        escaped(&matrix.split)
    );
    for name in &matrix.labels {
        html += &format!("<th scope=\"col\" class=\"n\">{}</th>", escaped(name));
    }
    html += "</tr></thead>\n<tbody>\n";
    for (name, counts) in matrix.labels.iter().zip(&matrix.counts) {
        html += &format!("<tr><th scope=\"row\">{}</th>", escaped(name));
        let all: u64 = counts.iter().sum();
        for &count in counts {
            let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
            let percent = if all == 0 { "–".to_owned() } else { format!("{:.1} %", share * 100.0) };
            let number = number(Number { value: count as f64, form: Form::Count });
            let tint = (share * 10.0).round();
            html += &format!("<td class=\"n h{tint:.0}\">{percent}<small>{number}</small></td>");
        }
        html += "</tr>\n";
    }
    scrolling(&label, &(html + "</tbody></table>\n"))
}

/// What was most often taken for something else, of a matrix of many classes.
fn mistakes(matrix: &Matrix, title: &str) -> String {
    let mut found: Vec<(u64, usize, usize)> = Vec::new();
    for (right, counts) in matrix.counts.iter().enumerate() {
        let wrong = counts.iter().enumerate().filter(|(said, count)| *said != right && **count > 0);
        found.extend(wrong.map(|(said, count)| (*count, right, said)));
    }
    found.sort_unstable_by_key(|(count, right, said)| (Reverse(*count), *right, *said));
    let mut data = Table::new(&["right", "predicted", "rows", "share of the right class"], 2);
    for (count, right, said) in found.iter().copied().take(MOST_MISTAKES) {
        let all: u64 = matrix.counts[right].iter().sum();
        data.rows.push(vec![
            Cell::text(&matrix.labels[right]),
            Cell::text(&matrix.labels[said]),
            Cell::number(Some(count as f64), Form::Count),
            Cell::number(Some(count as f64 / all as f64), Form::Percent),
        ]);
    }
    let (classes, of) = (matrix.labels.len(), counted(found.len(), "pair"));
    let caption = format!("{title}: the most frequent mistakes between {classes} classes, {} of {of}", data.rows.len());
    markup::table(&caption, &data, true)
}
