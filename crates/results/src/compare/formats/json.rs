//! Everything, for programs.

use crate::statistics::Summary;
use serde_json::{Value, json};

use crate::compare::comparison::Comparison;
use crate::compare::entry::Entry;
use crate::compare::row::Row;

pub(super) fn render(comparison: &Comparison<'_>) -> String {
    let summary = |summary: Option<Summary>| summary.map_or(Value::Null, |summary| json!(summary));
    let entry = |entry: &Entry, is_published: bool| {
        json!({
            "score": summary(entry.score),
            "interval": entry.interval,
            "bootstrap_interval": entry.bootstrap,
            "metrics": entry.metrics.iter().map(|(name, s)| (name.clone(), summary(*s))).collect::<serde_json::Map<_, _>>(),
            "seeds": entry.seeds.iter().map(|(seed, score)| json!({"seed": seed, "score": score})).collect::<Vec<_>>(),
            "collapsed": (!is_published).then_some(entry.collapsed),
            "seconds": entry.seconds,
            "train_samples_per_second": entry.train_samples_per_second,
            "peak_memory_bytes": entry.peak_memory_bytes,
        })
    };
    let row = |row: &Row| {
        json!({
            "model": row.name,
            "parameters": row.parameters,
            "source": row.source,
            "chosen_on": row.chosen_on,
            "glue": summary(row.averages.nine),
            "glue_without_wnli": summary(row.averages.without_wnli),
            "tasks": row.entries.iter().map(|(task, e)| (task.clone(), entry(e, row.is_published()))).collect::<serde_json::Map<_, _>>(),
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
        "tasks": comparison.tasks,
        "models": comparison.rows.iter().map(row).collect::<Vec<_>>(),
        "pairs": pairs.collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}
