//! Which rows a run's scores are of, and what they measure.

use std::collections::BTreeSet;

use glue_tasks::task::TaskSpec;
use glue_tasks::{Metric, task_named};
use records::record::{FORMAT_VERSION, RunRecord, SHARED_BY_DESIGN, SplitRows, SplitUse};

/// The benchmark's task that a record is of; none of other data, whatever they are called.
pub(crate) fn spec_of(record: &RunRecord) -> Option<&'static TaskSpec> {
    let is_custom = record.hyper_parameters.get("metric_name").is_some_and(|name| !name.is_null());
    task_named(&record.task).filter(|_| !is_custom)
}

/// Of data that are no benchmark's the first of the metrics, which is the score.
pub(crate) fn first_metric(record: &RunRecord) -> Option<Metric> {
    Metric::from_key(record.hyper_parameters.get("metric_name")?.as_str()?.split(',').next()?)
}

/// The metrics whose mean is the score of a record.
pub(crate) fn score_metrics(record: &RunRecord) -> Option<Vec<Metric>> {
    match spec_of(record) {
        Some(spec) => {
            Some(spec.metrics.iter().copied().take(if spec.averages_metrics { usize::MAX } else { 1 }).collect())
        }
        None => Some(vec![first_metric(record)?]),
    }
}

/// The name of class 1, which precision, recall and F1 of two classes are of; `None` where the record has no classes.
pub(crate) fn class_one(record: &RunRecord) -> Option<&str> {
    let class = record.class_tables.first()?.classes.get(1)?;
    Some(&class.label)
}

/// The names of the classes, where the record has them.
pub(crate) fn class_names(record: &RunRecord) -> Option<BTreeSet<String>> {
    let of_setting = || {
        let names = record.hyper_parameters.get("label_names")?.as_str()?;
        Some(names.split(',').map(|name| name.trim().to_owned()).collect())
    };
    let of_table =
        record.class_tables.first().map(|table| table.classes.iter().map(|class| class.label.clone()).collect());
    of_table.or_else(of_setting)
}

/// The splits of a record that have scores.
pub(crate) fn evaluated(record: &RunRecord) -> Vec<&SplitRows> {
    let all: Vec<&SplitRows> = record.dataset.used_for(SplitUse::Evaluation).collect();
    if !all.is_empty() || record.dataset.splits.iter().any(|split| split.used_for.is_some()) {
        return all;
    }
    // Format 1 does not say what rows were used for.
    let named = |setting: &str| record.hyper_parameters.get(setting).and_then(|value| value.as_str());
    let validation = named("validation_split_name");
    let names =
        spec_of(record).map(|spec| spec.eval_splits.iter().map(|split| split.name.as_str()).collect::<Vec<_>>());
    let is_evaluated = |split: &&SplitRows| match (&names, validation) {
        (_, Some(validation)) => split.split == validation,
        (Some(names), None) => names.contains(&split.split.as_str()) || split.split.ends_with("held out)"),
        (None, None) => split.split != named("train_split_name").unwrap_or("train"),
    };
    record.dataset.splits.iter().filter(is_evaluated).collect()
}

/// Those that its score is made of: all but the diagnostic set's.
pub(crate) fn scored(record: &RunRecord) -> Vec<&SplitRows> {
    let diagnostic = spec_of(record).and_then(TaskSpec::diagnostic_suffix);
    let is_diagnostic =
        |split: &&SplitRows| !split.key_suffix.is_empty() && diagnostic == Some(split.key_suffix.as_str());
    evaluated(record).into_iter().filter(|split| !is_diagnostic(split)).collect()
}

/// Whether these are all rows of the benchmark's own splits for evaluations; `None` where the task is no benchmark's.
pub(crate) fn is_whole(record: &RunRecord) -> Option<bool> {
    let spec = spec_of(record)?;
    let splits = scored(record);
    let same = |split: &SplitRows| {
        let own = spec.eval_splits.iter().find(|own| own.name == split.split);
        own.is_some_and(|own| own.rows.is_none_or(|rows| rows as u64 == split.rows)) && split.is_whole() != Some(false)
    };
    Some(splits.len() == spec.eval_splits.len() && splits.into_iter().all(same))
}

/// Whether the model was trained on more of the rows of a split that it is scored on than a benchmark shares by design: of two splits
/// one is enough, since each is half of the score however many rows the other has. `None` where the record does not say.
pub(crate) fn is_trained_on(record: &RunRecord) -> Option<bool> {
    let of_splits: Vec<Option<bool>> = scored(record).into_iter().map(is_split_trained_on).collect();
    if of_splits.contains(&Some(true)) {
        return Some(true);
    }
    (!of_splits.is_empty() && of_splits.iter().all(Option::is_some)).then_some(false)
}

/// The same of one split.
pub(crate) fn is_split_trained_on(split: &SplitRows) -> Option<bool> {
    split.trained_on.map(|trained| trained as f64 > SHARED_BY_DESIGN * split.rows as f64)
}

/// Whether that is an open question: a saved model was evaluated, or trained further, that does not say what it was trained on. A model
/// whose head was drawn is a pretrained one, which saw no labels, unless the record of its training leaves the number out all the same;
/// format 1 has none. Predictions alone have no scores, for which it would matter.
pub(crate) fn may_be_trained_on(record: &RunRecord) -> bool {
    let drew_head = record.hyper_parameters.get("new_head").and_then(serde_json::Value::as_bool);
    let says_it = record.format_version >= FORMAT_VERSION;
    let is_pretrained = match drew_head {
        Some(true) => !(says_it && record.is_trained()),
        Some(false) => false,
        None => record.is_trained(),
    };
    !is_pretrained && !record.metrics.is_empty() && is_trained_on(record).is_none()
}
