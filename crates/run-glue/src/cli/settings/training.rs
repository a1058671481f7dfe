//! Numbers that decide the training.

use super::{at_least_one, check};
use crate::cli::args::{RunArgs, SamplingStrategy};
use crate::error::Error;
use crate::trainer::schedule_kind::Schedule;

/// A rule by which parameters change with their gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerKind {
    /// `torch.optim.AdamW`.
    AdamW,
    /// transformers' Adafactor.
    Adafactor,
    /// `torch.optim.SGD` without momentum.
    Sgd,
    /// Lion.
    Lion,
}

/// The names that `--optim` takes; of each kind the first is its own.
const OPTIMIZERS: [(&str, OptimizerKind); 6] = [
    ("adamw_torch", OptimizerKind::AdamW),
    ("adafactor", OptimizerKind::Adafactor),
    ("sgd", OptimizerKind::Sgd),
    ("lion", OptimizerKind::Lion),
    ("adamw_torch_fused", OptimizerKind::AdamW),
    ("lion_32bit", OptimizerKind::Lion),
];

impl OptimizerKind {
    /// Its own name.
    #[must_use]
    pub fn name(self) -> &'static str {
        OPTIMIZERS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    fn parse(name: &str) -> Result<Self, Error> {
        let known = || OPTIMIZERS.map(|(name, _)| name).join(", ");
        let found = OPTIMIZERS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        found.ok_or_else(|| Error::usage(format!("--optim is {name}, expected one of {}", known())))
    }
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

impl ClassWeights {
    fn parse(text: &str) -> Result<Self, Error> {
        if text == "balanced" {
            return Ok(Self::Balanced);
        }
        let weights: Result<Vec<f64>, _> = text.split(',').map(|weight| weight.trim().parse::<f64>()).collect();
        let usable =
            |weights: &Vec<f64>| weights.iter().all(|w| *w >= 0.0 && w.is_finite()) && weights.iter().any(|w| *w > 0.0);
        weights.ok().filter(usable).map(Self::Given).ok_or_else(|| {
            Error::usage(format!(
                "--class_weights is {text}, expected balanced, or a number a class with commas, such as 1,2.5"
            ))
        })
    }
}

/// Numbers that decide the training; names as in TrainingArguments.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSettings {
    /// Epochs.
    pub num_train_epochs: f64,
    /// Overrides the epochs.
    pub max_steps: Option<usize>,
    /// Examples a micro-batch.
    pub per_device_train_batch_size: usize,
    /// Micro-batches a step.
    pub gradient_accumulation_steps: usize,
    /// Peak rate.
    pub learning_rate: f64,
    /// Decoupled decay.
    pub weight_decay: f64,
    /// How the rate goes on from its peak.
    pub schedule: Schedule,
    /// Share of the target spread over all classes.
    pub label_smoothing_factor: f64,
    /// First moment.
    pub adam_beta1: f64,
    /// Second moment.
    pub adam_beta2: f64,
    /// Added to the root.
    pub adam_epsilon: f64,
    /// Global norm; 0 is off.
    pub max_grad_norm: f64,
    /// Steps, or a share below 1.
    pub warmup_steps: f64,
    /// The rule.
    pub optim: OptimizerKind,
    /// What the learning rate is multiplied with, layer by layer from the head down.
    pub layerwise_lr_decay: f64,
    /// The embeddings and this many layers stay as they are; 0 is none of them.
    pub freeze_layers: usize,
    /// The embeddings stay as they are.
    pub freeze_embeddings: bool,
    /// How much classes count in the loss.
    pub class_weights: Option<ClassWeights>,
    /// An epoch's last batch is left out where it is not full.
    pub dataloader_drop_last: bool,
    /// Order.
    pub train_sampling_strategy: SamplingStrategy,
    /// Seed.
    pub seed: u64,
    /// Seed of the order.
    pub data_seed: Option<u64>,
    /// Layers are computed again when their gradients are due; it changes no number.
    pub gradient_checkpointing: bool,
    /// Micro-batches that do not fit are divided; the step stays the same.
    pub auto_find_batch_size: bool,
    /// Over how many devices a step is divided.
    pub data_parallel: usize,
}

