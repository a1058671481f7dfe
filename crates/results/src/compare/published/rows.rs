//! Published tables as rows of a comparison.

use std::collections::BTreeMap;

use glue_tasks::find_task;
use glue_tasks::score::task_score;

use super::file::{Published, PublishedRow};
use super::value::PublishedValue;
use crate::compare::average::Averages;
use crate::compare::entry::Entry;
use crate::compare::row::Row;
use crate::statistics::Summary;

/// The score of a task where all of its metrics were published; else the mean of those that were.
fn score(task: &str, metrics: &BTreeMap<String, PublishedValue>) -> Option<f64> {
    let complete =
        find_task(task).ok().and_then(|task| task_score(task, |key| metrics.get(key).map(|value| value.value)).ok());
    let values = || metrics.values().map(|value| value.value).collect::<Vec<_>>();
    complete.or_else(|| Summary::of(&values()).map(|summary| summary.mean))
}

impl Published {
    /// Its models as rows.
    pub(in crate::compare) fn rows(&self) -> impl Iterator<Item = Row> {
        self.rows.iter().map(|row| {
            let entry = |task: &String, metrics: &BTreeMap<String, PublishedValue>| Entry {
                score: score(task, metrics).and_then(|score| Summary::of(&[score])),
                interval: None,
                bootstrap: None,
                metrics: metrics.iter().map(|(name, value)| (name.clone(), Summary::of(&[value.value]))).collect(),
                seeds: Vec::new(),
                collapsed: 0,
                seconds: None,
                train_seconds: None,
                train_samples_per_second: None,
                peak_memory_bytes: None,
            };
            let entries: BTreeMap<_, _> =
                row.tasks.iter().map(|(task, metrics)| (task.clone(), entry(task, metrics))).collect();
            Row {
                name: format!("{} [{}]", row.model, self.name),
                averages: Averages::of_seeds(&entries),
                entries,
                parameters: None,
                source: Some(self.origin(row)),
                chosen_on: None,
                records: Vec::new(),
            }
        })
    }

    /// Where a row comes from and how it was made.
    fn origin(&self, row: &PublishedRow) -> String {
        let made = self.made(row);
        let made = if made.is_empty() { made } else { format!("; {made}") };
        format!("{}, {} split: {}{made}", self.source, self.split, self.protocol)
    }

    /// How a row was made, beyond what its table says of all: what differs between its numbers stands behind the tasks it holds of.
    pub(in crate::compare) fn made(&self, row: &PublishedRow) -> String {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for (task, metrics) in &row.tasks {
            for value in metrics.values() {
                let words = self.made_in_words(value);
                match groups.iter_mut().find(|(known, _)| *known == words) {
                    Some((_, tasks)) if tasks.contains(&task.as_str()) => {}
                    Some((_, tasks)) => tasks.push(task),
                    None => groups.push((words, vec![task])),
                }
            }
        }
        let several = groups.len() > 1;
        let said = groups.into_iter().filter(|(words, _)| !words.is_empty());
        let said = said.map(|(words, tasks)| if several { format!("{}: {words}", tasks.join(", ")) } else { words });
        said.collect::<Vec<_>>().join("; ")
    }

    /// What is known of a number beyond what its table says of all: `median of 5, started from MNLI`.
    fn made_in_words(&self, value: &PublishedValue) -> String {
        let made = &value.made;
        let other = |own: &Option<String>, table: &str| own.clone().filter(|own| own != table);
        let words = [
            made.statistic_in_words(),
            value.spread().map(|std| format!("standard deviation {}", short(std))),
            value.plus_minus.map(|half| format!("±{} in the source", short(half))),
            made.initialisation.as_ref().map(|from| format!("started from {from}")),
            made.recipe.clone(),
            other(&made.split, &self.split).map(|split| format!("{split} split")),
            other(&made.source, &self.source),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
