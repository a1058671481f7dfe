//! How long the runs that are left will take, from those that are over.

use std::time::Duration;

use indicatif::HumanDuration;

use super::disk::Sizes;
use super::rows::Rows;
use super::run_spec::RunSpec;
use records::record::RunRecord;

/// A forward pass takes a third of a training step.
const EVALUATION: f64 = 1.0 / 3.0;

/// Rows that a run computes, in rows of training; `None` where they are not known before.
fn work(spec: &RunSpec, over: &[RunRecord]) -> Option<f64> {
    let settings = &spec.settings;
    let rows = Rows::of_spec(spec, over)?;
    let training = &settings.training;
    let batch = training.per_device_train_batch_size * training.gradient_accumulation_steps;
    let trained = match (settings.do_train, training.max_steps) {
        (false, _) => 0.0,
        (true, None) => rows.train as f64 * training.num_train_epochs,
        (true, Some(steps)) => (steps * batch) as f64,
    };
    Some(trained + EVALUATION * rows.others as f64)
}

/// The same of a run that is over.
fn work_done(record: &RunRecord) -> Option<f64> {
    let number = |name: &str| record.hyper_parameters.get(name)?.as_f64();
    let rows = Rows::of_record(record);
    let trained = if record.timings.train_seconds.is_none() {
        0.0
    } else if let Some(steps) = number("max_steps") {
        steps * number("per_device_train_batch_size")? * number("gradient_accumulation_steps")?
    } else {
        rows.train as f64 * number("num_train_epochs")?
    };
    Some(trained + EVALUATION * rows.others as f64).filter(|work| *work > 0.0)
}

/// Seconds that `runs` will take, at the speed of the runs that are over: of the same model and task, else of the same
/// model, else of any, by the number of parameters. `None` where nothing is known.
pub(super) fn seconds<'a>(specs: impl Iterator<Item = &'a RunSpec>, over: &[RunRecord], sizes: &Sizes) -> Option<f64> {
    specs
        .map(|spec| {
            let same_model = |record: &RunRecord| spec.has_model_of(record);
            let same_task = |record: &RunRecord| record.task == spec.task();
            let rate = |records: &mut dyn Iterator<Item = &RunRecord>| {
                let known = records.filter_map(|record| Some((record.timings.total_seconds, work_done(record)?)));
                let (seconds, work) = known.fold((0.0, 0.0), |(s, w), (seconds, work)| (s + seconds, w + work));
                (work > 0.0).then_some(seconds / work)
            };
            let rate = rate(&mut over.iter().filter(|r| same_model(r) && same_task(r)))
                .or_else(|| rate(&mut over.iter().filter(|r| same_model(r))))
                .or_else(|| rate_of_others(sizes.parameters(spec)?, over))?;
            Some(work(spec, over)? * rate)
        })
        .sum()
}

/// Seconds a row for a model of so many parameters, at the speed of other models.
fn rate_of_others(parameters: u64, over: &[RunRecord]) -> Option<f64> {
    let known = over
        .iter()
        .filter_map(|record| Some((record.timings.total_seconds, work_done(record)? * record.model.parameters as f64)));
    let (seconds, work) = known.fold((0.0, 0.0), |(s, w), (seconds, work)| (s + seconds, w + work));
    (work > 0.0).then_some(seconds / work * parameters as f64)
}

/// Seconds in words; nothing is said of less than none.
pub(super) fn in_words(seconds: f64) -> String {
    HumanDuration(Duration::try_from_secs_f64(seconds).unwrap_or_default()).to_string()
}
