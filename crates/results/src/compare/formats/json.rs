//! Everything, for programs.

use glue_tasks::{AverageSpec, Benchmark, GLUE};
use serde_json::{Map, Value, json};

use crate::compare::column::Column;
use crate::compare::comparison::Comparison;
use crate::compare::entry::Entry;
use crate::compare::row::Row;
use crate::statistics::Summary;

pub(super) fn render(comparison: &Comparison<'_>) -> String {
    let summary = |summary: Option<Summary>| summary.map_or(Value::Null, |summary| json!(summary));
    let entry = |entry: &Entry, is_published: bool, trained_on: Option<bool>| {
        json!({
            "trained_on_these_rows": trained_on,
            "score": summary(entry.score),
            "interval": entry.interval,
            "bootstrap_interval": entry.bootstrap,
            "metrics": entry.metrics.iter().map(|(name, s)| (name.clone(), summary(*s))).collect::<serde_json::Map<_, _>>(),
            "no_mean": entry.lacking.iter().map(|lacking| lacking.in_words(None)).collect::<Vec<_>>(),
            "class_of_f1": entry.class,
            "partial": entry.partial,
            "seeds": entry.seeds.iter().map(|(seed, score)| json!({"seed": seed, "score": score})).collect::<Vec<_>>(),
            "collapsed": (!is_published).then_some(entry.collapsed),
            "seconds": entry.seconds,
            "train_samples_per_second": entry.train_samples_per_second,
            "peak_memory_bytes": entry.peak_memory_bytes,
        })
    };
    // GLUE's are always there, others where a row has them.
    let others = comparison.averages().into_iter().filter(|(benchmark, _)| benchmark.name != GLUE.name);
    let glue = GLUE.averages.iter().map(|average| (&*GLUE, average));
    let averages: Vec<(&Benchmark, &AverageSpec)> = glue.chain(others).collect();
    let trains_few = comparison.rows.iter().any(Row::trains_few);
    let row = |row: &Row| {
        let mut fields = Map::new();
        let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        add("model", json!(row.name));
        add("parameters", json!(row.parameters));
        if trains_few {
            add("trained_parameters", json!(row.trained));
        }
        add("source", json!(row.source));
        add("chosen_on", json!(row.chosen_on));
        for (_, average) in &averages {
            add(&average.key, summary(row.averages.get(average)));
        }
        let trained_on = averages.iter().filter(|(of, average)| {
            row.averages.get(average).is_some() && comparison.is_average_trained_on(row, of, average)
        });
        add("averages_of_rows_trained_on", json!(trained_on.map(|(_, average)| &average.key).collect::<Vec<_>>()));
        let other_seeds = averages.iter().filter(|(_, average)| row.averages.has_other_seeds(average));
        add("averages_of_other_seeds", json!(other_seeds.map(|(_, average)| &average.key).collect::<Vec<_>>()));
        let tasks = row.entries.iter().map(|(name, e)| {
            let column = comparison.columns.iter().find(|column| column.name == *name);
            let trained_on = column.and_then(|column| comparison.trained_on(row, column));
            (name.clone(), entry(e, row.is_published(), trained_on))
        });
        add("tasks", Value::Object(tasks.collect()));
        fields
    };
    let column = |column: &Column| {
        json!({
            "name": column.name, "task": column.task, "start": Some(&column.start).filter(|start| !start.is_empty()), "rows": column.rows,
            "lower_is_better": column.lower_is_better(),
            "range": column.range().map(|(low, high)| [low, high]), "best": comparison.best_of(column).map(|row| &row.name),
        })
    };
    let pairs = comparison.pairs.iter().map(|pair| {
        json!({
            "task": pair.task, "model": pair.model, "baseline": pair.baseline, "difference": pair.difference,
            "seeds": pair.seeds, "p_seeds": pair.p_seeds, "p_examples": pair.p_examples, "p_mcnemar": pair.p_mcnemar,
        })
    });
    let all = json!({
        "level": comparison.level,
        "tasks": comparison.columns.iter().map(|column| &column.name).collect::<Vec<_>>(),
        "columns": comparison.columns.iter().map(column).collect::<Vec<_>>(),
        "models": comparison.rows.iter().map(row).collect::<Vec<_>>(),
        "pairs": pairs.collect::<Vec<_>>(),
        "notes": comparison.all_notes(),
    });
    format!("{all:#}\n")
}
