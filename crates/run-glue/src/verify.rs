//! Whether results reproduce numbers: those of a reference, a published table, or other runs.
//!
//! Each number has an interval. Where the reference states a tolerance, that is it. Otherwise: another single run of the
//! same settings falls within `t(level, n - 1) s sqrt(1 + 1/n)` of the mean of n seeds (prediction interval,
//! <https://www.itl.nist.gov/div898/handbook/prc/section2/prc263.htm>), plus one row of the split and half a unit of the last
//! published digit, below which nothing can be told. A single seed has no spread; then it is what chance makes of a split of
//! that size, `z sqrt(2 p (1 - p) / rows)`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glue_tasks::statistics::{Summary, student_t_quantile};
use glue_tasks::task::find_task;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::compare_args::VerifyArgs;
use crate::compare::{Found, published, read};
use crate::error::Error;

/// A number to reproduce.
struct Wanted {
    /// Whose it is; `None`: of whatever model was run.
    model: Option<String>,
    task: String,
    metric: String,
    value: f64,
    tolerance: Option<f64>,
    source: String,
}

/// What came of it.
struct Checked {
    wanted: Wanted,
    /// Of the runs.
    ours: Summary,
    half: f64,
    within: bool,
}

/// A reference file: one number a task.
#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    model: Option<String>,
    runs: BTreeMap<String, ReferenceRun>,
}

#[derive(Deserialize)]
struct ReferenceRun {
    metric: String,
    value: f64,
    #[serde(default)]
    tolerance: Option<f64>,
}

/// The numbers of a file, of whichever of the three kinds.
fn wanted(path: &Path) -> Result<Vec<Wanted>, Error> {
    let source = path.display().to_string();
    if path.is_file()
        && let Some(reference) =
            std::fs::read(path).ok().and_then(|text| serde_json::from_slice::<Reference>(&text).ok())
    {
        let of_run = |(task, run): (String, ReferenceRun)| Wanted {
            model: reference.model.clone(),
            task,
            metric: run.metric,
            value: run.value,
            tolerance: run.tolerance,
            source: source.clone(),
        };
        return Ok(reference.runs.into_iter().map(of_run).collect());
    }
    // A folder of records, or one record.
    if let Ok(found) = read(&[path.to_owned()])
        && !found.is_empty()
    {
        return Ok(of_records(&found));
    }
    let mut all = Vec::new();
    for table in published::read(path)? {
        for row in table.rows {
            for (task, metrics) in row.tasks {
                for (metric, value) in metrics {
                    let (model, source) = (Some(row.model.clone()), table.name.clone());
                    all.push(Wanted { model, task: task.clone(), metric, value, tolerance: None, source });
                }
            }
        }
    }
    Ok(all)
}

/// The means of other runs, by model and task.
fn of_records(found: &[Found]) -> Vec<Wanted> {
    let mut values: BTreeMap<(String, String, String), Vec<f64>> = BTreeMap::new();
    for (_, record) in found {
        for (metric, value) in record.metrics.iter().filter(|(name, _)| !is_loss(name)) {
            let key = (record.model.id.clone(), record.task.clone(), metric.clone());
            values.entry(key).or_default().extend(value);
        }
    }
    let of = |((model, task, metric), values): ((String, String, String), Vec<f64>)| {
        let value = Summary::of(&values)?.mean;
        let source = format!("{} runs", values.len());
        Some(Wanted { model: Some(model), task, metric, value, tolerance: None, source })
    };
    values.into_iter().filter_map(of).collect()
}

fn is_loss(name: &str) -> bool {
    name == "loss" || name == "loss_mm"
}

/// The smallest step of a number as it was published, such as 0.0001 of 0.5653.
fn last_digit(value: f64) -> f64 {
    let text = value.to_string();
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    10f64.powi(-(digits.min(15) as i32))
}

