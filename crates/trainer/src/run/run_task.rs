//! The steps of one run, from its input to its results.

use std::any::Any;
use std::time::{Instant, SystemTime};

use burn::module::AutodiffModule;
use burn_autodiff::Autodiff;
use models::checkpoint::LoadReport;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;

use super::announcement;
use super::context::RunContext;
use super::final_evaluation::evaluate_parts;
use super::fine_tuning::{FineTuning, Trained};
use super::hooks::{CheckpointListener, RunHooks, TrackerStart};
use super::outcome::{Clock, RunOutcome};
use super::output::{check_record_folder, output_dir, take_output_dir};
use super::predictions::Prediction;
use super::prepare::{self, Prepared};
use super::saved_model::SavedModel;
use super::score::Evaluation;
use super::stopped::{stopped, stopped_after_training};
use super::uploads::upload;
use super::warnings::Warnings;
use super::write_results::{Written, first_error};
use crate::backends::{OnBackend, dispatch};
use crate::error::{Error, ErrorKind};
use crate::finished_run::WrittenFiles;
use crate::logs::tracker::Tracker;
use crate::machine::energy::EnergyMeter;
use crate::machine::host::restart_peak_memory;
use crate::settings::Settings;
use records::record::{FinalEvaluation, RunRecord};

/// A run whose results are written.
pub struct CompletedRun {
    /// What came of it.
    pub record: RunRecord,
    /// What became of it where [`RunHooks::listener`] took the finished folder.
    pub upload: Result<(), Error>,
    /// The files of results in the output folder.
    files: WrittenFiles,
}

/// Trains and evaluates one task and writes its results: a record into `settings.places.results_dir`, and where there is an
/// output folder, run_glue.py's files and the model into it. A run goes on from the last checkpoint of its output folder, which no
/// other run may write into meanwhile.
/// What is said on the way goes to the crate `log`.
///
/// # Errors
/// Whatever is wrong with the settings or the input, or fails.
pub fn run_task(settings: &Settings, hooks: &RunHooks) -> Result<CompletedRun, Error> {
    settings.check()?;
    let claim = take_output_dir(settings)?;
    restart_peak_memory();
    let clock = Clock { started_at: SystemTime::now(), started: Instant::now() };
    let prepared = prepare::prepare(settings, &hooks.transfers)?;
    let begun = settings.model.init_from.as_ref().and_then(|from| from.run.as_ref());
    let model = begun.map_or(&prepared.model.files().id, |run| &run.record.model.id);
    check_record_folder(settings, &prepared.task.name, model)?;
    let listener = (hooks.listener)(settings)?;
    let tracker = settings.do_train.then(|| (hooks.tracker)(settings)).transpose()?.flatten();
    let run = TaskRun { settings, prepared, hooks, listener, tracker, clock };
    let Finished { mut completed, listener, tracker, keeps, printed } = dispatch(settings.machine.device, run)??;
    claim.ended(&completed.record, completed.files.clone(), listener.is_some())?;
    if let Some(tracker) = tracker {
        tracker.finished(&completed.record);
    }
    drop(keeps);
    if let (Some(listener), Some(dir)) = (listener, output_dir(settings)) {
        completed.upload = upload(listener, &dir);
    }
    printed.map(|()| completed)
}

/// A run whose results are written, on its way out.
struct Finished {
    completed: CompletedRun,
    /// Takes the folder.
    listener: Option<Box<dyn CheckpointListener>>,
    /// Is told of the end.
    tracker: Option<Box<dyn Tracker>>,
    /// Held until the folder says that the run has ended.
    keeps: Option<Box<dyn Any>>,
    /// Whether the tables could be shown.
    printed: Result<(), Error>,
}

/// A run whose input is read and checked.
struct TaskRun<'a> {
    settings: &'a Settings,
    prepared: Prepared,
    hooks: &'a RunHooks,
    listener: Option<Box<dyn CheckpointListener>>,
    tracker: Option<Box<dyn TrackerStart>>,
    clock: Clock,
}