pub(super) fn training(args: &RunArgs) -> Result<TrainingSettings, Error> {
    let num_train_epochs = args.num_train_epochs.unwrap_or(3.0);
    check(num_train_epochs > 0.0 && num_train_epochs.is_finite(), "num_train_epochs", num_train_epochs, "above 0")?;
    let learning_rate = args.learning_rate.unwrap_or(5e-5);
    check(learning_rate >= 0.0 && learning_rate.is_finite(), "learning_rate", learning_rate, "0 or more")?;
    let weight_decay = args.weight_decay.unwrap_or(0.0);
    check(weight_decay >= 0.0 && weight_decay.is_finite(), "weight_decay", weight_decay, "0 or more")?;
    let (adam_beta1, adam_beta2) = (args.adam_beta1.unwrap_or(0.9), args.adam_beta2.unwrap_or(0.999));
    check((0.0..1.0).contains(&adam_beta1), "adam_beta1", adam_beta1, "from 0 to below 1")?;
    check((0.0..1.0).contains(&adam_beta2), "adam_beta2", adam_beta2, "from 0 to below 1")?;
    let adam_epsilon = args.adam_epsilon.unwrap_or(1e-8);
    check(adam_epsilon >= 0.0 && adam_epsilon.is_finite(), "adam_epsilon", adam_epsilon, "0 or more")?;
    let max_grad_norm = args.max_grad_norm.unwrap_or(1.0);
    let bounded = max_grad_norm >= 0.0 && max_grad_norm.is_finite();
    check(bounded, "max_grad_norm", max_grad_norm, "0 (off) or more")?;
    let ratio = args.warmup_ratio.unwrap_or(0.0);
    check((0.0..=1.0).contains(&ratio), "warmup_ratio", ratio, "from 0 to 1")?;
    let steps = args.warmup_steps.unwrap_or(0.0);
    check(steps >= 0.0 && steps.is_finite(), "warmup_steps", steps, "0 or more")?;
    let label_smoothing_factor = args.label_smoothing_factor.unwrap_or(0.0);
    let smooths = (0.0..1.0).contains(&label_smoothing_factor);
    check(smooths, "label_smoothing_factor", label_smoothing_factor, "from 0 to below 1")?;
    let schedule = Schedule::new(
        args.lr_scheduler_type.as_deref().unwrap_or("linear"),
        args.lr_scheduler_kwargs.as_deref(),
        learning_rate,
    )
    .map_err(Error::usage)?;
    let max_steps = match args.max_steps {
        None | Some(i64::MIN..=0) => None,
        Some(steps) => Some(steps as usize),
    };
    let optimizer = &args.optimizer;
    let layerwise_lr_decay = optimizer.layerwise_lr_decay.unwrap_or(1.0);
    let decays = layerwise_lr_decay > 0.0 && layerwise_lr_decay <= 1.0;
    check(decays, "layerwise_lr_decay", layerwise_lr_decay, "above 0 and at most 1")?;
    let class_weights = optimizer.class_weights.as_deref().map(ClassWeights::parse).transpose()?;
    if class_weights.is_some() && label_smoothing_factor > 0.0 {
        return Err(Error::usage("--class_weights and --label_smoothing_factor exclude each other: leave one out"));
    }
    Ok(TrainingSettings {
        num_train_epochs,
        max_steps,
        per_device_train_batch_size: at_least_one(
            "per_device_train_batch_size",
            args.per_device_train_batch_size.unwrap_or(8),
        )?,
        gradient_accumulation_steps: at_least_one(
            "gradient_accumulation_steps",
            args.gradient_accumulation_steps.unwrap_or(1),
        )?,
        learning_rate,
        schedule,
        label_smoothing_factor,
        weight_decay,
        adam_beta1,
        adam_beta2,
        adam_epsilon,
        max_grad_norm,
        // transformers: the ratio counts where the steps are 0.
        warmup_steps: if steps > 0.0 { steps } else { ratio },
        optim: optimizer.optim.as_deref().map_or(Ok(OptimizerKind::AdamW), OptimizerKind::parse)?,
        layerwise_lr_decay,
        freeze_layers: optimizer.freeze_layers.unwrap_or(0),
        freeze_embeddings: optimizer.freeze_embeddings.unwrap_or(false),
        class_weights,
        dataloader_drop_last: optimizer.dataloader_drop_last.unwrap_or(false),
        train_sampling_strategy: args.train_sampling_strategy.unwrap_or(SamplingStrategy::Random),
        seed: args.seed.unwrap_or(42),
        data_seed: args.data_seed,
        gradient_checkpointing: args.memory.gradient_checkpointing.unwrap_or(false),
        auto_find_batch_size: args.memory.auto_find_batch_size.unwrap_or(false),
        data_parallel: at_least_one("experimental_data_parallel", args.memory.experimental_data_parallel.unwrap_or(1))?,
    })
}
