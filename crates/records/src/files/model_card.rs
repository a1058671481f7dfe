//! The model card of a fine-tuned model: a README.md with the metadata that the Hub reads (`model-index`:
//! <https://huggingface.co/docs/hub/model-cards>), as transformers' `TrainingSummary` writes it.

use std::fmt::Write;

use glue_tasks::benchmark_of;
use glue_tasks::task::TaskSpec;

use super::final_eval::FinalTable;
use crate::python_json::float_repr;
use crate::record::{RunRecord, Source, SplitUse};

/// Hyper-parameters that the card lists, in its order.
const LISTED: [&str; 25] = [
    "learning_rate",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "num_train_epochs",
    "max_steps",
    "max_seq_length",
    "optim",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "weight_decay",
    "lr_scheduler_type",
    "warmup_steps",
    "label_smoothing_factor",
    "peft",
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "lora_bias",
    "use_rslora",
    "target_modules",
    "feedforward_modules",
    "modules_to_save",
    "alpha_ce",
    "temperature",
];

/// The model that an adapter stands beside: its name, and where it is from.
pub type AdapterOf<'a> = (&'a str, Source);

/// The card of the model, or of the adapter, that a run made, which lies in a folder called `name`.
#[must_use]
pub fn model_card(name: &str, task: &TaskSpec, record: &RunRecord, adapter_of: Option<AdapterOf<'_>>) -> String {
    let mut card = String::new();
    // Writing to a string cannot fail.
    let _ = write_card(&mut card, name, task, record, adapter_of);
    card
}

fn write_card(
    card: &mut String,
    name: &str,
    task: &TaskSpec,
    record: &RunRecord,
    adapter_of: Option<AdapterOf<'_>>,
) -> std::fmt::Result {
    let scores: Vec<(&str, f64)> = record
        .metrics
        .iter()
        .filter_map(|(key, value)| Some((key.as_str(), (*value)?)))
        .filter(|(key, _)| !task.diagnostic_suffix().is_some_and(|suffix| key.ends_with(suffix)))
        .collect();
    let metrics: Vec<(&str, f64)> = scores.iter().copied().filter(|(key, _)| is_metric(key)).collect();
    let (model, source) = adapter_of.unwrap_or((&record.model.id, record.model.source));
    let from_hub = source == Source::Hub;
    let dataset = Dataset::of(task, record);
    writeln!(card, "---\nlibrary_name: {}", if adapter_of.is_some() { "peft" } else { "transformers" })?;
    if let Some(language) = &dataset.language {
        writeln!(card, "language:\n- {language}")?;
    }
    if from_hub {
        writeln!(card, "base_model: {model}")?;
    }
    writeln!(card, "tags:\n- generated_from_trainer")?;
    if let Some(id) = &dataset.id {
        writeln!(card, "datasets:\n- {id}")?;
    }
    if !metrics.is_empty() {
        writeln!(card, "metrics:")?;
        for metric in &task.metrics {
            writeln!(card, "- {}", metric.key())?;
        }
        writeln!(card, "model-index:\n- name: {}\n  results:", quoted(name))?;
        writeln!(card, "  - task:\n      name: Text Classification\n      type: text-classification")?;
        // The rows that were evaluated, which may be parts of splits.
        let evaluated = record.dataset.used_for(SplitUse::Evaluation).next().map(|split| split.split.as_str());
        let usual = || task.eval_splits.first().map_or("validation", |split| &split.name);
        let split = plain_or_quoted(evaluated.unwrap_or_else(usual));
        let kind = dataset.id.as_deref().unwrap_or(&task.name);
        writeln!(
            card,
            "    dataset:\n      name: {}\n      type: {}",
            plain_or_quoted(&dataset.name),
            plain_or_quoted(kind)
        )?;
        if !task.config.is_empty() {
            writeln!(card, "      config: {}", task.config)?;
        }
        writeln!(card, "      split: {split}")?;
        if !task.config.is_empty() {
            writeln!(card, "      args: {}", task.config)?;
        }
        writeln!(card, "    metrics:")?;
        for (key, value) in metrics {
            writeln!(card, "    - name: {}\n      type: {key}\n      value: {value}", title(key))?;
        }
    }
    writeln!(card, "---\n\n# {name}\n")?;
    let model = if from_hub { format!("[{model}](https://huggingface.co/{model})") } else { format!("`{model}`") };
    match adapter_of.is_some() {
        true => writeln!(card, "An adapter of {model}, trained on the {} dataset.", dataset.name)?,
        false => writeln!(card, "A fine-tuned version of {model} on the {} dataset.", dataset.name)?,
    }
    if let Some(from) = &record.init_from {
        writeln!(card, "The training began where one on {} had ended.", from.task)?;
    }
    if let Some(teacher) = &record.teacher {
        writeln!(
            card,
            "Its loss was in part what `{}` says of the training rows (`alpha_ce`, `temperature`).",
            teacher.id
        )?;
    }
    if !scores.is_empty() {
        writeln!(card, "On the evaluation split:\n")?;
        for (key, value) in scores {
            writeln!(card, "- {}: {value:.4}", title(key))?;
        }
    }
    if let Some(table) = FinalTable::of(task, &record.final_eval) {
        writeln!(card, "\nOn each part of the data:\n\n{}", table.markdown().trim_end())?;
    }
    writeln!(card, "\n## Training hyperparameters\n")?;
    for key in LISTED {
        match record.hyper_parameters.get(key) {
            None | Some(serde_json::Value::Null) => {}
            Some(serde_json::Value::String(text)) => writeln!(card, "- {key}: {text}")?,
            Some(value) => match value.as_f64().filter(|_| value.is_f64()) {
                Some(number) => writeln!(card, "- {key}: {}", float_repr(number))?,
                None => writeln!(card, "- {key}: {value}")?,
            },
        }
    }
    writeln!(card, "- seed: {}", record.seed)?;
    for precision in ["bf16", "fp16", "tf32"] {
        if record.hyper_parameters.get(precision) == Some(&serde_json::Value::Bool(true)) {
            writeln!(card, "- mixed_precision_training: {precision} matrix products")?;
        }
    }
    writeln!(card, "\n## Framework versions\n\n- {} {}", record.program.name, record.program.version)
}

/// What the model was trained on, in the card's words.
struct Dataset {
    /// As two letters, where it is known.
    language: Option<String>,
    name: String,
    /// On the Hub.
    id: Option<String>,
}

impl Dataset {
    fn of(task: &TaskSpec, record: &RunRecord) -> Self {
        let id = || (record.dataset.source == Source::Hub).then(|| record.dataset.id.clone());
        match benchmark_of(task) {
            Some(benchmark) => Self {
                language: Some(benchmark.language.clone()),
                name: format!("{} {}", benchmark.display_name, task.short_name().to_uppercase()),
                id: Some(benchmark.name.clone()),
            },
            None => Self { language: None, name: task.name.clone(), id: id() },
        }
    }
}

/// A text as YAML: bare where nothing in it could be taken for YAML.
fn plain_or_quoted(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/ ".contains(c));
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain && word { text.to_owned() } else { quoted(text) }
}

/// Losses and the script's combined score are no metrics of the Hub.
fn is_metric(key: &str) -> bool {
    !key.starts_with("loss") && !key.starts_with("combined_score")
}

/// `matthews_correlation` as `Matthews Correlation`.
fn title(key: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    key.split('_').map(capital).collect::<Vec<_>>().join(" ")
}

/// A YAML text in double quotes, which JSON's are.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
