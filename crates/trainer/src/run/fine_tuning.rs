//! The training of one run: from the loaded model, or a checkpoint of an earlier start, to the weights that it ends with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use burn_autodiff::Autodiff;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;
use models::ops::profile::{self, PARTS};
use serde_json::Value;

use super::best_checkpoint::BestCheckpoint;
use super::callbacks::TrainerCallbacks;
use super::checkpoints::{Checkpoints, Resume, decisive_settings, incomplete_after, latest, latest_before, step_of};
use super::context::RunContext;
use super::hooks::{CheckpointListener, TrackedRun, TrackerStart};
use super::hyper_parameters::tracked_parameters;
use super::identity::RunIdentity;
use super::older_run::OlderRun;
use super::output::{given_elsewhere, output_dir};
use super::training_setup::TrainingSetup;
use super::unfinished::Unfinished;
use super::warnings::Warnings;
use crate::data::Split;
use crate::error::{Error, ErrorKind};
use crate::logs::journal::Journal;
use crate::machine::host::host_name;
use crate::settings::Settings;
use crate::training::Flow;
use crate::training::optimizer::frozen;
use crate::training::phases::PhaseSeconds;
use crate::training::schedule::StepPlan;
use crate::training::totals::Totals;
use crate::unfinished_mark::is_marked;
use records::metrics::Metrics;
use records::record::parts::TrainingInfo;
use records::utc::folder_name;

/// What training left behind.
pub(super) struct Trained {
    pub(super) totals: Totals,
    pub(super) plan: StepPlan,
    pub(super) history: Vec<Metrics>,
    pub(super) best: BestCheckpoint,
    pub(super) journal: Journal,
    /// Which weights the model has now.
    pub(super) info: TrainingInfo,
    pub(super) warnings: Warnings,
    /// Time by phase.
    pub(super) phases: PhaseSeconds,
    /// Seconds in each kind of operation, where the backend counts them; of this process alone.
    pub(super) operations: BTreeMap<String, f64>,
}

/// A training that nothing stands in the way of: where it goes on from a checkpoint, that one is read and fits. Nothing is
/// written yet.
pub(super) struct FineTuning<'a, B: EncoderOps> {
    context: &'a RunContext<'a>,
    setup: TrainingSetup<'a, B>,
    /// What it is, and so what it may go on from or write over.
    run: Unfinished,
    resumed: Option<Resumed>,
    /// Where this run writes over another one.
    older_run: Option<OlderRun>,
}

/// What a checkpoint says to those who look after the training.
struct Resumed {
    folder: PathBuf,
    step: usize,
    best: BestCheckpoint,
    /// Where the evaluation after the step is still to be made: whether the step was its epoch's last.
    unevaluated: Option<bool>,
}

impl<'a, B: EncoderOps> FineTuning<'a, B> {
    /// The training of `model` on `split`.
    ///
    /// # Errors
    /// A checkpoint that cannot be gone on from, or an older run that cannot be written over.
    pub(super) fn new(
        context: &'a RunContext<'a>,
        split: &'a Split,
        model: SequenceClassifier<Autodiff<B>>,
        device: &B::Device,
    ) -> Result<Self, Error> {
        let settings = context.settings;
        if !B::capabilities().synchronous {
            settings.training.check_gpu()?;
        }
        let mut setup = TrainingSetup::<B>::new(context, split, model);
        let decisive = decisive_settings(settings, &setup.plan, split.len(), context.prepared.model.max_seq_length);
        let (prepared, task) = (context.prepared, settings.task.known().map(|task| task.name.as_str()));
        let chooses = settings.evaluation.best.is_some();
        let identity = RunIdentity::new(task, &prepared.splits, chooses, prepared.model_identity.clone())
            .taught_by(prepared.teacher.as_ref().map(|teacher| teacher.identity.clone()));
        let folder = resume_folder(settings);
        if folder.is_none() && settings.checkpoints.expects_checkpoint {
            log::info!(
                "there is no checkpoint to go on from (--resume_from_checkpoint): the training starts at its beginning"
            );
        }
        let resumed =
            folder.map(|folder| resume(&folder, &identity, &decisive, context, &mut setup, device)).transpose()?;
        let run = Unfinished { settings: decisive, identity };
        let from = resumed.as_ref().map(|resumed| (resumed.folder.as_path(), resumed.step));
        let overwrites = settings.places.overwrite_output_dir;
        if let Some(dir) = output_dir(settings).filter(|_| !overwrites) {
            run.check(&dir)?;
        }
        let overwritten = output_dir(settings).filter(|_| overwrites);
        let older_run = overwritten.map(|dir| OlderRun::find(settings, dir, from)).transpose()?;
        Ok(Self { context, setup, run, resumed, older_run })
    }

