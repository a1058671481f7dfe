//! What all parts of a run share once its model is loaded.

use burn_autodiff::Autodiff;
use models::checkpoint::LoadReport;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;

use super::criterion::Criterion;
use super::hooks::RunHooks;
use super::init_from::head_use;
use super::prepare::{Prepared, check_whole};
use crate::data::{Padding, Split};
use crate::error::Error;
use crate::model_files::Build;
use crate::settings::Settings;
use crate::training::TeacherLogits;
use crate::training::evaluate::{Logits, predict_unless};
use crate::training::optimizer::frozen;

/// A run whose input is read and whose model is loaded. Nothing in it changes from here on.
pub(super) struct RunContext<'a> {
    pub(super) settings: &'a Settings,
    pub(super) prepared: &'a Prepared,
    pub(super) hooks: &'a RunHooks,
    pub(super) build: Build,
    /// What the checkpoint had of the model.
    pub(super) report: LoadReport,
    /// Dataset class to model class.
    pub(super) class_order: Vec<usize>,
    pub(super) padding: Padding,
    pub(super) criterion: Criterion,
    /// What a teacher says of the training rows.
    pub(super) teacher: Option<TeacherLogits>,
    /// Numbers in all parameters.
    pub(super) parameters: usize,
    /// Those that are trained, if not all are.
    pub(super) trainable_parameters: Option<usize>,
    /// Those without the tables of embeddings.
    pub(super) non_embedding_parameters: usize,
}

impl<'a> RunContext<'a> {
    /// Loads the model, with the parts that are not trained taken out of the gradients. `loaded` is called with what the checkpoint had of it, before anything else can fail.
    ///
    /// # Errors
    /// When the weights cannot be read or do not fit, or class weights are not those of the task's classes.
    pub(super) fn load<B: EncoderOps>(
        settings: &'a Settings,
        prepared: &'a Prepared,
        hooks: &'a RunHooks,
        device: &B::Device,
        loaded: impl FnOnce(&LoadReport),
    ) -> Result<(Self, SequenceClassifier<Autodiff<B>>), Error> {
        let build = Build {
            num_labels: prepared.task.num_labels(),
            precision: settings.machine.precision,
            seed: settings.training.seed,
            head: head_use(settings, prepared),
        };
        let (model, report) = prepared.model.build::<Autodiff<B>>(&build, device)?;
        loaded(&report);
        check_whole(&report, settings, &prepared.model)?;
        let shapes = models::parameters::shapes(&model);
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let parameters = shapes.iter().map(|(_, shape)| size(shape)).sum();
        let embeddings: usize =
            shapes.iter().filter(|(path, _)| path.ends_with("_embeddings")).map(|(_, shape)| size(shape)).sum();
        let model = frozen(model, &settings.training, prepared.model.peft.as_ref());
        let trained = models::parameters::trained(&model);
        let trainable =
            shapes.iter().zip(&trained).filter(|(_, trained)| **trained).map(|((_, shape), _)| size(shape)).sum();
        let class_order = prepared.class_order(&report);
        let taught = prepared.teacher.as_ref().zip(settings.distillation.as_ref());
        let teacher =
            taught.map(|(teacher, how)| teacher.logits::<B>(settings, how, &class_order, device)).transpose()?;
        let context = Self {
            criterion: Criterion::new(settings, prepared, &class_order)?,
            padding: Padding::of::<B>(settings.data.pad_to_max_length.then_some(prepared.model.max_seq_length)),
            non_embedding_parameters: parameters - embeddings,
            settings,
            prepared,
            hooks,
            teacher,
            build,
            report,
            class_order,
            parameters,
            trainable_parameters: Some(trainable).filter(|&count| settings.do_train && count < parameters),
        };
        Ok((context, model))
    }

    /// What the model says about a split; `None`: the user wants to stop.
    pub(super) fn predict<B: EncoderOps>(&self, model: &SequenceClassifier<B>, split: &Split) -> Option<Logits> {
        let batch_size = self.settings.evaluation.per_device_eval_batch_size;
        predict_unless(&self.hooks.is_cancelled, model, split, batch_size, self.padding)
    }
}
