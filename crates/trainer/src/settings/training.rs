//! Numbers that decide the training.

use super::choices::Choice;
use super::declared::{Changes, SEED, Setting, at_least_one, check};
use super::lr_scheduler::Schedule;
use crate::error::Error;

/// A rule by which parameters change with their gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptimizerKind {
    /// `torch.optim.AdamW`.
    #[default]
    AdamW,
    /// transformers' Adafactor.
    Adafactor,
    /// `torch.optim.SGD` without momentum.
    Sgd,
    /// Lion: the sign of a mean of gradients.
    Lion,
}

impl OptimizerKind {
    /// Numbers that the rule keeps for each parameter from step to step, up to a share that is too small to count.
    #[must_use]
    pub fn kept_per_parameter(self) -> u64 {
        match self {
            Self::AdamW => 2,
            Self::Lion => 1,
            Self::Adafactor | Self::Sgd => 0,
        }
    }
}

impl Choice for OptimizerKind {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("adamw_torch", Self::AdamW),
        ("adafactor", Self::Adafactor),
        ("sgd", Self::Sgd),
        ("lion", Self::Lion),
        ("adamw_torch_fused", Self::AdamW),
        ("lion_32bit", Self::Lion),
    ];
}

/// Which rows make which batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SamplingStrategy {
    /// `torch.randperm` of each epoch.
    #[default]
    Random,
    /// The dataset's order.
    Sequential,
    /// Shuffled, then rows of like length together.
    GroupByLength,
}

impl Choice for SamplingStrategy {
    const NAMES: &'static [(&'static str, Self)] =
        &[("random", Self::Random), ("sequential", Self::Sequential), ("group_by_length", Self::GroupByLength)];
}

/// Whose masks of dropout are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DropoutStream {
    /// Our own: a function of seed, step and place, which costs next to nothing.
    #[default]
    Counter,
    /// Those that PyTorch draws on a CPU.
    Torch,
}

impl Choice for DropoutStream {
    const NAMES: &'static [(&'static str, Self)] = &[("counter", Self::Counter), ("torch", Self::Torch)];
}

/// How much an example of each class counts in the loss.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// `rows / (classes * rows of the class)`, over the training split (scikit-learn's `balanced`).
    Balanced,
    /// One a class, in the dataset's order.
    #[serde(untagged)]
    Given(Vec<f64>),
}

/// Whether classes can be weighted so: no weight is negative, and not all are 0.
fn are_usable(weights: &[f64]) -> bool {
    weights.iter().all(|w| *w >= 0.0 && w.is_finite()) && weights.iter().any(|w| *w > 0.0)
}

impl std::str::FromStr for ClassWeights {
    type Err = String;

    /// `balanced`, or a number a class with commas.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "balanced" {
            return Ok(Self::Balanced);
        }
        let weights: Result<Vec<f64>, _> = text.split(',').map(|weight| weight.trim().parse::<f64>()).collect();
        let given = weights.ok().filter(|weights| are_usable(weights)).map(Self::Given);
        given.ok_or_else(|| "expected balanced, or a number a class with commas, such as 1,2.5".to_owned())
    }
}

