//! Averages: of the scores that stand in the row, whatever seeds each task has.

use serde_json::Value;

use super::{page, record};
use crate::compare::{Comparison, Format, formats};
use crate::statistics::Summary;
use records::record::RecordFile;

const TASKS: [&str; 3] = ["super_glue/boolq", "super_glue/cb", "super_glue/rte"];

/// Runs of a model with these seeds of each task, whose scores rise by five points a seed.
fn runs(model: &'static str, base: f64, seeds: [&'static [u64]; 3]) -> Vec<RecordFile> {
    let of_task = |(task, seeds): (&'static str, &'static [u64])| {
        seeds.iter().map(move |&seed| record(model, task, seed, Some(base + 0.05 * seed as f64)))
    };
    TASKS.into_iter().zip(seeds).flat_map(of_task).collect()
}

/// The average of the first row, of which as many seeds are in common as its count says; and what is said.
fn average(found: &[RecordFile]) -> (Summary, Vec<String>) {
    let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
    let (_, average) = comparison.averages()[0];
    let of_row = comparison.rows[0].averages.get(average).unwrap();
    page(found, &[]);
    (of_row, comparison.all_notes())
}

#[test]
fn an_average_is_the_mean_of_the_scores_that_stand_in_its_row() {
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    // All tasks have the same seeds.
    let (all, notes) = average(&runs("m", 0.5, [&[1, 2, 3]; 3]));
    near(all.mean, 0.6);
    near(all.std.unwrap(), 0.05);
    assert!(all.count == 3 && all.median.is_finite() && notes.is_empty(), "{notes:?}");
    // One of them has one seed: 62.5 twice and 55 once, where the first seed alone is 55.
    let found = runs("m", 0.5, [&[1, 2, 3, 4], &[1, 2, 3, 4], &[1]]);
    let (all, notes) = average(&found);
    near(all.mean, (2.0 * 0.625 + 0.55) / 3.0);
    assert_eq!((all.count, all.std, all.confidence_interval(0.95)), (1, None, None));
    let said = "m: the tasks of AVERAGE do not all have the same seeds: the mean is that of the scores as they stand, and there is no \
                interval, since one seed alone is common to all";
    let name = Comparison::new(&found, &[], None, 0.95).unwrap().averages()[0].1.display_name.clone();
    assert_eq!(notes, [said.replace("AVERAGE", &name)]);
    // None in common.
    let (all, notes) = average(&runs("m", 0.5, [&[1], &[2], &[3, 4]]));
    near(all.mean, (0.55 + 0.6 + 0.675) / 3.0);
    assert!(all.count == 0 && all.std.is_none() && notes[0].contains("no seed is common to all"), "{notes:?}");
    // Two in common: their spread, about the mean of all.
    let (all, notes) = average(&runs("m", 0.5, [&[1, 2], &[1, 2], &[1, 2, 3]]));
    near(all.mean, (0.575 + 0.575 + 0.6) / 3.0);
    near(all.std.unwrap(), 0.05 / 2.0_f64.sqrt());
    let (low, high) = all.confidence_interval(0.95).unwrap();
    near(f64::midpoint(low, high), all.mean);
    assert!(
        all.count == 2
            && all.median.is_nan()
            && notes[0].ends_with("the interval is over the 2 seeds that all tasks have"),
        "{notes:?}"
    );
}

#[test]
fn every_form_has_the_average_and_what_it_is_of() {
    let found = runs("m", 0.5, [&[1, 2], &[1, 2], &[1, 2, 3]]);
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    let (_, average) = comparison.averages()[0];
    for format in [Format::Text, Format::Markdown, Format::Latex, Format::Html] {
        let text = formats::render(&comparison, format).unwrap();
        assert!(text.contains("58.33") && text.contains("over the 2 seeds that all tasks have"), "{text}");
    }
    let csv = formats::render(&comparison, Format::Csv).unwrap();
    let line = csv.lines().find(|line| line.starts_with("m,all,")).unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    assert_eq!((&cells[5..8], cells[10]), (&["", "", ""][..], "2"), "{line}");
    assert!(line.ends_with(",tasks do not all have the same seeds; std and interval over 2 common ones"), "{line}");
    let json: Value = serde_json::from_str(&formats::render(&comparison, Format::Json).unwrap()).unwrap();
    let row = &json["models"][0];
    assert_eq!(row["averages_of_other_seeds"], serde_json::json!([average.key]));
    assert_eq!((&row[&average.key]["count"], &row[&average.key]["median"]), (&serde_json::json!(2), &Value::Null));
}

#[test]
fn the_note_of_an_average_says_what_its_spread_is_of_and_what_it_was_trained_on() {
    let note = |seeds: [&'static [u64]; 3], trained_on: u64| {
        let mut found = runs("m", 0.5, seeds);
        found.iter_mut().flat_map(|(_, record)| &mut record.dataset.splits).for_each(|split| {
            split.trained_on = Some(trained_on);
        });
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        let csv = formats::render(&comparison, Format::Csv).unwrap();
        let line = csv.lines().find(|line| line.starts_with("m,all,")).unwrap();
        line.rsplit(',').next().unwrap().to_owned()
    };
    let other = "tasks do not all have the same seeds; neither std nor interval: ";
    assert_eq!(note([&[1], &[2], &[3, 4]], 0), format!("{other}no seed is common to all"));
    assert_eq!(note([&[1, 2], &[1, 2], &[1]], 0), format!("{other}one seed alone is common to all"));
    let both = format!("trained on these rows; {other}one seed alone is common to all");
    assert_eq!(note([&[1, 2], &[1, 2], &[1]], 100_000), both);
    assert_eq!((note([&[1, 2]; 3], 0).as_str(), note([&[1, 2]; 3], 100_000).as_str()), ("", "trained on these rows"));
}

#[test]
fn an_average_without_an_interval_is_neither_bold_nor_beaten() {
    let best = |found: &[RecordFile]| {
        let comparison = Comparison::new(found, &[], None, 0.95).unwrap();
        let (benchmark, average) = comparison.averages()[0];
        comparison.best_average(benchmark, average).map(|row| row.name.clone())
    };
    let of = |seeds: [&'static [u64]; 3]| {
        let other = TASKS
            .into_iter()
            .flat_map(|task| (1..4).map(move |seed| record("b", task, seed, Some(0.95 + seed as f64 * 1e-3))));
        runs("a", 0.1, seeds).into_iter().chain(other).collect::<Vec<_>>()
    };
    assert_eq!(best(&of([&[1, 2, 3]; 3])).as_deref(), Some("b"));
    assert_eq!(best(&of([&[1, 2, 3], &[1, 2, 3], &[1]])), None);
}
