//! What a training begins with: the model with its frozen parts, an optimizer, the plan of its steps, and an empty log.

use burn_autodiff::Autodiff;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;

use super::context::RunContext;
use crate::data::Split;
use crate::error::Error;
use crate::settings::DropoutStream;
use crate::training::log::TrainLog;
use crate::training::optimizer::Optimizer;
use crate::training::schedule::StepPlan;
use crate::training::torch_dropout::TorchDropout;
use crate::training::{Flow, StepEnd, TrainingData, train};

/// A training that is ready to begin.
pub(super) struct TrainingSetup<'a, B: EncoderOps> {
    context: &'a RunContext<'a>,
    pub(super) data: TrainingData<'a>,
    pub(super) model: SequenceClassifier<Autodiff<B>>,
    pub(super) optimizer: Optimizer<Autodiff<B>>,
    pub(super) plan: StepPlan,
    pub(super) log: TrainLog<B>,
}

impl<'a, B: EncoderOps> TrainingSetup<'a, B> {
    /// A training of `model` on `split`. The log's clock starts now.
    pub(super) fn new(context: &'a RunContext<'a>, split: &'a Split, model: SequenceClassifier<Autodiff<B>>) -> Self {
        let (settings, prepared) = (context.settings, context.prepared);
        let plan = StepPlan::new(split.len(), &settings.training);
        let progress = (context.hooks.progress)(&prepared.task.name, plan.max_steps, settings.logging.live_line);
        let log = TrainLog::new(plan, &settings.logging, progress);
        let optimizer = Optimizer::new(&model, &prepared.model.all_names(), &settings.training);
        let data = TrainingData {
            split,
            padding: context.padding,
            class_order: &context.class_order,
            class_weights: context.criterion.class_weights.clone(),
            teacher: context.teacher.clone(),
            dropout: (settings.training.dropout_stream == DropoutStream::Torch).then(|| {
                let evaluation = prepared.eval.first().map(|_| &settings.evaluation);
                TorchDropout::new(settings.training.seed, evaluation)
            }),
        };
        Self { context, data, model, optimizer, plan, log }
    }

    /// The end of the step that it goes on from.
    pub(super) fn step_end(&mut self, ends_epoch: bool) -> StepEnd<'_, Autodiff<B>> {
        StepEnd {
            step: self.optimizer.steps(),
            ends_epoch,
            epoch: self.log.totals.epoch,
            model: &self.model,
            optimizer: &self.optimizer,
            dropout: self.data.dropout.as_ref().map(TorchDropout::state),
            log: &mut self.log,
        }
    }

    /// What is left where no step is made.
    pub(super) fn without_steps(mut self) -> (SequenceClassifier<Autodiff<B>>, TrainLog<B>) {
        self.log.finish();
        (self.model, self.log)
    }

    /// Trains; what is left is the model and the log.
    ///
    /// # Errors
    /// Those of `after_step`, and a device that has no room for a step.
    pub(super) fn train(
        self,
        after_step: impl FnMut(StepEnd<'_, Autodiff<B>>) -> Result<Flow, Error>,
    ) -> Result<(SequenceClassifier<Autodiff<B>>, TrainLog<B>), Error> {
        let Self { context, data, model, optimizer, plan, mut log } = self;
        let model = train(model, optimizer, &data, &context.settings.training, &plan, &mut log, after_step)?;
        Ok((model, log))
    }
}
