//! Comparison and verification of the records that lie in this repository, which earlier versions wrote.

use std::path::PathBuf;

use results::compare::{self, CompareOptions, Format};
use results::verify::{self, VerifyOptions};
use serde_json::Value;

use crate::results;

fn options() -> CompareOptions {
    CompareOptions { paths: vec![results("rte"), results("mrpc")], ..CompareOptions::default() }
}

#[test]
fn every_format_shows_the_records() {
    for format in Format::ALL {
        let compared = compare::run(&CompareOptions { format, ..options() }).unwrap();
        assert_eq!((compared.models, compared.tasks, compared.charts, compared.left_out), (1, 2, 0, 0));
        assert!(compared.text.contains("all-MiniLM-L6-v2") && compared.text.ends_with('\n'), "{}", format.name());
        assert_eq!(format.name().parse(), Ok(format));
        assert!(format.extensions().iter().all(|ending| Format::of_extension(ending) == Some(format)));
    }
    assert_eq!(Format::of_extension("HTM"), Some(Format::Html));
    assert!("pdf".parse::<Format>().unwrap_err().to_string().ends_with("text, json, csv, markdown, latex, html"));
}

#[test]
fn published_tables_stand_beside_and_charts_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let options = CompareOptions {
        published: vec![results("published")],
        charts: Some(folder.path().join("charts")),
        format: Format::Json,
        ..options()
    };
    let compared = compare::run(&options).unwrap();
    assert!(compared.models > 5 && compared.tasks == 9);
    assert_eq!(std::fs::read_dir(folder.path().join("charts")).unwrap().count(), compared.charts);
    let table: Value = serde_json::from_str(&compared.text).unwrap();
    assert_eq!(table["models"].as_array().unwrap().len(), compared.models);
}

#[test]
fn what_cannot_be_compared_is_the_inputs_fault() {
    for (options, part) in [
        (CompareOptions { paths: vec![results("nowhere")], ..options() }, "cannot read"),
        (CompareOptions { paths: vec![results("schema")], ..options() }, "there are no run records"),
        (CompareOptions { level: 95.0, ..options() }, "--level is 95, expected between 0 and 1"),
        (CompareOptions { baseline: Some("x".to_owned()), ..options() }, "--baseline x: there is no such model"),
        (CompareOptions { published: vec![results("rte/all-MiniLM-L6-v2")], ..options() }, "published-results-1"),
    ] {
        let error = compare::run(&options).unwrap_err();
        assert!(error.is_input() && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn the_references_numbers_are_reproduced_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let against = |path: PathBuf| VerifyOptions {
        paths: vec![results("rte"), results("mrpc")],
        against: vec![path],
        ..VerifyOptions::default()
    };
    let reference = results("reference/minilm_l6.json");
    let verification = verify::run(&against(reference.clone())).unwrap();
    assert_eq!(verification.faults(), [""; 0]);
    assert!(verification.as_text().contains("ok") && verification.as_text().contains("not run"));
    let complete = verify::run(&VerifyOptions { complete: true, ..against(reference) }).unwrap();
    assert!(complete.faults()[0].ends_with("numbers are of tasks that were not run"), "{:?}", complete.faults());

    let other = folder.path().join("other.json");
    std::fs::write(&other, r#"{"runs": {"rte": {"metric": "accuracy", "value": 0.99, "tolerance": 0.01}}}"#).unwrap();
    let missed = verify::run(&against(other.clone())).unwrap();
    assert_eq!(missed.faults(), ["1 of 1 numbers are out of their intervals"]);
    let rows: Value = serde_json::from_str(&missed.as_json()).unwrap();
    assert_eq!(rows[0]["within"], false);

    std::fs::write(&other, r#"{"runs": {"rte": {"metric": "accuracy", "value": 64.98}}}"#).unwrap();
    let error = verify::run(&against(other)).err().unwrap();
    assert!(error.is_input() && error.to_string().contains("not percent (is 0.6498 meant?)"), "{error}");
}
