//! A cell without a number says why.

use serde_json::{Value, json};

use super::{page, published_table, record};
use crate::compare::{Comparison, Format, formats};
use records::record::RecordFile;

/// Three seeds of STS-B, in one of which something is changed.
fn with_one(change: impl Fn(&mut RecordFile)) -> Vec<RecordFile> {
    let mut found: Vec<RecordFile> = (1..4).map(|seed| record("m", "stsb", seed, Some(0.5))).collect();
    for (_, record) in &mut found {
        record.collapsed = false;
        record.metrics.extend([("pearson".to_owned(), Some(0.5)), ("spearmanr".to_owned(), Some(0.5))]);
    }
    change(&mut found[1]);
    found
}

#[test]
fn a_run_without_a_number_takes_no_cell_in_silence() {
    let undefined = with_one(|(_, record)| {
        record.collapsed = true;
        record.score = None;
        record.metrics.insert("pearson".to_owned(), None);
        record.metrics.insert("spearmanr".to_owned(), None);
    });
    let missing = with_one(|(_, record)| {
        record.score = None;
        record.metrics.remove("pearson");
    });
    let score = with_one(|(_, record)| record.score = None);
    for (found, said) in [
        (
            undefined,
            "pearson and spearmanr are undefined in 1 of 3 runs of m (all predictions alike), so there is no mean",
        ),
        (missing, "pearson is missing in 1 of 3 runs of m, so there is no mean"),
        (score, "score is undefined in 1 of 3 runs of m, so there is no mean"),
    ] {
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        assert_eq!(comparison.all_notes(), [format!("stsb: {said}")]);
        assert!(page(&found, &[]).contains("–<span class=\"mark\">¶</span>"));
        for format in [Format::Text, Format::Markdown, Format::Latex, Format::Json, Format::Html] {
            assert!(formats::render(&comparison, format).unwrap().contains(said), "{}", format.name());
        }
        let text = |format| formats::render(&comparison, format).unwrap();
        assert!(text(Format::Text).lines().nth(1).unwrap().contains("-*¶") || text(Format::Text).contains("-¶"));
        assert!(text(Format::Latex).contains("--$^\\P$") || text(Format::Latex).contains("--$^*$$^\\P$"));
        let short = said.replace(" of m", "");
        let csv = text(Format::Csv);
        assert!(csv.lines().any(|line| line.starts_with("m,stsb,score,,") && line.contains(&short)), "{csv}");
        let json: Value = serde_json::from_str(&text(Format::Json)).unwrap();
        assert_eq!(json["models"][0]["tasks"]["stsb"]["no_mean"], json!([short]));
    }
    // Where nothing is lacking there is neither mark nor word.
    let found = with_one(|_| ());
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert!(comparison.all_notes().is_empty() && !formats::render(&comparison, Format::Text).unwrap().contains('¶'));
}

#[test]
fn a_published_error_that_makes_no_score_says_so() {
    let found = with_one(|_| ());
    let table = [published_table("validation", &json!([{"model": "big", "tasks": {"stsb": {"rmse": 0.6}}}]))];
    let comparison = Comparison::new(&found, &table, None, 0.95).unwrap();
    let said = "stsb: of big [t] rmse alone was published, which makes no score of this column";
    assert_eq!(comparison.all_notes(), [said]);
    assert!(formats::render(&comparison, Format::Markdown).unwrap().contains("| -¶ |"));
    page(&found, &table);
}
