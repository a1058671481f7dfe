//! How long the runs that are left will take, from those that are over.

use super::Cell;
use crate::report::record::RunRecord;

/// A forward pass takes a third of a training step.
const EVALUATION: f64 = 1.0 / 3.0;

/// Rows that a cell computes, in rows of training; `None` where they are not known before.
fn work(cell: &Cell) -> Option<f64> {
    let settings = &cell.settings;
    if settings.own_data.is_some() {
        return None;
    }
    let rows = cell.task().rows;
    let cut = |rows: usize, most: Option<usize>| rows.min(most.unwrap_or(rows)) as f64;
    let training = &settings.training;
    let batch = training.per_device_train_batch_size * training.gradient_accumulation_steps;
    let trained = match (settings.do_train, training.max_steps) {
        (false, _) => 0.0,
        (true, None) => cut(rows.train, settings.max_train_samples) * training.num_train_epochs,
        (true, Some(steps)) => (steps * batch) as f64,
    };
    let evaluated: f64 = rows.eval.iter().map(|&rows| cut(rows, settings.max_eval_samples)).sum();
    Some(trained + EVALUATION * evaluated)
}

/// The same of a run that is over.
fn work_done(record: &RunRecord) -> Option<f64> {
    let number = |name: &str| record.hyper_parameters.get(name)?.as_f64();
    let rows = |split: &str| record.dataset.rows.get(split).map_or(0.0, |&rows| rows as f64);
    let evaluated: f64 =
        record.dataset.rows.iter().filter(|(split, _)| split.contains("validation")).map(|(_, &n)| n as f64).sum();
    let trained = if record.timings.train_seconds.is_none() {
        0.0
    } else if let Some(steps) = number("max_steps") {
        steps * number("per_device_train_batch_size")? * number("gradient_accumulation_steps")?
    } else {
        rows("train") * number("num_train_epochs")?
    };
    Some(trained + EVALUATION * evaluated).filter(|work| *work > 0.0)
}

/// Seconds that `cells` will take, at the speed of the runs that are over: of the same model and task, else of the same
/// model, else of any. `None` where nothing is known.
pub(super) fn seconds<'a>(cells: impl Iterator<Item = &'a Cell>, over: &[RunRecord]) -> Option<f64> {
    cells
        .map(|cell| {
            let same_model = |record: &RunRecord| cell.has_model_of(record);
            let same_task = |record: &RunRecord| record.task == cell.task().name;
            let rate = |records: &mut dyn Iterator<Item = &RunRecord>| {
                let known = records.filter_map(|record| Some((record.timings.total_seconds, work_done(record)?)));
                let (seconds, work) = known.fold((0.0, 0.0), |(s, w), (seconds, work)| (s + seconds, w + work));
                (work > 0.0).then_some(seconds / work)
            };
            let rate = rate(&mut over.iter().filter(|r| same_model(r) && same_task(r)))
                .or_else(|| rate(&mut over.iter().filter(|r| same_model(r))))
                .or_else(|| rate(&mut over.iter()))?;
            Some(work(cell)? * rate)
        })
        .sum()
}

/// Seconds in words.
pub(super) fn in_words(seconds: f64) -> String {
    let minutes = seconds / 60.0;
    match minutes {
        m if m < 1.5 => format!("{seconds:.0} seconds"),
        m if m < 90.0 => format!("{m:.0} minutes"),
        m if m < 60.0 * 48.0 => format!("{:.1} hours", m / 60.0),
        m => format!("{:.1} days", m / 60.0 / 24.0),
    }
}
