//! How often each class is among the scored rows of data of one's own.

use super::{page, record};
use crate::compare::{Comparison, figures};
use records::record::class_table::ClassRow;

#[test]
fn data_of_one_s_own_show_how_often_each_class_is() {
    let mut found = [record("m", "mail", 1, Some(0.5)), record("n", "mail", 1, Some(0.6))];
    for (_, record) in &mut found {
        let classes = &mut record.class_tables[0].classes;
        (classes[0].support, classes[1].support) = (3, 6);
    }
    let html = page(&found, &[]);
    assert!(
        html.contains("id=\"classes\"") && html.contains("mail: classes of validation, 9 rows</a></figcaption>"),
        "{html}"
    );
    // The most frequent first, in one chart for both runs, since both have the same rows.
    assert_eq!(html.matches("id=\"classes-mail-validation-title\"").count(), 1);
    let (six, three) = (html.find("6 (66.7 %)"), html.find("3 (33.3 %)"));
    assert!(six.is_some() && six < three, "{six:?} {three:?}");
    // Counts that differ are not of the same rows, whatever names say.
    found[1].1.class_tables[0].classes[0].support = 4;
    assert_eq!(page(&found, &[]).matches("-title\">mail: classes of validation").count(), 2);
}

#[test]
fn a_benchmark_s_classes_are_not_shown() {
    assert!(!page(&[record("m", "rte", 1, Some(0.5))], &[]).contains("id=\"classes\""));
}

#[test]
fn of_rows_with_several_classes_shares_are_of_the_rows_and_of_many_classes_the_most_frequent_are_drawn() {
    let mut found = record("m", "mail", 1, Some(0.5));
    let table = &mut found.1.class_tables[0];
    table.confusion_matrix = None;
    let row = table.classes[0].clone();
    table.classes =
        (0..40).map(|at| ClassRow { label: format!("c{at:02}"), support: at.min(9), ..row.clone() }).collect();
    let found = [found];
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    let all = figures::all(&comparison).unwrap();
    let figure = all.iter().find(|figure| figure.name.starts_with("classes")).unwrap();
    assert_eq!(figure.title, "mail: classes of validation, 9 rows (the 30 most frequent of 40)");
    assert!(figure.description.ends_with(" A row may have several."));
    let svg = figure.chart.alone(&figure.title, &figure.description).unwrap();
    assert!(svg.contains("9 (100.0 %)") && svg.contains("c09") && !svg.contains("c39"), "{svg}");
    assert_eq!(figure.table.rows.len(), 40);
    assert!(figure.chart.legend().is_empty());
}
