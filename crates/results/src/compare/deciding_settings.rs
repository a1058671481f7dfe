//! Which of a record's settings can have changed its numbers, and so tell runs apart. What the columns and the content of rows say is
//! not among them, nor what this run did not use: two spellings of one run are one run.

use std::collections::BTreeSet;

use serde_json::Value;

use records::record::RunRecord;

/// Computed from other settings, what columns and `init_from` say, and in how large pieces rows are evaluated, which are as many whatever that is.
const COMPUTED: [&str; 4] = ["init_from", "init_from_seed", "new_head", "per_device_eval_batch_size"];

/// What decides the rows of a run, which are known by their content, and what was measured on them.
const OF_ROWS: [&str; 19] = [
    "delimiter",
    "do_train",
    "label_column_name",
    "max_eval_samples",
    "max_predict_samples",
    "max_train_samples",
    "metric_name",
    "missing_labels",
    "problem_type",
    "shuffle_before_split",
    "shuffle_like",
    "shuffle_seed",
    "shuffle_train_dataset",
    "test_split_name",
    "text_column_names",
    "train_split_name",
    "validation_split_name",
    "validation_split_percentage",
    "do_regression",
];

/// What only a training uses: an evaluation alone has the values and nothing comes of them.
const OF_TRAINING: [&str; 36] = [
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "attention_probs_dropout_prob",
    "class_weights",
    "classifier_dropout",
    "data_seed",
    "dataloader_drop_last",
    "dropout_from",
    "early_stopping_patience",
    "early_stopping_threshold",
    "eval_delay",
    "eval_steps",
    "eval_strategy",
    "first_loss_scale",
    "freeze_embeddings",
    "freeze_layers",
    "gradient_accumulation_steps",
    "greater_is_better",
    "hidden_dropout_prob",
    "label_smoothing_factor",
    "layerwise_lr_decay",
    "learning_rate",
    "load_best_model_at_end",
    "lr_scheduler_type",
    "max_grad_norm",
    "max_steps",
    "metric_for_best_model",
    "num_train_epochs",
    "optim",
    "per_device_train_batch_size",
    "save_steps",
    "save_strategy",
    "train_sampling_strategy",
    "warmup_steps",
    "weight_decay",
];

/// What chooses among the weights of a training, where it does.
const OF_CHOICE: [&str; 2] = ["metric_for_best_model", "greater_is_better"];

/// What only LoRA uses.
const OF_LORA: [&str; 5] = ["lora_alpha", "lora_bias", "lora_dropout", "lora_r", "use_rslora"];

/// What only adapters use.
const OF_ADAPTERS: [&str; 3] = ["feedforward_modules", "modules_to_save", "target_modules"];

/// What only a training with a teacher uses.
const OF_TEACHING: [&str; 2] = ["alpha_ce", "temperature"];

/// A setting that was left out, in words.
pub(super) const NONE: &str = "none";

/// The value of a setting that a record of any version has, and this one does not, in words.
const UNKNOWN: &str = "unknown";

/// What records of every version have. All other settings came later, and a record that lacks one is of a program that did what now comes
/// of leaving it out.
const ALWAYS_THERE: [&str; 18] = [
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "attention_probs_dropout_prob",
    "gradient_accumulation_steps",
    "hidden_dropout_prob",
    "learning_rate",
    "lr_scheduler_type",
    "max_grad_norm",
    "max_seq_length",
    "max_steps",
    "num_train_epochs",
    "optim",
    "pad_to_max_length",
    "per_device_train_batch_size",
    "train_sampling_strategy",
    "warmup_steps",
    "weight_decay",
];

/// What a record has only where evaluations choose among the weights.
const OF_EVALUATIONS: [&str; 5] = ["eval_delay", "eval_steps", "eval_strategy", "save_steps", "save_strategy"];

/// What came of it before there was the setting, in words, where that is not [`NONE`].
const BEFORE: [(&str, &str); 9] = [
    ("bf16", "false"),
    ("dataloader_drop_last", "false"),
    ("freeze_embeddings", "false"),
    ("freeze_layers", "0"),
    ("label_smoothing_factor", "0"),
    ("layerwise_lr_decay", "1"),
    ("load_best_model_at_end", "false"),
    ("shuffle_seed", "42"),
    ("shuffle_train_dataset", "false"),
];

