//! A run that begins where another one ended: what becomes of the head, and what the record says of it.

use glue_tasks::task::TaskKind;
use models::checkpoint::HeadUse;
use models::config::Config;

use super::class_order::order_of;
use super::prepare::Prepared;
use crate::settings::{DropoutSettings, Settings};
use records::record::{InitFrom, RunRecord};

/// What becomes of the head that the model's files have.
pub(super) fn head_use(settings: &Settings, prepared: &Prepared) -> HeadUse {
    match &settings.model.init_from {
        Some(_) if !has_same_classes(prepared) => HeadUse::NewClassifier,
        None if settings.model.ignore_mismatched_sizes => HeadUse::WhereItFits,
        Some(_) | None => HeadUse::MustFit,
    }
}

/// The same in words; `None` where the run begins with the model itself.
pub(super) fn in_words(settings: &Settings, prepared: &Prepared) -> Option<String> {
    let from = settings.model.init_from.as_ref()?;
    let run = from.run.as_ref()?;
    let own = &prepared.task.name;
    let head = if has_same_classes(prepared) {
        format!("its classifier is kept, since {own} has the same classes")
    } else {
        format!("the classifier is drawn anew, since {own} has other classes than {}", from.task)
    };
    let dropout = dropout_from(&from.task, &run.record).map_or_else(String::new, |task| {
        let what =
            if settings.model.dropout == DropoutSettings::default() { "" } else { ", where this run's say nothing" };
        format!("; it drops what {task}'s flags said{what}")
    });
    let collapsed = if run.record.collapsed { ", in predicting one class for every row" } else { "" };
    Some(format!("begins where {} with seed {} ended{collapsed}; {head}{dropout}", from.task, run.record.seed))
}

/// The task whose flags said how much is dropped by a run of `task`, or several, and so by those that begin with it: that stands in the
/// config.json that it left.
fn dropout_from(task: &str, record: &RunRecord) -> Option<String> {
    let is_of_flags = record.hyper_parameters.get("dropout_from").is_some_and(|from| !from.is_null());
    let before = record.init_from.as_ref().and_then(|before| before.dropout_from.clone());
    match (before, is_of_flags) {
        (Some(before), true) => Some(format!("{before} and {task}")),
        (before, false) => before,
        (None, true) => Some(task.to_owned()),
    }
}

/// Whether the classes of the model are those of the task, by their names, in whatever order; two regressions are alike.
fn has_same_classes(prepared: &Prepared) -> bool {
    let (task, config) = (&prepared.task, &prepared.model.config);
    match task.kind {
        TaskKind::Regression => is_regression(config),
        TaskKind::Classification | TaskKind::MultiLabel => {
            !is_regression(config) && config.label_names().is_some_and(|own| order_of(&task.labels, &own).is_some())
        }
    }
}

fn is_regression(config: &Config) -> bool {
    config.text("problem_type", "").is_ok_and(|kind| kind == "regression")
}

/// What a record says of the run that this one began from.
pub(super) fn init_from(settings: &Settings, prepared: &Prepared) -> Option<InitFrom> {
    let from = settings.model.init_from.as_ref()?;
    let run = from.run.as_ref()?;
    let (record, identity) = (&run.record, &prepared.model_identity);
    Some(InitFrom {
        task: from.task.clone(),
        which: from.which,
        seed: record.seed,
        among: run.among.clone(),
        score: record.score,
        settings_hash: record.settings_hash.clone(),
        weights_sha256: identity.weights.clone(),
        config_sha256: identity.config.clone(),
        tokenizer_sha256: identity.tokenizer.clone(),
        dropout_from: dropout_from(&from.task, record),
        init_from: record.init_from.clone().map(Box::new),
    })
}
