//! What of the settings can change numbers, and its hash: how a sweep knows a run before it has run.

use std::collections::BTreeMap;

use glue_tasks::slices::Slice;
use models::ops::Precision;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{DatasetChoice, ModelChoice, Settings};

impl Settings {
    /// Every setting that can change the numbers, by its flag's name, as it was asked for. What model and data make of
    /// them (steps, lengths) is known later.
    #[must_use]
    pub fn hyper_parameters(&self) -> BTreeMap<String, Value> {
        let t = &self.training;
        let pairs = [
            ("pad_to_max_length", json!(self.pad_to_max_length)),
            ("bf16", json!(self.precision == Precision::Bf16)),
            // Absent where off: runs of versions that did not know them are the same runs.
            ("fp16", json!((self.precision == Precision::Fp16).then_some(true))),
            ("tf32", json!((self.precision == Precision::Tf32).then_some(true))),
            ("do_train", json!(self.do_train)),
            ("num_train_epochs", json!(t.num_train_epochs)),
            ("max_steps", json!(t.max_steps)),
            ("per_device_train_batch_size", json!(t.per_device_train_batch_size)),
            ("per_device_eval_batch_size", json!(self.per_device_eval_batch_size)),
            ("gradient_accumulation_steps", json!(t.gradient_accumulation_steps)),
            ("learning_rate", json!(t.learning_rate)),
            ("lr_scheduler_type", t.schedule.describe()),
            ("label_smoothing_factor", json!(t.label_smoothing_factor)),
            ("optim", json!(t.optim.name())),
            ("layerwise_lr_decay", json!(t.layerwise_lr_decay)),
            ("freeze_layers", json!(t.freeze_layers)),
            ("freeze_embeddings", json!(t.freeze_embeddings)),
            ("class_weights", json!(t.class_weights)),
            ("dataloader_drop_last", json!(t.dataloader_drop_last)),
            ("metric_for_best_model", json!(self.evaluation.best.as_ref().map(|best| &best.metric))),
            ("load_best_model_at_end", json!(self.evaluation.best.as_ref().is_some_and(|b| b.load_at_end))),
            ("early_stopping_patience", json!(self.evaluation.early_stopping.map(|e| e.patience))),
            ("early_stopping_threshold", json!(self.evaluation.early_stopping.map(|e| e.threshold))),
            ("weight_decay", json!(t.weight_decay)),
            ("adam_beta1", json!(t.adam_beta1)),
            ("adam_beta2", json!(t.adam_beta2)),
            ("adam_epsilon", json!(t.adam_epsilon)),
            ("max_grad_norm", json!(t.max_grad_norm)),
            ("train_sampling_strategy", json!(t.train_sampling_strategy)),
            ("train_split_name", slices(&self.splits.train)),
            ("validation_split_name", slices(&self.splits.validation)),
            ("test_split_name", slices(&self.splits.test)),
            ("validation_split_percentage", json!(self.splits.held_out)),
            ("shuffle_train_dataset", json!(self.splits.shuffle)),
            ("shuffle_seed", json!(self.splits.shuffle_seed)),
            ("max_train_samples", json!(self.max_train_samples)),
            ("max_predict_samples", json!(self.max_predict_samples)),
            ("max_eval_samples", json!(self.max_eval_samples)),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// SHA-256, in hexadecimal, of what was asked for: task, model, data and settings, all but the seed. Settings that were
/// left out (`null`) do not count, so that later versions, which know more of them, give the same hash.
#[must_use]
pub fn request_hash(settings: &Settings, task: &str) -> String {
    let model = match &settings.model {
        ModelChoice::Folder(folder) => json!({"folder": folder}),
        ModelChoice::Hub { id, revision } => json!({"hub": id, "revision": revision}),
        ModelChoice::Embedded => json!("embedded"),
    };
    let dataset = match &settings.dataset {
        DatasetChoice::Folder(folder) => json!({"folder": folder}),
        DatasetChoice::Hub { id, revision } => json!({"hub": id, "revision": revision}),
        DatasetChoice::Files(files) => json!(files),
        DatasetChoice::Embedded => json!("embedded"),
    };
    let mut asked = settings.hyper_parameters();
    let more = [
        ("task", json!(task)),
        ("model", model),
        ("dataset", dataset),
        ("own_data", json!(settings.own_data.as_ref().map(|own| format!("{own:?}")))),
        ("data_seed", json!(settings.training.data_seed)),
        ("max_seq_length", json!(settings.max_seq_length)),
        // A share of all steps where it is below 1.
        ("warmup", json!(settings.training.warmup_steps)),
        ("ignore_mismatched_sizes", json!(settings.ignore_mismatched_sizes)),
        ("do_eval", json!(settings.do_eval)),
        ("do_predict", json!(settings.do_predict)),
        ("eval_strategy", json!(format!("{:?} {}", settings.evaluation.strategy, settings.evaluation.steps))),
        ("backend", json!(settings.device.backend)),
    ];
    asked.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    asked.retain(|_, value| !value.is_null());
    let digest = Sha256::digest(serde_json::to_string(&asked).unwrap_or_default().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn slices(slices: &Option<Vec<Slice>>) -> Value {
    json!(slices.as_ref().map(|slices| slices.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")))
}