fn check(wanted: Wanted, found: &[Found], args: &VerifyArgs) -> Option<Checked> {
    let is_of = |record: &crate::report::record::RunRecord| {
        let model = wanted.model.as_deref();
        let of_model = match (&args.reference_model, model) {
            (Some(named), Some(model)) => named == model,
            (None, Some(model)) => record.model.id == model,
            (_, None) => true,
        };
        of_model && record.task == wanted.task
    };
    let records: Vec<_> = found.iter().map(|(_, record)| record).filter(|record| is_of(record)).collect();
    let values: Vec<f64> =
        records.iter().map(|r| r.metrics.get(&wanted.metric).copied().flatten()).collect::<Option<_>>()?;
    let ours = Summary::of(&values)?;
    let rows = find_task(&wanted.task).ok().and_then(|task| task.rows.eval.first().copied()).filter(|rows| *rows > 0);
    let rows = rows.unwrap_or(1000) as f64;
    let n = values.len() as f64;
    let quantile = f64::midpoint(1.0, args.level);
    let half = wanted.tolerance.or_else(|| {
        let spread = match ours.std {
            Some(std) => student_t_quantile(quantile, values.len() - 1)? * std * (1.0 + 1.0 / n).sqrt(),
            None => {
                let p = wanted.value.clamp(0.0, 1.0);
                // Student's t of many degrees is the normal distribution.
                student_t_quantile(quantile, 1_000_000)? * (2.0 * p * (1.0 - p) / rows).sqrt()
            }
        };
        Some(spread + 1.0 / rows + last_digit(wanted.value) / 2.0)
    })?;
    let difference = ours.mean - wanted.value;
    let within = difference.abs() <= half || args.one_sided.unwrap_or(false) && difference > 0.0;
    Some(Checked { wanted, ours, half, within })
}

/// `run-glue verify`.
///
/// # Errors
/// When a number is out of its interval (exit code 1), or files cannot be read, or nothing can be compared (2).
pub fn run(args: &VerifyArgs) -> Result<(), Error> {
    if !(args.level > 0.0 && args.level < 1.0) {
        return Err(Error::usage(format!("--level is {}, expected between 0 and 1, such as 0.95", args.level)));
    }
    let found = read(&args.paths)?;
    let names = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        return Err(Error::usage(format!("{}: there are no run records", names(&args.paths))));
    }
    let all = args.against.iter().map(|path| wanted(path)).collect::<Result<Vec<_>, _>>()?;
    let checked: Vec<Checked> = all.into_iter().flatten().filter_map(|wanted| check(wanted, &found, args)).collect();
    if checked.is_empty() {
        let mut models: Vec<&str> = found.iter().map(|(_, record)| record.model.id.as_str()).collect();
        models.sort_unstable();
        models.dedup();
        return Err(Error::usage(format!(
            "{}: no number of the models {} on the tasks that were run; where the model has another name there, give \
             --reference_model",
            names(&args.against),
            models.join(", ")
        )));
    }
    print(&if args.json.unwrap_or(false) { as_json(&checked) } else { as_text(&checked) });
    let missed = checked.iter().filter(|checked| !checked.within).count();
    match missed {
        0 => Ok(()),
        missed => Err(Error::failure(format!("{missed} of {} numbers are out of their intervals", checked.len()))),
    }
}

fn as_text(checked: &[Checked]) -> String {
    let mut lines = vec![["task", "metric", "runs", "mean", "reference", "allowed", "", "source"].map(str::to_owned)];
    lines.extend(checked.iter().map(|c| {
        [
            c.wanted.task.clone(),
            c.wanted.metric.clone(),
            c.ours.count.to_string(),
            format!("{:.4}", c.ours.mean),
            format!("{:.4}", c.wanted.value),
            format!("±{:.4}", c.half),
            if c.within { "ok" } else { "MISS" }.to_owned(),
            c.wanted.source.clone(),
        ]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let aligned = lines.iter().map(|line| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    });
    aligned.collect()
}

fn as_json(checked: &[Checked]) -> String {
    let rows = checked.iter().map(|c| {
        json!({
            "task": c.wanted.task, "metric": c.wanted.metric, "runs": c.ours.count, "mean": c.ours.mean, "std": c.ours.std,
            "reference": c.wanted.value, "allowed": c.half, "within": c.within, "source": c.wanted.source,
        })
    });
    format!("{:#}\n", Value::Array(rows.collect()))
}

/// Standard output; a reader that went away is no failure.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
