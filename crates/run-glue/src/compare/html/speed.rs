//! Speed and memory of the runs, and the machines that they ran on.

use std::collections::BTreeMap;

use glue_tasks::statistics::Summary;
use serde_json::Value;

use super::super::Comparison;
use super::super::shown::{Cell, Form, Table, task_name};
use super::markup::{paragraph, table};
use crate::report::host::Host;
use crate::report::record::RunRecord;

/// Means over the runs of a model on a task, and their peak of memory.
pub(super) fn tables(comparison: &Comparison<'_>) -> String {
    let groups: Vec<_> = comparison.groups().collect();
    let measures: Vec<BTreeMap<String, Summary>> = groups.iter().map(|(_, _, records)| means(records)).collect();
    let mut names: Vec<String> = Vec::new();
    // In the order of the records' own fields.
    for name in comparison.found.iter().flat_map(|(_, record)| measured(record)).map(|(name, _)| name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let hosts = hosts(comparison);
    let mut header = vec!["model", "task"];
    let titles: Vec<String> = names.iter().map(|name| title(name)).collect();
    header.extend(titles.iter().map(String::as_str));
    header.push("peak memory, MB");
    if hosts.len() > 1 {
        header.push("machine");
    }
    let mut data = Table::new(&header, 2);
    for ((row, task, records), measures) in groups.iter().zip(&measures) {
        let mut cells = vec![Cell::text(&row.name), Cell::text(task_name(task))];
        cells.extend(names.iter().map(|name| Cell::number(measures.get(name).map(|of| of.mean), Form::Measure)));
        let peak = records.iter().filter_map(|record| record.peak_memory_bytes).max();
        cells.push(Cell::number(peak.map(|bytes| bytes as f64), Form::Megabytes));
        if hosts.len() > 1 {
            let own = (1..).zip(&hosts).filter(|(_, host)| records.iter().any(|record| record.host == ***host));
            cells.push(Cell::Text(own.map(|(number, _)| number.to_string()).collect::<Vec<_>>().join(", ")));
        }
        data.rows.push(cells);
    }
    let mut html = paragraph(
        "Means over the runs, in seconds of wall-clock time or per second; memory is the most that any of them had in use at once, \
         without that of an accelerator.",
    );
    html += &table("Speed and memory", &data, true);
    for (number, host) in (1..).zip(&hosts) {
        let start = if hosts.len() > 1 { format!("Machine {number}: ") } else { "Machine: ".to_owned() };
        html += &paragraph(&(start + &words(host)));
    }
    if hosts.len() > 1 {
        html += &paragraph(
            "Times of different machines, or of machines that did other work too, say nothing about the models.",
        );
    }
    html
}

/// Numbers of the stages and speeds of a run, whatever fields a record has.
fn measured(record: &RunRecord) -> Vec<(String, f64)> {
    let parts = [serde_json::to_value(record.timings), serde_json::to_value(record.throughput)];
    let fields = parts.into_iter().flatten().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    fields.flatten().filter_map(|(name, value)| Some((name, value.as_f64()?))).collect()
}

fn means(records: &[&RunRecord]) -> BTreeMap<String, Summary> {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (name, value) in records.iter().flat_map(|record| measured(record)) {
        values.entry(name).or_default().push(value);
    }
    values.into_iter().filter_map(|(name, values)| Some((name, Summary::of(&values)?))).collect()
}

/// `train_samples_per_second` as `train samples/s`, `train_seconds` as `train, s`.
fn title(name: &str) -> String {
    let units = [("_per_second", "/s"), ("_seconds", ", s"), ("_joules", ", J")];
    let unit = units.into_iter().find_map(|(end, unit)| Some((name.strip_suffix(end)?, unit)));
    unit.map_or_else(|| name.replace('_', " "), |(name, unit)| format!("{}{unit}", name.replace('_', " ")))
}

fn hosts<'a>(comparison: &Comparison<'a>) -> Vec<&'a Host> {
    let mut hosts: Vec<&Host> = Vec::new();
    for (_, record) in comparison.found {
        if !hosts.contains(&&record.host) {
            hosts.push(&record.host);
        }
    }
    hosts
}

fn words(host: &Host) -> String {
    let memory =
        host.memory_bytes.map_or_else(String::new, |bytes| format!(", {:.1} GB of memory", bytes as f64 / 1e9));
    format!(
        "{}, {} threads of {} logical processors{memory}; {}; backend {} on {}; {}",
        host.cpu_model.as_deref().unwrap_or(&host.arch),
        host.threads,
        host.logical_cores,
        host.os,
        host.backend,
        host.device,
        host.simd.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn fields_become_titles() {
        for (name, wanted) in [
            ("train_samples_per_second", "train samples/s"),
            ("data_wait_seconds", "data wait, s"),
            ("energy_joules", "energy, J"),
            ("other_thing", "other thing"),
        ] {
            assert_eq!(title(name), wanted);
        }
    }
}
