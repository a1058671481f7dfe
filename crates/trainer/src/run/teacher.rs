//! A teacher: a model that was fine-tuned on the task, whose logits of the training rows are learned beside the labels. It drops nothing, so
//! what it says of a row is the same in every epoch, and is computed once, before the training.

use std::sync::Arc;

use glue_tasks::dataset::Example;
use glue_tasks::task::{TaskKind, TaskSpec};
use models::checkpoint::HeadUse;
use models::ops::{EncoderOps, Precision};

use super::class_order::order_of;
use super::identity::ModelIdentity;
use super::model_info::model_info;
use super::trained_rows::TrainedRows;
use crate::data::{Padding, Split};
use crate::error::Error;
use crate::model_files::{Build, ModelFiles, ModelSources};
use crate::settings::{DistillationSettings, ModelSettings, Settings};
use crate::source::TransferHooks;
use crate::training::TeacherLogits;
use crate::training::evaluate::predict;
use records::record::ModelInfo;
use records::record::parts::Source;
use records::record::path::slug;

/// Hexadecimal digits of the hash in the teacher's name.
const SHORT_HASH: usize = 12;

/// A teacher, read and checked, and the training rows as its tokenizer has them.
pub(super) struct Teacher {
    model: ModelFiles,
    pub(super) identity: ModelIdentity,
    split: Split,
    /// Dataset class to class of the teacher.
    order: Vec<usize>,
    /// What it was trained on, as far as it says.
    trained_rows: Option<TrainedRows>,
}

impl Teacher {
    /// Its name, and the rows that it was trained on, as far as it says.
    pub(super) fn rows(&self) -> (&str, Option<&TrainedRows>) {
        (&self.model.files().id, self.trained_rows.as_ref())
    }

    /// Reads the teacher that the settings ask for. `name` and `rows`: of the training split.
    ///
    /// # Errors
    /// When it cannot be read, or was not fine-tuned on these classes.
    pub(super) fn read(
        settings: &Settings,
        distillation: &DistillationSettings,
        task: &TaskSpec,
        (name, rows): (&str, Vec<Example>),
        transfers: &TransferHooks,
    ) -> Result<Self, Error> {
        let of_teacher = ModelSettings { choice: distillation.teacher.clone(), ..ModelSettings::default() };
        let sources =
            ModelSources::of(&of_teacher, &settings.hub, transfers).map_err(|error| error.in_context("--teacher"))?;
        let model = ModelFiles::read(sources, Some(settings.data.max_seq_length)).map_err(|error| wrong(&error))?;
        let id = &model.files().id;
        if !model.have_head()? {
            return Err(wrong(&format!(
                "{id} has no classifier: expected a model that was fine-tuned on {}",
                task.name
            )));
        }
        let order = order(&model, task).map_err(|what| wrong(&format!("{id}: {what}")))?;
        let split = Split::new(name, rows, task.kind, &model.tokenizer, model.max_seq_length)?;
        model.tokenizer.forget_words();
        let identity = ModelIdentity::of(&model)?;
        // What is odd about the file is said of the teacher's own runs.
        let drops_case = model.tokenizer.drops_case();
        let before = TrainedRows::read(model.files(), &identity.tensors(), true, drops_case, &mut Vec::new())?;
        Ok(Self { identity, model, split, order, trained_rows: before.rows() })
    }

    /// What is odd about it, or was decided for the user.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let id = &self.model.files().id;
        let cut = self.split.truncated_rows();
        let cut = (cut > 0).then(|| {
            format!("{cut} of {} training rows were cut to {} tokens", self.split.len(), self.model.max_seq_length)
        });
        let own = format!("{id}: ");
        self.model
            .warnings
            .iter()
            .cloned()
            .chain(cut)
            .map(move |what| format!("the teacher {id}: {}", what.strip_prefix(&own).unwrap_or(&what)))
    }

    /// `bert-large-uncased 3f9c02ab12cd`: its name, of a folder the last part, however it is typed, and the beginning of a hash of all that it is made of.
    pub(super) fn label(&self) -> String {
        let (hash, files) = (self.identity.hash(), self.model.files());
        let folder = std::path::absolute(&files.id).ok().filter(|_| files.source == Source::Folder);
        let last = folder.and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
        format!("{} {}", slug(last.as_ref().unwrap_or(&files.id)), hash.get(..SHORT_HASH).unwrap_or(&hash))
    }

    /// What a record says of it.
    pub(super) fn info(&self) -> ModelInfo {
        let parameters = self.model.architecture.parameters(self.num_labels()).total;
        model_info(&self.model, &self.identity, parameters, None)
    }

    fn num_labels(&self) -> usize {
        self.order.len()
    }

    /// What it says of every training row. `class_order`: dataset class to class of the model that learns.
    ///
    /// # Errors
    /// When its weights cannot be read or do not fit.
    pub(super) fn logits<B: EncoderOps>(
        &self,
        settings: &Settings,
        distillation: &DistillationSettings,
        class_order: &[usize],
        device: &B::Device,
    ) -> Result<TeacherLogits, Error> {
        let num_labels = self.num_labels();
        // As exact as it can be, whatever the training is computed in.
        let build = Build { num_labels, precision: Precision::F32, seed: 0, head: HeadUse::MustFit };
        let model = self.model.build_whole::<B>(&build, device).map_err(|error| wrong(&error))?;
        let padding = Padding::of::<B>(None);
        let said = predict(&model, &self.split, settings.evaluation.per_device_eval_batch_size, padding);
        if let Some(row) = said.lost_row() {
            let id = &self.model.files().id;
            return Err(wrong(&format!("{id}: what it says of training row {row} (from 0) is no number")));
        }
        let mut logits = vec![0.0; said.values.len()];
        for (row, own) in said.rows().enumerate() {
            for (class, &theirs) in self.order.iter().enumerate() {
                // A score has no classes, and no order of them.
                let ours = class_order.get(class).copied().unwrap_or(class);
                logits[row * num_labels + ours] = own[theirs];
            }
        }
        let DistillationSettings { temperature, alpha_ce, .. } = *distillation;
        Ok(TeacherLogits { logits: Arc::from(logits), num_labels, temperature, alpha_ce })
    }
}

fn wrong(what: &dyn std::fmt::Display) -> Error {
    Error::usage(format!("--teacher: {what}"))
}

/// Where each of the task's classes stands in the teacher's head.
fn order(model: &ModelFiles, task: &TaskSpec) -> Result<Vec<usize>, String> {
    match task.kind {
        TaskKind::MultiLabel => Err("of rows with any number of classes a teacher is not implemented".to_owned()),
        TaskKind::Regression => match model.config.num_labels() {
            1 => Ok(vec![0]),
            _ => Err(format!("its head is for classes, and {} is a regression", task.name)),
        },
        TaskKind::Classification => {
            let labels = task.labels.join(", ");
            let Some(own) = model.config.label_names() else {
                return Err(format!("its config.json does not name its classes (id2label), expected {labels}"));
            };
            order_of(&task.labels, &own).ok_or_else(|| format!("its classes are {}, expected {labels}", own.join(", ")))
        }
    }
}
