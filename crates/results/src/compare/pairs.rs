//! Whether two models differ: over the seeds that both have, and over the examples that both predicted.

use super::column::Column;
use super::row::Row;
use crate::statistics::{mcnemar, permutation_test};
use records::Error;
use records::record::RecordFile;
use records::record::predictions::{self, SplitPredictions, Values};

/// Two models on a task: by how much they differ, and whether chance would make that; p-values from 0 to 1.
pub struct Pair {
    /// The name of the column: the task's short name, with the rows where they are not all.
    pub task: String,
    /// The model in question.
    pub model: String,
    /// The one that it is compared with.
    pub baseline: String,
    /// Mean difference of the score over common seeds, as a fraction.
    pub difference: f64,
    /// How many seeds both models have.
    pub seeds: usize,
    /// Of the sign-flip test over seeds.
    pub p_seeds: Option<f64>,
    /// Of the sign-flip test over examples, right or wrong, means over the common seeds.
    pub p_examples: Option<f64>,
    /// Of McNemar's test, for the first common seed.
    pub p_mcnemar: Option<f64>,
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
        Some(name) => rows.iter().find(|row| row.name == name).ok_or_else(|| {
            let known = rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ");
            Error::input(format!("--baseline {name}: there is no such model; expected one of {known}"))
        })?,
        None if rows.len() == 2 => &rows[0],
        None => return Ok(Vec::new()),
    };
    let mut pairs = Vec::new();
    for row in rows.iter().filter(|row| row.name != base.name) {
        for column in columns {
            pairs.extend(pair(row, base, &column.name, of_record, found));
        }
    }
    Ok(pairs)
}

pub(super) fn pair(row: &Row, base: &Row, column: &str, columns: &[String], found: &[RecordFile]) -> Option<Pair> {
    let records = |row: &Row| {
        let there = row.records.iter().filter(|&&at| columns[at] == column);
        there.map(|&at| &found[at]).collect::<Vec<_>>()
    };
    let (ours, theirs) = (records(row), records(base));
    let common: Vec<(&RecordFile, &RecordFile)> =
        ours.iter().filter_map(|our| Some((*our, *theirs.iter().find(|their| their.1.seed == our.1.seed)?))).collect();
    let differences: Vec<f64> =
        common.iter().map(|(our, their)| Some(our.1.score? - their.1.score?)).collect::<Option<_>>()?;
    if differences.is_empty() {
        return None;
    }
    let right: Option<Vec<(Vec<bool>, Vec<bool>)>> = common.iter().map(|(our, their)| both_right(our, their)).collect();
    let right = right.filter(|all| all.iter().all(|(our, _)| our.len() == all[0].0.len()));
    let p_examples = right.as_ref().and_then(|all| {
        let of_row = |at: usize| {
            let sum: f64 = all.iter().map(|(our, their)| f64::from(our[at]) - f64::from(their[at])).sum();
            sum / all.len() as f64
        };
        permutation_test(&(0..all[0].0.len()).map(of_row).collect::<Vec<_>>())
    });
    let p_mcnemar = right.as_ref().and_then(|all| all.first()).map(|(our, their)| {
        let only = |a: &[bool], b: &[bool]| a.iter().zip(b).filter(|(a, b)| **a && !**b).count();
        mcnemar(only(our, their), only(their, our))
    });
    Some(Pair {
        task: column.to_owned(),
        model: row.name.clone(),
        baseline: base.name.clone(),
        difference: differences.iter().sum::<f64>() / differences.len() as f64,
        seeds: differences.len(),
        p_seeds: (differences.len() > 1).then(|| permutation_test(&differences)).flatten(),
        p_examples,
        p_mcnemar,
    })
}

/// Which rows either has right; `None` where a row is not right or wrong, or the rows are not the same.
fn both_right(our: &RecordFile, their: &RecordFile) -> Option<(Vec<bool>, Vec<bool>)> {
    let (our, their) = (predictions::read(&our.0)?, predictions::read(&their.0)?);
    let same =
        our.len() == their.len() && our.iter().zip(&their).all(|(a, b)| a.split == b.split && a.labels == b.labels);
    if !same {
        return None;
    }
    let right =
        |splits: &[SplitPredictions]| splits.iter().map(rights).collect::<Option<Vec<_>>>().map(|rows| rows.concat());
    right(&our).zip(right(&their))
}

fn rights(split: &SplitPredictions) -> Option<Vec<bool>> {
    match (&split.labels, &split.predictions) {
        (Values::Classes(labels), Values::Classes(predictions)) if labels.len() == predictions.len() => {
            Some(labels.iter().zip(predictions).map(|(label, prediction)| label == prediction).collect())
        }
        (Values::Sets(labels), Values::Sets(predictions)) if labels.len() == predictions.len() => {
            Some(labels.iter().zip(predictions).map(|(label, prediction)| label == prediction).collect())
        }
        _ => None,
    }
}
