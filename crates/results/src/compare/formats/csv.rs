//! A line a model, task and metric: fractions with all digits.

use crate::compare::comparison::Comparison;
use crate::compare::lacking::SCORE;
use crate::statistics::Summary;
use records::Error;
use records::spreadsheet::text_cell;

const HEADER: [&str; 13] = [
    "model",
    "task",
    "metric",
    "mean",
    "std",
    "median",
    "min",
    "max",
    "interval_low",
    "interval_high",
    "runs",
    "collapsed",
    "note",
];

/// Of a model that was trained on what is scored.
const TRAINED_ON_IT: &str = "trained on these rows";

/// Of a saved model that does not say what it was trained on.
const MAY_BE_TRAINED_ON_IT: &str = "unknown whether trained on these rows";

/// # Errors
/// What cannot happen in memory: a writer that fails.
pub(super) fn render(comparison: &Comparison<'_>) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut lines = vec![HEADER.map(str::to_owned)];
    for row in &comparison.rows {
        for column in &comparison.columns {
            let Some(entry) = row.entries.get(&column.name) else { continue };
            let metrics = entry.metrics.iter().map(|(name, summary)| (name.as_str(), *summary));
            for (metric, summary) in metrics.chain([(SCORE, entry.score)]) {
                let runs = if row.is_published() { 1 } else { entry.seeds.len() };
                let collapsed = (!row.is_published()).then_some(entry.collapsed);
                let partial = entry.partial.as_ref().filter(|_| metric == SCORE).map(|metrics| format!("of {metrics}"));
                let may_be = comparison.may_be_trained_on(row, column).then_some(MAY_BE_TRAINED_ON_IT);
                let trained_on = comparison.is_trained_on(row, column).then_some(TRAINED_ON_IT);
                let why = entry.why_no(metric);
                let note = joined(trained_on.or(may_be).map(str::to_owned).into_iter().chain(partial).chain(why));
                lines.push(line([&row.name, &column.name, metric], summary, comparison.level, runs, collapsed, note));
            }
        }
        for (benchmark, average) in comparison.averages() {
            if let Some(summary) = row.averages.get(average) {
                let name = [&row.name, "all", &average.key];
                let trained_on = comparison.is_average_trained_on(row, benchmark, average);
                let trained_on = trained_on.then(|| TRAINED_ON_IT.to_owned());
                let other_seeds = row.averages.has_other_seeds(average).then(|| other_seeds(summary.count));
                let note = joined(trained_on.into_iter().chain(other_seeds));
                lines.push(line(name, Some(summary), comparison.level, summary.count, None, note));
            }
        }
    }
    for line in lines {
        writer.write_record(line).map_err(Error::failure)?;
    }
    String::from_utf8(writer.into_inner().map_err(Error::failure)?).map_err(Error::failure)
}

/// What the spread of an average is of, whose tasks have other seeds each; so many have all of them in common.
fn other_seeds(common: usize) -> String {
    let spread = match common {
        0 => "neither std nor interval: no seed is common to all".to_owned(),
        1 => "neither std nor interval: one seed alone is common to all".to_owned(),
        common => format!("std and interval over {common} common ones"),
    };
    format!("tasks do not all have the same seeds; {spread}")
}

fn joined(notes: impl Iterator<Item = String>) -> String {
    notes.collect::<Vec<_>>().join("; ")
}

fn line(
    [model, task, metric]: [&str; 3],
    summary: Option<Summary>,
    level: f64,
    runs: usize,
    collapsed: Option<usize>,
    note: String,
) -> [String; HEADER.len()] {
    let interval = summary.and_then(|summary| summary.confidence_interval(level));
    let shown = |number: Option<f64>| number.filter(|n| n.is_finite()).map_or_else(String::new, |n| n.to_string());
    let text = |text: &str| text_cell(text).into_owned();
    [
        text(model),
        text(task),
        text(metric),
        shown(summary.map(|s| s.mean)),
        shown(summary.and_then(|s| s.std)),
        shown(summary.map(|s| s.median)),
        shown(summary.map(|s| s.min)),
        shown(summary.map(|s| s.max)),
        shown(interval.map(|(low, _)| low)),
        shown(interval.map(|(_, high)| high)),
        runs.to_string(),
        collapsed.map_or_else(String::new, |n| n.to_string()),
        text(&note),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_formulas_and_numbers_stay_numbers() {
        let of = line(["=1+1", "-task", "f1"], Summary::of(&[-0.5]), 0.95, 1, None, "@SUM(1)".to_owned());
        assert_eq!(of.join(","), "'=1+1,'-task,f1,-0.5,,-0.5,-0.5,-0.5,,,1,,'@SUM(1)");
    }

    /// RFC 4180.
    #[test]
    fn names_are_quoted_where_they_must_be() {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .write_record(line(["a, \"b\"", "rte", "f1"], Summary::of(&[0.5]), 0.95, 1, None, String::new()))
            .unwrap();
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        assert_eq!(text, "\"a, \"\"b\"\"\",rte,f1,0.5,,0.5,0.5,0.5,,,1,,\n");
    }
}
