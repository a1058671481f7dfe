//! The record of a run: what was used, how, and how fast.

use super::hyper_parameters::hyper_parameters;
use super::init_from::init_from;
use super::model_info::model_info;
use super::outcome::{RunOutcome, StageMetrics};
use super::teacher::Teacher;
use crate::machine::host::{gather, peak_memory_bytes};
use crate::settings::{plain_request_hash, request_hash};
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
            delimiter: self.context.settings.task.custom().and_then(|own| own.delimiter).map(char::from),
            splits: prepared.splits.clone(),
            files_sha256: prepared.data_files.clone(),
        }
    }
}
