//! A run that is done again with fewer evaluations keeps those of its earlier record.

use std::path::Path;

use crate::record::{full, scores, split};
use records::record::{FinalEvaluation, RunRecord, SplitRows, SplitUse};

/// Rows of a file that the record has the hash of.
fn rows_of(record: &mut RunRecord, name: &str, used_for: SplitUse, hash: &str) -> SplitRows {
    let file = format!("{name}.csv");
    record.dataset.files_sha256.insert(file.clone(), hash.repeat(32));
    SplitRows { files: vec![file], ..split(name, used_for, 50) }
}

/// A run with these final evaluations, each on a file of its own.
fn with(names: &[&str]) -> RunRecord {
    let mut record = RunRecord { final_eval: Vec::new(), test_metrics: None, ..full() };
    for name in names {
        let data = rows_of(&mut record, name, SplitUse::Evaluation, "0a");
        let part = FinalEvaluation { name: (*name).to_owned(), data, metrics: scores(&[("accuracy", 0.5)]) };
        record.final_eval.push(part);
    }
    record
}

/// The same with test scores.
fn tested() -> RunRecord {
    let mut record = with(&[]);
    let rows = rows_of(&mut record, "test", SplitUse::Prediction, "0b");
    record.dataset.splits.push(rows);
    record.test_metrics = Some(scores(&[("accuracy", 0.75)]));
    record.class_tables[0].split = "test".to_owned();
    record
}

/// Writes one after the other and returns what is there then.
fn one_after_another(folder: &Path, records: impl IntoIterator<Item = RunRecord>) -> RunRecord {
    let paths: Vec<_> = records.into_iter().map(|mut record| record.write(folder).unwrap()).collect();
    assert!(paths.iter().all(|path| *path == paths[0]), "{paths:?}");
    RunRecord::read(&paths[0]).unwrap()
}

fn names(record: &RunRecord) -> Vec<&str> {
    record.final_eval.iter().map(|part| part.name.as_str()).collect()
}

#[test]
fn final_evaluations_and_test_scores_outlive_a_run_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut plain = with(&[]);
    plain.class_tables.clear();
    let kept = one_after_another(folder.path(), [with(&["a"]), with(&["b"]), tested(), plain]);
    assert_eq!(names(&kept), ["b", "a"]);
    assert_eq!(kept.final_eval[1], with(&["a"]).final_eval[0]);
    assert_eq!(kept.test_metrics, tested().test_metrics);
    assert!(kept.dataset.splits.contains(tested().dataset.splits.last().unwrap()));
    assert_eq!(kept.class_tables, tested().class_tables);
    for file in ["a.csv", "b.csv", "test.csv"] {
        assert!(kept.dataset.files_sha256.contains_key(file), "{file}");
    }
    assert!(kept.is_predicted() && !with(&["a"]).is_predicted());
    // The new ones count where both have them.
    let mut newer = with(&["a"]);
    newer.final_eval[0].metrics = scores(&[("accuracy", 0.625)]);
    let kept = one_after_another(folder.path(), [newer]);
    assert_eq!(names(&kept), ["a", "b"]);
    assert_eq!(kept.final_eval[0].metrics["accuracy"], Some(0.625));

    // What is asked for is all that data are held against.
    let asked = kept.without_unasked(&["b".to_owned()], false);
    assert_eq!((names(&asked), asked.test_metrics.as_ref(), asked.is_predicted()), (vec!["b"], None, false));
    let files = |record: &RunRecord| record.dataset.files_sha256.keys().cloned().collect::<Vec<_>>();
    assert_eq!(files(&asked), files(&with(&["b"])));
    assert_eq!(kept.without_unasked(&["a".to_owned(), "b".to_owned()], true), kept);
    // Rows without labels have no scores, and were predicted all the same.
    let unlabelled = RunRecord { test_metrics: None, ..kept };
    assert!(!unlabelled.without_unasked(&["b".to_owned()], false).is_predicted());
}

#[test]
fn what_is_of_other_weights_or_files_is_not_kept() {
    type Change = fn(&mut RunRecord);
    let changes: [(&str, Change); 4] = [
        ("another score", |record| record.score = Some(0.1)),
        ("another metric", |record| *record.metrics.get_mut("accuracy").unwrap() = Some(0.1)),
        ("weights of another step", |record| record.training.as_mut().unwrap().step = 7),
        ("other files", |record| {
            for file in ["a.csv", "test.csv"] {
                record.dataset.files_sha256.insert(file.to_owned(), "0f".repeat(32));
            }
        }),
    ];
    for (case, change) in changes {
        let folder = tempfile::tempdir().unwrap();
        let mut plain = with(&[]);
        change(&mut plain);
        let kept = one_after_another(folder.path(), [with(&["a"]), tested(), plain.clone()]);
        assert!(names(&kept).is_empty() && kept.test_metrics.is_none() && !kept.is_predicted(), "{case}: {kept:?}");
        assert_eq!(kept.dataset, plain.dataset, "{case}");
    }
    // Nor what does not say of which files it is.
    let folder = tempfile::tempdir().unwrap();
    let mut unknown = with(&["a"]);
    unknown.final_eval[0].data.files.clear();
    assert!(names(&one_after_another(folder.path(), [unknown, with(&[])])).is_empty());
}

#[test]
fn test_scores_are_those_of_the_rows_that_were_predicted_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut unlabelled = with(&[]);
    let rows = rows_of(&mut unlabelled, "unlabelled", SplitUse::Prediction, "0c");
    unlabelled.dataset.splits.push(rows);
    unlabelled.class_tables.clear();
    let kept = one_after_another(folder.path(), [tested(), unlabelled.clone()]);
    assert_eq!((kept.test_metrics, &kept.class_tables), (None, &unlabelled.class_tables));
    assert_eq!(kept.dataset, unlabelled.dataset);
}