/// A model without token types has none of it, and one with them used them before there was the setting.
const TOKEN_TYPES: (&str, &str) = ("token_type_ids", "true");

/// Which method trained a model, and how much of it: a model that was trained by another one is another row, whatever else it shares.
const METHODS: [&str; 4] = ["peft", "freeze_embeddings", "freeze_layers", "teacher"];

/// What these are where nothing is chosen.
const OFF: [&str; 3] = [NONE, "false", "0"];

/// The methods that a run was trained by, in words: `peft=lora`.
pub(crate) fn methods_of(record: &RunRecord) -> Vec<String> {
    let chosen = |name: &&str| {
        let value = value_of(record, name).filter(|value| !OFF.contains(&value.as_str()))?;
        Some(format!("{name}={value}"))
    };
    METHODS.iter().filter(|_| record.is_trained()).filter_map(chosen).collect()
}

/// Whether a setting says which method trained a model.
pub(crate) fn is_method(name: &str) -> bool {
    METHODS.contains(&name)
}

/// Whether a setting of this name can have changed the numbers of this record.
fn decides(record: &RunRecord, name: &str) -> bool {
    let rows_are_known = || record.dataset.splits.iter().any(|split| split.sha256.is_some());
    let is_of_rows = OF_ROWS.contains(&name) && rows_are_known();
    let is_used = || if record.is_trained() { is_used_in_training(record, name) } else { !OF_TRAINING.contains(&name) };
    !COMPUTED.contains(&name) && !is_of_rows && is_used()
}

/// A record's value of a setting, in words; `None` where it cannot have changed the numbers. Of a setting that the record does not have it is
/// what the program did before there was the setting.
pub(crate) fn value_of(record: &RunRecord, name: &str) -> Option<String> {
    if !decides(record, name) {
        return None;
    }
    let (token_types, used) = TOKEN_TYPES;
    Some(match record.hyper_parameters.get(name) {
        None | Some(Value::Null) if name == token_types => used.to_owned(),
        Some(value) => value_in_words(value),
        None if OF_EVALUATIONS.contains(&name) => return None,
        None if ALWAYS_THERE.contains(&name) => UNKNOWN.to_owned(),
        None => BEFORE.iter().find(|(setting, _)| *setting == name).map_or(NONE, |(_, before)| *before).to_owned(),
    })
}

/// The settings that some of these records have, by their names.
pub(crate) fn names_of<'a>(records: &[&'a RunRecord]) -> BTreeSet<&'a str> {
    records.iter().flat_map(|record| record.hyper_parameters.keys().map(String::as_str)).collect()
}

/// Whether a training with the other settings looks at this one.
fn is_used_in_training(record: &RunRecord, name: &str) -> bool {
    let value = |name: &str| record.hyper_parameters.get(name).filter(|value| !value.is_null());
    let optimizer = value("optim").and_then(Value::as_str).unwrap_or_default();
    match name {
        // Steps come before epochs.
        "num_train_epochs" => value("max_steps").is_none(),
        "adam_beta1" | "adam_beta2" => !matches!(optimizer, "sgd" | "adafactor"),
        "adam_epsilon" => !matches!(optimizer, "sgd" | "adafactor" | "lion"),
        name if OF_LORA.contains(&name) => value("peft").and_then(Value::as_str) == Some("lora"),
        name if OF_ADAPTERS.contains(&name) => value("peft").is_some(),
        name if OF_TEACHING.contains(&name) => value("teacher").is_some(),
        name if OF_CHOICE.contains(&name) => {
            value("load_best_model_at_end").is_some_and(|load| *load != Value::Bool(false))
                || value("early_stopping_patience").is_some()
        }
        _ => true,
    }
}

/// A value in words: 3 and 3.0 are one number.
fn value_in_words(value: &Value) -> String {
    /// Up to here every whole number is an `f64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Null => NONE.to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < EXACT => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
