//! Writes the results of a run: run_glue.py's files, the tables of metrics, the record.

use std::path::Path;

use super::announcement;
use super::older_run::{is_checkpoint_of, remove_results};
use super::outcome::{RunOutcome, StageMetrics};
use super::output::{is_empty, is_model_in, output_dir};
use super::score::Evaluation;
use super::state_file::trainer_state;
use crate::error::Error;
use crate::finished_run::{FinishedRuns, WrittenFiles};
use crate::logs::tracker::Tracker;
use crate::unfinished_mark::is_marked;
use records::files::console::metrics_block;
use records::files::final_eval::FinalTable;
use records::files::logits::write_logits;
use records::files::metrics_files::save_metrics;
use records::files::trainer_state::{eval_row, last_row};
use records::record::RunRecord;
use records::record::class_table::ClassTable;

/// What became of a run's results.
pub(super) struct Written {
    /// All that was measured, wherever it could be written.
    pub(super) record: RunRecord,
    /// The files of results in the output folder; none where there is no folder.
    pub(super) files: WrittenFiles,
    /// Is to be told when nothing can fail any more.
    pub(super) tracker: Option<Box<dyn Tracker>>,
    /// The first file that could not be written; of further ones the log says it.
    pub(super) result: Result<(), Error>,
    /// Whether the tables could be shown: that is no part of what the run leaves.
    pub(super) printed: Result<(), Error>,
}

/// Of two failures the first, and the second one is logged.
pub(super) fn first_error(first: Result<(), Error>, second: Result<(), Error>) -> Result<(), Error> {
    if let (Err(_), Err(error)) = (&first, &second) {
        log::error!("{error}");
    }
    first.and(second)
}

