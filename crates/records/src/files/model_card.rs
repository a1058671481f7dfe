//! The model card of a fine-tuned model: a README.md with the metadata that the Hub reads (`model-index`:
//! <https://huggingface.co/docs/hub/model-cards>), as transformers' `TrainingSummary` writes it.

use std::fmt::Write;

use glue_tasks::benchmark_of;
use glue_tasks::task::TaskSpec;

use super::final_eval::FinalTable;
use crate::markdown::{code, plain};
use crate::python_json::float_repr;
use crate::record::{OF_ADAPTERS, RunRecord, Source, SplitUse};
use crate::shown::is_hidden;

/// Hyper-parameters that the card lists first, in its order.
const LISTED: [&str; 14] = [
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
];

/// Those of distillation, which come last.
const OF_DISTILLATION: [&str; 2] = ["alpha_ce", "temperature"];

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
        writeln!(card, "base_model: {}", name_or_quoted(model))?;
    }
    writeln!(card, "tags:\n- generated_from_trainer")?;
    if let Some(id) = &dataset.id {
        writeln!(card, "datasets:\n- {}", name_or_quoted(id))?;
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
        let config = name_or_quoted(&task.config);
        if !task.config.is_empty() {
            writeln!(card, "      config: {config}")?;
        }
        writeln!(card, "      split: {split}")?;
        if !task.config.is_empty() {
            writeln!(card, "      args: {config}")?;
        }
        writeln!(card, "    metrics:")?;
        for (key, value) in metrics {
            writeln!(card, "    - name: {}\n      type: {key}\n      value: {value}", title(key))?;
        }
    }
    writeln!(card, "---\n\n# {}\n", plain(name))?;
    let is_page = from_hub && is_name(model);
    let model = if is_page { format!("[{model}](https://huggingface.co/{model})") } else { code(model) };
    let data = plain(&dataset.name);
    match adapter_of.is_some() {
        true => writeln!(card, "An adapter of {model}, trained on the {data} dataset.")?,
        false => writeln!(card, "A fine-tuned version of {model} on the {data} dataset.")?,
    }
    if let Some(from) = &record.init_from {
        writeln!(card, "The training began where one on {} had ended.", plain(&from.task))?;
    }
    if let Some(teacher) = &record.teacher {
        writeln!(
            card,
            "Its loss was in part what {} says of the training rows (`alpha_ce`, `temperature`).",
            code(&teacher.id)
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
    for key in LISTED.into_iter().chain(OF_ADAPTERS).chain(OF_DISTILLATION) {
        match record.hyper_parameters.get(key) {
            None | Some(serde_json::Value::Null) => {}
            Some(serde_json::Value::String(text)) => writeln!(card, "- {}", plain(&format!("{key}: {text}")))?,
            Some(value) => match value.as_f64().filter(|_| value.is_f64()) {
                Some(number) => writeln!(card, "- {key}: {}", float_repr(number))?,
                None => writeln!(card, "- {}", plain(&format!("{key}: {value}")))?,
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

/// Words that YAML takes for something else than text, <https://yaml.org/type/bool.html> among them.
const WORDS_OF_YAML: [&str; 9] = ["n", "no", "null", "off", "on", "true", "false", "y", "yes"];

/// A text as YAML: bare where nothing in it could be taken for YAML.
fn plain_or_quoted(text: &str) -> String {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/ ".contains(c)) && !text.ends_with(' ');
    bare_or_quoted(text, is_plain)
}

/// The same of a name that may have dots: of a repository, or of a configuration of one.
fn name_or_quoted(text: &str) -> String {
    bare_or_quoted(text, is_name(text))
}

fn bare_or_quoted(text: &str, is_plain: bool) -> String {
    let is_text = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !WORDS_OF_YAML.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_plain && is_text { text.to_owned() } else { quoted(text) }
}

/// Whether a text has no other characters than names on the Hub have.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/.".contains(c))
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

/// A YAML text in double quotes, which JSON's are but for control characters that JSON leaves as they are.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for letter in serde_json::Value::String(text.to_owned()).to_string().chars() {
        if is_hidden(letter) {
            quoted += &format!("\\u{:04x}", u32::from(letter));
        } else {
            quoted.push(letter);
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The card of a run of this repository after something was changed.
    fn card(name: &str, change: impl FnOnce(&mut TaskSpec, &mut RunRecord)) -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results/rte");
        let (_, mut record) = crate::record::read_folder(folder.as_ref()).unwrap().records.swap_remove(0);
        let mut task = glue_tasks::task_named("rte").unwrap().clone();
        change(&mut task, &mut record);
        model_card(name, &task, &record, None)
    }

    #[test]
    fn usual_names_stand_as_they_are() {
        let card = card("my_model-1.0", |_, record| {
            (record.model.id, record.model.source) = ("organisation/a_model-v1.5".to_owned(), Source::Hub);
        });
        for lines in [
            "base_model: organisation/a_model-v1.5\n",
            "datasets:\n- glue\n",
            "- name: \"my_model-1.0\"\n",
            "      name: GLUE RTE\n      type: glue\n      config: rte\n      split: validation\n      args: rte\n",
            "# my_model-1.0\n",
            "[organisation/a_model-v1.5](https://huggingface.co/organisation/a_model-v1.5) on the GLUE RTE dataset.\n",
            "- learning_rate: 2e-05\n",
            "- optim: adamw_torch\n",
        ] {
            assert!(card.contains(lines), "{lines}: {card}");
        }
    }

    #[test]
    fn names_are_text_in_the_card_and_in_its_metadata() {
        const EVIL: &str = "x: y\n---\n# <img src=x> [a](https://example.org) `b`\u{85}";
        let card = card(EVIL, |task, record| {
            (task.name, task.config) = (EVIL.to_owned(), EVIL.to_owned());
            record.model.id = EVIL.to_owned();
            record.dataset.id = EVIL.to_owned();
            (record.model.source, record.dataset.source) = (Source::Hub, Source::Hub);
            record.hyper_parameters.insert("optim".to_owned(), EVIL.into());
            record.hyper_parameters.insert("target_modules".to_owned(), vec![EVIL].into());
        });
        let (metadata, text) = card.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap();
        let quoted = "\"x: y\\n---\\n# <img src=x> [a](https://example.org) `b`\\u0085\"";
        for key in ["base_model:", "-", "- name:", "      name:", "      type:", "      config:", "      args:"] {
            assert!(metadata.lines().any(|line| line == format!("{key} {quoted}")), "{key} {metadata}");
        }
        let as_code = code(EVIL);
        assert_eq!(text.matches(&as_code).count(), 1, "the model: {text}");
        let others = text.replace(&as_code, "");
        assert!(!others.contains('<') && !others.contains("[a]("), "{text}");
        assert!(!others.lines().any(|line| line == "---"), "{text}");
    }

    #[test]
    fn words_of_yaml_are_quoted() {
        for (text, yaml) in [("no", "\"no\""), ("Null", "\"Null\""), ("my data", "my data"), ("1.5", "\"1.5\"")] {
            assert_eq!(plain_or_quoted(text), yaml);
        }
        assert_eq!(name_or_quoted("wsc.fixed"), "wsc.fixed");
        assert_eq!(name_or_quoted("a: b"), "\"a: b\"");
    }
}
