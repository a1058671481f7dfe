//! Names as they are said on the page and in charts: models by the last parts of their paths, tasks as papers write them.

use std::collections::{BTreeMap, BTreeSet};

use glue_tasks::task_named;

use super::column::Column;
use super::comparison::Comparison;
use super::pairs::Pair;
use super::row::Row;

impl<'a> Comparison<'a> {
    /// The same with short names. Full ones stay where they would be mistaken for others.
    pub(super) fn with_short_names(&self) -> Comparison<'a> {
        let models: BTreeSet<&str> = self.rows.iter().filter_map(|row| row.model.as_deref()).collect();
        let mut names: BTreeMap<&str, String> =
            self.rows.iter().map(|row| (row.name.as_str(), short(row, &models))).collect();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        names.values().for_each(|short| *counts.entry(short.clone()).or_default() += 1);
        let shared = names.iter_mut().filter(|(_, short)| counts[*short] > 1);
        shared.for_each(|(name, short)| (*name).clone_into(short));
        let named = |name: &String| names.get(name.as_str()).unwrap_or(name).clone();
        let row = |row: &Row| Row { name: named(&row.name), ..row.clone() };
        let pair = |pair: &Pair| Pair { model: named(&pair.model), baseline: named(&pair.baseline), ..pair.clone() };
        Comparison {
            columns: self.columns.clone(),
            rows: self.rows.iter().map(row).collect(),
            pairs: self.pairs.iter().map(pair).collect(),
            level: self.level,
            found: self.found,
            published: self.published,
            notes: self.notes.clone(),
            of_record: self.of_record.clone(),
            has_short_names: true,
        }
    }

    /// A column in sentences and in tables: as records call it or, with short names, as papers do.
    pub(super) fn name_of(&self, column: &Column) -> String {
        if self.has_short_names { self.usual_name(column) } else { column.name.clone() }
    }

    /// The task as papers write it, with its rows where another column is of the same task.
    pub(super) fn usual_name(&self, column: &Column) -> String {
        let is_of_task = |other: &&Column| other.task_title() == column.task_title();
        let is_alone = self.columns.iter().filter(is_of_task).count() == 1;
        // Data of one's own that have the name of a benchmark's task are never taken for it.
        let is_clear = column.spec.is_some() || task_named(&column.task).is_none();
        if is_alone && is_clear { column.task_title() } else { column.title() }
    }

    /// The same of a column that is known by its name.
    pub(super) fn usual_name_of(&self, name: &str) -> String {
        let column = self.columns.iter().find(|column| column.name == name);
        column.map_or_else(|| name.to_owned(), |column| self.usual_name(column))
    }
}

/// A row's name with as many parts of its model's path, from the last one on, as tell it from the other models.
fn short(row: &Row, models: &BTreeSet<&str>) -> String {
    let Some(model) = row.model.as_deref() else { return without_owner(&row.name) };
    let Some(settings) = row.name.strip_prefix(model) else { return row.name.clone() };
    let ends = model.rmatch_indices('/').map(|(at, _)| &model[at + 1..]).filter(|end| !end.is_empty());
    let is_another = |end: &str, other: &str| {
        other != model && (other == end || other.strip_suffix(end).is_some_and(|before| before.ends_with('/')))
    };
    let mut ends = ends.filter(|end| !models.iter().any(|other| is_another(end, other)));
    format!("{}{settings}", ends.next().unwrap_or(model))
}

/// A published row's name without whom the model is of: `google/bert [README of x]`.
fn without_owner(name: &str) -> String {
    let (model, table) = name.split_once(" [").unwrap_or((name, ""));
    let model = model.rsplit('/').find(|part| !part.is_empty()).unwrap_or(model);
    if table.is_empty() { model.to_owned() } else { format!("{model} [{table}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::record;

    fn names(models: &[&str]) -> Vec<String> {
        let found: Vec<_> = models.iter().map(|model| record(model, "rte", 1, Some(0.5))).collect();
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        comparison.with_short_names().rows.into_iter().map(|row| row.name).collect()
    }

    #[test]
    fn models_are_called_by_the_last_parts_that_tell_them_apart() {
        assert_eq!(names(&["google/bert", "/models/of/roberta/", "t5"]), ["bert", "roberta", "t5"]);
        assert_eq!(names(&["a/x", "b/x", "c/a/x", "y"]), ["a/x", "b/x", "c/a/x", "y"]);
        assert_eq!(names(&["a/x", "x"]), ["a/x", "x"]);
        // One that ends like another one's name is another one.
        assert_eq!(names(&["org/bert", "org/albert"]), ["bert", "albert"]);
    }

    #[test]
    fn published_models_are_without_their_owner() {
        assert_eq!(without_owner("google/bert [a/b README]"), "bert [a/b README]");
        assert_eq!((without_owner("bert [x]"), without_owner("a/bert")), ("bert [x]".to_owned(), "bert".to_owned()));
    }

    #[test]
    fn settings_stay_in_names_and_in_pairs() {
        let mut found = vec![record("org/m", "rte", 1, Some(0.5)), record("org/m", "rte", 1, Some(0.6))];
        found[1].1.hyper_parameters.insert("learning_rate".to_owned(), serde_json::json!(1e-3));
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        assert_eq!(comparison.rows[1].name, "org/m (learning_rate=0.001)");
        let short = comparison.with_short_names();
        assert_eq!(short.rows[1].name, "m (learning_rate=0.001)");
        assert_eq!(short.pairs[0].model, "m (learning_rate=0.001)");
        assert_eq!(short.rows[1].model.as_deref(), Some("org/m"));
    }

    #[test]
    fn tasks_have_their_usual_names_and_rows_where_those_tell_them_apart() {
        let mut found = vec![record("m", "sst2", 1, Some(0.5)), record("m", "rte", 1, Some(0.5))];
        found.push(record("m", "rte", 1, Some(0.5)));
        let split = &mut found[2].1.dataset.splits[1];
        (split.rows, split.sha256) = (60, Some("cut".to_owned()));
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        let of = |comparison: &Comparison<'_>| -> Vec<String> {
            comparison.columns.iter().map(|column| comparison.name_of(column)).collect()
        };
        assert_eq!(of(&comparison), ["sst2", "rte", "rte (60 of 277 rows)"]);
        assert_eq!(of(&comparison.with_short_names()), ["SST-2", "RTE", "RTE (60 of 277 rows)"]);
    }
}
