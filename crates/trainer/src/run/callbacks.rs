//! What happens after a step: log rows to their files, an evaluation, a checkpoint, and whether the training goes on.

use std::path::Path;

use burn::module::AutodiffModule;
use burn_autodiff::Autodiff;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;

use super::best_checkpoint::BestCheckpoint;
use super::checkpoints::{Checkpoints, Content};
use super::context::RunContext;
use super::end_weights::{Said, TrainingEnd};
use super::hooks::CheckpointListener;
use super::saved_model::SavedModel;
use super::score::Evaluation;
use super::state_file::{total_flos, trainer_state};
use super::warnings::Warnings;
use crate::error::Error;
use crate::logs::journal::Journal;
use crate::settings::{SaveStrategy, Settings};
use crate::training::best::Judgement;
use crate::training::log::TrainLog;
use crate::training::phases::EVALUATE;
use crate::training::schedule::StepPlan;
use crate::training::{Flow, StepEnd};
use records::files::trainer_state::eval_row;

/// Whether the user wants the training to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    GoOn,
    Stop,
    /// To stop, and the evaluation that is due is not made: it is when the run goes on.
    StopUnevaluated,
}

/// Which command goes on from a checkpoint, in front of its name.
pub(super) fn how_to_go_on(settings: &Settings) -> &'static str {
    match () {
        () if settings.checkpoints.save_only_model => "it holds only the model",
        // It would start anew; `--rerun` writes over the folders of runs that have ended.
        () if settings.places.overwrite_output_dir => {
            "the same command without --overwrite_output_dir and --rerun goes on"
        }
        () => "the same command goes on",
    }
}

/// Called by the training at its start and after each step.
pub(super) struct TrainerCallbacks<'a> {
    context: &'a RunContext<'a>,
    plan: StepPlan,
    /// Absent without an output folder.
    checkpoints: Option<Checkpoints<'a>>,
    listener: Option<&'a mut (dyn CheckpointListener + 'static)>,
    pub(super) best: BestCheckpoint,
    pub(super) journal: Journal,
    pub(super) warnings: Warnings,
}

