//! A line a model, task and metric: fractions with all digits.

use glue_tasks::statistics::Summary;

use crate::compare::Comparison;

const HEADER: &str = "model,task,metric,mean,std,median,min,max,interval_low,interval_high,runs,collapsed\n";

pub(super) fn render(comparison: &Comparison<'_>) -> String {
    let mut text = HEADER.to_owned();
    for row in &comparison.rows {
        for task in &comparison.tasks {
            let Some(entry) = row.entries.get(task) else { continue };
            let metrics = entry.metrics.iter().map(|(name, summary)| (name.as_str(), *summary));
            for (metric, summary) in metrics.chain([("score", entry.score)]) {
                let runs = if row.is_published() { 1 } else { entry.seeds.len() };
                let collapsed = (!row.is_published()).then_some(entry.collapsed);
                text.push_str(&line([&row.name, task, metric], summary, comparison.level, runs, collapsed));
            }
        }
        for (_, average) in comparison.averages() {
            if let Some(summary) = row.averages.get(average) {
                text.push_str(&line(
                    [&row.name, "all", &average.key],
                    Some(summary),
                    comparison.level,
                    summary.count,
                    None,
                ));
            }
        }
    }
    text
}

fn line(names: [&str; 3], summary: Option<Summary>, level: f64, runs: usize, collapsed: Option<usize>) -> String {
    let interval = summary.and_then(|summary| summary.confidence_interval(level));
    let numbers = [
        summary.map(|s| s.mean),
        summary.and_then(|s| s.std),
        summary.map(|s| s.median),
        summary.map(|s| s.min),
        summary.map(|s| s.max),
        interval.map(|(low, _)| low),
        interval.map(|(_, high)| high),
    ];
    let shown = |number: Option<f64>| number.filter(|n| n.is_finite()).map_or_else(String::new, |n| n.to_string());
    let mut fields: Vec<String> = names.map(quoted).to_vec();
    fields.extend(numbers.map(shown));
    fields.push(runs.to_string());
    fields.push(collapsed.map_or_else(String::new, |n| n.to_string()));
    fields.join(",") + "\n"
}

/// RFC 4180.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
