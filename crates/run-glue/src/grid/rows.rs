//! How many rows a run uses.

use glue_tasks::task::SplitSpec;
use serde_json::Value;

use super::run_spec::RunSpec;
use records::record::{RunRecord, SplitRows, SplitUse};
use trainer::settings::{DatasetChoice, Settings};

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
    pub(super) fn of_record(record: &RunRecord) -> Self {
        // Records of format 1 do not say what rows were used for.
        let named = record.hyper_parameters.get("train_split_name").and_then(Value::as_str).unwrap_or("train");
        let is_train = |split: &&SplitRows| match split.used_for {
            Some(used_for) => used_for == SplitUse::Training,
            None => split.split == named,
        };
        let (train, others): (Vec<_>, Vec<_>) = record.dataset.splits.iter().partition(is_train);
        let sum = |splits: &[&SplitRows]| splits.iter().map(|split| split.rows as usize).sum();
        Self { train: sum(&train), others: sum(&others) }
    }

    /// Those of an earlier run of the same rows; else GLUE's own numbers. `None` where they are not known before.
    pub(super) fn of_spec(spec: &RunSpec, over: &[RunRecord]) -> Option<Self> {
        let settings = &spec.settings;
        let (asked, dataset) = (settings.hyper_parameters(), dataset_id(settings));
        let same = |record: &&RunRecord| {
            record.task == spec.task()
                && record.dataset.id == dataset
                && record.timings.train_seconds.is_some() == settings.do_train
                && ROWS.iter().all(|name| record.hyper_parameters.get(*name) == asked.get(*name))
        };
        if let Some(record) = over.iter().find(same) {
            return Some(Self::of_record(record));
        }
        // Of the miniature tasks the numbers of the real ones say nothing.
        let task = settings.task.known().filter(|_| settings.data.dataset != DatasetChoice::Embedded)?;
        let train = task.train_split.as_ref().and_then(|split| split.rows).unwrap_or(0);
        let cut = |rows: usize, most: Option<usize>| rows.min(most.unwrap_or(rows));
        let of = |splits: &[SplitSpec], most: Option<usize>| -> usize {
            splits.iter().filter_map(|split| split.rows).map(|rows| cut(rows, most)).sum()
        };
        let out = |percent: f64| (train as f64 * percent / 100.0) as usize;
        let held_out = settings.data.splits.held_out.map_or(0, out);
        let evaluated: usize = match held_out {
            0 => of(&task.eval_splits, settings.data.max_eval_samples),
            held_out => cut(held_out, settings.data.max_eval_samples),
        };
        let predicted = of(&task.test_splits, settings.data.max_predict_samples);
        Some(Self {
            train: cut(train - held_out, settings.data.max_train_samples),
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
        DatasetChoice::Embedded => trainer::demo::DATA.to_owned(),
    }
}
