//! The training of one run: from the loaded model, or a checkpoint of an earlier start, to the weights that it ends with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use burn::module::Module;
use burn::tensor::backend::AutodiffBackend;
use burn_autodiff::Autodiff;
use glue_tasks::task::TaskSpec;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;
use models::ops::profile::{self, PARTS};
use serde_json::Value;

use super::checkpoints::{Checkpoints, Resume, decisive_settings, latest, weights};
use super::output;
use super::prepare::Prepared;
use super::score::Criterion;
use super::watch::{BestCheckpoint, Watch};
use crate::error::Error;
use crate::model_files::Build;
use crate::progress::{Progress, say};
use crate::publish::Publisher;
use crate::report::host::host_name;
use crate::report::journal::Journal;
use crate::report::metrics_files::Metrics;
use crate::report::utc::folder_name;
use crate::settings::{Settings, TrainingSettings};
use crate::trainer::log::{Totals, TrainLog};
use crate::trainer::optimizer::{Optimizer, is_embedding, layer_of};
use crate::trainer::schedule::StepPlan;
use crate::trainer::stages::StageSeconds;
use crate::trainer::{TrainingData, train};

/// What is trained, and how.
pub(super) struct FineTuning<'a> {
    pub(super) settings: &'a Settings,
    pub(super) task: &'static TaskSpec,
    pub(super) prepared: &'a Prepared,
    pub(super) build: &'a Build,
    pub(super) data: TrainingData<'a>,
    pub(super) criterion: &'a Criterion,
    pub(super) non_embedding_parameters: usize,
    pub(super) publisher: Option<&'a mut Publisher>,
}

/// What training left behind.
pub(super) struct Trained {
    pub(super) totals: Totals,
    pub(super) plan: StepPlan,
    pub(super) history: Vec<Metrics>,
    pub(super) best: BestCheckpoint,
    pub(super) journal: Journal,
    /// Time by stage.
    pub(super) stages: StageSeconds,
    /// Seconds in each kind of operation, where the backend counts them; of this process alone.
    pub(super) operations: BTreeMap<String, f64>,
}

impl FineTuning<'_> {
    /// Trains.
    ///
    /// # Errors
    /// A checkpoint that cannot be gone on from, or the user's wish to stop.
    pub(super) fn run<B: EncoderOps>(
        mut self,
        model: SequenceClassifier<Autodiff<B>>,
        device: &B::Device,
    ) -> Result<(SequenceClassifier<Autodiff<B>>, Trained), Error> {
        let publisher = self.publisher.take();
        let Self { settings, task, prepared, data, .. } = &self;
        let rows = data.split.len();
        let plan = StepPlan::new(rows, &settings.training);
        let progress = Progress::new(task.name, plan.max_steps, settings.logging.live_line);
        let mut log = TrainLog::new(plan, &settings.logging, progress);
        let mut optimizer = Optimizer::new(&model, &prepared.model.names, &settings.training);
        let decisive = decisive_settings(settings, &plan, rows, prepared.model.max_seq_length);
        let dir = output::output_dir(settings);
        let mut watch = Watch {
            settings,
            task,
            prepared,
            class_order: data.class_order,
            padding: data.padding,
            criterion: self.criterion,
            plan,
            non_embedding_parameters: self.non_embedding_parameters,
            best: BestCheckpoint::default(),
            publisher,
            journal: self.journal(dir.as_deref(), &decisive),
            checkpoints: dir.map(|dir| Checkpoints {
                dir,
                settings: &settings.checkpoints,
                plan,
                decisive: decisive.clone(),
            }),
        };
        let mut model = frozen(model, &settings.training);
        if let Some(folder) = self.resume_folder() {
            let resume = Resume::open(&folder, &decisive)?;
            (model, _) = prepared.model.build_from::<Autodiff<B>>(&resume.weights()?, self.build, device)?;
            model = frozen(model, &settings.training);
            resume.restore(&mut optimizer, &mut log, device)?;
            watch.restore(resume.best());
        }
        if settings.logging.profile && !B::eo_properties().runs_at_once {
            let device = device.clone();
            // A device that failed says so where the results are read.
            log.stages.settle_with(move || drop(B::sync(&device)));
        }
        let operations_before = profile::times();
        watch.before_training(&model, &mut log)?;
        let mut model =
            train(model, optimizer, data, &settings.training, &plan, &mut log, |end| watch.after_step::<B>(end))?;
        let operations = operations_since(operations_before);
        if let Some(folder) = watch.best_to_load() {
            say(&watch.best_line(folder));
            (model, _) = prepared.model.build_from::<Autodiff<B>>(&weights(folder)?, self.build, device)?;
        }
        let Watch { best, journal, .. } = watch;
        let (totals, stages) = (log.totals, log.stages.seconds);
        Ok((model, Trained { totals, plan, history: log.history, best, journal, stages, operations }))
    }

    /// The checkpoint to go on from: the one given, or the last one in the output folder that the run does not overwrite.
    fn resume_folder(&self) -> Option<PathBuf> {
        let settings = self.settings;
        let given = settings.checkpoints.resume_from_checkpoint.clone();
        given.or_else(|| latest(&output::output_dir(settings)?).filter(|_| !settings.places.overwrite_output_dir))
    }

    fn journal(&self, output_dir: Option<&Path>, hyper_parameters: &BTreeMap<String, Value>) -> Journal {
        let settings = &self.settings.logging;
        let host = host_name();
        let events = settings.tensorboard.then(|| {
            let given = settings.logging_dir.clone().map(|dir| match &self.settings.places.folder {
                Some(folder) => dir.join(folder),
                None => dir,
            });
            let run = || Some(output_dir?.join("runs").join(format!("{}_{host}", folder_name(SystemTime::now()))));
            given.or_else(run)
        });
        let mut journal = Journal::open(output_dir, events.flatten().as_deref(), &host);
        let config = self.prepared.model.config.fields().clone();
        journal.text("args", &format!("{:#}", Value::from_iter(hyper_parameters.clone())));
        journal.text("model_config", &format!("{:#}", Value::Object(config)));
        journal
    }
}

/// Seconds in each kind of operation that took any.
fn operations_since(before: [Duration; PARTS.len()]) -> BTreeMap<String, f64> {
    let seconds = profile::times().into_iter().zip(before).map(|(now, before)| (now - before).as_secs_f64());
    let named = PARTS.iter().zip(seconds).map(|((_, name), seconds)| ((*name).to_owned(), seconds));
    named.filter(|(_, seconds)| *seconds > 0.0).collect()
}

/// The model with the parts that are not trained taken out of the gradients.
fn frozen<M: Module<B>, B: AutodiffBackend>(model: M, settings: &TrainingSettings) -> M {
    models::parameters::freeze(model, |path| match layer_of(path) {
        Some(layer) => layer < settings.freeze_layers,
        None => is_embedding(path) && (settings.freeze_embeddings || settings.freeze_layers > 0),
    })
}
