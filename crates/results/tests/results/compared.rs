//! Comparison of the records that lie in this repository, which earlier versions wrote.

use results::compare::{self, CompareOptions, Format};
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
    // How they were made stands beside them, in the text and on the page.
    for format in [Format::Text, Format::Html] {
        let text = compare::run(&CompareOptions { format, ..options.clone() }).unwrap().text;
        for part in ["mean of 10, standard deviation 0.0123", "median of 5", "started from MNLI"] {
            assert!(text.contains(part), "{}: {part}", format.name());
        }
    }
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
