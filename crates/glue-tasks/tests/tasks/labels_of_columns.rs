//! Which column is read, and what its labels are, where spelling makes a difference: kinds of files that pandas and datasets read
//! in one way, and that random tables (`scripts/fixtures/fuzz_tables.py`) once showed to be read here in another.

use glue_tasks::dataset::{DelimitedFormat, infer_label_kind};
use glue_tasks::{Label, LabelKind, Schema, Split, read_split};

/// The kind of the column `label` of a file, and its rows with the texts of column `a`.
fn read(name: &str, content: &str) -> Result<(LabelKind, Split), String> {
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join(name)];
    std::fs::write(&files[0], content).unwrap();
    let kind = infer_label_kind(&files, "label", DelimitedFormat::default()).map_err(|error| error.to_string())?;
    let schema = Schema {
        text_columns: ("a".to_owned(), None),
        label_column: "label".to_owned(),
        kind: kind.clone(),
        format: DelimitedFormat::default(),
    };
    Ok((kind, read_split(&files, &schema).map_err(|error| error.to_string())?))
}

/// Label names, and the texts with the name of their label.
fn classes(name: &str, content: &str) -> (Vec<String>, Vec<(String, Option<String>)>) {
    let (kind, split) = read(name, content).unwrap();
    let LabelKind::Classes(names) = kind else { panic!("{content:?} is {kind:?}") };
    let class = |label: Option<Label>| match label {
        Some(Label::Class(class)) => Some(names[class].clone()),
        _ => None,
    };
    let rows = split.examples.into_iter().map(|example| (example.text, class(example.label))).collect();
    (names, rows)
}

fn names(name: &str, content: &str) -> Vec<String> {
    classes(name, content).0
}

#[test]
fn a_column_is_the_one_of_exactly_that_name() {
    let (_, rows) = classes("t.csv", " a,a,label \nother,x,yes\nother,y,no\n");
    assert_eq!(rows[0], ("x".to_owned(), Some("yes".to_owned())));
    // Blank lines before the header are none.
    assert_eq!(classes("t.csv", "\n  \n\na,label\nx,yes\n").1, [("x".to_owned(), Some("yes".to_owned()))]);
}

#[test]
fn blanks_around_a_number_are_those_of_a_keyboard() {
    assert_eq!(names("t.csv", "a,label\nx, 1\ny,2\t\n"), ["1", "2"]);
    for letter in ['\u{a0}', '\u{85}', '\u{3000}'] {
        assert_eq!(names("t.csv", &format!("a,label\nx,{letter}1\ny,1\n")), ["1".to_owned(), format!("{letter}1")]);
    }
}

#[test]
fn what_is_no_number_to_pandas_is_a_word() {
    assert_eq!(names("t.csv", "a,label\nx,NAN\ny,1\n"), ["1", "NAN"]);
    // Whole numbers of 64 bits are classes, with or without a sign, and longer ones are words.
    assert_eq!(names("t.csv", "a,label\nx,9223372036854775808\ny,2\n"), ["2", "9223372036854775808"]);
    assert_eq!(names("t.csv", "a,label\nx,99999999999999999999\ny,2\n"), ["2", "99999999999999999999"]);
    let (kind, split) = read("t.jsonl", "{\"a\": \"x\", \"label\": -0}\n{\"a\": \"y\", \"label\": 1}\n").unwrap();
    assert_eq!(kind, LabelKind::Classes(vec!["0".to_owned(), "1".to_owned()]));
    assert_eq!(split.examples[0].label, Some(Label::Class(0)));
    // Strings are numbers only where all of them can be scores.
    assert_eq!(
        names("t.jsonl", "{\"a\": \"x\", \"label\": \"inf\"}\n{\"a\": \"y\", \"label\": \"1\"}\n"),
        ["1", "inf"]
    );
}

#[test]
fn one_truth_in_two_spellings_is_one_class() {
    let (both, rows) = classes("t.csv", "a,label\nx,true\ny,TRUE\nz,False\n");
    assert_eq!(both, ["False", "True"]);
    assert_eq!(rows[1].1.as_deref(), Some("True"));
    assert_eq!(names("t.csv", "a,label\nx,true\ny,false\n"), ["false", "true"]);
    assert_eq!(names("t.csv", "a,label\nx,true\ny,TRUE\nz,no\n"), ["TRUE", "no", "true"]);
}

#[test]
fn a_number_that_is_not_there_is_null() {
    let lines = "{\"a\": \"NaN, \\\"NaN\\\"\", \"label\": NaN}\n{\"a\": \"y\", \"label\": 1}\n";
    let (_, rows) = classes("t.jsonl", lines);
    assert_eq!(rows, [("NaN, \"NaN\"".to_owned(), None), ("y".to_owned(), Some("1".to_owned()))]);
    let error = read("t.jsonl", "{\"a\": \"x\", \"label\": Infinity}\n").unwrap_err();
    assert!(error.contains("not one JSON object a line") && !error.contains("a comma"), "{error}");
}

#[test]
fn a_column_without_labels_is_named() {
    let error = read("t.csv", "a,label\nx,\ny,NA\n").unwrap_err();
    assert!(error.ends_with("has a label in column `label`: name another column, or fill it in"), "{error}");
}

#[test]
fn whoever_quotes_the_header_quotes_texts() {
    let (_, rows) = classes("t.tsv", "\"a\"\t\"label\"\n\"she said \"\"so\"\"\"\t\"yes\"\n\"so\" she said\t\"no\"\n");
    assert_eq!(rows[0], ("she said \"so\"".to_owned(), Some("yes".to_owned())));
    assert_eq!(rows[1], ("so she said".to_owned(), Some("no".to_owned())));
    let error = read("t.tsv", "\"a\"\t\"label\"\n\"so she said\tyes\nfine\tno\n").unwrap_err();
    assert!(error.contains("the quote that opens a cell in line 2 is never closed"), "{error}");
}

#[test]
fn lists_that_are_written_as_texts_are_no_words() {
    let error = read("t.csv", "a,label\nx,\"[0, 1]\"\ny,[]\n").unwrap_err();
    assert!(
        error.contains("`label` holds lists that are written as texts") && error.contains("JSON and parquet"),
        "{error}"
    );
    assert_eq!(names("t.csv", "a,label\nx,[b]\ny,c\n"), ["[b]", "c"]);
}