impl RunOutcome<'_> {
    /// Writes everything and prints the metric blocks. What cannot be written keeps nothing else from being written: the files and
    /// the record may have disks of their own.
    pub(super) fn write(mut self) -> Written {
        self.warn_of_collapse();
        self.warn_of_permuted_classes();
        let metrics = self.stage_metrics();
        let (mut result, mut files) = (Ok(()), WrittenFiles::new());
        if let Some(dir) = output_dir(self.context.settings) {
            let is_own = is_empty(&dir) || self.trained.is_some() && is_marked(&dir);
            files = self.files(&metrics);
            if !self.removes_results(&dir) {
                self.left_of_others(&dir, &metrics, &files).into_iter().for_each(|line| self.warnings.add(line));
            }
            let written = self.disown(&dir, &files).and_then(|()| {
                if self.removes_results(&dir) {
                    remove_results(&self.context.prepared.task, &dir);
                }
                self.write_output_dir(&dir, &metrics)
            });
            result = written.inspect_err(|_| {
                // A part of the files would look like the results of a finished run.
                if is_own {
                    remove_results(&self.context.prepared.task, &dir);
                }
            });
        }
        self.log_results(&metrics);
        let printed = self.print_tables(&metrics);
        let mut record = self.record(&metrics);
        let rows: Vec<_> = self.evaluations.iter().filter_map(Evaluation::row_predictions).collect();
        let path = record.write_beside(&self.context.settings.places.results_dir, &rows);
        let (task, is_one_of_several) =
            (&self.context.prepared.task.name, self.context.settings.places.folder.is_some());
        let scores = self.evaluations.iter().flat_map(|evaluation| announcement::scores(evaluation, is_one_of_several));
        scores.for_each(|line| log::debug!("{task}: {line}"));
        if let Ok(path) = &path {
            log::debug!("{task}: results are in {}", path.display());
        }
        let result = first_error(result, path.map(drop).map_err(Error::from));
        let tracker = self.trained.and_then(|mut trained| trained.journal.take_tracker());
        Written { record, files, tracker, result, printed }
    }

    /// What is about to be written over is no other run's any more, should this one be killed, or fail.
    fn disown(&self, dir: &Path, files: &WrittenFiles) -> Result<(), Error> {
        let before = FinishedRuns::read(dir);
        let before = if self.removes_results(dir) { before.without_files() } else { before };
        Ok(before.before(files, self.trained.is_some()).write(dir)?)
    }

    /// Whether this is an evaluation that removes what another model's left: no training has removed an older run's results.
    fn removes_results(&self, dir: &Path) -> bool {
        let settings = self.context.settings;
        let is_of_folder = is_model_in(settings, dir) || is_checkpoint_of(settings, dir);
        self.trained.is_none() && settings.places.overwrite_output_dir && !is_of_folder
    }

    fn print_tables(&self, metrics: &StageMetrics) -> Result<(), Error> {
        let settings = self.context.settings;
        let mut tables = String::new();
        let blocks = [("train", &metrics.train), ("eval", &metrics.eval), ("predict", &metrics.predict)];
        for (stage, metrics) in blocks.into_iter().filter_map(|(stage, m)| Some((stage, m.as_ref()?))) {
            if settings.places.folder.is_none() {
                tables += &metrics_block(stage, metrics);
            }
        }
        if let Some(table) = FinalTable::of(&self.context.prepared.task, &self.last) {
            let run = settings.places.folder.as_ref().map_or_else(String::new, |run| format!(" of {}", run.display()));
            tables += &format!("***** final evaluation{run} *****\n{}", table.text());
        }
        if settings.task.custom().is_some() {
            for table in self.class_tables() {
                tables += &format!("***** classes of {} *****\n{}", table.split, table.render());
            }
        }
        (self.context.hooks.print)(&tables)
    }

    /// The last rows of the log, which transformers logs too.
    fn log_results(&mut self, stages: &StageMetrics) {
        let Some(trained) = &mut self.trained else { return };
        let step = trained.totals.steps as u64;
        if let Some(metrics) = &stages.train {
            trained.journal.add(&last_row(step, metrics));
        }
        if let Some(metrics) = &stages.eval {
            trained.journal.add(&eval_row(trained.totals.epoch, step, metrics));
        }
    }

    fn write_output_dir(&self, dir: &Path, stages: &StageMetrics) -> Result<(), Error> {
        if let (Some(metrics), Some(trained)) = (&stages.train, &self.trained) {
            save_metrics(dir, "train", metrics, true)?;
            let mut history = trained.history.clone();
            history.push(last_row(trained.totals.steps as u64, metrics));
            let flos = self.total_flos(trained.totals.padded_tokens);
            let settings = self.context.settings;
            trainer_state(settings, &trained.plan, &trained.totals, &trained.best, history, flos).save(dir)?;
        }
        if let Some(metrics) = &stages.eval {
            save_metrics(dir, "eval", metrics, true)?;
        }
        if let Some(metrics) = &stages.predict {
            save_metrics(dir, "predict", metrics, true)?;
        }
        for prediction in &self.predictions {
            prediction.write(dir, self.context.settings.places.save_logits)?;
            if self.context.settings.places.glue_submission {
                prediction.write_leaderboard_file(dir)?;
            }
        }
        if let Some(table) = FinalTable::of(&self.context.prepared.task, &self.last) {
            table.write(dir)?;
        }
        if self.context.settings.places.save_logits {
            for evaluation in &self.evaluations {
                let path = dir.join(evaluation.logits_file());
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

    fn warn_of_collapse(&mut self) {
        if let Some(one) = self.evaluations.iter().find(|e| e.collapsed && e.loss.is_some()) {
            let try_it = if self.trained.is_some() {
                ": the run collapsed; try another --seed or a lower --learning_rate"
            } else {
                ": the model tells nothing about these rows"
            };
            self.warnings.add(format!("every row of {} got the same prediction{try_it}", one.split));
        }
    }

    /// A checkpoint whose head has another order of classes than its config.json says looks worse than chance.
    fn warn_of_permuted_classes(&mut self) {
        if self.trained.is_some() {
            return;
        }
        let prepared = self.context.prepared;
        for table in self.class_tables().into_iter().filter(ClassTable::is_permuted) {
            let Some((accuracy, best)) = table.accuracy_and_best_order() else { continue };
            self.warnings.add(format!(
                "{}: accuracy {accuracy:.4} on {} is below chance, and in another order of the classes it would be {best:.4}: \
                 the head's order is not {}; give the names in the head's order as id2label and label2id in config.json",
                prepared.model.files().id,
                table.split,
                prepared.task.labels.join(", ")
            ));
        }
    }
}
