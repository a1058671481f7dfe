//! The record of a run: what was used, how, and how fast.

use std::collections::BTreeMap;

use glue_tasks::task::TaskSpec;
use models::config::FieldDefault;
use serde_json::{Value, json};

use super::context::RunContext;
use super::init_from::init_from;
use super::model_info::model_info;
use super::outcome::{RunOutcome, StageMetrics};
use super::teacher::Teacher;
use crate::machine::host::{gather, peak_memory_bytes};
use crate::model_files::ModelFiles;
use crate::settings::{PeftSettings, plain_request_hash, request_hash};
use records::record::parts::{ModelInfo, Profile, Program, Throughput, Timings, scores, test_scores};
use records::record::{DatasetInfo, FORMAT_VERSION, RunRecord};
use records::utc::rfc3339;

impl RunOutcome<'_> {
    pub(super) fn record(&self, stages: &StageMetrics) -> RunRecord {
        let (settings, prepared) = (self.context.settings, self.context.prepared);
        let totals = self.trained.as_ref().map(|t| t.totals);
        let rate = |count: usize| totals.map(|t| count as f64 / t.seconds.max(1e-9));
        let eval_seconds: f64 = self.evaluations.iter().map(|e| e.logits.seconds).sum();
        let eval_rows: usize = self.evaluations.iter().map(|e| e.labels.len()).sum();
        let evaluated = !self.evaluations.is_empty();
        RunRecord {
            format_version: FORMAT_VERSION,
            task: prepared.task.name.clone(),
            metrics: stages.eval.as_ref().map(scores).unwrap_or_default(),
            test_metrics: stages.predict.as_ref().map(test_scores),
            final_eval: self.last.clone(),
            other_evaluations: Vec::new(),
            score: self.score(),
            majority_baseline: self.evaluations.first().and_then(|e| e.baseline.clone()),
            class_tables: self.class_tables(),
            lost: self.lost.clone(),
            collapsed: self.evaluations.iter().any(|e| e.collapsed && e.loss.is_some()),
            model: self.model_info(),
            init_from: init_from(settings, prepared),
            teacher: prepared.teacher.as_ref().map(Teacher::info),
            dataset: self.dataset_info(),
            training: self.trained.as_ref().map(|trained| trained.info.clone()),
            hyper_parameters: hyper_parameters(self.context),
            seed: settings.training.seed,
            data_seed: settings.training.data_seed,
            settings_hash: String::new(),
            request_hash: Some(request_hash(settings)),
            plain_request_hash: Some(plain_request_hash(settings)),
            search: settings.search.clone(),
            timings: Timings {
                data_seconds: Some(prepared.data_seconds),
                tokenize_seconds: Some(prepared.tokenize_seconds),
                train_seconds: self.trained.as_ref().map(|t| (t.totals.seconds - t.phases.evaluate).max(0.0)),
                evaluate_seconds: evaluated.then_some(eval_seconds),
                total_seconds: self.clock.started.elapsed().as_secs_f64(),
            },
            profile: Some(self.profile()),
            throughput: Throughput {
                train_samples_per_second: totals.and_then(|t| rate(t.examples)),
                train_tokens_per_second: totals.and_then(|t| rate(t.tokens)),
                train_steps_per_second: totals.and_then(|t| rate(t.steps)),
                eval_samples_per_second: evaluated.then(|| eval_rows as f64 / eval_seconds.max(1e-9)),
            },
            padding_share: totals.map(|t| 1.0 - t.tokens as f64 / t.computed_rows.max(1) as f64),
            micro_batch_size: totals.map(|t| t.micro_batch).filter(|&rows| rows > 0),
            batch_shapes: totals.map(|t| t.batch_shapes).filter(|&shapes| shapes > 0),
            peak_memory_bytes: peak_memory_bytes(),
            host: gather(self.backend, self.device_name, rayon::current_num_threads()),
            program: Program::current(),
            started_at: rfc3339(self.clock.started_at),
            warnings: self.warnings.0.clone(),
            log_history: self.trained.as_ref().map(|t| t.history.clone()),
        }
    }

    fn profile(&self) -> Profile {
        let trained = self.trained.as_ref();
        let phases = trained.map(|t| t.phases);
        let profiled = phases.filter(|_| self.is_profiled);
        Profile {
            batch_seconds: phases.map(|s| s.batch),
            forward_seconds: profiled.map(|s| s.forward),
            backward_seconds: profiled.map(|s| s.backward),
            optimizer_seconds: profiled.map(|s| s.optimizer),
            evaluate_seconds: phases.map(|s| s.evaluate),
            operations_seconds: trained.map(|t| t.operations.clone()).unwrap_or_default(),
            energy_joules: self.energy_joules,
        }
    }

    fn model_info(&self) -> ModelInfo {
        let prepared = self.context.prepared;
        // Of a chain of runs it is the model that the first one began with.
        if let Some(run) = self.context.settings.model.init_from.as_ref().and_then(|from| from.run.as_ref()) {
            return ModelInfo {
                parameters: self.context.parameters as u64,
                trainable_parameters: self.context.trainable_parameters.map(|count| count as u64),
                ..run.record.model.clone()
            };
        }
        let trainable = self.context.trainable_parameters;
        model_info(&prepared.model, &prepared.model_identity, self.context.parameters, trainable)
    }

    fn dataset_info(&self) -> DatasetInfo {
        let prepared = self.context.prepared;
        let files = &prepared.dataset;
        DatasetInfo {
            id: files.id.clone(),
            config: Some(prepared.task.config.clone()).filter(|config| !config.is_empty()),
            source: files.source,
            revision: files.revision.clone(),
            commit: files.commit.clone(),
            splits: prepared.splits.clone(),
            files_sha256: prepared.data_files.clone(),
        }
    }
}

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