impl<'a> TrainerCallbacks<'a> {
    /// Callbacks of a training of `plan`'s steps that has not begun.
    pub(super) fn new(
        context: &'a RunContext<'a>,
        plan: StepPlan,
        checkpoints: Option<Checkpoints<'a>>,
        listener: Option<&'a mut (dyn CheckpointListener + 'static)>,
        journal: Journal,
    ) -> Self {
        let (best, warnings) = Default::default();
        Self { context, plan, checkpoints, listener, best, journal, warnings }
    }

    /// Evaluates before the first step, where that is wanted.
    pub(super) fn before_training<B: EncoderOps>(
        &mut self,
        model: &SequenceClassifier<Autodiff<B>>,
        log: &mut TrainLog<B>,
    ) -> Result<(), Error> {
        if self.context.settings.evaluation.on_start
            && log.totals.steps == 0
            && self.evaluate(model, log, 0, 0.0)?.is_none()
        {
            return Err(Error::interrupted("stopped before the first step"));
        }
        self.journal.catch_up(&log.history);
        Ok(())
    }

    /// Looks after a step that ended.
    ///
    /// # Errors
    /// An evaluation that is impossible, or the user's wish to stop.
    pub(super) fn after_step<B: EncoderOps>(&mut self, end: StepEnd<'_, Autodiff<B>>) -> Result<Flow, Error> {
        let ends_epoch = end.ends_epoch || end.step == self.plan.max_steps;
        let evaluation = &self.context.settings.evaluation;
        let is_evaluated = evaluation.is_due(end.step, self.plan.max_steps, end.epoch, ends_epoch);
        let judgement = match is_evaluated {
            true => self.evaluate(end.model, end.log, end.step, end.epoch)?,
            false => Some(Judgement::default()),
        };
        self.journal.catch_up(&end.log.history);
        let Some(judgement) = judgement else {
            return self.save(&end, Wish::StopUnevaluated).map(|()| Flow::Stop);
        };
        let wish = if (self.context.hooks.is_cancelled)() { Wish::Stop } else { Wish::GoOn };
        let due = |checkpoints: &Checkpoints| checkpoints.is_due(end.step, ends_epoch, judgement.is_best);
        if wish == Wish::Stop || self.checkpoints.as_ref().is_some_and(due) {
            self.save(&end, wish)?;
        }
        Ok(if judgement.stop { Flow::Stop } else { Flow::Continue })
    }

    /// Evaluates the first split (of MNLI the matched one, as run_glue.py does), logs the row and compares it. `None`: the user wants to
    /// stop.
    fn evaluate<B: EncoderOps>(
        &mut self,
        model: &SequenceClassifier<Autodiff<B>>,
        log: &mut TrainLog<B>,
        step: usize,
        epoch: f64,
    ) -> Result<Option<Judgement>, Error> {
        let mut judgement = Judgement::default();
        let Some((split, suffix)) = self.context.prepared.eval.first() else { return Ok(Some(judgement)) };
        let Some(logits) = log.phases.time(EVALUATE, || self.context.predict(&model.valid(), split)) else {
            return Ok(None);
        };
        let evaluation = Evaluation::new(self.context, split, suffix, logits)?;
        let row = eval_row(epoch, step as u64, &evaluation.metrics(Some(epoch)));
        if let Some(settings) = &self.context.settings.evaluation.best
            && let Some(value) = row.get(&settings.metric).and_then(|value| value.as_f64())
            && step > 0
        {
            judgement = self.best.judge(value, step, settings, self.context.settings.evaluation.early_stopping);
        }
        log.evaluated(row, &self.line(&evaluation, step, judgement));
        if judgement.stop {
            // Said of each of several runs too, where the course of none is.
            let (task, last) = (&self.context.prepared.task.name, self.plan.max_steps);
            log::info!(
                "{task}: no better for long enough (--early_stopping_patience): the training stops here, at step {step}/{last}"
            );
        }
        Ok(Some(judgement))
    }

    fn line(&self, evaluation: &Evaluation, step: usize, judgement: Judgement) -> String {
        let loss = evaluation.loss.map(|loss| ("loss".to_owned(), loss));
        let scores = loss.iter().chain(&evaluation.scores).map(|(key, value)| format!(" {key} {value:.4}"));
        let best = if judgement.is_best { ", the best so far" } else { "" };
        let scores: String = scores.collect();
        format!("{}: step {step}/{} evaluation{scores}{best}", self.context.prepared.task.name, self.plan.max_steps)
    }

    /// Makes a checkpoint. A run that the user stopped then ends with how to go on.
    fn save<B: EncoderOps>(&mut self, end: &StepEnd<'_, Autodiff<B>>, wish: Wish) -> Result<(), Error> {
        let (step, last, interrupted) = (end.step, self.plan.max_steps, wish != Wish::GoOn);
        let Some(checkpoints) = &self.checkpoints else {
            return Err(Error::interrupted(format!(
                "stopped after step {step} of {last}; nothing was saved, since there is no --output_dir"
            )));
        };
        let folder = checkpoints.folder(step);
        let best = self.best.with_saved(step, &folder, self.context.settings.evaluation.best.as_ref());
        let unevaluated = (wish == Wish::StopUnevaluated).then_some(end.ends_epoch);
        if let Err(error) = checkpoints.save(step, &Content { unevaluated, ..self.content(end, &best) }) {
            if interrupted {
                return Err(error);
            }
            // The run itself is sound, and its results are worth more than a place to go on from.
            self.best.failed = Some(step);
            self.warnings.add(error.to_string());
            return Ok(());
        }
        self.best = best;
        if wish == Wish::StopUnevaluated || interrupted && step < last {
            return Err(self.stopped(step, &folder));
        }
        if !interrupted {
            self.journal.checkpoint(&folder);
        }
        if let Some(listener) = self.listener.as_deref_mut().filter(|_| !interrupted) {
            let by_epoch = self.context.settings.checkpoints.save_strategy == SaveStrategy::Epoch;
            let when = if by_epoch { format!("epoch {}", end.epoch as u64) } else { format!("step {step}") };
            listener.checkpoint(&folder, &when);
        }
        checkpoints.rotate(self.best.folder.as_deref());
        Ok(())
    }

    /// What a checkpoint after this step is made of.
    fn content<'c, B: EncoderOps>(
        &'c self,
        end: &'c StepEnd<'_, Autodiff<B>>,
        best: &'c BestCheckpoint,
    ) -> Content<'c, Autodiff<B>> {
        let totals = end.log.totals;
        let flos = total_flos(totals.padded_tokens, self.context.non_embedding_parameters);
        let history = end.log.history.clone();
        Content {
            saved: SavedModel { context: self.context, model: end.model, merges: false },
            optimizer: end.optimizer,
            dropout: end.dropout,
            log: end.log.state(),
            state: trainer_state(self.context.settings, &self.plan, &totals, best, history, flos),
            best,
            unevaluated: None,
        }
    }

    /// The end of a run that the user stopped, with a checkpoint in `folder`.
    fn stopped(&self, step: usize, folder: &Path) -> Error {
        let last = self.plan.max_steps;
        let how = how_to_go_on(self.context.settings);
        Error::interrupted(format!("stopped after step {step} of {last}; {how} from {}", folder.display()))
    }

    /// What the training ends with, after its last step.
    pub(super) fn end(&mut self, last: usize) -> TrainingEnd {
        // An earlier start may have been killed between its last checkpoint and this.
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.rotate(self.best.folder.as_deref());
        }
        let end = TrainingEnd::new(self.context.settings, &self.best, last);
        match &end.said {
            Some(Said::Best(said)) => log::info!("{}: {said}", self.context.prepared.task.name),
            Some(Said::Lost(said)) => self.warnings.add(said.clone()),
            None => {}
        }
        if let (Some(checkpoints), Some(folder)) = (&self.checkpoints, &end.folder) {
            checkpoints.keep_only(folder);
        }
        end
    }
}
