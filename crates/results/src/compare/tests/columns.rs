//! What stands in one column: one metric, of one class, of the same data; and in which unit.

use serde_json::{Value, json};

use super::{columns, published_table, record};
use crate::compare::{Comparison, Format, formats};
use records::record::RecordFile;

/// A run of data of one's own.
fn own(model: &str, metrics: &str, change: impl FnOnce(&mut RecordFile)) -> RecordFile {
    let mut found = record(model, "own", 1, Some(0.5));
    found.1.hyper_parameters.insert("metric_name".to_owned(), json!(metrics));
    change(&mut found);
    found
}

fn turned(found: &mut RecordFile) {
    found.1.class_tables[0].classes.reverse();
}

#[test]
fn f1_of_another_class_is_another_column() {
    for (metric, words) in [("f1", "F1"), ("precision", "precision"), ("recall", "recall")] {
        let found = [own("a", metric, |_| ()), own("b", metric, turned)];
        let expected = ["no", "yes <b>"].map(|class| format!("own (validation; 9 rows; {words} of {class})"));
        assert_eq!(columns(&found), expected);
    }
    // What does not depend on the order of the classes has one column, whose other metrics say of which class they are.
    let found = [own("a", "accuracy,f1", |_| ()), own("b", "f1_macro", |_| ()), own("c", "accuracy", turned)];
    assert_eq!(columns(&found), ["own (validation; 9 rows; accuracy)", "own (validation; 9 rows; f1_macro)"]);
    let with_f1 = |found: &mut RecordFile| {
        found.1.metrics.insert("f1".to_owned(), Some(0.25));
    };
    let found = [own("a", "accuracy,f1", with_f1)];
    let page = super::page(&found, &[]);
    assert!(page.contains("f1 of yes &lt;<wbr>b&gt;") || page.contains("f1 of yes &lt;b&gt;"), "{page}");
}

/// As format 1 has it: the number of rows alone.
fn old(id: &str, rows: u64) -> RecordFile {
    own("m", "accuracy", |(_, record)| {
        record.dataset.id = id.to_owned();
        record.dataset.config = None;
        for split in &mut record.dataset.splits {
            (split.used_for, split.sha256, split.rows_of_split) = (None, None, None);
            split.rows = rows;
        }
    })
}

#[test]
fn data_of_format_1_are_known_by_their_name() {
    let found = [old("english/train.csv", 9), old("turkish/train.csv", 9)];
    let expected = ["english", "turkish"]
        .map(|language| format!("own (validation; 9 rows; content unknown; of {language}/train.csv)"));
    assert_eq!(columns(&found), expected);
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    assert!(comparison.rows.iter().all(|row| row.entries.values().all(|entry| entry.seeds.len() == 1)));
    assert_eq!(columns(&[old("a.csv", 9), old("a.csv", 9)]), ["own"]);
    // A benchmark's own rows are the same wherever they lie.
    let of_benchmark = |id: &str| {
        let (path, mut record) = record("m", "rte", 1, Some(0.6));
        record.dataset.id = id.to_owned();
        for split in &mut record.dataset.splits {
            (split.used_for, split.sha256, split.rows_of_split) = (None, None, None);
        }
        (path, record)
    };
    assert_eq!(columns(&[of_benchmark("glue"), of_benchmark("/data/glue")]), ["rte"]);
}

#[test]
fn errors_are_shown_as_they_are_everywhere() {
    let by = |model: &str, mse: f64| {
        own(model, "mse", |(_, record)| {
            record.score = Some(mse);
            record.metrics = [("mse".to_owned(), Some(mse))].into();
            record.majority_baseline = None;
            record.class_tables.clear();
        })
    };
    let found = [by("a", 2.0), by("b", 12.043_51)];
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    for format in [Format::Text, Format::Markdown] {
        let text = formats::render(&comparison, format).unwrap();
        assert!(text.contains("+10.0435") && !text.contains("1004.35"), "{text}");
    }
    let page = super::page(&found, &[]);
    assert!(page.contains(">+10.0435<") && page.contains("<p>Errors as they are. Whiskers"), "{page}");
    let mixed = super::page(&[by("a", 2.0), record("a", "rte", 1, Some(0.5))], &[]);
    assert!(mixed.contains("Percent, errors as they are. Whiskers"));
    assert!(super::page(&[record("a", "rte", 1, Some(0.5))], &[]).contains("<p>Percent. Whiskers"));
}

fn task(metrics: Value) -> Value {
    json!({"own": metrics})
}

