//! What is bold: better by the column's own score, by more than chance, and never what was trained on the rows.

use std::path::Path;

use serde_json::json;

use super::record;
use crate::compare::{Comparison, Format, formats};
use glue_tasks::metrics::{Metric, Predictions, References, evaluate};
use records::record::RecordFile;
use records::record::predictions::{self, SplitPredictions, Values};

/// A run with its predictions, scored by a metric.
fn predicted(folder: &Path, model: &str, task: &str, metric: Metric, labels: &Values, said: &Values) -> RecordFile {
    let (predicted, references) = match (said, labels) {
        (Values::Classes(p), Values::Classes(r)) => (Predictions::Classes(p.clone()), References::Classes(r.clone())),
        (Values::Scores(p), Values::Scores(r)) => {
            let wide = |all: &[f32]| all.iter().map(|value| f64::from(*value)).collect();
            (Predictions::Scores(wide(p)), References::Scores(wide(r)))
        }
        _ => panic!("other kinds"),
    };
    let score = evaluate(&[metric], &predicted, &references).unwrap()[0].1;
    let mut found = record(model, task, 1, Some(score));
    found.0 = folder.join(format!("{model}.json"));
    if task == "own" {
        found.1.hyper_parameters.insert("metric_name".to_owned(), json!(metric.key()));
    }
    found.1.majority_baseline = None;
    let split = SplitPredictions { split: "validation".to_owned(), labels: labels.clone(), predictions: said.clone() };
    predictions::write(&found.0, &[split]).unwrap();
    found
}

fn best(found: &[RecordFile]) -> (Option<String>, Option<f64>) {
    let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
    let best = comparison.best_of(&comparison.columns[0]).map(|row| row.name.clone());
    (best, comparison.pairs[0].p_examples)
}

#[test]
fn bold_is_by_the_column_s_own_score() {
    let folder = tempfile::tempdir().unwrap();
    let labels: Vec<usize> = (0..200).map(|row| usize::from(row % 10 < 7)).collect();
    // All one class: 140 rows are right, and Matthews' correlation is 0.
    let constant = Values::Classes(vec![1; 200]);
    // Half and half, nearly at random: about half are right, and the correlation is a little above 0.
    let guessed = Values::Classes((0..200).map(|row| usize::from((row / 10) % 2 == 0 || row % 100 == 13)).collect());
    let of = |model: &str, said: &Values| {
        predicted(folder.path(), model, "cola", Metric::Matthews, &Values::Classes(labels.clone()), said)
    };
    let found = [of("constant", &constant), of("guessed", &guessed)];
    assert!(found[1].1.score.unwrap() > 0.0 && found[0].1.score == Some(0.0));
    let (bold, p) = best(&found);
    assert!(bold.is_none() && p.unwrap() > 0.2, "{bold:?} {p:?}");
    // One that tells the classes apart is better beyond chance, though it has no more rows right.
    let told =
        Values::Classes(labels.iter().enumerate().map(|(row, label)| if row % 10 < 3 { 0 } else { *label }).collect());
    let (bold, p) = best(&[of("constant", &constant), of("told", &told)]);
    assert!(bold.as_deref() == Some("told") && p.unwrap() < 0.01, "{bold:?} {p:?}");
}

#[test]
fn regressions_are_tested_over_examples_too() {
    let folder = tempfile::tempdir().unwrap();
    let labels: Vec<f32> = (0..60).map(|row| (row % 20) as f32 / 4.0).collect();
    let off = |by: f32| {
        Values::Scores(labels.iter().enumerate().map(|(row, y)| y + if row % 2 == 0 { by } else { -by }).collect())
    };
    for metric in [Metric::Mse, Metric::Rmse, Metric::Pearson, Metric::Spearman] {
        let of = |model: &str, by: f32| {
            predicted(folder.path(), model, "own", metric, &Values::Scores(labels.clone()), &off(by))
        };
        let (bold, p) = best(&[of("near", 0.1), of("far", 3.0)]);
        assert!(bold.as_deref() == Some("near") && p.unwrap() < 0.01, "{metric:?} {bold:?} {p:?}");
        let (bold, p) = best(&[of("one", 0.1), of("other", 0.1)]);
        assert_eq!((bold, p), (None, Some(1.0)), "{metric:?}");
    }
    // Predictions that do not give the record's score say nothing of it.
    let mut of_other_run =
        predicted(folder.path(), "x", "own", Metric::Mse, &Values::Scores(labels.clone()), &off(0.1));
    of_other_run.1.score = Some(0.5);
    let other = predicted(folder.path(), "y", "own", Metric::Mse, &Values::Scores(labels.clone()), &off(3.0));
    assert_eq!(best(&[of_other_run, other]), (None, None));
}

