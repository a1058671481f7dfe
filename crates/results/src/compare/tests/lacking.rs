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

/// Three seeds of data of one's own, whose score is Pearson's correlation, with the metrics of each.
fn own(metrics: [&Value; 3]) -> Vec<RecordFile> {
    let run = |(seed, metrics): (u64, &Value)| {
        let mut found = record("m", "own", seed, metrics["pearson"].as_f64());
        found.1.collapsed = false;
        found.1.metrics = serde_json::from_value(metrics.clone()).unwrap();
        let names = if metrics.get("rmse").is_some() { "pearson,rmse" } else { "pearson" };
        found.1.hyper_parameters.insert("metric_name".to_owned(), json!(names));
        found
    };
    (1..).zip(metrics).map(run).collect()
}

#[test]
fn a_cell_that_has_its_number_lacks_nothing() {
    let (both, one) = (json!({"pearson": 0.5, "rmse": 1.5}), json!({"pearson": 0.6}));
    let own = own([&both, &both, &one]);
    // The score that stands in the record is there all the same.
    let combined = with_one(|(_, record)| record.metrics.extend([("combined_score".to_owned(), Some(0.5))]));
    for (found, fact) in [
        (own, "rmse is missing in 1 of 3 runs"),
        (combined, "combined_score is missing in 2 of 3 runs"),
        (
            with_one(|(_, record)| record.metrics.extend([("loss".to_owned(), None)])),
            "loss is undefined in 1 of 3 runs",
        ),
    ] {
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        assert_eq!(comparison.all_notes(), [""; 0], "{fact}");
        for format in [Format::Text, Format::Markdown, Format::Latex, Format::Html] {
            let text = formats::render(&comparison, format).unwrap();
            assert!(!text.contains("so there is no mean") && !text.contains('¶'), "{fact}: {text}");
        }
        let json: Value = serde_json::from_str(&formats::render(&comparison, Format::Json).unwrap()).unwrap();
        let tasks = json["models"][0]["tasks"].as_object().unwrap();
        let task = tasks.values().next().unwrap();
        assert_eq!((&task["no_mean"], task["score"].is_null()), (&json!([fact]), false));
        // Its own line has no number.
        let csv = formats::render(&comparison, Format::Csv).unwrap();
        let noted: Vec<&str> = csv.lines().filter(|line| line.contains(" of 3 runs")).collect();
        let metric = format!(",{},,", fact.split(' ').next().unwrap());
        assert!(noted.len() == 1 && noted[0].contains(&metric) && noted[0].contains("so there is no mean"), "{csv}");
    }
}

#[test]
fn only_what_makes_the_score_is_why_there_is_none() {
    let both = json!({"pearson": 0.5, "rmse": 1.5});
    let found = own([&both, &both, &json!({"pearson": null})]);
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert_eq!(comparison.all_notes(), ["own: pearson is undefined in 1 of 3 runs of m, so there is no mean"]);
    let json: Value = serde_json::from_str(&formats::render(&comparison, Format::Json).unwrap()).unwrap();
    let said = ["pearson is undefined in 1 of 3 runs, so there is no mean", "rmse is missing in 1 of 3 runs"];
    let no_mean = &json["models"][0]["tasks"]["own"]["no_mean"];
    assert!(
        no_mean.as_array().unwrap().len() == 2
            && said.iter().all(|said| no_mean.as_array().unwrap().contains(&json!(said)))
    );
}
