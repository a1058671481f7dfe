//! How the runs came about: warnings, settings, and what it takes to repeat them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::markup::{details, paragraph, table};
use crate::compare::comparison::Comparison;
use crate::compare::escape::escaped;
use crate::compare::methods_of;
use crate::compare::shown::{Cell, Table, task_name};
use records::counted;
use records::record::RunRecord;

/// So many warnings are listed.
const MOST_WARNINGS: usize = 100;

/// So many runs that gave one.
const MOST_NAMED: usize = 100;

/// Every warning, with the runs that gave it.
pub(super) fn warnings(comparison: &Comparison<'_>) -> String {
    let mut of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let rows = comparison.rows.iter().flat_map(|row| row.records.iter().map(|&at| (at, row.name.as_str())));
    let rows: BTreeMap<usize, &str> = rows.collect();
    for (at, (_, record)) in comparison.found.iter().enumerate() {
        for warning in &record.warnings {
            let methods = methods_of(record);
            let methods = if methods.is_empty() { String::new() } else { format!(" ({})", methods.join(", ")) };
            // Of what stands in no row there is the model's own name.
            let model =
                rows.get(&at).map_or_else(|| format!("{}{methods}", record.model.id), |name| (*name).to_owned());
            let run = format!("{model} on {}, seed {}", task_name(&record.task), record.seed);
            of.entry(warning).or_default().push(run);
        }
    }
    if of.is_empty() {
        return paragraph("No run gave a warning.");
    }
    let more = of.len().saturating_sub(MOST_WARNINGS);
    let mut html = String::from("<ul>\n");
    for (warning, runs) in of.into_iter().take(MOST_WARNINGS) {
        let who = if runs.len() == 1 { runs[0].clone() } else { counted(runs.len(), "run") };
        html += &format!("<li>{} <span class=\"who\">({})</span>", escaped(warning), escaped(&who));
        if runs.len() > 1 {
            html += &details("which", &paragraph(&listed(&runs)));
        }
        html += "</li>\n";
    }
    if more > 0 {
        html += &format!("<li>and {}</li>\n", counted(more, "other warning"));
    }
    html + "</ul>\n"
}

fn listed(runs: &[String]) -> String {
    let more = runs.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", runs[..runs.len().min(MOST_NAMED)].join("; "))
}

/// Settings that all runs share, and those by which they differ.
pub(super) fn settings(comparison: &Comparison<'_>) -> String {
    let mut values: BTreeMap<&str, BTreeSet<String>> =
        names(comparison).into_iter().map(|name| (name, BTreeSet::new())).collect();
    for (_, record) in comparison.found {
        values.iter_mut().for_each(|(name, values)| {
            values.insert(value(record, name));
        });
    }
    let (same, other): (Vec<_>, Vec<_>) = values.iter().partition(|(_, values)| values.len() == 1);
    let mut html = String::new();
    if other.is_empty() {
        html += &paragraph("All runs have the same settings.");
    } else {
        let mut header = vec!["model", "task"];
        header.extend(other.iter().map(|(name, _)| **name));
        let mut data = Table::new(&header, 2);
        for (row, column, records) in comparison.groups() {
            let mut cells = vec![Cell::text(&row.name), Cell::Text(comparison.usual_name(column))];
            for (name, _) in &other {
                let own: BTreeSet<String> = records.iter().map(|record| value(record, name)).collect();
                cells.push(Cell::Text(own.into_iter().collect::<Vec<_>>().join(", ")));
            }
            data.rows.push(cells);
        }
        html += &table("Settings that differ between runs", &data, true);
    }
    let mut data = Table::new(&["setting", "value"], 1);
    for (name, values) in same {
        data.rows.push(vec![Cell::text(name), Cell::Text(values.first().cloned().unwrap_or_default())]);
    }
    html + &details("Settings that all runs share", &table("Settings that all runs share", &data, false))
}

fn names<'a>(comparison: &Comparison<'a>) -> BTreeSet<&'a str> {
    comparison.found.iter().flat_map(|(_, record)| record.hyper_parameters.keys().map(String::as_str)).collect()
}

fn value(record: &RunRecord, name: &str) -> String {
    match record.hyper_parameters.get(name) {
        None => "–".to_owned(),
        Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// What identifies model, data, program and settings of every run.
pub(super) fn reproduction(comparison: &Comparison<'_>) -> String {
    let header = ["model", "task", "seeds", "settings hash", "weights (SHA-256)", "data", "rows", "program"];
    let mut data = Table::new(&header, 2);
    for (row, column, records) in comparison.groups() {
        let all = |of: &dyn Fn(&RunRecord) -> String| {
            let values: BTreeSet<String> = records.iter().map(|record| of(record)).collect();
            Cell::Text(values.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "))
        };
        let mut seeds: Vec<u64> = records.iter().map(|record| record.seed).collect();
        seeds.sort_unstable();
        data.rows.push(vec![
            Cell::text(&row.name),
            Cell::Text(comparison.usual_name(column)),
            Cell::Text(seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
            all(&|record| record.settings_hash.clone()),
            all(&|record| {
                let hashes = record.model.weights_sha256.iter().map(|(file, hash)| format!("{file} {hash}"));
                hashes
                    .chain(record.model.commit.iter().map(|commit| format!("commit {commit}")))
                    .collect::<Vec<_>>()
                    .join(", ")
            }),
            all(&|record| {
                let of = &record.dataset;
                let parts = [Some(&of.id), of.config.as_ref(), of.revision.as_ref()];
                parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
            }),
            all(&|record| {
                let rows = record.dataset.splits.iter().map(|split| {
                    let hash = split
                        .sha256
                        .as_ref()
                        .map_or_else(String::new, |hash| format!(" ({})", &hash[..hash.len().min(12)]));
                    format!("{} {}{hash}", split.split, split.rows)
                });
                rows.collect::<Vec<_>>().join(", ")
            }),
            all(&|record| {
                let of = &record.program;
                let commit = of.git_commit.as_ref().map_or_else(String::new, |commit| format!(" ({commit})"));
                format!("{} {}{commit}", of.name, of.version)
            }),
        ]);
    }
    paragraph(
        "A run is repeated by the same program with the same model, data, settings and seed; on a CPU its numbers repeat bit for bit. \
         Runs that differ by nothing but the seed share their settings hash. Every setting is listed under its flag's name: --setting \
         value.",
    ) + &details("Model, data, program and hash of every run", &table("What the runs were made of", &data, true))
}
