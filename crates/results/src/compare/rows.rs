//! Records to rows: one a model and choice of settings, with an entry a task.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::average::Averages;
use super::column::Columns;
use super::configuration::Configurations;
use super::entry::Entry;
use super::lacking::Lacking;
use super::model_names::ModelNames;
use super::once::Once;
use super::origin::Origins;
use super::row::Row;
use crate::scored_rows::{class_one, spec_of};
use crate::statistics::{Summary, bootstrap_mean_interval};
use records::record::{RecordFile, RunRecord};

/// One row a model and choice of settings. Each run is in it once; what is left out is warned of (`log`).
pub(crate) fn rows(found: &[RecordFile], level: f64) -> Vec<Row> {
    rows_in(found, &Columns::of(found).of_record, level).0
}

/// The same, with the name of each record's column; and what was said of records that do not count.
pub(super) fn rows_in(found: &[RecordFile], columns: &[String], level: f64) -> (Vec<Row>, Vec<String>) {
    let mut notes = Vec::new();
    let names = ModelNames::of(found);
    let origins = Origins::of(found, columns, &names);
    let configurations = Configurations::of(found, &names);
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, (_, record)) in found.iter().enumerate() {
        let model = names.get(at);
        let own: Vec<String> = configurations.words(model, record).into_iter().chain(origins.words(at)).collect();
        let name = if own.is_empty() { model.to_owned() } else { format!("{model} ({})", own.join(", ")) };
        let place = *places.entry(name).or_insert_with_key(|name| {
            groups.push((name.clone(), Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(at);
    }
    let mut row = |(name, records): (String, Vec<usize>)| {
        let mut by_column: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
        for at in records {
            by_column.entry(&columns[at]).or_default().push(at);
        }
        let (mut records, mut entries) = (Vec::new(), BTreeMap::new());
        for (column, there) in by_column {
            let once = Once::of(&there, found, &format!("{name} on {column}"));
            let counted: Vec<&RunRecord> = once.counted.iter().map(|&at| &found[at].1).collect();
            entries.insert(column.clone(), entry(&counted, level));
            records.extend(once.counted);
            notes.extend(once.notes);
        }
        records.sort_unstable();
        Row {
            averages: Averages::of(&entries),
            model: records.first().map(|&at| names.get(at).to_owned()),
            spellings: records.iter().map(|&at| found[at].1.model.id.clone()).collect(),
            parameters: records.iter().map(|&at| found[at].1.model.parameters).max(),
            trained: records.iter().filter_map(|&at| trained_parameters(&found[at].1)).max(),
            name,
            entries,
            source: None,
            chosen_on: records.iter().find_map(|&at| found[at].1.optimistic_on()).map(str::to_owned),
            records,
        }
    };
    let rows = groups.into_iter().map(&mut row).collect();
    notes.iter().for_each(|note| log::warn!("{note}"));
    (rows, notes)
}

/// Of a run that trained: all, unless its record says how few.
fn trained_parameters(record: &RunRecord) -> Option<u64> {
    record.timings.train_seconds.map(|_| record.model.trainable_parameters.unwrap_or(record.model.parameters))
}

fn entry(records: &[&RunRecord], level: f64) -> Entry {
    let all = |values: Vec<Option<f64>>| values.into_iter().collect::<Option<Vec<f64>>>();
    let scores = all(records.iter().map(|record| record.score).collect());
    let score = scores.as_deref().and_then(Summary::of);
    let names: BTreeSet<&String> = records.iter().flat_map(|record| record.metrics.keys()).collect();
    let metric = |name: &String| {
        let values = all(records.iter().map(|record| record.metrics.get(name).copied().flatten()).collect());
        values.as_deref().and_then(Summary::of)
    };
    let mean = |values: Vec<f64>| Summary::of(&values).map(|summary| summary.mean);
    let mut seeds: Vec<(Option<u64>, Option<f64>)> =
        records.iter().map(|record| (record.seed_that_counts(), record.score)).collect();
    seeds.sort_by_key(|(seed, _)| *seed);
    Entry {
        score,
        interval: score.and_then(|summary| summary.confidence_interval(level)),
        bootstrap: scores.as_deref().and_then(|scores| bootstrap_mean_interval(scores, level)),
        metrics: names.into_iter().map(|name| (name.clone(), metric(name))).collect(),
        lacking: Lacking::of(records),
        class: records
            .iter()
            .filter(|record| spec_of(record).is_none())
            .find_map(|record| class_one(record))
            .map(str::to_owned),
        partial: None,
        seeds,
        collapsed: records.iter().filter(|record| record.collapsed).count(),
        seconds: mean(records.iter().map(|record| record.timings.total_seconds).collect()),
        train_seconds: mean(records.iter().filter_map(|record| record.timings.train_seconds).collect()),
        train_samples_per_second: mean(records.iter().filter_map(|r| r.throughput.train_samples_per_second).collect()),
        peak_memory_bytes: records.iter().filter_map(|record| record.peak_memory_bytes).max(),
    }
}
