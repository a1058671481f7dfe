//! Pages of many records and of many classes: they show what matters most, say what they leave out, and stay small.

use super::{assert_balanced, record};
use crate::compare::Comparison;
use crate::compare::html::render;
use records::record::RecordFile;
use records::record::class_table::ClassRow;

fn page(found: &[RecordFile]) -> String {
    let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
    let page = render(&comparison, "2026-03-02T00:00:00Z").unwrap();
    assert_balanced(&page);
    page
}

#[test]
fn of_many_models_the_best_are_shown() {
    let score = |model: u32| 0.5 + f64::from(model) * 1e-4;
    let found: Vec<RecordFile> =
        (0..700).map(|model| record(&format!("m{model:03}"), "rte", 1, Some(score(model)))).collect();
    let page = page(&found);
    assert!(page.contains("<title>700 models on RTE</title>"));
    assert!(page.contains("<p>The page has room for the best 500 of 700 models. All are in the forms json and csv"));
    let has = |model: &str| page.contains(&format!("<th scope=\"row\">{model}</th>"));
    assert!(has("m699") && has("m200") && !has("m199") && !has("m000"));
    for chart in ["RTE: scores", "RTE: training loss", "RTE: score against training time"] {
        assert!(page.contains(&format!("\">{chart} (the best 60 of 500)</a></figcaption>")), "{chart}");
    }
    // All runs gave the same warning.
    assert!(page.contains("m099 on RTE, seed 1; and 600 more"));
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
}

#[test]
fn of_many_columns_the_first_are_shown() {
    let of = |model: &'static str| (0..70).map(move |task| record(model, &format!("own{task:02}"), 1, Some(0.7)));
    let page = page(&of("m").chain(of("n")).collect::<Vec<_>>());
    assert!(page.contains("The page has room for the first 60 of 70 columns. "));
    assert!(page.contains("id=\"scores-own59-title\"") && !page.contains("id=\"scores-own60-title\""));
}

#[test]
fn of_many_classes_the_most_frequent_mistakes_are_shown() {
    let mut found = record("m", "rte", 1, Some(0.5));
    let table = &mut found.1.class_tables[0];
    let row = table.classes[0].clone();
    table.classes = (0..40).map(|class| ClassRow { label: format!("c{class}"), ..row.clone() }).collect();
    let mut counts = vec![vec![0; 40]; 40];
    (0..40).for_each(|class| counts[class][class] = 1);
    (counts[1][0], counts[2][5]) = (3, 7);
    table.confusion_matrix = Some(counts);
    let page = page(&[found]);
    assert!(page.contains("the most frequent mistakes between 40 classes, 2 of 2 pairs</caption>"));
    assert!(!page.contains("<table class=\"confusion\">"));
    // Seven of the eight rows of one class, before three of four.
    let (first, second) = (page.find("data-value=\"0.875\">87.50<"), page.find("data-value=\"0.75\">75.00<"));
    assert!(first.is_some() && first < second, "{first:?} {second:?}");
}

#[test]
fn of_many_warnings_some_are_shown() {
    let mut found = record("m", "rte", 1, Some(0.5));
    found.1.warnings = (0..150).map(|number| format!("warning {number:03}")).collect();
    let page = page(&[found]);
    assert!(page.contains("<li>warning 099 ") && !page.contains("warning 100"));
    assert!(page.contains("<li>and 50 other warnings</li>"));
}