#[test]
fn a_published_number_of_another_metric_has_a_column_of_its_own() {
    let found = [own("m", "mse", |found| found.1.score = Some(0.25))];
    let of = |tasks: Value| {
        let table = published_table("validation", &json!([{"model": "p", "tasks": tasks}]));
        let published = [table];
        let comparison = Comparison::new(&found, &published, None, 0.95).unwrap();
        let names: Vec<String> = comparison.columns.iter().map(|column| column.name.clone()).collect();
        let text = formats::render(&comparison, Format::Markdown).unwrap();
        let line = text.lines().find(|line| line.starts_with("| p [")).unwrap().to_owned();
        (names, line)
    };
    let (names, line) = of(task(json!({"mse": 0.31, "pearson": 0.9})));
    assert_eq!((names.as_slice(), line.as_str()), (&["own".to_owned()][..], "| p [t] | 0.3100 |"));
    let (names, line) = of(task(json!({"pearson": 0.9})));
    assert_eq!(names, ["own", "own (validation split; Pearson)"]);
    assert_eq!(line, "| p [t] | - | 90.00 |");
    // Of a task that no run is of, each in its unit.
    let (names, line) = of(json!({"other": {"mse": 0.31, "pearson": 0.9}, "another": {"rmse": 1.5}}));
    assert_eq!(names, ["another", "own", "other (Pearson)", "other (mse)"]);
    assert_eq!(line, "| p [t] | 1.5000 | - | 90.00 | 0.3100 |");
}

#[test]
fn published_numbers_of_another_split_have_columns_of_their_own() {
    let found = [record("m", "rte", 1, Some(0.6)), record("m", "mnli", 1, Some(0.6))];
    let rows = |model: &str| json!([{"model": model, "tasks": {"rte": {"accuracy": 0.65}, "mnli": {"accuracy": 0.8, "accuracy_mm": 0.8}}}]);
    let published = [published_table("test", &rows("p")), published_table("validation", &rows("q"))];
    let comparison = Comparison::new(&found, &published, None, 0.95).unwrap();
    let names: Vec<&str> = comparison.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["mnli", "rte", "mnli (test split)", "rte (test split)"]);
    let markdown = formats::render(&comparison, Format::Markdown).unwrap();
    assert!(markdown.contains("| p [t] | - | - | 80.00 | 65.00 |"), "{markdown}");
    assert!(markdown.contains("| q [t] | 80.00 | 65.00 | - | - |"), "{markdown}");
    super::page(&found, &published);
}

#[test]
fn other_splits_of_data_of_no_benchmark_are_said() {
    let of = |splits: &[&str]| {
        let rows = json!([{"model": "p", "tasks": {"other": {"accuracy": 0.65}}}]);
        let published: Vec<_> = splits.iter().map(|split| published_table(split, &rows)).collect();
        let comparison = Comparison::new(&[], &published, None, 0.95).unwrap();
        comparison.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(&["validation"]), ["other"]);
    assert_eq!(of(&["test"]), ["other (test split; accuracy)"]);
    // In either order.
    let both = ["other", "other (test split; accuracy)"];
    assert_eq!(
        (of(&["validation", "test", "test"]).as_slice(), of(&["test", "validation"]).as_slice()),
        (&both.map(str::to_owned)[..], &both.map(str::to_owned)[..])
    );
}

#[test]
fn what_lacks_a_metric_is_marked_and_not_averaged() {
    let tasks: serde_json::Map<String, Value> = glue_tasks::GLUE
        .tasks
        .iter()
        .map(|task| {
            let metrics = task.eval_splits.iter().flat_map(|split| {
                task.metrics.iter().map(move |metric| (format!("{}{}", metric.key(), split.key_suffix), json!(0.9)))
            });
            (task.name.clone(), Value::Object(metrics.collect()))
        })
        .collect();
    let mut fewer = tasks.clone();
    fewer["mrpc"] = json!({"accuracy": 0.8});
    fewer["stsb"] = json!({"unstated": 0.7});
    let rows = json!([{"model": "whole", "tasks": tasks}, {"model": "fewer", "tasks": fewer}]);
    let published = [published_table("validation", &rows)];
    let comparison = Comparison::new(&[], &published, None, 0.95).unwrap();
    let partial = |row: usize, task: &str| comparison.rows[row].entries[task].partial.clone();
    assert_eq!((partial(0, "mrpc"), partial(1, "mrpc").as_deref()), (None, Some("accuracy")));
    assert_eq!(partial(1, "stsb").as_deref(), Some("a metric that is not stated"));
    let average = |row: usize| comparison.rows[row].averages.get(&glue_tasks::GLUE.averages[0]).map(|all| all.mean);
    assert!(average(0).is_some_and(|mean| (mean - 0.9).abs() < 1e-12) && average(1).is_none());
    for format in [Format::Text, Format::Markdown, Format::Latex, Format::Html] {
        let text = formats::render(&comparison, format).unwrap();
        let mark = if format == Format::Latex { "80.00$^\\S$" } else { "§" };
        assert!(text.contains(mark) && text.contains("§ was published without"), "{text}");
    }
}