#[test]
fn what_is_tested_has_the_sign_of_what_is_bold() {
    // Over all seeds `a` is better, and on those that both have `b` is, each time.
    let mut found: Vec<RecordFile> =
        (0..10).map(|seed| record("a", "rte", seed, Some(0.60 + seed as f64 * 1e-3))).collect();
    found.extend((10..30).map(|seed| record("a", "rte", seed, Some(0.9))));
    found.extend((0..10).map(|seed| record("b", "rte", seed, Some(0.70 + seed as f64 * 1e-3))));
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    let mean = |row: usize| comparison.rows[row].entries["rte"].score.unwrap().mean;
    assert!(mean(0) > mean(1));
    assert!(comparison.best_of(&comparison.columns[0]).is_none());
}

#[test]
fn nothing_is_bold_that_is_no_better_than_nothing() {
    let tasks = ["super_glue/boolq", "super_glue/cb", "super_glue/rte"];
    let runs = |model: &'static str, base: f64| {
        let of_task = move |task: &'static str| {
            (0..10).map(move |seed| record(model, task, seed, Some(base + seed as f64 * 1e-4)))
        };
        tasks.into_iter().flat_map(of_task)
    };
    let bold = |better: f64| {
        let found: Vec<RecordFile> = runs("a", better).chain(runs("b", 0.2)).collect();
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        let text = formats::render(&comparison, Format::Markdown).unwrap();
        text.lines().find(|line| line.starts_with("| a |")).unwrap().matches("**").count() / 2
    };
    // A model that has learnt nothing scores 0.5: three tasks and their average, or none of them.
    assert_eq!((bold(0.6), bold(0.4)), (4, 0));
    // Of a correlation that is undefined for it the one of chance counts.
    let of = |model: &'static str, score: f64| {
        (0..10).map(move |seed| {
            let mut found = record(model, "stsb", seed, Some(score + seed as f64 * 1e-4));
            found.1.majority_baseline.as_mut().unwrap().score = None;
            found
        })
    };
    let found = |score: f64| of("a", score).chain(of("b", -0.5)).collect::<Vec<_>>();
    assert_eq!(best(&found(0.1)).0.as_deref(), Some("a"));
    assert_eq!(best(&found(-0.1)).0, None);
    // Where records say several things of it, the best of them counts.
    let mut several: Vec<RecordFile> = runs("a", 0.6).chain(runs("b", 0.2)).collect();
    several.retain(|(_, record)| record.task == "super_glue/rte");
    assert_eq!(best(&several).0.as_deref(), Some("a"));
    several[13].1.majority_baseline.as_mut().unwrap().score = Some(0.7);
    assert_eq!(best(&several).0, None);
}

#[test]
fn an_average_over_rows_that_were_trained_on_never_wins() {
    let tasks = ["super_glue/boolq", "super_glue/cb", "super_glue/rte"];
    let runs = |model: &'static str, score: f64, trained_on: bool| {
        tasks.into_iter().flat_map(move |task| {
            (0..3).map(move |seed| {
                let mut found = record(model, task, seed, Some(score + seed as f64 * 1e-3));
                for split in found.1.dataset.splits.iter_mut().skip(1).filter(|_| trained_on) {
                    split.trained_on = Some(split.rows);
                }
                found
            })
        })
    };
    let bold = |remembers: bool| {
        let found: Vec<RecordFile> =
            runs("a", 0.95, remembers).chain(runs("b", 0.6, false)).chain(runs("c", 0.7, false)).collect();
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        let (benchmark, average) = comparison.averages()[0];
        let best = comparison.best_average(benchmark, average).map(|row| row.name.clone());
        let text = formats::render(&comparison, Format::Markdown).unwrap();
        let line = text.lines().find(|line| line.starts_with("| a |")).unwrap().to_owned();
        let page = formats::render(&comparison, Format::Html).unwrap();
        let csv = formats::render(&comparison, Format::Csv).unwrap();
        let noted = csv.lines().any(|line| line.starts_with("a,all,") && line.ends_with(",trained on these rows"));
        (best, line.matches('‡').count(), noted && page.matches('‡').count() > 4)
    };
    assert_eq!((bold(false).0.as_deref(), bold(false).1), (Some("a"), 0));
    // Each of the three columns and the average has the mark.
    let (best, marks, elsewhere) = bold(true);
    assert_eq!((best.as_deref(), marks, elsewhere), (Some("c"), 4, true));
}
