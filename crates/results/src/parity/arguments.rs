//! The settings of a record as `TrainingArguments` and run_glue.py spell them.

use super::run_of::RunOf;
use glue_tasks::find_task;
use records::record::parts::Source;
use records::record::{RunRecord, SplitUse};
use serde_json::{Map, Value, json};

/// Settings that mean the same there, by the same name.
const SAME: [&str; 22] = [
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "data_seed",
    "dataloader_drop_last",
    "eval_delay",
    "eval_on_start",
    "eval_steps",
    "eval_strategy",
    "gradient_accumulation_steps",
    "label_smoothing_factor",
    "learning_rate",
    "max_eval_samples",
    "max_grad_norm",
    "max_seq_length",
    "max_train_samples",
    "num_train_epochs",
    "optim",
    "pad_to_max_length",
    "per_device_eval_batch_size",
    "per_device_train_batch_size",
    "train_sampling_strategy",
];

/// Settings that are spelt otherwise there, that change nothing of the training, or that say what the files say.
const OTHERWISE: [&str; 19] = [
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "dropout_stream",
    "greater_is_better",
    "hidden_dropout_prob",
    "load_best_model_at_end",
    "lr_scheduler_type",
    "max_predict_samples",
    "max_steps",
    "metric_for_best_model",
    "do_train",
    "new_head",
    "save_steps",
    "save_strategy",
    "shuffle_seed",
    "test_split_name",
    "token_type_ids",
    "warmup_steps",
    "weight_decay",
];