    /// The steps that it takes.
    pub(super) fn plan(&self) -> StepPlan {
        self.setup.plan
    }

    /// Trains; `listener` hears of checkpoints, `tracker` of the log.
    ///
    /// # Errors
    /// An older run's files that cannot be removed, a tracker that refuses the run, or the user's wish to stop.
    pub(super) fn run(
        self,
        listener: Option<&mut (dyn CheckpointListener + 'static)>,
        tracker: Option<Box<dyn TrackerStart>>,
        device: &B::Device,
    ) -> Result<(SequenceClassifier<Autodiff<B>>, Trained), Error> {
        let Self { context, mut setup, run, resumed, older_run } = self;
        let (settings, plan, dir) = (context.settings, setup.plan, output_dir(context.settings));
        let goes_on = older_run.is_none() && dir.as_deref().is_some_and(is_marked);
        let begin = |tracker: Box<dyn TrackerStart>| {
            tracker.begin(&TrackedRun {
                task: &context.prepared.task.name,
                model: &context.prepared.model.files().id,
                parameters: tracked_parameters(context),
                dir: dir.as_deref(),
                goes_on,
            })
        };
        let tracker = tracker.map(begin).transpose()?.flatten();
        // Before anything is removed: from here on the folder holds parts of two runs.
        if let Some(dir) = &dir {
            run.mark(dir)?;
        }
        if let Some(older_run) = older_run {
            older_run.remove(&context.prepared.task)?;
        }
        let Unfinished { settings: decisive, identity } = run;
        let journal = journal(context, dir.as_deref(), &decisive).tracked_by(tracker);
        let checkpoints = dir.map(|dir| Checkpoints { dir, settings: &settings.checkpoints, plan, decisive, identity });
        let mut callbacks = TrainerCallbacks::new(context, plan, checkpoints, listener, journal);
        let resumed_from = resumed.as_ref().and_then(|resumed| resumed.folder.file_name());
        let resumed_from = resumed_from.map(|name| name.to_string_lossy().into_owned());
        let mut unevaluated = None;
        if let Some(resumed) = resumed {
            callbacks.best = resumed.best;
            unevaluated = resumed.unevaluated;
        }
        if settings.logging.profile && !B::capabilities().synchronous {
            let device = device.clone();
            // A device that failed says so where the results are read.
            setup.log.phases.synchronize_with(move || drop(B::sync(&device)));
        }
        let operations_before = profile::times();
        callbacks.before_training(&setup.model, &mut setup.log)?;
        let flow = match unevaluated {
            Some(ends_epoch) => callbacks.after_step::<B>(setup.step_end(ends_epoch))?,
            None => Flow::Continue,
        };
        let (mut model, log) = match flow {
            Flow::Continue => setup.train(|end| callbacks.after_step::<B>(end))?,
            Flow::Stop => setup.without_steps(),
        };
        let operations = operations_since(operations_before);
        let end = callbacks.end(log.totals.steps);
        if let Some(folder) = &end.folder {
            model = context.prepared.model.build_saved::<Autodiff<B>>(folder, &context.build, device)?;
        }
        // Of any batch: which masks there are does not depend on its size.
        let model_files = &context.prepared.model;
        let of_adapter = model_files.peft.as_ref().is_some_and(|plan| plan.method.drops_units());
        let drops_units = of_adapter || !model_files.architecture.masks(1, 1).is_empty();
        let info =
            TrainingInfo { weights: end.weights, step: end.step as u64, resumed_from, drops_units: Some(drops_units) };
        let TrainerCallbacks { best, journal, warnings, .. } = callbacks;
        let (totals, phases) = (log.totals, log.phases.seconds);
        Ok((model, Trained { totals, plan, history: log.history, best, journal, info, warnings, phases, operations }))
    }
}

/// The checkpoint to go on from: the one given, or the last one in the output folder that the run does not overwrite. A run that
/// began with one of another folder, and did not end, goes on from its own where it got further.
fn resume_folder(settings: &Settings) -> Option<PathBuf> {
    let given = settings.checkpoints.resume_from_checkpoint.clone();
    let dir = output_dir(settings).filter(|_| !settings.places.overwrite_output_dir);
    let own = dir.as_deref().and_then(latest);
    let Some(given) = given else {
        let left_out = dir.as_deref().zip(own.as_deref()).and_then(|(dir, own)| incomplete_after(dir, step_of(own)?));
        if let (Some(left_out), Some(own)) = (left_out, &own) {
            log::warn!(
                "{} lacks files that a run needs to go on from it, so this one goes on from {}",
                left_out.display(),
                own.display()
            );
        }
        return own;
    };
    let is_further = |own: &PathBuf| step_of(own) > step_of(&given);
    let goes_on = |dir: &PathBuf| is_marked(dir) && given_elsewhere(settings, dir).is_some();
    let own = own.filter(|own| dir.as_ref().is_some_and(goes_on) && is_further(own));
    Some(own.unwrap_or(given))
}

/// Goes on from the checkpoint in `folder`.
///
/// # Errors
/// When it cannot be read, or was made with other settings.
fn resume<B: EncoderOps>(
    folder: &Path,
    identity: &RunIdentity,
    decisive: &BTreeMap<String, Value>,
    context: &RunContext,
    setup: &mut TrainingSetup<B>,
    device: &B::Device,
) -> Result<Resumed, Error> {
    let damaged = |error: Error| without_checkpoint(error, folder, context.settings);
    let resume = Resume::read(folder, setup.plan.max_steps).map_err(damaged)?;
    resume.check(identity, decisive)?;
    resume.check_best()?;
    let model = context.prepared.model.build_saved::<Autodiff<B>>(folder, &context.build, device).map_err(damaged)?;
    setup.model = frozen(model, &context.settings.training, context.prepared.model.peft.as_ref());
    resume.restore(&mut setup.optimizer, &mut setup.log, device).map_err(damaged)?;
    setup.data.dropout.as_mut().map(|dropout| resume.restore_dropout(dropout).map_err(damaged)).transpose()?;
    log::info!("going on from {} (step {})", folder.display(), resume.step());
    let (step, best, unevaluated) = (resume.step(), resume.best(), resume.unevaluated());
    Ok(Resumed { folder: folder.to_owned(), step, best, unevaluated })
}

/// The error of a checkpoint that cannot be read, with where the run would go on without it.
fn without_checkpoint(error: Error, folder: &Path, settings: &Settings) -> Error {
    if error.kind() != ErrorKind::Input {
        return error;
    }
    if settings.checkpoints.resume_from_checkpoint.as_deref() == Some(folder) {
        return error.with_message(format!("{error}; give another --resume_from_checkpoint"));
    }
    let earlier = folder.parent().and_then(|dir| latest_before(dir, step_of(folder)));
    let then = earlier
        .map_or_else(|| "starts at its beginning".to_owned(), |earlier| format!("goes on from {}", earlier.display()));
    error.with_message(format!("{error}; remove {} if it is damaged: the run then {then}", folder.display()))
}

fn journal(context: &RunContext, output_dir: Option<&Path>, hyper_parameters: &BTreeMap<String, Value>) -> Journal {
    let settings = &context.settings.logging;
    let host = host_name();
    let events = settings.tensorboard.then(|| {
        let given = settings.logging_dir.clone().map(|dir| match &context.settings.places.folder {
            Some(folder) => dir.join(folder),
            None => dir,
        });
        let run = || Some(output_dir?.join("runs").join(format!("{}_{host}", folder_name(SystemTime::now()))));
        given.or_else(run)
    });
    let mut journal = Journal::open(output_dir, events.flatten().as_deref(), &host);
    let config = context.prepared.model.config.fields().clone();
    journal.text("args", &format!("{:#}", Value::from_iter(hyper_parameters.clone())));
    journal.text("model_config", &format!("{:#}", Value::Object(config)));
    journal
}

/// Seconds in each kind of operation that took any.
fn operations_since(before: [Duration; PARTS.len()]) -> BTreeMap<String, f64> {
    let seconds = profile::times().into_iter().zip(before).map(|(now, before)| (now - before).as_secs_f64());
    let named = PARTS.iter().zip(seconds).map(|((_, name), seconds)| ((*name).to_owned(), seconds));
    named.filter(|(_, seconds)| *seconds > 0.0).collect()
}
