//! Evaluations of saved models: no seed changes them, and what they were trained on may be unknown.

use serde_json::Value;

use super::record;
use crate::compare::{Comparison, Format, formats};
use records::record::{RecordFile, Scores, SplitUse};

/// A saved model that was evaluated; `trained_on`: how many of the rows it was trained on, where it says so.
fn evaluated(model: &str, task: &str, seed: u64, score: f64, trained_on: Option<u64>) -> RecordFile {
    let (path, mut record) = record(model, task, seed, Some(score));
    record.timings.train_seconds = None;
    record.dataset.splits.remove(0);
    record.dataset.splits.iter_mut().for_each(|split| split.trained_on = trained_on);
    (path, record)
}

#[test]
fn the_seed_of_an_evaluation_changes_no_comparison() {
    let trainings = [0.36, 0.61, 0.58].into_iter().zip(42..).map(|(score, seed)| record("m", "rte", seed, Some(score)));
    let trainings: Vec<RecordFile> = trainings.collect();
    let with_seed = |seed: u64| {
        let found: Vec<RecordFile> =
            trainings.iter().cloned().chain([evaluated("saved", "rte", seed, 0.71, Some(0))]).collect();
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        let pair = &comparison.pairs[0];
        let mean = comparison.rows[0].entries["rte"].score.unwrap().mean;
        assert!((pair.difference - (0.71 - mean)).abs() < 1e-12, "{}", pair.difference);
        (pair.difference.to_bits(), pair.seeds, pair.p_seeds.map(f64::to_bits), pair.p_examples.is_some())
    };
    let first = with_seed(42);
    assert_eq!(first.1, 3);
    for seed in [43, 44, 7] {
        assert_eq!(with_seed(seed), first, "{seed}");
    }
}

#[test]
fn an_average_of_trainings_and_evaluations_is_over_the_seeds_of_the_trainings() {
    let tasks = ["super_glue/boolq", "super_glue/cb", "super_glue/rte"];
    let of_seed = |seed: u64| {
        let evaluated_ones = tasks.map(|task| evaluated("saved", task, seed, 0.7, Some(0)));
        let comparison = Comparison::new(&evaluated_ones, &[], None, 0.95).unwrap();
        let (_, average) = comparison.averages()[0];
        let entry = formats::render(&comparison, Format::Json).unwrap();
        let json: Value = serde_json::from_str(&entry).unwrap();
        assert_eq!(json["models"][0]["tasks"]["super_glue/cb"]["seeds"][0]["seed"], Value::Null);
        comparison.rows[0].averages.get(average).map(|all| (all.count, all.mean))
    };
    assert_eq!(of_seed(1).map(|(count, _)| count), Some(1));
    assert_eq!(of_seed(1), of_seed(2));
}

#[test]
fn what_may_have_been_trained_on_the_rows_is_not_bold_and_said() {
    // As many runs as a test of seeds needs.
    let trainings = |score: f64| (0..10).map(move |seed| record("m", "rte", seed, Some(score + seed as f64 * 1e-4)));
    let best = |found: &[RecordFile]| {
        let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
        let best = comparison.best_of(&comparison.columns[0]).map(|row| row.name.clone());
        let json: Value = serde_json::from_str(&formats::render(&comparison, Format::Json).unwrap()).unwrap();
        let models = json["models"].as_array().unwrap();
        let of = |name: &str| {
            let row = models.iter().find(|row| row["model"] == name).unwrap();
            row["tasks"]["rte"]["trained_on_these_rows"].clone()
        };
        let csv = formats::render(&comparison, Format::Csv).unwrap();
        (best, of("saved"), csv.contains(",unknown whether trained on these rows"), comparison.all_notes().join(". "))
    };
    let with = |trained_on: Option<u64>| {
        let found: Vec<RecordFile> = trainings(0.6).chain([evaluated("saved", "rte", 1, 1.0, trained_on)]).collect();
        best(&found)
    };
    let said = "rte: unknown whether these saved models were trained on its rows, so that they do not count for what is bold: saved";
    let (bold, trained, noted, notes) = with(None);
    assert!(bold.is_none() && trained == Value::Null && noted && notes.contains(said), "{bold:?} {trained} {notes}");
    let (bold, trained, noted, notes) = with(Some(0));
    assert!(
        bold.as_deref() == Some("saved") && trained == Value::Bool(false) && !noted && !notes.contains(said),
        "{bold:?} {notes}"
    );
    assert_eq!(with(Some(277)).1, Value::Bool(true));
    // Predictions alone have no scores.
    let mut predicted = evaluated("saved", "rte", 1, 1.0, None);
    predicted.1.dataset.splits.iter_mut().for_each(|split| split.used_for = Some(SplitUse::Prediction));
    (predicted.1.metrics, predicted.1.score) = (Scores::new(), None);
    let found: Vec<RecordFile> = trainings(0.6).chain([predicted]).collect();
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert!(!comparison.all_notes().join(". ").contains("unknown whether"), "{:?}", comparison.all_notes());
    // A training of format 1 says nothing of it, and starts from a pretrained model.
    let unknown = |mut found: RecordFile| {
        found.1.dataset.splits.iter_mut().for_each(|split| split.trained_on = None);
        found
    };
    let mut found: Vec<RecordFile> = trainings(0.7).map(unknown).collect();
    found.iter_mut().for_each(|(_, record)| record.model.id = "saved".to_owned());
    found.extend(trainings(0.6));
    let (bold, trained, noted, notes) = best(&found);
    assert!(
        bold.as_deref() == Some("saved") && trained == Value::Null && !noted && notes.is_empty(),
        "{bold:?} {notes}"
    );
}

#[test]
fn a_fine_tuned_model_that_is_trained_further_does_not_say_either() {
    let trainings = |model: &'static str, score: f64| {
        (0..10).map(move |seed| record(model, "rte", seed, Some(score + seed as f64 * 1e-4)))
    };
    let further = |new_head: bool| {
        let found = trainings("further", 0.7).map(|(path, mut record)| {
            record.hyper_parameters.insert("new_head".to_owned(), new_head.into());
            record.dataset.splits.iter_mut().for_each(|split| split.trained_on = None);
            (path, record)
        });
        let found: Vec<RecordFile> = found.chain(trainings("m", 0.6)).collect();
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        let best = comparison.best_of(&comparison.columns[0]).map(|row| row.name.clone());
        (best, comparison.all_notes().join(". "))
    };
    // A head of another size was drawn anew, and what the model saw before is as unknown.
    for new_head in [false, true] {
        let (bold, notes) = further(new_head);
        assert!(bold.is_none() && notes.contains("rte: unknown whether"), "{new_head}: {bold:?} {notes}");
    }
}
