//! Speed and memory of the runs, and the machines that they ran on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::markup::{details, paragraph, table};
use crate::compare::comparison::Comparison;
use crate::compare::shown::{Cell, Form, Table};
use crate::statistics::Summary;
use records::counted;
use records::record::Host;
use records::record::RunRecord;

/// So many machines are described.
const MOST_MACHINES: usize = 50;

/// Numbers of a run by name, in the order in which they are shown.
type Measured = fn(&RunRecord) -> Vec<(String, f64)>;

/// Means over the runs of a model on a task, and their peak of memory.
pub(super) fn tables(comparison: &Comparison<'_>) -> String {
    let machines = Machines::of(comparison);
    let hosts = &machines.hosts;
    let mut speed = means(comparison, |record| [fields(&record.timings), fields(&record.throughput)].concat());
    speed.header.push("peak memory,\u{a0}MB".to_owned());
    if hosts.len() > 1 {
        speed.header.push("machine".to_owned());
    }
    for ((_, _, records), row) in comparison.groups().zip(&mut speed.rows) {
        let peak = records.iter().filter_map(|record| record.peak_memory_bytes).max();
        row.push(Cell::number(peak.map(|bytes| bytes as f64), Form::Megabytes));
        if hosts.len() > 1 {
            row.push(Cell::Text(machines.numbers(&records)));
        }
    }
    let mut html = paragraph(
        "Means over the runs, in seconds of wall-clock time or per second; memory is the most that any of them had in use at once, \
         without that of an accelerator.",
    );
    html += &table("Speed and memory of each model and task", &speed, true);
    let parts: [(&str, Measured); 2] = [
        ("Stages of the training, and energy of the processors", |record| {
            record.profile.as_ref().map_or_else(Vec::new, fields)
        }),
        ("Forward and backward passes by kind of operation", |record| {
            let operations = record.profile.iter().flat_map(|profile| &profile.operations_seconds);
            operations.map(|(name, seconds)| (format!("{name}_seconds"), *seconds)).collect()
        }),
    ];
    for (title, of) in parts {
        let data = means(comparison, of);
        if data.header.len() > data.names {
            html += &details(title, &table(title, &data, true));
        }
    }
    for (number, host) in (1..).zip(hosts).take(MOST_MACHINES) {
        let start = if hosts.len() > 1 { format!("Machine {number}: ") } else { "Machine: ".to_owned() };
        html += &paragraph(&(start + &words(host)));
    }
    if hosts.len() > MOST_MACHINES {
        html += &paragraph(&format!("And {}.", counted(hosts.len() - MOST_MACHINES, "other machine")));
    }
    if hosts.len() > 1 {
        html += &paragraph(
            "Times of different machines, or of machines that did other work too, say nothing about the models.",
        );
    }
    html
}

/// The numbers of a part of a record, whatever its fields are.
fn fields(part: &impl Serialize) -> Vec<(String, f64)> {
    let Ok(Value::Object(fields)) = serde_json::to_value(part) else { return Vec::new() };
    fields.into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?))).collect()
}

/// One row a model and task with runs, one column a number that any of them has.
fn means(comparison: &Comparison<'_>, of: Measured) -> Table {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in comparison.found.iter().flat_map(|(_, record)| of(record)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut data = Table::new(&["model", "task"], 2);
    data.header.extend(names.iter().map(|name| title(name)));
    for (row, column, records) in comparison.groups() {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (name, value) in records.iter().flat_map(|record| of(record)) {
            values.entry(name).or_default().push(value);
        }
        let mean = |name: &String| Some(Summary::of(values.get(name)?)?.mean);
        let mut cells = vec![Cell::text(&row.name), Cell::Text(comparison.usual_name(column))];
        cells.extend(names.iter().map(|name| Cell::number(mean(name), Form::Measure)));
        data.rows.push(cells);
    }
    data
}

/// `train_samples_per_second` as `train samples/s`, `train_seconds` as `train, s`.
fn title(name: &str) -> String {
    let units = [("_per_second", "/s"), ("_seconds", ",\u{a0}s"), ("_joules", ",\u{a0}J")];
    let unit = units.into_iter().find_map(|(end, unit)| Some((name.strip_suffix(end)?, unit)));
    unit.map_or_else(|| name.replace('_', " "), |(name, unit)| format!("{}{unit}", name.replace('_', " ")))
}

/// The machines of all runs, each once, in the order of the runs.
struct Machines<'a> {
    hosts: Vec<&'a Host>,
    places: HashMap<&'a Host, usize>,
}

impl<'a> Machines<'a> {
    fn of(comparison: &Comparison<'a>) -> Self {
        let mut this = Self { hosts: Vec::new(), places: HashMap::new() };
        for (_, record) in comparison.found {
            let next = this.hosts.len();
            if *this.places.entry(&record.host).or_insert(next) == next {
                this.hosts.push(&record.host);
            }
        }
        this
    }

    /// Those of some runs by their numbers, from 1 on.
    fn numbers(&self, records: &[&RunRecord]) -> String {
        let own: BTreeSet<usize> =
            records.iter().filter_map(|record| self.places.get(&record.host)).map(|place| place + 1).collect();
        own.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
    }
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
            ("data_wait_seconds", "data wait,\u{a0}s"),
            ("energy_joules", "energy,\u{a0}J"),
            ("other_thing", "other thing"),
        ] {
            assert_eq!(title(name), wanted);
        }
    }
}
