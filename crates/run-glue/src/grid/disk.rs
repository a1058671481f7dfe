//! How much room the files of runs will take.

use std::cell::RefCell;
use std::collections::HashMap;

use glue_tasks::task::{TaskKind, TaskSpec};
use models::config::Config;
use models::encoder::family;

use super::rows::Rows;
use super::run_spec::RunSpec;
use records::record::RunRecord;
use trainer::settings::{IntervalStrategy, SaveStrategy, Settings, interval};
use trainer::source::SourceFiles;
use trainer::training::schedule::StepPlan;

/// Weights and moments are f32.
const NUMBER: u64 = 4;

/// A record with its log, and the small files of a run.
const RECORD: u64 = 20_000;
/// A row's index, its class or score, and what stands between them.
const ROW: u64 = 8;
/// A logit as it is written.
const LOGIT: u64 = 12;

/// Finds the sizes of models, each once.
#[derive(Default)]
pub(super) struct Sizes {
    /// Parameters by model and number of labels; `None` where the model is not on this machine.
    parameters: RefCell<HashMap<(String, usize), Option<u64>>>,
}

impl Sizes {
    /// Bytes that a run will leave; `None` where they are not known before.
    pub(super) fn bytes(&self, spec: &RunSpec, over: &[RunRecord]) -> Option<u64> {
        let settings = &spec.settings;
        let rows = Rows::of_spec(spec, over)?;
        let labels = labels(spec);
        let mut per_row = ROW;
        if settings.places.save_logits {
            per_row += 3 * ROW + LOGIT * labels as u64;
        }
        let score =
            if spec.settings.task.known().is_some_and(|task| task.kind == TaskKind::Regression) { LOGIT } else { 0 };
        let files = RECORD + rows.others as u64 * (per_row + score);
        if settings.places.output_dir.is_none() || !settings.do_train {
            return Some(files);
        }
        let weights = NUMBER * self.parameters(spec)?;
        let checkpoint = weights
            * (1 + if settings.checkpoints.save_only_model { 0 } else { settings.training.optim.kept_per_parameter() });
        Some(files + weights + checkpoint * checkpoints(settings, rows.train) as u64)
    }

    /// Parameters of a run's model, where it is on this machine.
    pub(super) fn parameters(&self, spec: &RunSpec) -> Option<u64> {
        let labels = labels(spec);
        let count = || {
            let files = SourceFiles::cached_model(&spec.settings.model.choice, &spec.settings.hub)?;
            let config = Config::read(&files.try_fetch("config.json").ok()??).ok()?;
            let architecture = (family(&config).ok()?.architecture)(&config).ok()?;
            Some(architecture.parameters(labels).total as u64)
        };
        *self.parameters.borrow_mut().entry((spec.model(), labels)).or_insert_with(count)
    }
}

fn labels(spec: &RunSpec) -> usize {
    spec.settings.task.known().map_or(1, TaskSpec::num_labels)
}

/// Checkpoints that a run over `rows` rows ends with.
fn checkpoints(settings: &Settings, rows: usize) -> usize {
    let plan = StepPlan::new(rows.max(1), &settings.training);
    let every = |steps: f64| plan.max_steps.div_ceil(interval(steps, plan.max_steps));
    let made = match settings.checkpoints.save_strategy {
        SaveStrategy::No => 0,
        SaveStrategy::Steps => every(settings.checkpoints.save_steps),
        SaveStrategy::Epoch => plan.epochs(),
        // At most: one each evaluation.
        SaveStrategy::Best if settings.evaluation.strategy == IntervalStrategy::Epoch => plan.epochs(),
        SaveStrategy::Best => every(settings.evaluation.steps),
    };
    // The best one is kept besides.
    let limit = settings.checkpoints.save_total_limit;
    let most = limit.map(|limit| limit + usize::from(settings.evaluation.best.is_some() && limit == 1));
    made.min(most.unwrap_or(made))
}
