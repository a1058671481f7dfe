//! One task with one model: prepare, train, evaluate, write.

mod checkpoints;
mod facts;
mod fine_tuning;
pub mod output;
mod own_task;
mod predictions;
mod prepare;
pub(crate) mod rehearsal;
mod rows;
mod saved_model;
mod score;
mod watch;

use std::time::{Instant, SystemTime};

use burn::module::AutodiffModule;
use burn_autodiff::Autodiff;
use glue_tasks::task::TaskSpec;
use models::checkpoint::LoadReport;
use models::ops::EncoderOps;

use self::fine_tuning::{FineTuning, Trained};
use self::predictions::Prediction;
use self::prepare::Prepared;
use self::saved_model::SavedModel;
use self::score::{Criterion, Evaluation};
use crate::backends::{OnBackend, dispatch};
use crate::data::Padding;
use crate::error::Error;
use crate::model_files::Build;
use crate::progress::{say, warn};
use crate::publish::Publisher;
use crate::report::energy::EnergyMeter;
use crate::report::host::restart_peak_memory;
use crate::report::record::RunRecord;
use crate::settings::Settings;
use crate::trainer::TrainingData;
use crate::trainer::evaluate::predict;

/// Trains and evaluates one task and writes its results.
///
/// # Errors
/// Whatever is wrong with the input, or fails.
pub fn run_task(settings: &Settings, task: &'static TaskSpec) -> Result<Done, Error> {
    restart_peak_memory();
    let clock = Clock { started_at: SystemTime::now(), started: Instant::now() };
    let prepared = prepare::prepare(settings, task)?;
    let publisher = Publisher::open(settings)?;
    dispatch(settings.machine.device, TaskRun { settings, task: prepared.task, prepared, publisher, clock })?
}

/// A run whose results are written.
pub struct Done {
    /// What came of it.
    pub record: RunRecord,
    /// Whether it was uploaded, where that was asked for.
    pub upload: Result<(), Error>,
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
    publisher: Option<Publisher>,
    clock: Clock,
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
    /// Whether the time of a stage is its own, see [`models::ops::Properties::runs_at_once`].
    stages_are_settled: bool,
    energy_joules: Option<f64>,
    warnings: Vec<String>,
}

impl OnBackend for TaskRun<'_> {
    type Output = Result<Done, Error>;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, device_name: &str) -> Self::Output {
        let Self { settings, task, prepared, mut publisher, clock } = self;
        let energy = EnergyMeter::start();
        let build = Build {
            num_labels: task.num_labels(),
            precision: settings.machine.precision,
            seed: settings.training.seed,
            ignore_mismatched_sizes: settings.model.ignore_mismatched_sizes,
        };
        let (model, report) = prepared.model.build::<Autodiff<B>>(&build, &device)?;
        let mut warnings = prepared.warnings.clone();
        warnings.extend(prepare::load_warnings(&report, settings));
        warnings.iter().for_each(|warning| warn(warning));
        say(&format!("{}: {}", task.name, prepare::load_summary(&report)));
        let mut warn_of = |warning: String| {
            warn(&warning);
            warnings.push(warning);
        };
        let shapes = models::parameters::shapes(&model);
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let parameters = shapes.iter().map(|(_, shape)| size(shape)).sum();
        let embeddings: usize =
            shapes.iter().filter(|(path, _)| path.ends_with("_embeddings")).map(|(_, shape)| size(shape)).sum();
        let padding = Padding::of::<B>(settings.data.pad_to_max_length.then_some(prepared.model.max_seq_length));
        let class_order = prepared.class_order(&report);
        let criterion = Criterion::new(settings, &prepared, &class_order)?;
        let (model, trained) = match &prepared.train {
            None => (model, None),
            Some(split) => {
                let fine_tuning = FineTuning {
                    settings,
                    task,
                    prepared: &prepared,
                    build: &build,
                    data: TrainingData {
                        split,
                        padding,
                        class_order: &class_order,
                        class_weights: criterion.class_weights.clone(),
                    },
                    criterion: &criterion,
                    non_embedding_parameters: parameters - embeddings,
                    publisher: publisher.as_mut(),
                };
                let (model, trained) = fine_tuning.run(model, &device)?;
                let loss = trained.totals.train_loss;
                let skipped = trained.totals.skipped_steps;
                if skipped > 0 {
                    say(&format!(
                        "{}: {skipped} of {} steps were left out because their gradients overflow",
                        task.name, trained.totals.steps
                    ));
                }
                if !loss.is_finite() {
                    warn_of(format!(
                        "the training loss became {loss}: try a lower --learning_rate, or another checkpoint where this one \
                         holds such numbers itself"
                    ));
                }
                (model, Some(trained))
            }
        };
        let model = model.valid();
        let evaluations: Vec<Evaluation> = prepared
            .eval
            .iter()
            .map(|(split, suffix)| {
                let logits = predict(&model, split, settings.evaluation.per_device_eval_batch_size, padding);
                Evaluation::new(task, split, suffix, logits, &class_order, &criterion)
            })
            .collect::<Result<_, _>>()?;
        for evaluation in &evaluations {
            if let Some(loss) = evaluation.loss.filter(|loss| !loss.is_finite()) {
                warn_of(format!("the loss on {} is {loss}: the scores mean nothing", evaluation.split));
            }
        }
        let predictions: Vec<Prediction> = prepared
            .test
            .iter()
            .map(|(split, name)| {
                let logits = predict(&model, split, settings.evaluation.per_device_eval_batch_size, padding);
                Prediction::new(task, split, name.clone(), logits, &class_order, &criterion)
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
            stages_are_settled: settings.logging.profile || B::eo_properties().runs_at_once,
            energy_joules: energy.and_then(EnergyMeter::joules),
            warnings,
        };
        let record = outcome.write()?;
        // Last: results are safe by now, whatever becomes of the larger files.
        let mut upload = Ok(());
        if let (Some(saved), Some(dir)) = (saved, output::output_dir(settings)) {
            saved.write(&dir, &record)?;
            upload = publisher.map_or(Ok(()), |publisher| publisher.finish(&dir));
        }
        Ok(Done { record, upload })
    }
}
