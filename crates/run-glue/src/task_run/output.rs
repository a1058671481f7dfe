//! The files of a finished run.

use std::path::{Path, PathBuf};

use super::Outcome;
use super::checkpoints::{is_scratch, latest};
use super::rows::AX_SUFFIX;
use super::score::{Evaluation, task_number};
use super::watch::BestCheckpoint;
use crate::error::Error;
use crate::progress::{print, say, warn};
use crate::report::atomic;
use crate::report::class_table::ClassTable;
use crate::report::console::metrics_block;
use crate::report::journal;
use crate::report::logits::write_logits;
use crate::report::metrics_files::{Metrics, TrainSummary, save_metrics};
use crate::report::record::RunRecord;
use crate::report::trainer_state::{TrainerState, eval_row, last_row};
use crate::settings::{SaveStrategy, Settings};
use crate::trainer::log::Totals;
use crate::trainer::schedule::{StepPlan, interval};

/// The run's folder: `--output_dir` itself, or a folder in it where the run is one of several.
#[must_use]
pub fn output_dir(settings: &Settings) -> Option<PathBuf> {
    let root = settings.places.output_dir.clone()?;
    Some(settings.places.folder.as_ref().map_or_else(|| root.clone(), |folder| root.join(folder)))
}

/// Finds out before any work whether the records will have a place.
///
/// # Errors
/// When files cannot be written into `--results_dir`.
pub fn check_results_dir(settings: &Settings) -> Result<(), Error> {
    check_place("results_dir", &settings.places.results_dir)
}

fn check_place(flag: &str, folder: &Path) -> Result<(), Error> {
    atomic::check_folder(folder).map_err(|error| {
        Error::usage(format!("--{flag} {} cannot be written to: {}", folder.display(), atomic::reason(&error)))
    })
}

/// Finds out before any work whether the other files will have a place.
///
/// # Errors
/// When `--output_dir` is not empty, since a folder with something in it is not written to unasked, or cannot be written to.
pub fn check_output_dir(settings: &Settings) -> Result<(), Error> {
    let Some(dir) = output_dir(settings) else { return Ok(()) };
    if dir.exists() && !dir.is_dir() {
        return Err(Error::usage(format!("--output_dir {}: this is a file", dir.display())));
    }
    if is_empty(&dir) || settings.places.overwrite_output_dir || !settings.do_train || latest(&dir).is_some() {
        return check_place("output_dir", settings.places.output_dir.as_deref().unwrap_or(&dir));
    }
    Err(Error::usage(format!(
        "--output_dir {} is not empty; give another folder, or --overwrite_output_dir true to write into it",
        dir.display()
    )))
}

/// 6 x tokens (padding included) x parameters without embeddings: transformers' `floating_point_ops`.
pub(super) fn total_flos(padded_tokens: usize, non_embedding_parameters: usize) -> f64 {
    6.0 * padded_tokens as f64 * non_embedding_parameters as f64
}

/// trainer_state.json after `totals`.
pub(super) fn trainer_state(
    settings: &Settings,
    plan: &StepPlan,
    totals: &Totals,
    best: &BestCheckpoint,
    log_history: Vec<Metrics>,
    total_flos: f64,
) -> TrainerState {
    let every = |steps: f64| interval(steps, plan.max_steps) as u64;
    let mut state = TrainerState {
        best_global_step: best.best.step.map(|step| step as u64),
        best_metric: best.best.metric,
        best_model_checkpoint: best.folder.as_ref().map(|folder| folder.display().to_string()),
        epoch: totals.epoch,
        eval_steps: every(settings.evaluation.steps),
        global_step: totals.steps as u64,
        max_steps: plan.max_steps as u64,
        num_train_epochs: plan.epochs() as u64,
        logging_steps: every(settings.logging.steps),
        save_steps: every(settings.checkpoints.save_steps),
        log_history,
        total_flos,
        train_batch_size: Some(settings.training.per_device_train_batch_size as u64),
        ..TrainerState::default()
    };
    state.set_control(settings.checkpoints.save_strategy != SaveStrategy::No, totals.steps == plan.max_steps);
    if let Some(early) = settings.evaluation.early_stopping {
        state.set_early_stopping(early.patience, early.threshold, best.best.patience_counter);
    }
    state
}

