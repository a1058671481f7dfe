//! One task with one model: prepare, train, evaluate, write.

mod checkpoints;
mod facts;
pub mod output;
mod predictions;
mod prepare;
mod saved_model;
mod score;

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use burn::module::AutodiffModule;
use burn_autodiff::Autodiff;
use glue_tasks::task::TaskSpec;
use models::checkpoint::LoadReport;
use models::ops::EncoderOps;

use self::checkpoints::{Checkpoints, Resume, decisive_settings, latest};
use self::predictions::Prediction;
use self::prepare::Prepared;
use self::saved_model::SavedModel;
use self::score::Evaluation;
use crate::backends::{OnBackend, dispatch};
use crate::cli::settings::Settings;
use crate::data::Padding;
use crate::error::Error;
use crate::interrupt;
use crate::model_files::Build;
use crate::progress::{Progress, say};
use crate::report::metrics_files::Metrics;
use crate::report::record::RunRecord;
use crate::trainer::evaluate::predict;
use crate::trainer::log::{Totals, TrainLog};
use crate::trainer::optimizer::AdamW;
use crate::trainer::schedule::StepPlan;
use crate::trainer::{StepEnd, TrainingData, train};

/// Trains and evaluates one task and writes its results.
///
/// # Errors
/// Whatever is wrong with the input, or fails.
pub fn run_task(settings: &Settings, task: &'static TaskSpec) -> Result<RunRecord, Error> {
    let clock = Clock { started_at: SystemTime::now(), started: Instant::now() };
    let prepared = prepare::prepare(settings, task)?;
    dispatch(settings.backend, TaskRun { settings, task, prepared, clock })?
}

/// The checkpoint to go on from: the one given, or the last one in the output folder that the run does not overwrite.
fn resume_folder(settings: &Settings, task: &TaskSpec) -> Option<PathBuf> {
    let given = settings.checkpoints.resume_from_checkpoint.clone();
    given.or_else(|| latest(&output::output_dir(settings, task)?).filter(|_| !settings.overwrite_output_dir))
}

/// When the run began.
#[derive(Clone, Copy)]
struct Clock {
    started_at: SystemTime,
    started: Instant,
}

struct TaskRun<'a> {
    settings: &'a Settings,
    task: &'static TaskSpec,
    prepared: Prepared,
    clock: Clock,
}

/// What training left behind.
struct Trained {
    totals: Totals,
    plan: StepPlan,
    history: Vec<Metrics>,
}

/// Everything that the results are made of.
struct Outcome<'a> {
    settings: &'a Settings,
    task: &'static TaskSpec,
    prepared: &'a Prepared,
    report: LoadReport,
    trained: Option<Trained>,
    evaluations: Vec<Evaluation>,
    predictions: Vec<Prediction>,
    parameters: usize,
    non_embedding_parameters: usize,
    backend: &'static str,
    device_name: String,
    clock: Clock,
    warnings: Vec<String>,
}