impl OnBackend for TaskRun<'_> {
    type Output = Result<Finished, Error>;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, device_name: &str) -> Self::Output {
        let Self { settings, prepared, hooks, mut listener, tracker, clock } = self;
        let energy = EnergyMeter::start();
        let mut warnings = Warnings::default();
        if let Some(remark) = B::precision_remark(settings.machine.precision, &device) {
            warnings.add(remark.to_owned());
        }
        let loaded = |report: &LoadReport| announce(report, settings, &prepared, &mut warnings);
        // Until the end, uploads too.
        let mut keeps = None;
        let (context, model) = RunContext::load::<B>(settings, &prepared, hooks, &device, loaded)?;
        let computer = format!("{device_name} ({backend})");
        let (model, trained) = match &prepared.train {
            Some(split) => {
                let training = FineTuning::new(&context, split, model, &device)?;
                announcement::announce(&context, Some(&training.plan()), &computer);
                keeps = Some((hooks.keeps)());
                let of_warmup = announcement::warmup_warning(&settings.training, &training.plan());
                of_warmup.into_iter().for_each(|warning| warnings.add(warning));
                let (model, trained) =
                    train(&context, training, listener.as_deref_mut(), tracker, &device, &mut warnings)?;
                (model, Some(trained))
            }
            None => {
                announcement::announce(&context, None, &computer);
                (model, None)
            }
        };
        let model = model.valid();
        // Before anything else can fail; and what fails here keeps no result from being written: each may have a disk of its own.
        let saved = output_dir(settings).filter(|_| trained.is_some()).map(|dir| {
            let saved = model_to_save(&context, &model).write_files(&dir);
            (dir, saved)
        });
        let measured = measure(&context, &model, &mut warnings);
        let Measured { evaluations, predictions, last } = match measured {
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                return Err(stopped_after_training(error, settings, trained.is_some()));
            }
            other => other?,
        };
        let lost_loss = trained.as_ref().filter(|trained| !trained.totals.train_loss.is_finite());
        let lost = lost_loss.map(|_| "the training loss".to_owned()).or_else(|| lost_logits(&predictions));
        lost.iter().for_each(|what| warnings.add(format!("{what} is no number: what depends on it means nothing")));
        let outcome = RunOutcome {
            lost,
            context: &context,
            is_profiled: settings.logging.profile || B::capabilities().synchronous,
            trained,
            last,
            evaluations,
            predictions,
            backend,
            device_name,
            clock,
            energy_joules: energy.and_then(EnergyMeter::joules),
            warnings,
        };
        let written = outcome.write();
        let Some((dir, saved)) = saved else {
            let Written { record, files, tracker, result, printed } = written;
            let completed = CompletedRun { record, upload: Ok(()), files };
            return result.map(|()| Finished { completed, listener: None, tracker, keeps, printed });
        };
        let saved = saved.and_then(|()| model_to_save(&context, &model).write_card(&dir, &written.record));
        if saved.is_ok() && written.result.is_err() {
            log::warn!(
                "{}: not all results could be written; the trained model is in {}",
                prepared.task.name,
                dir.display()
            );
        }
        first_error(written.result, saved)?;
        let completed = CompletedRun { record: written.record, upload: Ok(()), files: written.files };
        Ok(Finished { completed, listener, tracker: written.tracker, keeps, printed: written.printed })
    }
}

fn model_to_save<'a, B: EncoderOps>(
    context: &'a RunContext<'a>,
    model: &'a SequenceClassifier<B>,
) -> SavedModel<'a, B> {
    SavedModel { context, model, merges: context.settings.peft.merge_adapter }
}

/// Says what was loaded, and what is odd about it and about the data.
fn announce(report: &LoadReport, settings: &Settings, prepared: &Prepared, warnings: &mut Warnings) {
    let of_model =
        prepare::load_warnings(report, settings, &prepared.model).into_iter().chain(prepared.head_warning(report));
    prepared.warnings.iter().cloned().chain(of_model).for_each(|warning| warnings.add(warning));
    let (loaded, token_types) = (prepare::load_summary(report), prepare::token_types(&prepared.model));
    log::debug!("{}: {loaded}{token_types}", prepared.task.name);
}

/// The model after its training.
fn train<B: EncoderOps>(
    context: &RunContext,
    training: FineTuning<B>,
    listener: Option<&mut (dyn CheckpointListener + 'static)>,
    tracker: Option<Box<dyn TrackerStart>>,
    device: &B::Device,
    warnings: &mut Warnings,
) -> Result<(SequenceClassifier<Autodiff<B>>, Trained), Error> {
    let (model, mut trained) = training.run(listener, tracker, device)?;
    // They have been said.
    warnings.0.append(&mut trained.warnings.0);
    let (loss, skipped) = (trained.totals.train_loss, trained.totals.skipped_steps);
    if skipped > 0 {
        log::info!(
            "{}: {skipped} of {} steps were left out because their gradients overflow",
            context.prepared.task.name,
            trained.totals.steps
        );
    }
    if !loss.is_finite() {
        warnings.add(format!(
            "the training loss became {loss}: try a lower --learning_rate, or another checkpoint where this one holds such \
             numbers itself"
        ));
    }
    Ok((model, trained))
}

/// What the model at the end of a run says of all rows that were asked for.
struct Measured {
    evaluations: Vec<Evaluation>,
    predictions: Vec<Prediction>,
    last: Vec<FinalEvaluation>,
}

fn measure<B: EncoderOps>(
    context: &RunContext,
    model: &SequenceClassifier<B>,
    warnings: &mut Warnings,
) -> Result<Measured, Error> {
    let evaluations = evaluate(context, model, warnings)?;
    let predictions = predict_tests(context, model)?;
    let last = evaluate_parts(context, model, &evaluations, &predictions, warnings)?;
    Ok(Measured { evaluations, predictions, last })
}

/// The first row that was predicted from logits that are no numbers, in words.
fn lost_logits(predictions: &[Prediction]) -> Option<String> {
    let lost =
        |of: &Prediction| Some(format!("a logit of row {} (from 0) of the predicted {}", of.lost_row()?, of.name));
    predictions.iter().find_map(lost)
}

fn evaluate<B: EncoderOps>(
    context: &RunContext,
    model: &SequenceClassifier<B>,
    warnings: &mut Warnings,
) -> Result<Vec<Evaluation>, Error> {
    let mut evaluations = Vec::new();
    for (split, suffix) in &context.prepared.eval {
        let logits = context.predict(model, split).ok_or_else(stopped)?;
        evaluations.push(Evaluation::new(context, split, suffix, logits)?);
    }
    for evaluation in &evaluations {
        if let Some(loss) = evaluation.loss.filter(|loss| !loss.is_finite()) {
            warnings.add(format!("the loss on {} is {loss}: the scores mean nothing", evaluation.split));
        }
    }
    Ok(evaluations)
}

fn predict_tests<B: EncoderOps>(context: &RunContext, model: &SequenceClassifier<B>) -> Result<Vec<Prediction>, Error> {
    let predicted = context.prepared.test.iter().map(|(split, name)| {
        let logits = context.predict(model, split).ok_or_else(stopped)?;
        Prediction::new(context, split, name.clone(), logits)
    });
    predicted.collect()
}
