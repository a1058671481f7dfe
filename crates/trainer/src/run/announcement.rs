//! What a run says before it begins, and of its scores once it has ended. Of one run of several it is a line each.

use glue_tasks::metrics::Metric;
use glue_tasks::task::{TaskKind, TaskSpec};

use super::class_chart::class_chart;
use super::context::RunContext;
use super::init_from;
use super::score::Evaluation;
use crate::data::Split;
use crate::settings::TrainingSettings;
use crate::training::schedule::{StepPlan, learning_rate};
use records::counted;
use records::record::parts::{Baseline, Predictor};

/// Says what the run is about to do. `plan`: of the training, where there is one; `device`: what computes, in words.
pub(super) fn announce(context: &RunContext, plan: Option<&StepPlan>, device: &str) {
    let (prepared, places) = (context.prepared, &context.settings.places);
    let rows = rows(context);
    let training = plan.map(|plan| training(&context.settings.training, plan));
    let mut lines = Vec::new();
    let begins = init_from::in_words(context.settings, prepared);
    let trained = plan.and_then(|_| trained(context));
    let taught = plan.and_then(|_| taught(context));
    if places.folder.is_some() {
        // Where each begins is said even where their courses are not.
        begins.iter().chain(&taught).for_each(|line| log::info!("{}: {line}", prepared.task.name));
        lines.push([Some(rows), training, trained].into_iter().flatten().collect::<Vec<_>>().join("; "));
    } else {
        let model = &prepared.model.files().id;
        lines.push(rows);
        lines.push(format!("model {model}, {} parameters, on {device}", count(context.parameters)));
        lines.extend(begins);
        lines.extend(training);
        lines.extend(trained);
        lines.extend(taught);
        lines.push(where_to(context, plan.is_some()));
        if let Some(own) = context.settings.task.custom() {
            lines.push(columns(&prepared.task));
            lines.extend(own.label_names.as_ref().map(|_| label_names(&prepared.task)));
            lines.extend(rows_of_classes(context));
        }
    }
    lines.iter().for_each(|line| log::debug!("{}: {line}", prepared.task.name));
}

fn rows(context: &RunContext) -> String {
    let prepared = context.prepared;
    let named = |what: &str, split: &Split| format!("{what} {} of {}", counted(split.len(), "row"), split.name);
    let training = prepared.train.iter().map(|split| named("trains on", split));
    let evaluation = prepared.eval.iter().map(|(split, _)| named("evaluates", split));
    let prediction = prepared.test.iter().map(|(split, _)| named("predicts", split));
    training.chain(evaluation).chain(prediction).collect::<Vec<_>>().join(", ")
}

/// `texts are in column text, labels in label: 2 classes`.
fn columns(task: &TaskSpec) -> String {
    let texts = match &task.text_columns {
        (text, None) => format!("texts are in column {text}"),
        (first, Some(second)) => format!("texts are in columns {first} and {second}"),
    };
    let labels = match task.kind {
        TaskKind::Classification => format!("{} classes", task.labels.len()),
        TaskKind::Regression => "numbers (a regression)".to_owned(),
        TaskKind::MultiLabel => format!("lists of {}", counted(task.labels.len(), "label")),
    };
    format!("{texts}, labels in {}: {labels}", task.label_column)
}

/// `label 0 is NEG, 1 is POS`: what is given a name, and in which order words stand.
fn label_names(task: &TaskSpec) -> String {
    let spelled = |(class, name): (usize, &String)| {
        let spelling = task.spellings.get(class).cloned().unwrap_or_else(|| class.to_string());
        format!("{spelling} is {name}")
    };
    format!("label {}", task.labels.iter().enumerate().map(spelled).collect::<Vec<_>>().join(", "))
}

/// A chart of the classes, of the rows that are trained on, evaluated and predicted.
fn rows_of_classes(context: &RunContext) -> Vec<String> {
    let prepared = context.prepared;
    let splits = prepared.train.iter().map(|split| ("train", split));
    let splits = splits.chain(prepared.eval.iter().map(|(split, _)| ("validation", split)));
    let splits = splits.chain(prepared.test.iter().map(|(split, _)| ("test", split)));
    class_chart(&prepared.task.labels, &splits.collect::<Vec<_>>())
}

/// `936 steps of 8 rows (3 epochs), learning rate 5e-5`.
fn training(settings: &TrainingSettings, plan: &StepPlan) -> String {
    let (batch, accumulated) = (settings.per_device_train_batch_size, settings.gradient_accumulation_steps);
    let epochs = plan.max_steps as f64 / plan.updates_per_epoch as f64;
    let parts = if accumulated > 1 { format!(", {accumulated} times {batch}") } else { String::new() };
    format!(
        "{} of {}{parts} ({} epochs), learning rate {:e}",
        counted(plan.max_steps, "step"),
        counted(batch * accumulated, "row"),
        (epochs * 100.0).round() / 100.0,
        settings.learning_rate
    )
}