impl OnBackend for TaskRun<'_> {
    type Output = Result<RunRecord, Error>;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, device_name: &str) -> Self::Output {
        let Self { settings, task, prepared, clock } = self;
        let build = Build {
            num_labels: task.num_labels(),
            precision: settings.precision,
            seed: settings.training.seed,
            ignore_mismatched_sizes: settings.ignore_mismatched_sizes,
        };
        let (model, report) = prepared.model.build::<Autodiff<B>>(&build, &device)?;
        let mut warnings = prepared.warnings.clone();
        warnings.extend(prepare::load_warnings(&report, settings));
        warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
        say(&format!("{}: {}", task.name, prepare::load_summary(&report)));
        let mut warn = |warning: String| {
            say(&format!("warning: {warning}"));
            warnings.push(warning);
        };
        let shapes = models::parameters::shapes(&model);
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let parameters = shapes.iter().map(|(_, shape)| size(shape)).sum();
        let embeddings: usize =
            shapes.iter().filter(|(path, _)| path.ends_with("_embeddings")).map(|(_, shape)| size(shape)).sum();
        let padding = if settings.pad_to_max_length {
            Padding::To(prepared.model.max_seq_length)
        } else if B::eo_prefers_packed() {
            Padding::None
        } else {
            Padding::Longest
        };
        let class_order = prepared.class_order(&report);
        let (model, trained) = match &prepared.train {
            None => (model, None),
            Some(split) => {
                let plan = StepPlan::new(split.len(), &settings.training);
                let progress = Progress::new(task.name, plan.max_steps);
                let mut log = TrainLog::new(plan, &settings.training, progress);
                let data = TrainingData { split, padding, class_order: &class_order };
                let mut optimizer = AdamW::new(&model, &prepared.model.names, &settings.training);
                let decisive = decisive_settings(settings, &plan, split.len(), prepared.model.max_seq_length);
                let model = match resume_folder(settings, task) {
                    None => model,
                    Some(folder) => {
                        let resume = Resume::open(&folder, &decisive)?;
                        let (model, _) =
                            prepared.model.build_from::<Autodiff<B>>(&resume.weights()?, &build, &device)?;
                        resume.restore(&mut optimizer, &mut log, &device)?;
                        model
                    }
                };
                let checkpoints =
                    output::output_dir(settings, task).map(|dir| Checkpoints { dir, settings, plan, decisive });
                let after_step = |end: StepEnd<'_, Autodiff<B>>| match &checkpoints {
                    Some(checkpoints) => {
                        let totals = end.log.totals;
                        let flos = output::total_flos(totals.padded_tokens, parameters - embeddings);
                        let state = output::trainer_state(settings, &plan, &totals, end.log.history.clone(), flos);
                        let files = &prepared.model;
                        let saved = SavedModel { model: end.model, files, task, class_order: &class_order };
                        checkpoints.after_step(&end, &saved, state)
                    }
                    None if interrupt::requested() => Err(Error::interrupted(format!(
                        "stopped after step {} of {}; nothing was saved, since there is no --output_dir",
                        end.step, plan.max_steps
                    ))),
                    None => Ok(()),
                };
                let model = train(model, optimizer, &data, &settings.training, &plan, &mut log, after_step)?;
                if !log.totals.train_loss.is_finite() {
                    warn(format!(
                        "the training loss became {}: try a lower --learning_rate, or another checkpoint where this one \
                         holds such numbers itself",
                        log.totals.train_loss
                    ));
                }
                (model, Some(Trained { totals: log.totals, plan, history: log.history }))
            }
        };
        let model = model.valid();
        let evaluations: Vec<Evaluation> = prepared
            .eval
            .iter()
            .map(|(split, suffix)| {
                let logits = predict(&model, split, settings.per_device_eval_batch_size, padding);
                Evaluation::new(task, split, suffix, logits, &class_order, settings.training.label_smoothing_factor)
            })
            .collect::<Result<_, _>>()?;
        for evaluation in &evaluations {
            if let Some(loss) = evaluation.loss.filter(|loss| !loss.is_finite()) {
                warn(format!("the loss on {} is {loss}: the scores mean nothing", evaluation.split));
            }
        }
        let predictions: Vec<Prediction> = prepared
            .test
            .iter()
            .map(|(split, name)| {
                let logits = predict(&model, split, settings.per_device_eval_batch_size, padding);
                Prediction::new(task, split, name.clone(), logits, &class_order)
            })
            .collect::<Result<_, _>>()?;
        let saved = trained.is_some().then(|| SavedModel {
            model: &model,
            files: &prepared.model,
            task,
            class_order: &class_order,
        });
        let outcome = Outcome {
            settings,
            task,
            prepared: &prepared,
            report,
            trained,
            evaluations,
            predictions,
            parameters,
            non_embedding_parameters: parameters - embeddings,
            backend,
            device_name: device_name.to_owned(),
            clock,
            warnings,
        };
        let record = outcome.write()?;
        // Last: results are safe by now, whatever becomes of the larger files.
        if let (Some(saved), Some(dir)) = (saved, output::output_dir(settings, task)) {
            saved.write(&dir, &record)?;
        }
        Ok(record)
    }
}
