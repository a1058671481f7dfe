//! Flags of the numbers that decide the training: its steps, its optimizer, and how much of a step is computed at once.

use clap::Args;
use models::ops::Precision;

use super::evaluation_args::EvalBatchArgs;
use super::value_parsers::{BoolFlag, choice, number, signed, whole};
use trainer::error::Error;
use trainer::settings::lr_scheduler::Schedule;
use trainer::settings::{Choice, DropoutStream, OptimizerKind, SamplingStrategy, TrainingSettings, check, named};
use trainer::training::loss_scale::first_loss_scale;

/// Flags of the steps.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct TrainingArgs {
    /// Epochs; may be a fraction [default: 3]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub num_train_epochs: Option<f64>,
    /// Optimizer steps; overrides the epochs when positive [default: -1]
    #[arg(long, alias = "max_train_steps", value_parser = signed, value_name = "N", help_heading = "Training")]
    pub max_steps: Option<i64>,
    /// Examples a batch [default: 8]
    #[arg(long, aliases = ["train_batch_size", "per_gpu_train_batch_size"], value_parser = whole::<usize>, value_name = "N", help_heading = "Training")]
    pub per_device_train_batch_size: Option<usize>,
    /// The size of an evaluation's batches, which the help shows beside that of the training's.
    #[command(flatten)]
    pub eval_batch: EvalBatchArgs,
    /// Batches an optimizer step; N x B equals one batch of N B exactly [default: 1]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Training")]
    pub gradient_accumulation_steps: Option<usize>,
    /// Peak learning rate [default: 5e-5]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub learning_rate: Option<f64>,
    /// Decoupled weight decay; not for biases and normalisation [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub weight_decay: Option<f64>,
    /// AdamW's decay of the first moment [default: 0.9]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub adam_beta1: Option<f64>,
    /// AdamW's decay of the second moment [default: 0.999]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub adam_beta2: Option<f64>,
    /// AdamW's epsilon [default: 1e-8]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub adam_epsilon: Option<f64>,
    /// Clip gradients to this global norm; 0 is off [default: 1]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub max_grad_norm: Option<f64>,
    /// Steps of linear warm-up; below 1 a share of all steps [default: 0]
    #[arg(long, alias = "num_warmup_steps", value_parser = number, value_name = "X", help_heading = "Training")]
    pub warmup_steps: Option<f64>,
    /// Share of all steps, where warmup_steps is 0 [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub warmup_ratio: Option<f64>,
    /// linear, cosine, cosine_with_restarts, polynomial, constant, constant_with_warmup, inverse_sqrt, cosine_with_min_lr,
    /// cosine_warmup_with_min_lr, warmup_stable_decay [default: linear]
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    pub lr_scheduler_type: Option<String>,
    /// Its numbers as JSON, such as {"num_cycles": 2}
    #[arg(long, value_name = "JSON", help_heading = "Training")]
    pub lr_scheduler_kwargs: Option<String>,
    /// Share of the target spread over all classes alike [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Training")]
    pub label_smoothing_factor: Option<f64>,
    /// Order of the rows: random, sequential, group_by_length [default: random, as torch draws it]
    #[arg(long, value_parser = choice::<SamplingStrategy>, value_name = "ORDER", help_heading = "Training")]
    pub train_sampling_strategy: Option<SamplingStrategy>,
    /// Seed of the head, the order and dropout [default: 42]
    #[arg(long, value_parser = whole::<u64>, value_name = "N", help_heading = "Training")]
    pub seed: Option<u64>,
    /// Seed of the order alone [default: seed]
    #[arg(long, value_parser = whole::<u64>, value_name = "N", help_heading = "Training")]
    pub data_seed: Option<u64>,
    /// Masks of dropout: counter, the program's own; or torch, those that PyTorch draws on a CPU, for the Trainer's loss curve step for step
    /// (see run-glue parity) [default: counter]
    #[arg(long, value_parser = choice::<DropoutStream>, value_name = "STREAM", help_heading = "Training")]
    pub dropout_stream: Option<DropoutStream>,
    /// Leave out an epoch's last batch where it is not full [default: false]
    #[arg(long, bool_flag(), help_heading = "Training")]
    pub dataloader_drop_last: Option<bool>,
}

/// The help of `--optim`.
fn optimizers_in_words() -> String {
    format!("{} [default: {}]", OptimizerKind::own_names().join(", "), OptimizerKind::default().name())
}

/// Flags of the optimizer, and of which parameters it changes.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct OptimizerArgs {
    /// The rule by which parameters change.
    #[arg(help = optimizers_in_words(), long, value_name = "NAME", help_heading = "Optimizer")]
    pub optim: Option<String>,
    /// Multiply the learning rate with this for every layer from the head down [default: 1]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Optimizer")]
    pub layerwise_lr_decay: Option<f64>,
    /// Leave the embeddings and the first N layers as they are [default: 0, none]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Optimizer")]
    pub freeze_layers: Option<usize>,
    /// Leave the embeddings as they are [default: false]
    #[arg(long, bool_flag(), help_heading = "Optimizer")]
    pub freeze_embeddings: Option<bool>,
    /// Weight of each class in the loss, in the dataset's order, such as 1,2.5; or balanced [default: all alike]
    #[arg(long, value_name = "W,W,..", help_heading = "Optimizer")]
    pub class_weights: Option<String>,
}