/// Numbers that decide the training; names and defaults are those of transformers' `TrainingArguments`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSettings {
    /// Passes over the training rows; may be a fraction.
    pub num_train_epochs: f64,
    /// Optimizer steps; where it is given, epochs do not count.
    pub max_steps: Option<usize>,
    /// Examples a micro-batch.
    pub per_device_train_batch_size: usize,
    /// Micro-batches an optimizer step.
    pub gradient_accumulation_steps: usize,
    /// The highest rate of the schedule.
    pub learning_rate: f64,
    /// Decoupled weight decay; not for biases and normalisation.
    pub weight_decay: f64,
    /// How the rate goes on from its peak.
    pub schedule: Schedule,
    /// Share of the target that is spread over all classes alike, from 0 to below 1.
    pub label_smoothing_factor: f64,
    /// AdamW's decay of the first moment, from 0 to below 1.
    pub adam_beta1: f64,
    /// AdamW's decay of the second moment, from 0 to below 1.
    pub adam_beta2: f64,
    /// What AdamW adds to the root of the second moment.
    pub adam_epsilon: f64,
    /// Gradients are clipped to this global norm; 0 is off.
    pub max_grad_norm: f64,
    /// Optimizer steps of linear warm-up; below 1 a share of all steps.
    pub warmup_steps: f64,
    /// The rule by which parameters change.
    pub optim: OptimizerKind,
    /// What the learning rate is multiplied with, layer by layer from the head down; above 0, at most 1.
    pub layerwise_lr_decay: f64,
    /// The embeddings and this many layers stay as they are; 0 is none of them.
    pub freeze_layers: usize,
    /// The embeddings stay as they are.
    pub freeze_embeddings: bool,
    /// How much classes count in the loss; `None`: all alike.
    pub class_weights: Option<ClassWeights>,
    /// An epoch's last batch is left out where it is not full.
    pub dataloader_drop_last: bool,
    /// Which rows make which batch.
    pub train_sampling_strategy: SamplingStrategy,
    /// Seed of the head, of dropout, and of the order.
    pub seed: u64,
    /// Seed of the order alone; `None`: `seed`.
    pub data_seed: Option<u64>,
    /// Whose masks of dropout are used.
    pub dropout_stream: DropoutStream,
    /// Layers are computed again when their gradients are due; it changes no number.
    pub gradient_checkpointing: bool,
    /// Micro-batches that do not fit are divided; the step stays the same, up to rounding.
    pub auto_find_batch_size: bool,
    /// Over how many devices a step is divided; the step stays the same, up to rounding.
    pub data_parallel: usize,
    /// What the loss of the first step is scaled with, against the narrow range of fp16; `None`: losses are not scaled.
    pub first_loss_scale: Option<f32>,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            num_train_epochs: 3.0,
            max_steps: None,
            per_device_train_batch_size: 8,
            gradient_accumulation_steps: 1,
            learning_rate: 5e-5,
            weight_decay: 0.0,
            schedule: Schedule::Linear,
            label_smoothing_factor: 0.0,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            max_grad_norm: 1.0,
            warmup_steps: 0.0,
            optim: OptimizerKind::AdamW,
            layerwise_lr_decay: 1.0,
            freeze_layers: 0,
            freeze_embeddings: false,
            class_weights: None,
            dataloader_drop_last: false,
            train_sampling_strategy: SamplingStrategy::Random,
            seed: 42,
            data_seed: None,
            dropout_stream: DropoutStream::Counter,
            gradient_checkpointing: false,
            auto_find_batch_size: false,
            data_parallel: 1,
            first_loss_scale: None,
        }
    }
}

impl TrainingSettings {
    /// Whether the numbers can be trained with.
    ///
    /// # Errors
    /// Names the first that is out of its bounds, and what was expected.
    pub fn check(&self) -> Result<(), Error> {
        let (from_zero, below_one) = (|x: f64| x >= 0.0 && x.is_finite(), |x: f64| (0.0..1.0).contains(&x));
        let epochs = self.num_train_epochs;
        check(epochs > 0.0 && epochs.is_finite(), "num_train_epochs", epochs, "above 0")?;
        check(from_zero(self.learning_rate), "learning_rate", self.learning_rate, "0 or more")?;
        check(from_zero(self.weight_decay), "weight_decay", self.weight_decay, "0 or more")?;
        check(below_one(self.adam_beta1), "adam_beta1", self.adam_beta1, "from 0 to below 1")?;
        check(below_one(self.adam_beta2), "adam_beta2", self.adam_beta2, "from 0 to below 1")?;
        check(from_zero(self.adam_epsilon), "adam_epsilon", self.adam_epsilon, "0 or more")?;
        check(from_zero(self.max_grad_norm), "max_grad_norm", self.max_grad_norm, "0 (off) or more")?;
        check(from_zero(self.warmup_steps), "warmup_steps", self.warmup_steps, "0 or more")?;
        let smoothing = self.label_smoothing_factor;
        check(below_one(smoothing), "label_smoothing_factor", smoothing, "from 0 to below 1")?;
        let decay = self.layerwise_lr_decay;
        check(decay > 0.0 && decay <= 1.0, "layerwise_lr_decay", decay, "above 0 and at most 1")?;
        self.schedule.check(self.learning_rate).map_err(Error::usage)?;
        if self.class_weights.is_some() && smoothing > 0.0 {
            return Err(Error::usage("--class_weights and --label_smoothing_factor exclude each other: leave one out"));
        }
        if let Some(ClassWeights::Given(weights)) = &self.class_weights {
            check(
                are_usable(weights),
                "class_weights",
                format!("{weights:?}"),
                "numbers from 0 on, not all of them 0",
            )?;
        }
        if let Some(scale) = self.first_loss_scale {
            check(scale > 0.0 && scale.is_finite(), "first_loss_scale", scale, "above 0")?;
        }
        self.max_steps.map(|steps| at_least_one("max_steps", steps)).transpose()?;
        at_least_one("per_device_train_batch_size", self.per_device_train_batch_size)?;
        at_least_one("gradient_accumulation_steps", self.gradient_accumulation_steps)?;
        at_least_one("experimental_data_parallel", self.data_parallel).map(drop)
    }

