//! What is to be said below the table of rows and columns: where what stands beside each other is not made of the same.

use std::collections::BTreeMap;

use super::column::Column;
use super::comparison::Comparison;
use super::configuration::Configurations;
use super::model_names::ModelNames;
use super::origin::{UNKNOWN_TRAINING, training_rows};
use super::row::Row;
use crate::scored_rows::{may_be_trained_on, scored};
use records::record::RunRecord;

/// So many names are said, and the number of the others.
const NAMED: usize = 8;

impl Comparison<'_> {
    /// All that there is to say below the table, in sentences without a full stop: of records that do not count, and of what stands
    /// beside each other.
    pub(super) fn all_notes(&self) -> Vec<String> {
        self.notes.iter().cloned().chain(remarks(self)).collect()
    }
}

fn remarks(comparison: &Comparison<'_>) -> Vec<String> {
    let of_columns = comparison.columns.iter().flat_map(|column| {
        [other_training(comparison, column), content(comparison, column), origin(comparison, column)]
    });
    of_columns.flatten().chain(settings(comparison)).collect()
}

/// The rows of the table with a run in a column for which something holds.
fn rows_with<'c>(comparison: &'c Comparison<'_>, column: &Column, holds: impl Fn(&RunRecord) -> bool) -> Vec<&'c str> {
    let has = |row: &&Row| comparison.records_in(row, column).into_iter().any(&holds);
    comparison.rows.iter().filter(has).map(|row| row.name.as_str()).collect()
}

fn listed(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// That the models of a column were trained on other rows. What a record does not know makes no difference.
fn other_training(comparison: &Comparison<'_>, column: &Column) -> Option<String> {
    let mut by_rows: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in &comparison.rows {
        for record in comparison.records_in(row, column) {
            let rows = by_rows.entry(training_rows(record)).or_default();
            if rows.last() != Some(&row.name.as_str()) {
                rows.push(&row.name);
            }
        }
    }
    let several = by_rows.keys().filter(|rows| *rows != UNKNOWN_TRAINING).count() > 1;
    let all = by_rows.iter().map(|(rows, names)| format!("{rows}: {}", listed(names)));
    let all = all.collect::<Vec<_>>().join("; ");
    several.then(|| format!("{}: the runs were not trained on the same rows ({all})", column.name))
}

/// That some records of a column do not know the content of its rows.
fn content(comparison: &Comparison<'_>, column: &Column) -> Option<String> {
    let is_known = |record: &RunRecord| scored(record).iter().all(|split| split.sha256.is_some());
    let unknown = rows_with(comparison, column, |record| !is_known(record));
    let is_mixed = !unknown.is_empty() && comparison.records_of(column).any(is_known);
    is_mixed.then(|| {
        format!(
            "{}: content unknown: records of format 1 know the number of the rows alone, which is that of the benchmark's: {}",
            column.name,
            listed(&unknown)
        )
    })
}

/// That saved models do not say what they were trained on.
fn origin(comparison: &Comparison<'_>, column: &Column) -> Option<String> {
    let names = rows_with(comparison, column, may_be_trained_on);
    (!names.is_empty()).then(|| {
        format!(
            "{}: unknown whether these saved models were trained on its rows, so that they do not count for what is bold: {}",
            column.name,
            listed(&names)
        )
    })
}

/// That a row has other settings on each task, of those that tell the model's rows apart.
fn settings(comparison: &Comparison<'_>) -> Vec<String> {
    let names = ModelNames::of(comparison.found);
    let configurations = Configurations::of(comparison.found, &names);
    let of_row = |row: &Row| {
        let records: Vec<&RunRecord> = row.records.iter().map(|&at| &comparison.found[at].1).collect();
        let said = configurations.by_task(row.model.as_deref()?, &records);
        (!said.is_empty()).then(|| {
            format!(
                "{}: a setting that tells its rows apart is each task's usual one here ({})",
                row.name,
                said.join("; ")
            )
        })
    };
    comparison.rows.iter().filter_map(of_row).collect()
}
