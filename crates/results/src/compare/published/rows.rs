//! Published tables as rows of a comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{Published, PublishedRow};
use super::place::place;
use super::value::PublishedValue;
use crate::compare::average::Averages;
use crate::compare::column::Column;
use crate::compare::row::Row;

impl Published {
    /// Its models as rows. Each number stands in the column of its task, split and metric; where there is none yet, one is added.
    pub(in crate::compare) fn rows(&self, columns: &mut Vec<Column>) -> Vec<Row> {
        let row = |row: &PublishedRow| {
            let placed = row.tasks.iter().flat_map(|(task, metrics)| place(task, metrics, columns));
            let entries: BTreeMap<_, _> = placed.collect();
            Row {
                name: format!("{} [{}]", row.model, self.name),
                model: None,
                spellings: BTreeSet::new(),
                averages: Averages::of(&entries),
                entries,
                parameters: None,
                trained: None,
                source: Some(self.origin(row)),
                chosen_on: None,
                records: Vec::new(),
            }
        };
        self.rows.iter().map(row).collect()
    }

    /// The tasks of its rows, each with the name of the table.
    pub(in crate::compare) fn task_names(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.rows.iter().flat_map(|row| row.tasks.keys()).map(|task| (task.as_str(), self.name.as_str()))
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
            value.statistic_in_words(),
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
