//! Rows that may or may not be the benchmark's: several contents of as many rows, one of two splits, and content that is not known.

use serde_json::json;

use super::{columns, of_format_1, partial, published_table, record};
use crate::compare::{Comparison, Format, formats};
use records::record::{EndWeights, RecordFile, TrainingInfo};

fn notes(found: &[RecordFile]) -> Vec<String> {
    Comparison::new(found, &[], None, 0.95).unwrap().all_notes()
}

#[test]
fn of_two_contents_none_is_the_benchmark_s() {
    let of = |model: &str, hash: &'static str| {
        partial(model, "mrpc", 1, 0.9, move |split| split.sha256 = Some(hash.to_owned()))
    };
    // Whatever the order of the hashes.
    for hashes in [["aaaaaaa", "fffffff"], ["fffffff", "aaaaaaa"]] {
        let found = [of("m", hashes[0]), of("n", hashes[1])];
        let names = columns(&found);
        assert_eq!(names, ["mrpc (408 rows; content aaaaaa)", "mrpc (408 rows; content ffffff)"]);
        let rows = json!([{"model": "p", "tasks": {"mrpc": {"accuracy": 0.8, "f1": 0.9}}}]);
        let published = [published_table("validation", &rows)];
        let comparison = Comparison::new(&found, &published, None, 0.95).unwrap();
        assert!(comparison.rows[..2].iter().all(|row| !row.entries.contains_key("mrpc")));
        assert!(comparison.rows[2].entries.contains_key("mrpc"));
        let said = format!(
            "mrpc: rows of several contents are as many as the benchmark's, and which are the benchmark's is not known, so that none \
             stands in the column mrpc or counts in an average: {}",
            names.join(", ")
        );
        assert_eq!(comparison.all_notes(), [said]);
    }
    // One content is the benchmark's, by its number of rows.
    let found = [of("m", "aaaaaaa"), of("n", "aaaaaaa")];
    assert_eq!((columns(&found), notes(&found)), (vec!["mrpc".to_owned()], Vec::new()));
}

#[test]
fn one_of_two_splits_says_which() {
    let matched = |seed: u64| {
        let mut found = record("m", "mnli", seed, Some(0.8));
        found.1.dataset.splits.pop();
        found
    };
    assert_eq!(columns(&[matched(1), matched(2)]), ["mnli (validation_matched only; 9815 rows)"]);
    let found = [matched(1), record("m", "mnli", 1, Some(0.8))];
    assert_eq!(columns(&found), ["mnli", "mnli (validation_matched only; 9815 rows)"]);
    let mut part = matched(1);
    part.1.dataset.splits[1].rows = 100;
    assert_eq!(columns(&[part]), ["mnli (validation_matched only; 100 of 9815 rows)"]);
}

#[test]
fn content_that_is_not_known_is_said_beside_published_numbers() {
    let found = [of_format_1(record("old", "rte", 1, Some(0.6)))];
    let rows = json!([{"model": "p", "tasks": {"rte": {"accuracy": 0.65}}}]);
    for (split, is_said) in [("validation", true), ("test", false)] {
        let published = [published_table(split, &rows)];
        let notes = Comparison::new(&found, &published, None, 0.95).unwrap().all_notes();
        assert_eq!(notes.iter().any(|note| note.starts_with("rte: content unknown: ")), is_said, "{notes:?}");
    }
}

#[test]
fn one_split_that_was_trained_on_is_enough() {
    let with = |trained_on: [u64; 2]| {
        let mut found = record("m", "mnli", 1, Some(0.8));
        found.1.dataset.splits[1].trained_on = Some(trained_on[0]);
        found.1.dataset.splits[2].trained_on = Some(trained_on[1]);
        let found = [found];
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        formats::render(&comparison, Format::Markdown).unwrap().contains("| m | 80.00‡ |")
    };
    // 1500 of 9832 are more than a tenth, and of both together they are not.
    assert!(with([0, 1500]) && with([1500, 0]));
    assert!(!with([0, 900]) && !with([900, 900]));
}

#[test]
fn runs_that_could_not_keep_their_best_weights_are_named() {
    let ended = |weights: EndWeights, seed: u64| {
        let mut found = record("m", "rte", seed, Some(0.6));
        found.1.training = Some(TrainingInfo { weights, step: seed, resumed_from: None, drops_units: None });
        found
    };
    let found = [ended(EndWeights::Best, 1), ended(EndWeights::BestKept, 2), ended(EndWeights::Best, 3)];
    let said = "rte: runs could not keep the weights of their best evaluation, and their scores are of the best that they had: m (1 of 3 runs)";
    assert_eq!(notes(&found), [said]);
    assert_eq!(notes(&[ended(EndWeights::Best, 1), ended(EndWeights::Last, 2)]), [""; 0]);
}
