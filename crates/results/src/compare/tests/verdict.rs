//! The sentence at the top of the page, and the rows that it is based on.

use super::{page, published, record};
use crate::compare::Comparison;
use records::record::RecordFile;

/// Ten seeds, so that a sign-flip test can tell two models apart.
fn seeds(model: &'static str, task: &'static str, score: f64) -> impl Iterator<Item = RecordFile> {
    (0..10).map(move |seed| record(model, task, seed, Some(score + seed as f64 * 1e-4)))
}

fn verdict(found: &[RecordFile]) -> (String, Vec<String>) {
    let comparison = Comparison::new(found, &[], None, 0.95).unwrap().with_short_names();
    let contests: Vec<_> = comparison.columns.iter().map(|column| comparison.contest(column)).collect();
    let verdict = comparison.verdict(&contests);
    (verdict.sentence, verdict.remarks)
}

fn of(scores: &[(&'static str, &'static str, f64)]) -> Vec<RecordFile> {
    scores.iter().flat_map(|(model, task, score)| seeds(model, task, *score)).collect()
}

#[test]
fn two_models_are_told_apart_task_by_task() {
    let scores = [
        ("o/a", "sst2", 0.7),
        ("o/b", "sst2", 0.6),
        ("o/a", "qnli", 0.6),
        ("o/b", "qnli", 0.8),
        ("o/a", "rte", 0.6),
        ("o/b", "rte", 0.6),
        ("o/a", "wnli", 0.4),
        ("o/b", "wnli", 0.3),
        ("o/a", "cola", 0.6),
    ];
    let (sentence, remarks) = verdict(&of(&scores));
    assert_eq!(
        sentence,
        "a is better than b on SST-2, and b than a on QNLI by more than chance (p < 0.05); on RTE these runs cannot tell them apart; on \
         WNLI none is better than a model that has learnt nothing; on CoLA fewer than two models have a score that counts."
    );
    let tests =
        "Each task is tested by itself: of 4 tests of models that do not differ, 0.20 find a difference on average.";
    assert_eq!(remarks, [tests]);
}

#[test]
fn what_cannot_be_told_is_said() {
    let scores = [("a", "rte", 0.6), ("b", "rte", 0.6)];
    assert_eq!(verdict(&of(&scores)).0, "These runs cannot tell a from b by more than chance (p < 0.05) on RTE.");
    // Single runs without predictions: there is no test, which is said too.
    let lone = [record("a", "rte", 1, Some(0.6)), record("b", "rte", 1, Some(0.9))];
    let (sentence, remarks) = verdict(&lone);
    assert_eq!(sentence, "These runs cannot tell a from b by more than chance (p < 0.05) on RTE.");
    assert!(remarks.len() == 1 && remarks[0].starts_with("Where there is no p, nothing can be tested"), "{remarks:?}");
    let apart = [record("a", "rte", 1, Some(0.6)), record("b", "wnli", 1, Some(0.9))];
    assert_eq!(
        verdict(&apart).0,
        "No two models have scores that count on the same rows, so that nothing is compared."
    );
}

#[test]
fn of_several_models_the_best_is_named() {
    let scores = [("a", "rte", 0.9), ("b", "rte", 0.6), ("c", "rte", 0.7), ("a", "qnli", 0.6), ("c", "qnli", 0.6)];
    assert_eq!(
        verdict(&of(&scores)).0,
        "By more than chance (p < 0.05), a is the best of 3 models on RTE; on QNLI these runs cannot tell the best from the next."
    );
    // What was trained on the rows takes no part.
    let mut found = of(&scores);
    for (_, record) in found.iter_mut().filter(|(_, record)| record.model.id == "a") {
        record.dataset.splits[1].trained_on = Some(100_000);
    }
    assert!(
        verdict(&found)
            .0
            .starts_with("By more than chance (p < 0.05), c is the best of 3 models on RTE; on QNLI fewer")
    );
}

#[test]
fn of_one_model_it_is_said_where_it_has_learnt_something() {
    let (sentence, _) = verdict(&of(&[("a", "rte", 0.6), ("a", "qnli", 0.4)]));
    assert_eq!(
        sentence,
        "a is better than a model that has learnt nothing on RTE, by the 95 % interval over its seeds; on QNLI that interval does not tell."
    );
    assert_eq!(
        verdict(&of(&[("a", "qnli", 0.4)])).0,
        "Whether a has learnt anything the 95 % interval over its seeds does not tell on QNLI."
    );
    assert_eq!(verdict(&[record("a", "rte", 1, Some(0.9))]).0, "One run of a cannot tell what is chance.");
}

#[test]
fn other_rows_than_the_benchmark_s_are_said_beside_the_name_of_the_task() {
    let mut found = of(&[("a", "rte", 0.6), ("b", "rte", 0.7)]);
    for (_, record) in &mut found {
        (record.dataset.splits[1].rows, record.dataset.splits[1].sha256) = (60, Some("cut".to_owned()));
    }
    let (sentence, remarks) = verdict(&found);
    assert!(sentence.starts_with("b is better than a on RTE by"), "{sentence}");
    let said = "None of these are the benchmark's own rows: RTE (60 of 277 rows).";
    assert_eq!(remarks, [said]);
    // Columns that others alone have are no matter of the verdict.
    let tables = [published()];
    let comparison = Comparison::new(&found, &tables, None, 0.95).unwrap();
    let contests: Vec<_> = comparison.columns.iter().map(|column| comparison.contest(column)).collect();
    assert!(comparison.columns.len() > 1 && comparison.verdict(&contests).remarks[0] == said);
}

#[test]
fn the_page_begins_with_the_verdict_and_has_the_runs_that_it_is_based_on() {
    let mut found = of(&[("o/a", "rte", 0.6), ("o/b", "rte", 0.7)]);
    found[0].1.model.commit = Some("0123456789abcdef".to_owned());
    let html = page(&found, &[]);
    let places: Vec<Option<usize>> = [
        "<p class=\"verdict\">b is better than a on RTE by more than chance",
        "<nav",
        "id=\"scores\"",
        "The first two models of each task",
        "<td>o/a</td><td>commit 0123456789ab, weights ab12</td>",
        "id=\"tasks\"",
    ]
    .map(|part| html.find(part))
    .to_vec();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    assert!(html.contains("<td>0, 1, 2, 3, 4, 5 and 4 more</td>"), "{html}");
}