/// Of a training that ends before its warm-up does: it never has the rate that was asked for.
pub(super) fn warmup_warning(settings: &TrainingSettings, plan: &StepPlan) -> Option<String> {
    let last = plan.max_steps.checked_sub(1)?;
    (plan.warmup_steps > plan.max_steps).then(|| {
        format!(
            "the warm-up takes {}, and the training has {}: the learning rate grows to {:.2e} at most, of {:e}",
            counted(plan.warmup_steps, "step"),
            counted(plan.max_steps, "step"),
            learning_rate(settings, last, plan),
            settings.learning_rate
        )
    })
}

/// `trains 74498 of its parameters (0.33 %): lora of rank 8 beside query, value; the head`, where not all are trained.
fn trained(context: &RunContext) -> Option<String> {
    let trainable = context.trainable_parameters?;
    let share = 100.0 * trainable as f64 / context.parameters as f64;
    let how = context.prepared.model.peft.as_ref().map_or_else(String::new, |plan| format!(": {}", plan.in_words()));
    Some(format!("trains {} of its parameters ({share:.2} %){how}", count(trainable)))
}

/// `learns half of its loss from bert-large 3f9c02ab12cd, at a temperature of 2`.
fn taught(context: &RunContext) -> Option<String> {
    let (teacher, how) = context.prepared.teacher.as_ref().zip(context.settings.distillation.as_ref())?;
    let label = teacher.label();
    let at = if context.prepared.task.kind == TaskKind::Regression {
        String::new()
    } else {
        format!(", at a temperature of {}", how.temperature)
    };
    Some(format!("{} of its loss is what {label} says{at}", how.alpha_ce))
}

fn where_to(context: &RunContext, trains: bool) -> String {
    let places = &context.settings.places;
    let results = places.results_dir.display();
    match &places.output_dir {
        Some(output) if trains => {
            format!("the record goes into {results}, the model and its results into {}", output.display())
        }
        Some(output) => format!("the record goes into {results}, the results into {}", output.display()),
        None if trains => {
            format!("the record goes into {results}; the model is not kept, since --output_dir is not given")
        }
        None => format!("the record goes into {results}"),
    }
}

/// `24576`, `4.4 million`.
fn count(number: usize) -> String {
    if number < 1_000_000 { number.to_string() } else { format!("{:.1} million", number as f64 / 1e6) }
}

/// The scores, each beside that of a model that has learnt nothing: a line a metric, or in `one_line` a line a split.
pub(super) fn scores(evaluation: &Evaluation, one_line: bool) -> Vec<String> {
    let Some(baseline) = &evaluation.baseline else { return Vec::new() };
    let score = |(key, value): &(String, f64)| {
        let key = key.strip_suffix(&evaluation.suffix).unwrap_or(key);
        format!("{key} {}", beside(key, *value, baseline, &evaluation.suffix))
    };
    let scores: Vec<String> = evaluation.scores.iter().map(score).collect();
    let of_split = |text: String| format!("{}: {text}", evaluation.split);
    if one_line { vec![of_split(scores.join(", "))] } else { scores.into_iter().map(of_split).collect() }
}

/// `0.5271 (most frequent class: 0.5271, not above it)`.
fn beside(key: &str, value: f64, baseline: &Baseline, suffix: &str) -> String {
    let who = match baseline.predictor {
        Predictor::MajorityClass => "most frequent class",
        Predictor::Mean => "the mean",
    };
    let is_error = Metric::from_key(key).is_some_and(|metric| !metric.higher_is_better());
    match baseline.metrics.get(&format!("{key}{suffix}")).copied().flatten() {
        None => format!("{value:.4} ({who}: undefined)"),
        Some(other) => {
            let verdict = match (is_error, value > other, value < other) {
                (false, false, _) => ", not above it",
                (true, _, false) => ", not below it",
                _ => "",
            };
            format!("{value:.4} ({who}: {other:.4}{verdict})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_stands_beside_that_of_one_who_has_learnt_nothing() {
        let metrics = [("accuracy", Some(0.5)), ("mse", Some(2.0)), ("pearson", None)];
        let of = |predictor| Baseline {
            predictor,
            metrics: metrics.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect(),
            score: None,
        };
        let classes = of(Predictor::MajorityClass);
        assert_eq!(beside("accuracy", 0.75, &classes, ""), "0.7500 (most frequent class: 0.5000)");
        assert_eq!(beside("accuracy", 0.5, &classes, ""), "0.5000 (most frequent class: 0.5000, not above it)");
        assert_eq!(beside("accuracy", f64::NAN, &classes, ""), "NaN (most frequent class: 0.5000, not above it)");
        let numbers = of(Predictor::Mean);
        assert_eq!(beside("mse", 1.5, &numbers, ""), "1.5000 (the mean: 2.0000)");
        assert_eq!(beside("mse", 2.0, &numbers, ""), "2.0000 (the mean: 2.0000, not below it)");
        assert_eq!(beside("pearson", 0.1, &numbers, ""), "0.1000 (the mean: undefined)");
    }

    #[test]
    fn a_training_is_told_in_steps_rows_and_epochs() {
        let settings = TrainingSettings { gradient_accumulation_steps: 4, ..TrainingSettings::default() };
        let plan = StepPlan::new(2490, &settings);
        assert_eq!(training(&settings, &plan), "234 steps of 32 rows, 4 times 8 (3 epochs), learning rate 5e-5");
        assert_eq!([count(24_576), count(4_386_178)], ["24576", "4.4 million"]);
    }
}