/// Flags of how much is computed and kept at once; none of them changes a number but by its last bits.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct MemoryArgs {
    /// Keep only each layer's input and compute the layer again when its gradients are due: less memory, a third more work,
    /// the same numbers [default: false]
    #[arg(long, bool_flag(), help_heading = "Machine")]
    pub gradient_checkpointing: Option<bool>,
    /// Where a GPU has no room for a batch, compute it in halves; the step stays the same [default: false]
    #[arg(long, bool_flag(), help_heading = "Machine")]
    pub auto_find_batch_size: Option<bool>,
    /// Divide each batch over N devices of this machine; the step stays the same. Not yet tried on several GPUs [default: 1]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Machine")]
    pub experimental_data_parallel: Option<usize>,
}

impl TrainingArgs {
    /// The training that is asked for. `precision`: what products are rounded to, which decides whether losses are scaled.
    pub(super) fn settings(
        &self,
        optimizer: &OptimizerArgs,
        memory: &MemoryArgs,
        precision: Precision,
    ) -> Result<TrainingSettings, Error> {
        let usual = TrainingSettings::default();
        let schedule = match self.lr_scheduler_type.as_deref() {
            None => Schedule::parse("linear", self.lr_scheduler_kwargs.as_deref()),
            Some(name) => Schedule::parse(name, self.lr_scheduler_kwargs.as_deref()),
        };
        let ratio = self.warmup_ratio.unwrap_or(0.0);
        check((0.0..=1.0).contains(&ratio), "warmup_ratio", ratio, "from 0 to 1")?;
        let wrong = |flag: &'static str, value: String| {
            move |expected: String| Error::usage(format!("--{flag} is {value}, {expected}"))
        };
        let optim = |name: &String| named::<OptimizerKind>(name).map_err(wrong("optim", name.clone()));
        let class_weights = |text: &String| text.parse().map_err(wrong("class_weights", text.clone()));
        Ok(TrainingSettings {
            num_train_epochs: self.num_train_epochs.unwrap_or(usual.num_train_epochs),
            max_steps: self.max_steps.and_then(|steps| usize::try_from(steps).ok()).filter(|steps| *steps > 0),
            per_device_train_batch_size: self.per_device_train_batch_size.unwrap_or(usual.per_device_train_batch_size),
            gradient_accumulation_steps: self.gradient_accumulation_steps.unwrap_or(usual.gradient_accumulation_steps),
            learning_rate: self.learning_rate.unwrap_or(usual.learning_rate),
            schedule: schedule.map_err(Error::usage)?,
            label_smoothing_factor: self.label_smoothing_factor.unwrap_or(usual.label_smoothing_factor),
            weight_decay: self.weight_decay.unwrap_or(usual.weight_decay),
            adam_beta1: self.adam_beta1.unwrap_or(usual.adam_beta1),
            adam_beta2: self.adam_beta2.unwrap_or(usual.adam_beta2),
            adam_epsilon: self.adam_epsilon.unwrap_or(usual.adam_epsilon),
            max_grad_norm: self.max_grad_norm.unwrap_or(usual.max_grad_norm),
            // transformers: the ratio counts where the steps are 0.
            warmup_steps: self.warmup_steps.filter(|steps| *steps != 0.0).unwrap_or(ratio),
            optim: optimizer.optim.as_ref().map(optim).transpose()?.unwrap_or(usual.optim),
            layerwise_lr_decay: optimizer.layerwise_lr_decay.unwrap_or(usual.layerwise_lr_decay),
            freeze_layers: optimizer.freeze_layers.unwrap_or(usual.freeze_layers),
            freeze_embeddings: optimizer.freeze_embeddings.unwrap_or(usual.freeze_embeddings),
            class_weights: optimizer.class_weights.as_ref().map(class_weights).transpose()?,
            dataloader_drop_last: self.dataloader_drop_last.unwrap_or(usual.dataloader_drop_last),
            train_sampling_strategy: self.train_sampling_strategy.unwrap_or(usual.train_sampling_strategy),
            seed: self.seed.unwrap_or(usual.seed),
            data_seed: self.data_seed,
            dropout_stream: self.dropout_stream.unwrap_or(usual.dropout_stream),
            gradient_checkpointing: memory.gradient_checkpointing.unwrap_or(usual.gradient_checkpointing),
            auto_find_batch_size: memory.auto_find_batch_size.unwrap_or(usual.auto_find_batch_size),
            data_parallel: memory.experimental_data_parallel.unwrap_or(usual.data_parallel),
            first_loss_scale: first_loss_scale(precision),
        })
    }
}
