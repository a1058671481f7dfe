//! Flags of the numbers that decide the training.

use models::ops::Precision;

use crate::cli::args::RunArgs;
use trainer::error::Error;
use trainer::settings::lr_scheduler::Schedule;
use trainer::settings::{OptimizerKind, TrainingSettings, check, named};
use trainer::training::loss_scale::first_loss_scale;

pub(super) fn training(args: &RunArgs, precision: Precision) -> Result<TrainingSettings, Error> {
    let usual = TrainingSettings::default();
    let optimizer = &args.optimizer;
    let schedule = match args.lr_scheduler_type.as_deref() {
        None => Schedule::parse("linear", args.lr_scheduler_kwargs.as_deref()),
        Some(name) => Schedule::parse(name, args.lr_scheduler_kwargs.as_deref()),
    };
    let ratio = args.warmup_ratio.unwrap_or(0.0);
    check((0.0..=1.0).contains(&ratio), "warmup_ratio", ratio, "from 0 to 1")?;
    let wrong = |flag: &'static str, value: String| {
        move |expected: String| Error::usage(format!("--{flag} is {value}, {expected}"))
    };
    let optim = |name: &String| named::<OptimizerKind>(name).map_err(wrong("optim", name.clone()));
    let class_weights = |text: &String| text.parse().map_err(wrong("class_weights", text.clone()));
    Ok(TrainingSettings {
        num_train_epochs: args.num_train_epochs.unwrap_or(usual.num_train_epochs),
        max_steps: args.max_steps.and_then(|steps| usize::try_from(steps).ok()).filter(|steps| *steps > 0),
        per_device_train_batch_size: args.per_device_train_batch_size.unwrap_or(usual.per_device_train_batch_size),
        gradient_accumulation_steps: args.gradient_accumulation_steps.unwrap_or(usual.gradient_accumulation_steps),
        learning_rate: args.learning_rate.unwrap_or(usual.learning_rate),
        schedule: schedule.map_err(Error::usage)?,
        label_smoothing_factor: args.label_smoothing_factor.unwrap_or(usual.label_smoothing_factor),
        weight_decay: args.weight_decay.unwrap_or(usual.weight_decay),
        adam_beta1: args.adam_beta1.unwrap_or(usual.adam_beta1),
        adam_beta2: args.adam_beta2.unwrap_or(usual.adam_beta2),
        adam_epsilon: args.adam_epsilon.unwrap_or(usual.adam_epsilon),
        max_grad_norm: args.max_grad_norm.unwrap_or(usual.max_grad_norm),
        // transformers: the ratio counts where the steps are 0.
        warmup_steps: args.warmup_steps.filter(|steps| *steps != 0.0).unwrap_or(ratio),
        optim: optimizer.optim.as_ref().map(optim).transpose()?.unwrap_or(usual.optim),
        layerwise_lr_decay: optimizer.layerwise_lr_decay.unwrap_or(usual.layerwise_lr_decay),
        freeze_layers: optimizer.freeze_layers.unwrap_or(usual.freeze_layers),
        freeze_embeddings: optimizer.freeze_embeddings.unwrap_or(usual.freeze_embeddings),
        class_weights: optimizer.class_weights.as_ref().map(class_weights).transpose()?,
        dataloader_drop_last: optimizer.dataloader_drop_last.unwrap_or(usual.dataloader_drop_last),
        train_sampling_strategy: args.train_sampling_strategy.unwrap_or(usual.train_sampling_strategy),
        seed: args.seed.unwrap_or(usual.seed),
        data_seed: args.data_seed,
        gradient_checkpointing: args.memory.gradient_checkpointing.unwrap_or(usual.gradient_checkpointing),
        auto_find_batch_size: args.memory.auto_find_batch_size.unwrap_or(usual.auto_find_batch_size),
        data_parallel: args.memory.experimental_data_parallel.unwrap_or(usual.data_parallel),
        first_loss_scale: first_loss_scale(precision),
    })
}
