//! How long the runs that are left will take, from those that are over.

use serde_json::Value;

use super::Cell;
use super::disk::Sizes;
use crate::report::record::RunRecord;
use crate::settings::{DatasetChoice, Settings};

/// A forward pass takes a third of a training step.
const EVALUATION: f64 = 1.0 / 3.0;

/// Settings that decide which rows are used.
const ROWS: [&str; 7] = [
    "train_split_name",
    "validation_split_name",
    "test_split_name",
    "validation_split_percentage",
    "max_train_samples",
    "max_eval_samples",
    "max_predict_samples",
];

/// Rows of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rows {
    /// Trained on in an epoch.
    pub(super) train: usize,
    /// Evaluated and predicted.
    pub(super) others: usize,
}

impl Rows {
    fn of_record(record: &RunRecord) -> Self {
        let train = record.hyper_parameters.get("train_split_name").and_then(Value::as_str).unwrap_or("train");
        let all: u64 = record.dataset.rows.values().sum();
        let train = record.dataset.rows.get(train).copied().unwrap_or(0);
        Self { train: train as usize, others: (all - train) as usize }
    }

    /// Those of an earlier run of the same rows; else GLUE's own numbers. `None` where they are not known before.
    pub(super) fn of_cell(cell: &Cell, over: &[RunRecord]) -> Option<Self> {
        let settings = &cell.settings;
        let (asked, dataset) = (settings.hyper_parameters(), dataset_id(settings));
        let same = |record: &&RunRecord| {
            record.task == cell.task().name
                && record.dataset.id == dataset
                && record.timings.train_seconds.is_some() == settings.do_train
                && ROWS.iter().all(|name| record.hyper_parameters.get(*name) == asked.get(*name))
        };
        if let Some(record) = over.iter().find(same) {
            return Some(Self::of_record(record));
        }
        // Of the miniature tasks the numbers of the real ones say nothing.
        if settings.custom.is_some() || settings.data.dataset == DatasetChoice::Embedded {
            return None;
        }
        let rows = cell.task().rows;
        let cut = |rows: usize, most: Option<usize>| rows.min(most.unwrap_or(rows));
        let out = |percent: f64| (rows.train as f64 * percent / 100.0) as usize;
        let held_out = settings.data.splits.held_out.map_or(0, out);
        let evaluated: usize = match held_out {
            0 => rows.eval.iter().map(|&rows| cut(rows, settings.data.max_eval_samples)).sum(),
            held_out => cut(held_out, settings.data.max_eval_samples),
        };
        let predicted: usize = rows.test.iter().map(|&rows| cut(rows, settings.data.max_predict_samples)).sum();
        Some(Self {
            train: cut(rows.train - held_out, settings.data.max_train_samples),
            others: evaluated + if settings.do_predict { predicted } else { 0 },
        })
    }
}

/// The name that records have for the data.
fn dataset_id(settings: &Settings) -> String {
    match &settings.data.dataset {
        DatasetChoice::Folder(folder) => folder.display().to_string(),
        DatasetChoice::Hub { id, .. } => id.clone(),
        DatasetChoice::Files(files) => {
            files.iter().map(|(_, file)| file.display().to_string()).collect::<Vec<_>>().join(", ")
        }
        DatasetChoice::Embedded => crate::demo::DATA.to_owned(),
    }
}

/// Rows that a cell computes, in rows of training; `None` where they are not known before.
fn work(cell: &Cell, over: &[RunRecord]) -> Option<f64> {
    let settings = &cell.settings;
    let rows = Rows::of_cell(cell, over)?;
    let training = &settings.training;
    let batch = training.per_device_train_batch_size * training.gradient_accumulation_steps;
    let trained = match (settings.do_train, training.max_steps) {
        (false, _) => 0.0,
        (true, None) => rows.train as f64 * training.num_train_epochs,
        (true, Some(steps)) => (steps * batch) as f64,
    };
    Some(trained + EVALUATION * rows.others as f64)
}

/// The same of a run that is over.
fn work_done(record: &RunRecord) -> Option<f64> {
    let number = |name: &str| record.hyper_parameters.get(name)?.as_f64();
    let rows = Rows::of_record(record);
    let trained = if record.timings.train_seconds.is_none() {
        0.0
    } else if let Some(steps) = number("max_steps") {
        steps * number("per_device_train_batch_size")? * number("gradient_accumulation_steps")?
    } else {
        rows.train as f64 * number("num_train_epochs")?
    };
    Some(trained + EVALUATION * rows.others as f64).filter(|work| *work > 0.0)
}

/// Seconds that `cells` will take, at the speed of the runs that are over: of the same model and task, else of the same
/// model, else of any, by the number of parameters. `None` where nothing is known.
pub(super) fn seconds<'a>(cells: impl Iterator<Item = &'a Cell>, over: &[RunRecord], sizes: &Sizes) -> Option<f64> {
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
                .or_else(|| rate_of_others(sizes.parameters(cell)?, over))?;
            Some(work(cell, over)? * rate)
        })
        .sum()
}

/// Seconds a row for a model of so many parameters, at the speed of other models.
fn rate_of_others(parameters: u64, over: &[RunRecord]) -> Option<f64> {
    let known = over
        .iter()
        .filter_map(|record| Some((record.timings.total_seconds, work_done(record)? * record.model.parameters as f64)));
    let (seconds, work) = known.fold((0.0, 0.0), |(s, w), (seconds, work)| (s + seconds, w + work));
    (work > 0.0).then_some(seconds / work * parameters as f64)
}

/// Seconds in words.
pub(super) fn in_words(seconds: f64) -> String {
    let minutes = seconds / 60.0;
    match minutes {
        _ if seconds.round() == 1.0 => "1 second".to_owned(),
        m if m < 1.5 => format!("{seconds:.0} seconds"),
        m if m < 90.0 => format!("{m:.0} minutes"),
        m if m < 60.0 * 48.0 => format!("{:.1} hours", m / 60.0),
        m => format!("{:.1} days", m / 60.0 / 24.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_unit_that_fits() {
        let words = [0.7, 59.0, 600.0, 7200.0, 86400.0 * 3.0].map(in_words);
        assert_eq!(words, ["1 second", "59 seconds", "10 minutes", "2.0 hours", "3.0 days"]);
    }
}
