//! What the verdict is based on: the test of each task, and the runs, by their seeds and revisions.

use std::collections::BTreeSet;

use super::markup::{paragraph, table};
use crate::compare::best::{Contest, Outcome};
use crate::compare::comparison::Comparison;
use crate::compare::shown::{Cell, Form, Table};
use records::record::{DatasetInfo, ModelInfo, RunRecord};

/// So many seeds or revisions of a model are named.
const NAMED: usize = 6;

/// Digits of a hash that are shown; the last part of the page has all.
const DIGITS: usize = 12;

/// The tests, the runs, and `introduction`.
pub(super) fn tables(comparison: &Comparison<'_>, contests: &[Option<Contest<'_>>], introduction: &str) -> String {
    tests(comparison, contests) + introduction + &table("Runs of each model", &runs(comparison), true)
}

/// Of each task the first model and, where there are more than two, the next.
fn tests(comparison: &Comparison<'_>, contests: &[Option<Contest<'_>>]) -> String {
    let has_two = comparison.rows.iter().filter(|row| !row.is_published()).count() == 2;
    let header = ["task", "first", "difference", "p", "told apart", "test over", "runs of both", "next"];
    let mut data = Table::new(&header[..header.len() - usize::from(has_two)], 1);
    for (column, contest) in comparison.columns.iter().zip(contests) {
        let Some(Contest { best, next, tested, outcome }) = contest else { continue };
        let over = tested.filter(|tested| tested.p.is_some()).map(|tested| tested.is_over_examples);
        let told = match outcome {
            Outcome::Better => "yes",
            Outcome::Chance => "no",
            Outcome::NothingLearnt => "no better than a model that has learnt nothing",
        };
        let mut cells = vec![
            Cell::Text(comparison.usual_name(column)),
            Cell::text(&best.name),
            Cell::number(tested.map(|tested| tested.difference), column.form().of_difference()),
            Cell::number(tested.and_then(|tested| tested.p), Form::Probability),
            Cell::text(told),
            over.map_or(Cell::Nothing, |examples| Cell::text(if examples { "examples" } else { "seeds" })),
            Cell::number(tested.map(|tested| tested.runs as f64), Form::Count),
        ];
        if !has_two {
            cells.push(Cell::text(&next.name));
        }
        data.rows.push(cells);
    }
    if data.rows.is_empty() {
        return String::new();
    }
    paragraph(
        "The first of each task against the next, by their means over all runs. The difference is that of the runs that both have in common, \
         in percentage points, of errors as it is; p is how likely one at least so large would be if the two were alike.",
    ) + &table("The first two models of each task", &data, true)
}

fn runs(comparison: &Comparison<'_>) -> Table {
    let header = ["model", "runs", "seeds", "path or repository", "revision", "data", "program"];
    let mut data = Table::new(&header, 1);
    for row in comparison.rows.iter().filter(|row| !row.is_published()) {
        let records: Vec<&RunRecord> = row.records.iter().map(|&at| &comparison.found[at].1).collect();
        let seeds: BTreeSet<u64> = records.iter().map(|record| record.seed).collect();
        data.rows.push(vec![
            Cell::text(&row.name),
            Cell::number(Some(records.len() as f64), Form::Count),
            Cell::Text(few(seeds.iter().map(u64::to_string))),
            Cell::text(row.model.as_deref().unwrap_or_default()),
            each(&records, |record| revision(&record.model)),
            each(&records, |record| data_of(&record.dataset)),
            each(&records, |record| {
                let commit =
                    record.program.git_commit.as_deref().map_or_else(String::new, |of| format!(" ({})", cut(of)));
                format!("{} {}{commit}", record.program.name, record.program.version)
            }),
        ]);
    }
    data
}

/// What the records say, each once.
fn each(records: &[&RunRecord], of: impl Fn(&RunRecord) -> String) -> Cell {
    let said: BTreeSet<String> = records.iter().map(|record| of(record)).collect();
    Cell::Text(few(said.into_iter()))
}

fn few(names: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = names.collect();
    let more = all.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", all[..all.len().min(NAMED)].join(", "))
}

/// The commit where it is known, else the weights.
fn revision(model: &ModelInfo) -> String {
    if let Some(commit) = &model.commit {
        return format!("commit {}", cut(commit));
    }
    let weights: Vec<String> = model.weights_sha256.values().map(|hash| cut(hash).to_owned()).collect();
    if weights.is_empty() { "unknown".to_owned() } else { format!("weights {}", few(weights.into_iter())) }
}

fn data_of(data: &DatasetInfo) -> String {
    let revision = data.commit.as_deref().map(cut).or(data.revision.as_deref());
    format!("{}{}", data.id, revision.map_or_else(String::new, |revision| format!(" at {revision}")))
}

fn cut(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}
