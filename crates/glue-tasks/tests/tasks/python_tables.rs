//! Files that pandas and datasets read in the same way as the readers here, or refuse as they do. `scripts/fixtures/fuzz_tables.py`
//! made them at random, with all that people and programs do to csv, tsv and JSON, and wrote down what Python reads in them.

use glue_tasks::dataset::{DelimitedFormat, infer_label_kind};
use glue_tasks::{DataError, Label, LabelKind, Schema, Split, read_split, read_unlabelled_split};
use serde_json::{Value, json};

fn read(case: &Value) -> Result<(LabelKind, Split), DataError> {
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join(case["name"].as_str().unwrap())];
    std::fs::write(&files[0], case["content"].as_str().unwrap()).unwrap();
    let text = |at: usize| case["texts"][at].as_str().map(str::to_owned);
    let label = case["label"].as_str();
    let format = DelimitedFormat { unquoted_tsv: case["unquoted"] == true, ..DelimitedFormat::default() };
    let mut schema = Schema {
        text_columns: (text(0).unwrap(), text(1)),
        label_column: label.unwrap_or_default().to_owned(),
        kind: LabelKind::Score,
        format,
    };
    let split = match label {
        Some(label) => {
            schema.kind = infer_label_kind(&files, label, format)?;
            read_split(&files, &schema)?
        }
        None => read_unlabelled_split(&files, &schema)?,
    };
    Ok((schema.kind, split))
}

fn rows(kind: &LabelKind, split: Split) -> Value {
    let name = |class: usize| &kind.names()[class];
    let rows = split.examples.into_iter().map(|example| {
        let label = match example.label {
            None => Value::Null,
            Some(Label::Class(class)) => json!(name(class)),
            Some(Label::Score(score)) => json!(score.to_string().parse::<f64>().unwrap()),
            Some(Label::Classes(classes)) => json!(classes.into_iter().map(name).collect::<Vec<_>>()),
        };
        let texts: Vec<String> = [Some(example.text), example.text_pair].into_iter().flatten().collect();
        json!([texts, label])
    });
    rows.collect()
}

#[test]
fn random_files_are_read_as_python_reads_them() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/python_tables.json")).unwrap();
    assert!(cases.len() > 200, "{} files", cases.len());
    for case in &cases {
        match (read(case), case.get("rows")) {
            (Ok((kind, split)), Some(expected)) => {
                assert_eq!(json!(kind.names()), case["names"], "{case}");
                assert_eq!(kind == LabelKind::Score, case["kind"] == "score", "{case}");
                assert_eq!(&rows(&kind, split), expected, "{case}");
            }
            (Err(_), None) => {}
            (Ok((_, split)), None) => panic!("{case} is read: {:?}", split.examples),
            (Err(error), Some(_)) => panic!("{case} is refused: {error}"),
        }
    }
}
