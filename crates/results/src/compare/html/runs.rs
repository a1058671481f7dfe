//! How the runs came about: warnings and settings.

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