/// Totals of one run as run_glue.py's files have them.
pub(super) struct Files {
    pub(super) train: Option<Metrics>,
    pub(super) eval: Option<Metrics>,
    /// Of test splits with labels.
    pub(super) predict: Option<Metrics>,
}

impl Outcome<'_> {
    fn total_flos(&self, padded_tokens: usize) -> f64 {
        total_flos(padded_tokens, self.non_embedding_parameters)
    }

    fn train_metrics(&self) -> Option<Metrics> {
        let trained = self.trained.as_ref()?;
        let totals = &trained.totals;
        Some(
            TrainSummary {
                epoch: totals.epoch,
                total_flos: Some(self.total_flos(totals.padded_tokens)),
                train_loss: totals.train_loss,
                seconds: totals.seconds,
                train_samples: self.prepared.train.as_ref().map_or(0, crate::data::Split::len),
                samples_seen: totals.examples,
                steps: totals.steps as u64,
            }
            .metrics(),
        )
    }

    fn eval_metrics(&self) -> Option<Metrics> {
        let epoch = self.trained.as_ref().map(|t| t.totals.epoch);
        let all: Metrics = self.evaluations.iter().flat_map(|evaluation| evaluation.metrics(epoch)).collect();
        (!all.is_empty()).then_some(all)
    }

    fn predict_metrics(&self) -> Option<Metrics> {
        let scored = self.predictions.iter().filter_map(|prediction| prediction.evaluation.as_ref());
        let all: Metrics = scored.flat_map(|evaluation| evaluation.metrics(None)).collect();
        let renamed = all.into_iter().map(|(key, value)| (key.replacen("eval_", "predict_", 1), value));
        let renamed: Metrics = renamed.collect();
        (!renamed.is_empty()).then_some(renamed)
    }

    /// Writes everything and prints the metric blocks.
    pub(super) fn write(mut self) -> Result<RunRecord, Error> {
        if let Some(one) = self.evaluations.iter().find(|e| e.collapsed && e.loss.is_some()) {
            let what = format!(
                "every row of {} got the same prediction: the run collapsed; try another --seed or a lower --learning_rate",
                one.split
            );
            warn(&what);
            self.warnings.push(what);
        }
        self.warn_of_permuted_classes();
        let files = Files { train: self.train_metrics(), eval: self.eval_metrics(), predict: self.predict_metrics() };
        if let Some(dir) = output_dir(self.settings) {
            let was_empty = is_empty(&dir);
            self.write_output_dir(&dir, &files).inspect_err(|_| {
                // A part of the files would look like the results of a finished run.
                if was_empty {
                    remove_files(&dir);
                }
            })?;
        }
        self.log_results(&files);
        let blocks = [("train", &files.train), ("eval", &files.eval), ("predict", &files.predict)];
        for (stage, metrics) in blocks.into_iter().filter_map(|(stage, m)| Some((stage, m.as_ref()?))) {
            if self.settings.places.folder.is_none() {
                print(&metrics_block(stage, metrics));
            }
        }
        if self.settings.custom.is_some() {
            for table in self.class_tables() {
                print(&format!("***** classes of {} *****\n{}", table.split, table.render()));
            }
        }
        let mut record = self.record(&files);
        let rows: Vec<_> = self.evaluations.iter().filter_map(Evaluation::row_predictions).collect();
        let path = record.write_beside(&self.settings.places.results_dir, &rows)?;
        say(&format!("{}: results are in {}", self.task.name, path.display()));
        Ok(record)
    }

    /// The last rows of the log, which transformers logs too.
    fn log_results(&mut self, files: &Files) {
        let Some(trained) = &mut self.trained else { return };
        let step = trained.totals.steps as u64;
        if let Some(metrics) = &files.train {
            trained.journal.add(&last_row(step, metrics));
        }
        if let Some(metrics) = &files.eval {
            trained.journal.add(&eval_row(trained.totals.epoch, step, metrics));
        }
    }

    fn write_output_dir(&self, dir: &Path, files: &Files) -> Result<(), Error> {
        if let (Some(metrics), Some(trained)) = (&files.train, &self.trained) {
            save_metrics(dir, "train", metrics, true)?;
            let mut history = trained.history.clone();
            history.push(last_row(trained.totals.steps as u64, metrics));
            let flos = self.total_flos(trained.totals.padded_tokens);
            trainer_state(self.settings, &trained.plan, &trained.totals, &trained.best, history, flos).save(dir)?;
        }
        if let Some(metrics) = &files.eval {
            save_metrics(dir, "eval", metrics, true)?;
        }
        if let Some(metrics) = &files.predict {
            save_metrics(dir, "predict", metrics, true)?;
        }
        for prediction in &self.predictions {
            prediction.write(dir, self.settings.places.save_logits)?;
            if self.settings.places.glue_submission {
                prediction.write_leaderboard_file(dir)?;
            }
        }
        if self.settings.places.save_logits {
            for evaluation in &self.evaluations {
                let path = dir.join(format!("eval_logits{}.jsonl", evaluation.suffix));
                write_logits(
                    &path,
                    &evaluation.logits.values,
                    evaluation.logits.num_labels,
                    &evaluation.host_labels(),
                )?;
            }
        }
        Ok(())
    }

    /// A checkpoint whose head has another order of classes than its config.json says looks worse than chance.
    fn warn_of_permuted_classes(&mut self) {
        if self.trained.is_some() {
            return;
        }
        for table in self.class_tables().into_iter().filter(ClassTable::is_permuted) {
            let Some((accuracy, best)) = table.accuracy_and_best_order() else { continue };
            let what = format!(
                "{}: accuracy {accuracy:.4} on {} is below chance, and in another order of the classes it would be {best:.4}: \
                 the head's order is not {}; give the names in the head's order as id2label and label2id in config.json",
                self.prepared.model.files.id,
                table.split,
                self.task.labels.join(", ")
            );
            warn(&what);
            self.warnings.push(what);
        }
    }

    /// Every scored split with classes.
    pub(super) fn class_tables(&self) -> Vec<ClassTable> {
        let predicted = self.predictions.iter().filter_map(|prediction| prediction.evaluation.as_ref());
        self.evaluations.iter().chain(predicted).filter_map(|evaluation| evaluation.class_table.clone()).collect()
    }

    /// The task's number: the mean over its scored splits (MNLI: matched and mismatched), each the mean of its metrics.
    pub(super) fn score(&self) -> Option<f64> {
        let scored: Vec<&Evaluation> =
            self.evaluations.iter().filter(|e| e.loss.is_some() && e.suffix != AX_SUFFIX).collect();
        if scored.is_empty() {
            return None;
        }
        let scores: Option<Vec<f64>> = scored.iter().map(|e| task_number(self.task, &e.scores)).collect();
        scores.map(|s| s.iter().sum::<f64>() / s.len() as f64)
    }
}

/// Whether a folder holds nothing, or is not there. What a run leaves that is killed before its first checkpoint, or while
/// it writes, counts as nothing: the log, and files with a name of their own.
fn is_empty(dir: &Path) -> bool {
    let scratch =
        |name: &str| is_scratch(name) || atomic::is_scratch(name) || [journal::FILE_NAME, "runs"].contains(&name);
    std::fs::read_dir(dir).map_or(true, |mut entries| {
        entries.all(|entry| entry.is_ok_and(|e| e.file_name().to_str().is_some_and(scratch)))
    })
}

/// Removes the files that a run writes, and nothing else.
fn remove_files(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with("_results.json")
            || name == "trainer_state.json"
            || name == journal::FILE_NAME
            || name.starts_with("eval_logits")
            || name.starts_with("predict_")
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
