//! A run, complete and checked.

use std::collections::BTreeMap;

use glue_tasks::task::{TaskKind, TaskSpec};
use models::ops::Precision;
use serde_json::Value;

use super::checkpoints::CheckpointSettings;
use super::data::DataSettings;
use super::declared::{Changes, Counts, SEED, Setting};
use super::distillation::{self, DistillationSettings};
use super::evaluation::EvaluationSettings;
use super::hub::{self, HubAccess, PublishSettings};
use super::logging::LoggingSettings;
use super::machine::MachineSettings;
use super::model::ModelSettings;
use super::peft::{PeftSettings, check_training};
use super::places::PlaceSettings;
use super::task::TaskChoice;
use super::training::{DropoutStream, TrainingSettings};
use crate::error::Error;
use records::record::parts::SearchMark;

/// A run, ready to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the run is about.
    pub task: TaskChoice,
    /// Whether the model is trained.
    pub do_train: bool,
    /// Whether the validation splits are evaluated at the end.
    pub do_eval: bool,
    /// Whether the test splits are predicted at the end.
    pub do_predict: bool,
    /// Where the weights come from.
    pub model: ModelSettings,
    /// Which dataset, rows and tokens are used.
    pub data: DataSettings,
    /// How to train.
    pub training: TrainingSettings,
    /// Which parameters are trained.
    pub peft: PeftSettings,
    /// A teacher beside the labels.
    pub distillation: Option<DistillationSettings>,
    /// Evaluations during the training.
    pub evaluation: EvaluationSettings,
    /// Checkpoints in the output folder.
    pub checkpoints: CheckpointSettings,
    /// What is logged, and where.
    pub logging: LoggingSettings,
    /// Where the run writes.
    pub places: PlaceSettings,
    /// What computes, and how exactly.
    pub machine: MachineSettings,
    /// How the Hub is reached.
    pub hub: HubAccess,
    /// Upload of the trained model.
    pub publish: Option<PublishSettings>,
    /// What the run has to do with a search for settings; its record says it.
    pub search: Option<SearchMark>,
}

impl Settings {
    /// A run of the task with the embedded model and data and the defaults of transformers: it trains and evaluates.
    #[must_use]
    pub fn of(task: &TaskSpec) -> Self {
        Self {
            task: TaskChoice::Known(Box::new(task.clone())),
            do_train: true,
            do_eval: true,
            do_predict: false,
            model: ModelSettings::default(),
            data: DataSettings::default(),
            training: TrainingSettings::default(),
            peft: PeftSettings::default(),
            distillation: None,
            evaluation: EvaluationSettings::default(),
            checkpoints: CheckpointSettings::default(),
            logging: LoggingSettings::default(),
            places: PlaceSettings::default(),
            machine: MachineSettings::default(),
            hub: HubAccess::default(),
            publish: None,
            search: None,
        }
    }

    /// Whether the settings go together; nothing is read yet.
    ///
    /// # Errors
    /// Names the first setting that is wrong, what was expected, and what to do.
    pub fn check(&self) -> Result<(), Error> {
        let has_output_dir = self.places.output_dir.is_some();
        if !self.do_train && !self.do_eval && !self.do_predict {
            return Err(Error::usage("--do_train, --do_eval and --do_predict are false: nothing to do"));
        }
        if self.do_predict && !has_output_dir {
            return Err(Error::usage("--do_predict writes into --output_dir, which is not given"));
        }
        self.data.check()?;
        if self.places.save_logits && !has_output_dir {
            return Err(Error::usage("--save_logits writes into --output_dir, which is not given"));
        }
        if self.places.save_logits && !self.do_eval && !self.do_predict {
            return Err(Error::usage(
                "--save_logits writes the logits of an evaluation or prediction: give --do_eval or --do_predict too",
            ));
        }
        self.model.check()?;
        self.training.check()?;
        self.peft.check(self.do_train)?;
        if let Some(method) = self.peft.method() {
            check_training(&format!("--peft {}", method.name()), &method, &self.training)?;
        }
        if let Some(distillation) = &self.distillation {
            distillation.check(self.do_train)?;
        }
        self.checkpoints.check()?;
        self.logging.check(has_output_dir)?;
        let task = self.task.known();
        self.evaluation.check(task, &self.checkpoints, has_output_dir, [self.do_train, self.do_eval])?;
        if self.machine.precision == Precision::Fp16 && self.do_train && self.training.first_loss_scale.is_none() {
            return Err(Error::usage("--fp16 needs losses that are scaled: first_loss_scale is not given"));
        }
        if self.machine.device.backend.is_gpu() {
            self.training.check_gpu()?;
        }
        if let Some(publish) = &self.publish {
            publish.check(has_output_dir, self.do_train)?;
        }
        match (self.training.for_classes(), task) {
            (Some(name), Some(task)) if task.kind == TaskKind::Regression => Err(Error::usage(format!(
                "--{name} is for classes, and {} is a regression: leave it out, or leave out the task",
                task.name
            ))),
            _ => Ok(()),
        }
    }

    /// Every setting, once: what it is called, its value, and what it can change.
    #[must_use]
    pub fn declared(&self) -> Vec<Setting> {
        let Self {
            task,
            do_train,
            do_eval,
            do_predict,
            model,
            data,
            training,
            peft,
            distillation,
            evaluation,
            checkpoints,
            logging,
            places,
            machine,
            hub,
            publish,
            // Not asked for by the run's flags: what a search made of them stands in the other settings.
            search: _,
        } = self;
        let mut all = vec![
            // The record has its name and, of custom data, its columns.
            Setting::new("task_name", task.to_json(), Changes::Rows).counting(Counts::NotInRecord),
            Setting::new("do_train", *do_train, Changes::Steps),
            Setting::new("do_eval", *do_eval, Changes::Evaluation).counting(Counts::InRequest),
            Setting::new("do_predict", *do_predict, Changes::Evaluation).counting(Counts::InRequest),
        ];
        model.declare(&mut all);
        data.declare(evaluation.judged(), &mut all);
        training.declare(&mut all);
        peft.declare(&mut all);
        distillation::declare(distillation.as_ref(), &mut all);
        evaluation.declare(training.dropout_stream == DropoutStream::Torch, &mut all);
        checkpoints.declare(evaluation.loads_best(), &mut all);
        logging.declare(&mut all);
        places.declare(&mut all);
        machine.declare(&mut all);
        hub::declare(hub, publish.as_ref(), &mut all);
        all
    }

    /// Every setting that can change the numbers, by its name, as it was asked for; without the seed, which a record has
    /// apart, and without places, whose content it knows. What model and data make of them (steps, lengths) is known later.
    #[must_use]
    pub fn hyper_parameters(&self) -> BTreeMap<String, Value> {
        self.values(|setting| {
            setting.changes.is_measured() && setting.counts == Counts::Everywhere && setting.name != SEED
        })
    }

    /// The settings that a run must have in common with the checkpoint that it goes on from.
    #[must_use]
    pub fn decisive(&self) -> BTreeMap<String, Value> {
        self.values(|setting| setting.changes.decides_weights() && setting.counts != Counts::InRequest)
    }

    pub(super) fn values(&self, wanted: impl Fn(&Setting) -> bool) -> BTreeMap<String, Value> {
        let wanted = self.declared().into_iter().filter(wanted);
        wanted.map(|setting| (setting.name.to_owned(), setting.value)).collect()
    }
}