    /// Whether a GPU can train so.
    ///
    /// # Errors
    /// Names what is for CPUs alone.
    pub fn check_gpu(&self) -> Result<(), Error> {
        match self.dropout_stream {
            DropoutStream::Counter => Ok(()),
            DropoutStream::Torch => Err(Error::usage(
                "--dropout_stream torch is the stream that PyTorch draws on a CPU; what it draws on a GPU (Philox) is not followed: add --use_cpu, or \
                 leave it out",
            )),
        }
    }

    /// The setting that is for one class a row, where one is given.
    #[must_use]
    pub fn for_classes(&self) -> Option<&'static str> {
        let smooths = (self.label_smoothing_factor > 0.0).then_some("label_smoothing_factor");
        smooths.or_else(|| self.class_weights.as_ref().map(|_| "class_weights"))
    }

    pub(super) fn declare(&self, all: &mut Vec<Setting>) {
        let Self {
            num_train_epochs,
            max_steps,
            per_device_train_batch_size,
            gradient_accumulation_steps,
            learning_rate,
            weight_decay,
            schedule,
            label_smoothing_factor,
            adam_beta1,
            adam_beta2,
            adam_epsilon,
            max_grad_norm,
            warmup_steps,
            optim,
            layerwise_lr_decay,
            freeze_layers,
            freeze_embeddings,
            class_weights,
            dataloader_drop_last,
            train_sampling_strategy,
            seed,
            data_seed,
            dropout_stream,
            gradient_checkpointing,
            auto_find_batch_size,
            data_parallel,
            first_loss_scale,
        } = self;
        let class_weights = class_weights.as_ref().map(|weights| serde_json::json!(weights));
        let steps = |name, value: serde_json::Value| Setting::new(name, value, Changes::Steps);
        all.extend([
            steps("num_train_epochs", (*num_train_epochs).into()),
            steps("max_steps", (*max_steps).into()),
            steps("per_device_train_batch_size", (*per_device_train_batch_size).into()),
            steps("gradient_accumulation_steps", (*gradient_accumulation_steps).into()),
            steps("learning_rate", (*learning_rate).into()),
            steps("weight_decay", (*weight_decay).into()),
            steps("lr_scheduler_type", schedule.describe()),
            steps("label_smoothing_factor", (*label_smoothing_factor).into()),
            steps("adam_beta1", (*adam_beta1).into()),
            steps("adam_beta2", (*adam_beta2).into()),
            steps("adam_epsilon", (*adam_epsilon).into()),
            steps("max_grad_norm", (*max_grad_norm).into()),
            steps("warmup_steps", (*warmup_steps).into()),
            steps("optim", optim.name().into()),
            steps("layerwise_lr_decay", (*layerwise_lr_decay).into()),
            steps("freeze_layers", (*freeze_layers).into()),
            steps("freeze_embeddings", (*freeze_embeddings).into()),
            steps("class_weights", class_weights.into()),
            steps("dataloader_drop_last", (*dataloader_drop_last).into()),
            steps("train_sampling_strategy", train_sampling_strategy.name().into()),
            steps(SEED, (*seed).into()),
            steps("data_seed", (*data_seed).into()),
            // Absent where it is our own: runs of versions that knew no other are the same runs.
            steps(
                "dropout_stream",
                (*dropout_stream != DropoutStream::Counter).then_some(dropout_stream.name()).into(),
            ),
            steps("first_loss_scale", first_loss_scale.map(f64::from).into()),
            Setting::new("gradient_checkpointing", *gradient_checkpointing, Changes::Nothing),
            // A run may go on with more or fewer devices.
            Setting::new("auto_find_batch_size", *auto_find_batch_size, Changes::Rounding),
            Setting::new("experimental_data_parallel", *data_parallel, Changes::Rounding),
        ]);
    }
}
