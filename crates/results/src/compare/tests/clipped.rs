//! Intervals are shown as far as a score can be, and computed as they are.

use serde_json::{Value, json};

use super::{page, record};
use crate::compare::{Comparison, Format, formats};
use records::record::RecordFile;

/// Two seeds that lie four points apart: half of Student's interval is 12.7 times the distance to their mean.
fn near_the_end(task: &str) -> Vec<RecordFile> {
    vec![record("m", task, 1, Some(0.95)), record("m", task, 3, Some(0.99))]
}

#[test]
fn every_form_for_people_ends_where_scores_do() {
    let found = near_the_end("rte");
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    let of = |format| formats::render(&comparison, format).unwrap();
    assert!(of(Format::Text).contains("97.00 +3.00/-25.41"), "{}", of(Format::Text));
    assert!(of(Format::Markdown).contains("| 97.00 +3.00/-25.41 |"), "{}", of(Format::Markdown));
    assert!(of(Format::Latex).contains("97.00 {\\small $^{+3.00}_{-25.41}$}"), "{}", of(Format::Latex));
    let html = page(&found, &[]);
    assert!(html.contains("<span class=\"half\">+3.00/-25.41</span>"), "{html}");
    assert!(!html.contains(">122.41<") && html.contains("<td class=\"n\" data-value=\"1.0\">100.00</td>"), "{html}");
    // Programs are told what was computed, and where scores end.
    let json: Value = serde_json::from_str(&of(Format::Json)).unwrap();
    assert!(json["models"][0]["tasks"]["rte"]["interval"][1].as_f64().unwrap() > 1.2);
    assert_eq!(json["columns"][0]["range"], json!([0.0, 1.0]));
    assert!(of(Format::Csv).contains(",1.22"), "{}", of(Format::Csv));
}

#[test]
fn correlations_may_be_negative_and_errors_may_be_large() {
    let of = |found: &[RecordFile]| {
        let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
        formats::render(&comparison, Format::Markdown).unwrap()
    };
    let low = [record("m", "cola", 1, Some(0.01)), record("m", "cola", 3, Some(0.05))];
    assert!(of(&low).contains("| 3.00 ±25.41 |"), "{}", of(&low));
    let mut errors = [record("m", "own", 1, Some(1.0)), record("m", "own", 3, Some(3.0))];
    for (_, record) in &mut errors {
        record.hyper_parameters.insert("metric_name".to_owned(), json!("mse"));
    }
    assert!(of(&errors).contains("| 2.0000 +12.7062/-2.0000 |"), "{}", of(&errors));
}
