//! What is to be said below the table of rows and columns: where what stands beside each other is not made of the same.

use std::collections::BTreeMap;

use super::column::Column;
use super::comparison::Comparison;
use super::configuration::Configurations;
use super::lacking::SCORE;
use super::model_names::ModelNames;
use super::origin::training_rows;
use super::row::Row;
use super::training::is_same_training;
use crate::scored_rows::{is_whole, may_be_trained_on, scored, spec_of};
use records::counted;
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
        [
            other_training(comparison, column),
            content(comparison, column),
            origin(comparison, column),
            best_not_kept(comparison, column),
            lacking(comparison, column),
        ]
    });
    of_columns
        .flatten()
        .chain(starts(comparison))
        .chain(contents(comparison))
        .chain(settings(comparison))
        .chain(uneven(comparison))
        .collect()
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
    let mut by_rows: BTreeMap<String, (&RunRecord, Vec<&str>)> = BTreeMap::new();
    for row in &comparison.rows {
        for record in comparison.records_in(row, column) {
            let (_, rows) = by_rows.entry(training_rows(record)).or_insert((record, Vec::new()));
            if rows.last() != Some(&row.name.as_str()) {
                rows.push(&row.name);
            }
        }
    }
    let records: Vec<&RunRecord> = by_rows.values().map(|(record, _)| *record).collect();
    // Data of one's own are known by the name that they were given where nothing else is known.
    let is_other = |one: &RunRecord, other: &RunRecord| {
        is_same_training(one, other).map_or(spec_of(one).is_none(), |is_same| !is_same)
    };
    let several = records.iter().enumerate().any(|(at, one)| records[..at].iter().any(|other| is_other(one, other)));
    let all = by_rows.iter().map(|(rows, (_, names))| format!("{rows}: {}", listed(names)));
    let all = all.collect::<Vec<_>>().join("; ");
    several.then(|| format!("{}: the runs were not trained on the same rows ({all})", comparison.name_of(column)))
}

/// That runs of some columns began from others, and so count in no average.
fn starts(comparison: &Comparison<'_>) -> Option<String> {
    let names: Vec<String> =
        comparison.columns.iter().filter(|column| !column.start.is_empty()).map(Column::title).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| {
        format!("{}: these trainings did not begin with the model itself, and count in no average", listed(&names))
    })
}

/// That rows of several contents are as many as the benchmark's, so that none has the column of the task's name.
fn contents(comparison: &Comparison<'_>) -> Vec<String> {
    let mut by_task: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for column in &comparison.columns {
        let claims = |record: &RunRecord| is_whole(record) == Some(true);
        if column.rows.is_some() && comparison.records_of(column).any(claims) {
            by_task.entry(&column.task).or_default().push(&column.name);
        }
    }
    let said = by_task.into_iter().map(|(task, names)| {
        format!(
            "{task}: rows of several contents are as many as the benchmark's, and which are the benchmark's is not known, so that none \
             stands in the column {task} or counts in an average: {}",
            names.join(", ")
        )
    });
    said.collect()
}

/// That some records of a column do not know the content of its rows.
fn content(comparison: &Comparison<'_>, column: &Column) -> Option<String> {
    let is_known = |record: &RunRecord| scored(record).iter().all(|split| split.sha256.is_some());
    let unknown = rows_with(comparison, column, |record| !is_known(record));
    let has_published = comparison.rows.iter().any(|row| row.is_published() && row.entries.contains_key(&column.name));
    let is_mixed = !unknown.is_empty() && (has_published || comparison.records_of(column).any(is_known));
    is_mixed.then(|| {
        format!(
            "{}: content unknown: records of format 1 know the number of the rows alone, which is that of the benchmark's: {}",
            comparison.name_of(column),
            listed(&unknown)
        )
    })
}

/// That runs could not keep the weights of their best evaluation, and stand beside such as could.
fn best_not_kept(comparison: &Comparison<'_>, column: &Column) -> Option<String> {
    let of_row = |row: &Row| {
        let runs = comparison.records_in(row, column);
        let count = runs.iter().filter(|record| record.could_not_keep_best()).count();
        (count > 0).then(|| format!("{} ({count} of {})", row.name, counted(runs.len(), "run")))
    };
    let rows: Vec<String> = comparison.rows.iter().filter_map(of_row).collect();
    let names: Vec<&str> = rows.iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{}: runs could not keep the weights of their best evaluation, and their scores are of the best that they had: {}",
            comparison.name_of(column),
            listed(&names)
        )
    })
}

/// Why rows have no number in the column.
fn lacking(comparison: &Comparison<'_>, column: &Column) -> Option<String> {
    let of_row = |row: &Row| {
        let lacking = row.entries.get(&column.name).map_or(&[][..], |entry| &entry.lacking);
        // Metrics that a few runs lack beside a score that all have leave no cell empty.
        let reasons = lacking.iter().filter(|lacking| lacking.is_why(SCORE));
        reasons.map(|lacking| lacking.in_words(Some(&row.name))).collect::<Vec<_>>()
    };
    let said: Vec<String> = comparison.rows.iter().flat_map(of_row).collect();
    (!said.is_empty()).then(|| format!("{}: {}", comparison.name_of(column), said.join("; ")))
}

/// That saved models do not say what they were trained on.
fn origin(comparison: &Comparison<'_>, column: &Column) -> Option<String> {
    let names = rows_with(comparison, column, may_be_trained_on);
    (!names.is_empty()).then(|| {
        format!(
            "{}: unknown whether these saved models were trained on its rows, so that they do not count for what is bold: {}",
            comparison.name_of(column),
            listed(&names)
        )
    })
}

/// That averages are of tasks with runs of other seeds each: their mean is of more runs than their interval.
fn uneven(comparison: &Comparison<'_>) -> Vec<String> {
    let averages = comparison.averages();
    let of_row = |row: &Row| {
        let mut by_count: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (_, average) in averages.iter().copied().filter(|(_, of)| row.averages.has_other_seeds(of)) {
            let common = row.averages.get(average).map_or(0, |summary| summary.count);
            by_count.entry(common).or_default().push(&average.display_name);
        }
        let said = by_count.into_iter().map(|(common, names)| {
            let spread = match common {
                0 => "there is no interval, since no seed is common to all".to_owned(),
                1 => "there is no interval, since one seed alone is common to all".to_owned(),
                common => format!("the interval is over the {common} seeds that all tasks have"),
            };
            format!(
                "{}: the tasks of {} do not all have the same seeds: the mean is that of the scores as they stand, and {spread}",
                row.name,
                names.join(" and ")
            )
        });
        said.collect::<Vec<_>>()
    };
    comparison.rows.iter().flat_map(of_row).collect()
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
