//! Whether two models differ: over the seeds that both have, and over the examples that both predicted.

use std::collections::BTreeMap;

use super::column::Column;
use super::row::Row;
use super::row_test::{RunPair, p_of_rows};
use super::shown::Form;
use crate::statistics::permutation_test;
use records::Error;
use records::record::{RecordFile, RunRecord};

/// Two models on a task: by how much they differ, and whether chance would make that; p-values from 0 to 1.
#[derive(Clone)]
pub struct Pair {
    /// The name of the column: the task's short name, with the rows where they are not all.
    pub task: String,
    /// The model in question.
    pub model: String,
    /// The one that it is compared with.
    pub baseline: String,
    /// Mean difference of the score over the runs of both that belong together: of fractions, or of errors as they are.
    pub difference: f64,
    /// How many runs belong together: by their seeds, and an evaluation that no seed changes with each of the other's.
    pub seeds: usize,
    /// Of the sign-flip test over seeds.
    pub p_seeds: Option<f64>,
    /// Of the test over examples, which the models change places on: of the column's score, mean over the same runs.
    pub p_examples: Option<f64>,
    /// Of McNemar's test, for the first of them.
    pub p_mcnemar: Option<f64>,
    /// How the difference is shown.
    pub(super) form: Form,
}

/// Every row against the baseline; of two rows without one named, the second against the first.
///
/// `of_record`: of each record the name of its column. Runs on other rows are not compared.
///
/// # Errors
/// When there is no such baseline.
pub(super) fn pairs(
    rows: &[Row],
    columns: &[Column],
    of_record: &[String],
    found: &[RecordFile],
    baseline: Option<&str>,
) -> Result<Vec<Pair>, Error> {
    let base = match baseline {
        Some(name) => named(name, rows).ok_or_else(|| {
            let known = rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ");
            Error::input(format!("--baseline {name}: there is no such model; expected one of {known}"))
        })?,
        None if rows.len() == 2 => &rows[0],
        None => return Ok(Vec::new()),
    };
    let mut pairs = Vec::new();
    for row in rows.iter().filter(|row| row.name != base.name) {
        for column in columns {
            pairs.extend(pair(row, base, column, of_record, found));
        }
    }
    Ok(pairs)
}

/// The row of this name; else the only one of this model, however its folder was spelled.
fn named<'a>(name: &str, rows: &'a [Row]) -> Option<&'a Row> {
    let of_model = || {
        let mut all = rows.iter().filter(|row| row.spellings.contains(name));
        all.next().filter(|_| all.next().is_none())
    };
    rows.iter().find(|row| row.name == name).or_else(of_model)
}

pub(super) fn pair(row: &Row, base: &Row, column: &Column, columns: &[String], found: &[RecordFile]) -> Option<Pair> {
    let records = |row: &Row| {
        let there = row.records.iter().filter(|&&at| columns[at] == column.name);
        there.map(|&at| &found[at]).collect::<Vec<_>>()
    };
    let ours = records(row);
    if ours.is_empty() {
        return None;
    }
    let theirs = records(base);
    let mut by_seed: BTreeMap<Option<u64>, Vec<usize>> = BTreeMap::new();
    for (at, their) in theirs.iter().enumerate() {
        by_seed.entry(their.1.seed_that_counts()).or_default().push(at);
    }
    // What no seed changes goes with every run of the other.
    let with = |our: &RunRecord| -> Vec<usize> {
        let Some(seed) = our.seed_that_counts() else { return (0..theirs.len()).collect() };
        let mut with: Vec<usize> =
            [None, Some(seed)].iter().filter_map(|seed| by_seed.get(seed)).flatten().copied().collect();
        with.sort_unstable();
        with
    };
    let (mut common, mut differences): (Vec<(&RecordFile, &RecordFile)>, Vec<f64>) = (Vec::new(), Vec::new());
    for our in ours {
        for at in with(&our.1) {
            common.push((our, theirs[at]));
            differences.push(our.1.score? - theirs[at].1.score?);
        }
    }
    if differences.is_empty() {
        return None;
    }
    let read: Option<Vec<RunPair>> = common.iter().map(|(our, their)| RunPair::read(our, their)).collect();
    Some(Pair {
        task: column.name.clone(),
        model: row.name.clone(),
        baseline: base.name.clone(),
        difference: differences.iter().sum::<f64>() / differences.len() as f64,
        seeds: differences.len(),
        p_seeds: (differences.len() > 1).then(|| permutation_test(&differences)).flatten(),
        p_examples: read.as_deref().and_then(p_of_rows),
        p_mcnemar: read.as_ref().and_then(|all| all.first()?.mcnemar()),
        form: column.form().of_difference(),
    })
}