/// What `run_glue.py run_glue.json` and the script read.
///
/// # Errors
/// Names the setting that the Trainer has not.
pub(super) fn of_run(record: &RunRecord) -> Result<Value, String> {
    let mut arguments = Map::new();
    // What says most is said: of an adapter that, and not its rank.
    if let Some(method) = record.hyper_parameters.get("peft").filter(|method| !method.is_null()) {
        return Err(format!("the run was made with --peft {}, which the script does not follow", plain(method)));
    }
    match record.hyper_parameters.get("optim").and_then(Value::as_str) {
        Some("lion") => {
            return Err("the run was made with --optim lion, which the Trainer has from bitsandbytes alone".to_owned());
        }
        _ if record.seed > u64::from(u32::MAX) => {
            return Err(format!("its seed is {}, and the Trainer takes none above {}", record.seed, u32::MAX));
        }
        _ => {}
    }
    for (name, value) in &record.hyper_parameters {
        match name.as_str() {
            name if SAME.contains(&name) => {
                if !value.is_null() {
                    arguments.insert(name.to_owned(), value.clone());
                }
            }
            name if OTHERWISE.contains(&name) => {}
            name if is_off(name, value) => {}
            "dropout_from" => {
                let flags = "--hidden_dropout_prob, --attention_probs_dropout_prob or --classifier_dropout";
                return Err(format!(
                    "the run was made with {flags}, which the script does not follow: put them into config.json"
                ));
            }
            name => {
                return Err(format!(
                    "the run was made with --{name} {}, which the script does not follow",
                    plain(value)
                ));
            }
        }
    }
    let (model, dataset) = (&record.model, &record.dataset);
    // The Hub's models and datasets have the default branch where none was given, as in the script.
    let is_other = |revision: &Option<String>| revision.as_ref().is_some_and(|revision| revision != "main");
    let elsewhere = [
        (is_other(&model.revision), "--model_revision"),
        (model.base_from.is_some(), "--model of an adapter"),
        (model.config_from.is_some(), "--config_name"),
        (model.tokenizer_from.is_some(), "--tokenizer_name"),
        (is_other(&dataset.revision) && dataset.source == Source::Hub, "--dataset_revision"),
    ];
    if let Some((_, flag)) = elsewhere.iter().find(|(given, _)| *given) {
        return Err(format!(
            "the run was made with {flag}, which the script does not follow: put what it names into a folder, and run with that"
        ));
    }
    let of = |name: &str| record.hyper_parameters.get(name).filter(|value| !value.is_null());
    let copied = |name: &str, or: Value| of(name).cloned().unwrap_or(or);
    let (every, first) = logging(record)?;
    let known = [
        ("model_name_or_path", json!(place(&record.model.id, record.model.source))),
        ("task_name", json!(record.task)),
        ("output_dir", json!("trainer")),
        ("do_train", json!(true)),
        ("do_eval", json!(true)),
        ("use_cpu", json!(true)),
        ("save_strategy", json!("no")),
        ("report_to", json!("none")),
        ("seed", json!(record.seed)),
        ("max_steps", copied("max_steps", json!(-1))),
        ("warmup_steps", copied("warmup_steps", json!(0))),
        ("weight_decay", copied("weight_decay", json!(0.0))),
        ("logging_steps", json!(every)),
        ("logging_first_step", json!(first)),
        // A loss that is no number is said, and not passed over.
        ("logging_nan_inf_filter", json!(false)),
    ];
    arguments.extend(known.map(|(name, value)| (name.to_owned(), value)));
    let (name, kwargs) = schedule(of("lr_scheduler_type"))?;
    arguments.insert("lr_scheduler_type".to_owned(), name);
    if let Some(kwargs) = kwargs {
        arguments.insert("lr_scheduler_kwargs".to_owned(), kwargs);
    }
    Ok(Value::Object(arguments))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether the setting has the value that leaves all as it is.
fn is_off(name: &str, value: &Value) -> bool {
    match (name, value) {
        (_, Value::Null | Value::Bool(false)) => true,
        ("freeze_layers", value) => value.as_u64() == Some(0),
        ("layerwise_lr_decay", value) => value.as_f64() == Some(1.0),
        _ => false,
    }
}

/// The schedule's name, and its numbers where it has any: in a record `linear`, `cosine(num_cycles=0.5)`, or a name with `kwargs`.
///
/// # Errors
/// What it is, where it is none of these.
pub fn schedule(described: Option<&Value>) -> Result<(Value, Option<Value>), String> {
    let wrong = || format!("its lr_scheduler_type is {}", described.unwrap_or(&Value::Null));
    match described {
        None => Ok((json!("linear"), None)),
        Some(Value::Object(fields)) => {
            // What was left out is `null` in a record, and no number there.
            let kwargs = fields.get("kwargs").and_then(Value::as_object).map(|kwargs| {
                let given = kwargs.iter().filter(|(_, value)| !value.is_null());
                Value::Object(given.map(|(name, value)| (name.clone(), value.clone())).collect())
            });
            Ok((fields.get("name").cloned().ok_or_else(wrong)?, kwargs))
        }
        Some(Value::String(text)) => match text.split_once('(') {
            None => Ok((json!(text), None)),
            Some((name, numbers)) => {
                let number = |pair: &str| {
                    let (key, number) = pair.split_once('=')?;
                    Some((key.trim().to_owned(), json!(number.parse::<f64>().ok()?)))
                };
                let numbers: Option<Map<String, Value>> =
                    numbers.trim_end_matches(')').split(',').map(number).collect();
                Ok((json!(name), Some(Value::Object(numbers.ok_or_else(wrong)?))))
            }
        },
        Some(_) => Err(wrong()),
    }
}

/// How often the run logged its loss, and whether at the first step too: another run's rows are to be means over the same steps.
///
/// # Errors
/// A log without such rows.
pub fn logging(record: &RunRecord) -> Result<(u64, bool), String> {
    let rows = record.log_history.iter().flatten().filter(|row| row.contains_key("loss"));
    let steps: Vec<u64> = rows.filter_map(|row| row.get("step")?.as_f64()).map(|step| step as u64).collect();
    let greatest = |steps: &[u64]| steps.iter().fold(0, |a, b| common_divisor(a, *b));
    let (every, first) = match steps.as_slice() {
        [] => return Err("its log has no row with a loss: run it with --logging_steps 1".to_owned()),
        [1, rest @ ..] if !rest.is_empty() && greatest(rest) > 1 => (greatest(rest), true),
        steps => (greatest(steps), false),
    };
    Ok((every, first))
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// What the script can measure.
const METRICS: [&str; 6] = ["accuracy", "f1", "f1_macro", "matthews_correlation", "pearson", "spearmanr"];

/// A folder by its whole name: the script runs in another one.
fn place(id: &str, source: Source) -> String {
    let absolute = || std::path::absolute(id).ok().map(|path| path.display().to_string());
    Some(id).filter(|_| source == Source::Folder).and_then(|_| absolute()).unwrap_or_else(|| id.to_owned())
}

/// What the script reads: where the data is, and what the task makes of it. `path` is the record's.
///
/// # Errors
/// A task of no benchmark, or data inside the program.
pub(super) fn data(record: &RunRecord, path: &std::path::Path) -> Result<Value, String> {
    let task = find_task(&record.task)
        .map_err(|_| format!("{} is no task of a benchmark, and the script reads those alone", record.task))?;
    let dataset = &record.dataset;
    let split = |use_| dataset.used_for(use_).next();
    let Some(train) = split(SplitUse::Training) else { return Err("it says nothing of its training rows".to_owned()) };
    let Some(validation) = split(SplitUse::Evaluation) else {
        return Err("the run was not evaluated, and the script evaluates: run it with --do_eval too".to_owned());
    };
    let folder = match dataset.source {
        Source::Hub => None,
        Source::Folder => Some(place(&dataset.id, dataset.source)),
        Source::Embedded => {
            return Err("its data lie inside the program; give --dataset_dir or let the Hub be asked".to_owned());
        }
    };
    if record.model.source == Source::Embedded {
        return Err("its model lies inside the program; give --model".to_owned());
    }
    let files = train.files.iter().chain(&validation.files);
    if let Some(other) = files.into_iter().find(|_| folder.is_some()).filter(|file| !file.ends_with(".parquet")) {
        return Err(format!(
            "its rows are of {other}, and the script reads parquet files: lay the data out as on the Hub"
        ));
    }
    let (first, second) = &task.text_columns;
    let metrics: Vec<&str> = task.metrics.iter().map(|metric| metric.key()).collect();
    if let Some(other) = metrics.iter().find(|metric| !METRICS.contains(metric)) {
        return Err(format!("{} is measured by {other}, which the script does not know", record.task));
    }
    let of = |name: &str| record.hyper_parameters.get(name).cloned().unwrap_or(Value::Null);
    Ok(json!({
        "run": RunOf::of(record),
        "new_head": of("new_head"),
        "token_type_ids": of("token_type_ids"),
        "record": std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        "dataset": dataset.id,
        "config": dataset.config,
        "folder": folder,
        "files": {"train": train.files, "validation": validation.files},
        "splits": {"train": train.split, "validation": validation.split},
        "columns": std::iter::once(first).chain(second).collect::<Vec<_>>(),
        "labels": task.labels,
        "metrics": metrics,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_spelt_as_the_trainer_spells_them() {
        let of = |value: Value| schedule(Some(&value)).unwrap();
        assert_eq!(of(json!("linear")), (json!("linear"), None));
        assert_eq!(of(json!("cosine(num_cycles=0.5)")), (json!("cosine"), Some(json!({"num_cycles": 0.5}))));
        let polynomial = of(json!("polynomial(lr_end=1e-7, power=1)"));
        assert_eq!(polynomial, (json!("polynomial"), Some(json!({"lr_end": 1e-7, "power": 1.0}))));
        let given = json!({"name": "cosine_with_min_lr", "kwargs": {"min_lr": 1e-6, "num_cycles": null}});
        assert_eq!(of(given), (json!("cosine_with_min_lr"), Some(json!({"min_lr": 1e-6}))));
    }
}
