//! How far a mean may lie from the number that it reproduces.
//!
//! Where the reference states a tolerance, that is it. Otherwise the means of n and m runs of the same settings, whose standard
//! deviation is s, lie within `t(level, n + m - 2) s sqrt(1/n + 1/m)` of each other, with s pooled over both; a published number is
//! one run, of which nothing is known but itself: `t(level, n - 1) s sqrt(1/n + 1)`, the prediction interval
//! (<https://www.itl.nist.gov/div898/handbook/prc/section2/prc263.htm>,
//! <https://www.itl.nist.gov/div898/handbook/eda/section3/eda353.htm>). To it come one row of the split and half a unit of the last
//! digit, below which nothing can be told.
//!
//! Where neither side has a spread, there is what chance makes of two draws of a split of that size: `z sqrt(2)` times the standard
//! error, which is `sqrt(p (1 - p) / rows)` of a share (F1 is taken for one), and `(1 - r^2) / sqrt(rows - 1)` of a correlation
//! (Matthews' is Pearson's of two classes; <https://en.wikipedia.org/wiki/Pearson_correlation_coefficient#Standard_error>).

use glue_tasks::metrics::Metric;
use glue_tasks::{find_task, plain_key};

use super::wanted::{Wanted, metric};
use crate::statistics::{Summary, normal_quantile, student_t_quantile};
use records::Error;
use records::record::RunRecord;

/// How far the mean of the runs may lie from the number, either way.
///
/// # Errors
/// When nothing says how wide it is.
pub(super) fn half_width(wanted: &Wanted, ours: &Summary, runs: &[&RunRecord], level: f64) -> Result<f64, Error> {
    if let Some(tolerance) = wanted.tolerance {
        return Ok(tolerance);
    }
    let quantile = f64::midpoint(1.0, level);
    let theirs = wanted.runs.as_ref();
    let spread = match pooled(&[Some(ours), theirs]) {
        Some((std, degrees)) => {
            let (n, m) = (ours.count as f64, theirs.map_or(1, |runs| runs.count) as f64);
            student_t_quantile(quantile, degrees).map(|t| t * std * (1.0 / n + 1.0 / m).sqrt())
        }
        None => standard_error(wanted, rows(wanted, runs))
            .zip(normal_quantile(quantile))
            .map(|(error, z)| z * std::f64::consts::SQRT_2 * error),
    };
    let spread = spread.ok_or_else(|| {
        Error::input(format!(
            "{}: {} of {}: one run has no spread, and nothing says how far it may lie off: give a tolerance there, or run \
             more seeds",
            wanted.source, wanted.metric, wanted.task
        ))
    })?;
    Ok(spread + granularity(wanted, rows(wanted, runs)) + wanted.last_digit / 2.0)
}

/// The standard deviation over all samples that have one, and its degrees of freedom.
fn pooled(samples: &[Option<&Summary>]) -> Option<(f64, usize)> {
    let with_std = samples.iter().flatten().filter_map(|sample| Some((sample.std?, sample.count - 1)));
    let (squares, degrees) = with_std
        .fold((0.0, 0), |(squares, all), (std, degrees)| (std.powi(2).mul_add(degrees as f64, squares), all + degrees));
    (degrees > 0).then(|| ((squares / degrees as f64).sqrt(), degrees))
}

/// By how much a number moves with one row.
fn granularity(wanted: &Wanted, rows: f64) -> f64 {
    if wanted.is_fraction() { 1.0 / rows } else { 0.0 }
}

fn standard_error(wanted: &Wanted, rows: f64) -> Option<f64> {
    let value = wanted.value;
    match metric(&wanted.metric)? {
        error if !error.higher_is_better() => None,
        Metric::Matthews | Metric::Pearson | Metric::Spearman => {
            Some((1.0 - value * value).max(0.0) / (rows - 1.0).max(1.0).sqrt())
        }
        _ => {
            let p = value.clamp(0.0, 1.0);
            Some((p * (1.0 - p) / rows).sqrt())
        }
    }
}

/// Rows that the number was measured on: those that the smallest of the runs evaluated, else those of the task.
fn rows(wanted: &Wanted, runs: &[&RunRecord]) -> f64 {
    let suffix = wanted.metric.strip_prefix(plain_key(&wanted.metric)).unwrap_or_default();
    let splits = find_task(&wanted.task).map_or(&[][..], |task| &task.eval_splits);
    let split = splits.iter().find(|split| split.key_suffix == suffix);
    let name = split.map_or("validation", |split| &split.name);
    let of_run = |run: &&RunRecord| {
        run.dataset.splits.iter().filter(|split| split.split.contains(name)).map(|split| split.rows).min()
    };
    let task = || split?.rows.map(|rows| rows as u64);
    let rows = runs.iter().filter_map(of_run).min().or_else(task).unwrap_or(1);
    rows.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(metric: &str, value: f64) -> Wanted {
        Wanted {
            model: None,
            task: "rte".to_owned(),
            metric: metric.to_owned(),
            value,
            tolerance: None,
            runs: None,
            last_digit: 1e-4,
            source: "reference.json".to_owned(),
        }
    }

    fn width(wanted: &Wanted, ours: &[f64]) -> f64 {
        half_width(wanted, &Summary::of(ours).unwrap(), &[], 0.95).unwrap()
    }

    /// By hand, with t from a table: 4.3027 of two degrees, 2.7764 of four, 1.9600 of the normal distribution. RTE has 277 rows.
    #[test]
    fn widths_are_those_of_the_formulas() {
        let least = 1.0 / 277.0 + 0.5e-4;
        let near = |a: f64, b: f64| assert!((a - b).abs() < 2e-6, "{a} {b}");
        // Three seeds with a standard deviation of 0.01 against one number.
        let ours = [0.64, 0.65, 0.66];
        near(width(&wanted("accuracy", 0.65), &ours), 4.302_653 * 0.01 * (4.0 / 3.0_f64).sqrt() + least);
        // Against three more of the same spread.
        let mut other = wanted("accuracy", 0.65);
        other.runs = Summary::of(&[0.63, 0.64, 0.65]);
        near(width(&other, &ours), 2.776_445 * 0.01 * (2.0 / 3.0_f64).sqrt() + least);
        // One run against three: theirs is the spread.
        near(width(&other, &[0.7]), 4.302_653 * 0.01 * (4.0 / 3.0_f64).sqrt() + least);
        // One against one: chance, of a share and of a correlation.
        let share = 1.959_964 * (2.0 * 0.65 * 0.35 / 277.0_f64).sqrt();
        near(width(&wanted("accuracy", 0.65), &[0.7]), share + least);
        let correlation = 1.959_964 * 2.0_f64.sqrt() * (1.0 - 0.36) / 276.0_f64.sqrt();
        near(width(&wanted("matthews_correlation", -0.6), &[0.5]), correlation + least);
        // All seeds alike: what a row and a digit make.
        near(width(&wanted("accuracy", 0.65), &[0.65, 0.65]), least);
        let mut stated = wanted("accuracy", 0.65);
        stated.tolerance = Some(0.03);
        near(width(&stated, &ours), 0.03);
        let error = half_width(&wanted("rmse", 1.2), &Summary::of(&[1.3]).unwrap(), &[], 0.95).unwrap_err();
        assert!(error.to_string().contains("give a tolerance there, or run more seeds"), "{error}");
    }
}
