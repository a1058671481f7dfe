//! The settings of a run with what became of them, by name: for its record, and for trackers.

use std::collections::BTreeMap;

use glue_tasks::task::TaskSpec;
use models::config::FieldDefault;
use serde_json::{Value, json};

use super::context::RunContext;
use super::teacher::Teacher;
use crate::model_files::ModelFiles;
use crate::settings::PeftSettings;

/// The settings that a record has, and what became of them with this model and these data.
pub(super) fn hyper_parameters(context: &RunContext) -> BTreeMap<String, Value> {
    let (settings, prepared) = (context.settings, context.prepared);
    let (own, task) = (settings.task.custom().is_some(), &prepared.task);
    let model = &prepared.model;
    // Where they are given: their order is the order of the classes.
    let label_names = settings.task.custom().and_then(|own| own.label_names.as_ref());
    // As the family's config.json has it, whatever it calls it.
    let dropout = prepared.model.architecture.dropout;
    // What became of the settings with this model and these data.
    let found = [
        ("max_seq_length", json!(prepared.model.max_seq_length)),
        ("warmup_steps", as_asked(settings.training.warmup_steps)),
        ("hidden_dropout_prob", json!(dropout.embeddings)),
        ("attention_probs_dropout_prob", json!(dropout.attention)),
        ("classifier_dropout", json!(own_classifier_dropout(model))),
        ("dropout_from", json!(model.has_other_dropout.then_some("flags"))),
        ("token_type_ids", json!((model.token_types() > 1).then(|| model.tokenizer.uses_type_ids()))),
        ("teacher", json!(prepared.teacher.as_ref().map(Teacher::label))),
        ("new_head", json!(context.report.new_head())),
        ("text_column_names", json!(own.then(|| text_columns(task)))),
        ("label_column_name", json!(own.then_some(&task.label_column))),
        ("label_names", json!(label_names.map(|_| task.labels.join(",")))),
        (
            "metric_name",
            json!(own.then(|| task.metrics.iter().map(|metric| metric.key()).collect::<Vec<_>>().join(","))),
        ),
        ("problem_type", json!(own.then(|| task.kind.problem_type()))),
    ];
    // An adapter that is trained on as it is says how, where no flag does.
    let of_adapter = model.peft.as_ref().filter(|_| settings.do_train && settings.peft.method.is_none());
    let of_adapter = of_adapter.map(|plan| PeftSettings::of(&plan.method).values()).unwrap_or_default();
    let found = found.into_iter().chain(of_adapter).map(|(name, value)| (name.to_owned(), value));
    settings.hyper_parameters().into_iter().chain(found).collect()
}

/// The same for a tracker, with what a record has in other places: which model, data and seeds these are.
pub(super) fn tracked_parameters(context: &RunContext) -> BTreeMap<String, Value> {
    let (settings, prepared) = (context.settings, context.prepared);
    let (model, dataset) = (prepared.model.files(), &prepared.dataset);
    let of_run = [
        ("task_name", json!(prepared.task.name)),
        ("model", json!(model.id)),
        ("model_revision", json!(model.revision)),
        ("model_commit", json!(model.commit)),
        ("parameters", json!(context.parameters)),
        ("dataset", json!(dataset.id)),
        ("dataset_config", json!(Some(&prepared.task.config).filter(|config| !config.is_empty()))),
        ("dataset_revision", json!(dataset.revision)),
        ("dataset_commit", json!(dataset.commit)),
        ("seed", json!(settings.training.seed)),
        ("data_seed", json!(settings.training.data_seed)),
    ];
    let of_run = of_run.into_iter().map(|(name, value)| (name.to_owned(), value));
    hyper_parameters(context).into_iter().chain(of_run).filter(|(_, value)| !value.is_null()).collect()
}

/// What is dropped before the classifier, where flags or config.json say another probability than transformers' default for the family.
fn own_classifier_dropout(model: &ModelFiles) -> Option<f64> {
    let (config, family) = (&model.config, model.family);
    let own = family.dropout_fields.classifier.iter().find_map(|field| Some((*field, config.get(field)?.as_f64()?)));
    let (field, own) = own?;
    let default = family.config_defaults.iter().find_map(|(name, default)| match default {
        FieldDefault::Number(default) => (*name == field).then_some(*default),
        _ => None,
    });
    // Where there is none, it is as everywhere else.
    (own != default.unwrap_or(model.architecture.dropout.embeddings)).then_some(own)
}

/// Steps of warm-up, or a share of all steps: what came of a share differs from task to task, and the setting does not.
fn as_asked(steps: f64) -> Value {
    if steps >= 1.0 || steps == 0.0 { json!(steps as u64) } else { json!(steps) }
}

fn text_columns(task: &TaskSpec) -> String {
    let (first, second) = &task.text_columns;
    second.as_ref().map_or_else(|| first.clone(), |second| format!("{first},{second}"))
}
