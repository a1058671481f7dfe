//! Reading csv, tsv and json files, and what is said of broken ones.

use std::path::PathBuf;

use glue_tasks::dataset::{DelimitedFormat, column_names, infer_label_kind};
use glue_tasks::{DataError, Example, Label, LabelKind, Schema, Split, read_split, read_unlabelled_split};
use tempfile::TempDir;

fn schema(pair: bool, kind: LabelKind) -> Schema {
    let second = pair.then(|| "b".to_owned());
    Schema {
        text_columns: ("a".to_owned(), second),
        label_column: "label".to_owned(),
        kind,
        format: DelimitedFormat::default(),
    }
}

fn no_yes() -> LabelKind {
    LabelKind::Classes(vec!["no".to_owned(), "yes".to_owned()])
}

fn write(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    (folder, file)
}

fn read(name: &str, content: impl AsRef<[u8]>, schema: &Schema) -> Result<Split, DataError> {
    let (_folder, file) = write(name, content);
    read_split(&[file], schema)
}

fn examples(name: &str, content: impl AsRef<[u8]>, schema: &Schema) -> Vec<Example> {
    read(name, content, schema).unwrap().examples
}

/// The message without the folder that the file lies in.
fn message(name: &str, content: impl AsRef<[u8]>, schema: &Schema) -> String {
    let (folder, file) = write(name, content);
    let message = read_split(&[file], schema).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

fn one(text: &str, label: Option<Label>) -> Example {
    Example { text: text.to_owned(), text_pair: None, label }
}

#[test]
fn csv_with_quotes_line_breaks_and_a_byte_order_mark() {
    let content = "\u{feff}idx,label,a,b\r\n0,yes,\"one, \"\"two\"\"\nthree\",four\r\n1,no,five,sïx\r\n";
    let rows = examples("t.csv", content, &schema(true, no_yes()));
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].text, "one, \"two\"\nthree");
    assert_eq!(rows[0].text_pair.as_deref(), Some("four"));
    assert_eq!((rows[0].label.clone(), rows[1].label.clone()), (Some(Label::Class(1)), Some(Label::Class(0))));
    assert_eq!(rows[1].text_pair.as_deref(), Some("sïx"));
}

#[test]
fn quotes_in_tsv_are_read_as_they_were_written() {
    // A quote that closes no cell: none of them opens one, as in GLUE's own files.
    let content = "a\tb\tlabel\n\"open quote\tb, c\t1\n\tempty text\t0\n";
    let split = read("t.tsv", content, &schema(true, no_yes())).unwrap();
    assert_eq!(split.examples[0].text, "\"open quote");
    assert_eq!(split.examples[0].text_pair.as_deref(), Some("b, c"));
    assert_eq!(split.examples[1].text, "");
    assert!(split.warnings[0].to_string().contains("quotes stand inside of texts (line 2)"), "{:?}", split.warnings);
    // Cells in quotes, as pandas writes them.
    let content = "a\tlabel\n\"she said \"\"great\"\" twice\"\tyes\n\"two\nlines\"\tno\n5\" nail\tno\n";
    let split = read("t.tsv", content, &schema(false, no_yes())).unwrap();
    let texts: Vec<&str> = split.examples.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, ["she said \"great\" twice", "two\nlines", "5\" nail"]);
    assert!(split.warnings.is_empty());
    // GLUE's files have no quoting whatever they look like.
    let own = Schema {
        format: DelimitedFormat { unquoted_tsv: true, ..DelimitedFormat::default() },
        ..schema(false, no_yes())
    };
    assert_eq!(examples("t.tsv", "a\tlabel\n\"great\"\tyes\n", &own)[0].text, "\"great\"");
}

#[test]
fn a_quote_that_swallows_rows_is_an_error() {
    let wanted = schema(false, no_yes());
    let open = message("t.csv", "label,a\nno,x\nyes,y\nno,\"so boring I left\nyes,z\nno,w\n", &wanted);
    assert!(open.starts_with("t.csv, row 2 (from 0): the quote that opens a cell in line 4 is never closed"), "{open}");
    let pair = message("t.csv", "label,a\nno,\"so boring\nyes,z\nno,\"really\" good\n", &wanted);
    assert!(
        pair.starts_with("t.csv, row 0 (from 0): the quote that opens a cell in line 2 is closed in another"),
        "{pair}"
    );
    // What pandas reads too.
    assert_eq!(examples("t.csv", "label,a\nno,\"so\" he said\n", &wanted)[0].text, "so he said");
}

#[test]
fn other_delimiters_are_seen_or_named() {
    let wanted = schema(false, no_yes());
    for (content, words) in [
        ("a;label\nx, really;yes\ny;no\n", "cells are separated by `;`"),
        ("a\tlabel\nx\tyes\ny\tno\n", "cells are separated by tabs"),
        ("a|label\nx|yes\n", "cells are separated by `|`"),
    ] {
        let split = read("t.csv", content, &wanted).unwrap();
        assert_eq!(split.examples[0].label, Some(Label::Class(1)));
        assert!(split.warnings[0].to_string().contains(words), "{:?}", split.warnings);
    }
    let given =
        Schema { format: DelimitedFormat { delimiter: Some(b'%'), ..DelimitedFormat::default() }, ..wanted.clone() };
    assert_eq!(examples("t.csv", "a%label\nx,y%yes\n", &given)[0].text, "x,y");
    let ragged = message("t.csv", "a,label\nx, y,yes\n", &wanted);
    assert!(ragged.contains("row 0 (from 0): 3 cells under 2 columns: cells are separated by `,` here"), "{ragged}");
}

#[test]
fn lines_that_are_no_rows() {
    let split = read("t.csv", "a,label\nx,yes\n  \n\na,label\ny,no\n", &schema(false, no_yes())).unwrap();
    assert_eq!(split.examples, [one("x", Some(Label::Class(1))), one("y", Some(Label::Class(0)))]);
    assert!(split.warnings[0].to_string().contains("the header stands once more before row 1"), "{:?}", split.warnings);
}

#[test]
fn a_label_is_read_as_its_column() {
    let names = |names: &[&str]| LabelKind::Classes(names.iter().map(|&name| name.to_owned()).collect());
    let labels = |content: &str, kind: &LabelKind| {
        let split = read("t.csv", content, &schema(false, kind.clone())).unwrap();
        (
            split.examples.into_iter().map(|row| row.label).collect::<Vec<_>>(),
            split.marked.into_iter().collect::<Vec<_>>(),
        )
    };
    let class = |class| Some(Label::Class(class));
    let codes = names(&["001", "1", "2E3", "A10"]);
    assert_eq!(
        labels("a,label\nx,2E3\ny,001\nz,1\nw,A10\n", &codes),
        (vec![class(2), class(0), class(1), class(3)], vec![])
    );
    // Two classes that differ in capital letters alone, and names that do.
    let case = names(&["NO", "No", "yes"]);
    assert_eq!(labels("a,label\nx,No\ny,NO\nz,yes\n", &case).0, [class(1), class(0), class(2)]);
    let split = read("t.csv", "a,label\nx,NO\ny,Yes\n", &schema(false, no_yes())).unwrap();
    assert_eq!(split.examples[1].label, class(1));
    assert!(split.warnings[0].to_string().contains("without regard to capital letters"), "{:?}", split.warnings);
    assert!(message("t.csv", "a,label\nx,nO\n", &schema(false, case)).contains("`nO` in column `label` is no label"));
    // What pandas takes for nothing, and marks that there is no label.
    for nothing in ["", "NULL", "NaN", "NA", "None", "n/a"] {
        assert_eq!(
            labels(&format!("a,label\nNA,1\ny,{nothing}\n"), &no_yes()),
            (vec![class(1), None], vec![]),
            "{nothing}"
        );
    }
    assert_eq!(labels("a,label\nx,1\ny,-1\n", &no_yes()), (vec![class(1), None], vec![1]));
    assert_eq!(labels("a,label\nx,yes\ny,-\n", &no_yes()), (vec![class(1), None], vec![1]));
}

#[test]
fn lists_of_yes_and_no_are_one_answer_a_class() {
    let kind = LabelKind::ClassLists(["0", "1", "2"].map(str::to_owned).to_vec());
    let labels = |content: &str| {
        let rows = examples("t.jsonl", content, &schema(false, kind.clone()));
        rows.into_iter().map(|row| row.label).collect::<Vec<_>>()
    };
    let set = |classes: &[usize]| Some(Label::Classes(classes.to_vec()));
    for (on, off) in [("1", "0"), ("1.0", "0.0"), ("true", "false")] {
        let content = format!(
            "{{\"a\": \"x\", \"label\": [{on}, {off}, {on}]}}\n{{\"a\": \"y\", \"label\": [{off}, {off}, {off}]}}"
        );
        assert_eq!(labels(&content), [set(&[0, 2]), set(&[])], "{on}");
    }
    let two = schema(false, LabelKind::ClassLists(["0", "1"].map(str::to_owned).to_vec()));
    let either = message("t.jsonl", "{\"a\": \"x\", \"label\": [0, 1]}\n{\"a\": \"y\", \"label\": [0, 1]}", &two);
    assert!(
        either.contains("row 0 (from 0): `[0, 1]`") && either.contains("a no and a yes, or both classes"),
        "{either}"
    );
    assert_eq!(labels("{\"a\": \"x\", \"label\": [1, 0]}\n{\"a\": \"y\", \"label\": [2]}"), [set(&[0, 1]), set(&[2])]);
}

#[test]
fn json_lines_and_json_arrays() {
    let lines = "{\"a\": \"x\", \"label\": \"yes\"}\n\n{\"label\": \"no\", \"a\": \"y\"}\n{\"a\": \"z\"}\n{\"a\": \"w\", \"label\": null}";
    let expected = [one("x", Some(Label::Class(1))), one("y", Some(Label::Class(0))), one("z", None), one("w", None)];
    assert_eq!(examples("t.jsonl", lines, &schema(false, no_yes())), expected);
    assert_eq!(examples("t.json", lines, &schema(false, no_yes())), expected);
    let array = format!("\n[{}]", lines.trim().replace("\n\n", "\n").replace('\n', ","));
    assert_eq!(examples("t.json", array, &schema(false, no_yes())), expected);
}

#[test]
fn json_in_the_shapes_that_programs_write() {
    let expected = [one("x", Some(Label::Class(1))), one("y", Some(Label::Class(0)))];
    for content in [
        "{\n \"a\": \"x\",\n \"label\": 1\n}\n{\n \"a\": \"y\",\n \"label\": 0\n}\n",
        "{\"version\": \"0.1\", \"data\": [{\"a\": \"x\", \"label\": 1}, {\"a\": \"y\", \"label\": 0}]}",
        "{\"a\": [\"x\", \"y\"], \"label\": [1, 0]}",
        "{\"a\": {\"0\": \"x\", \"1\": \"y\"}, \"label\": {\"0\": 1, \"1\": 0}}",
    ] {
        assert_eq!(examples("t.json", content, &schema(false, no_yes())), expected, "{content}");
    }
    // One row is no table.
    assert_eq!(examples("t.json", "{\"a\": \"x\", \"label\": 1}", &schema(false, no_yes())), expected[..1]);
    let wanted = schema(false, no_yes());
    let uneven = message("t.json", "{\"a\": [\"x\", \"y\"], \"label\": [1]}", &wanted);
    assert!(uneven.contains("`label` has 1 values and `a` 2"), "{uneven}");
    let comma = message("t.jsonl", "{\"a\": \"x\", \"label\": 1},\n{\"a\": \"y\", \"label\": 0}\n", &wanted);
    assert!(
        comma.starts_with("t.jsonl, row 1 (from 0): not one JSON object a line") && comma.contains("a comma"),
        "{comma}"
    );
    let half = message("t.jsonl", "{\"a\": \"x \\ud83d\", \"label\": 1}\n", &wanted);
    assert!(half.starts_with("t.jsonl, row 0 (from 0): ") && half.contains("hex escape"), "{half}");
}

#[test]
fn shards_are_joined_in_the_given_order() {
    let (_one, first) = write("1.csv", "a,label\nx,0\n");
    let (_two, second) = write("2.jsonl", "{\"label\": 1, \"a\": \"y\"}");
    let split = read_split(&[second, first], &schema(false, no_yes())).unwrap();
    assert_eq!(split.examples, [one("y", Some(Label::Class(1))), one("x", Some(Label::Class(0)))]);
}

#[test]
fn scores_and_their_absence() {
    let scores = |content| {
        examples("t.csv", content, &schema(false, LabelKind::Score)).into_iter().map(|e| e.label).collect::<Vec<_>>()
    };
    assert_eq!(scores("a,label\nx,3.25\ny,4\nz,\n"), [Some(Label::Score(3.25)), Some(Label::Score(4.0)), None]);
    assert_eq!(scores("a,label\nx,-1\ny,-1.0\n"), [None, None], "GLUE's hidden scores");
    assert_eq!(
        scores("a,label\nx,-1\ny,0.5\n"),
        [Some(Label::Score(-1.0)), Some(Label::Score(0.5))],
        "-1 among others"
    );
    let expected = "t.csv, row 1 (from 0): `inf` in column `label` is no label here; expected a finite number, or nothing for an \
                    unlabelled row";
    assert_eq!(message("t.csv", "a,label\nx,1\ny,inf\n", &schema(false, LabelKind::Score)), expected);
}

#[test]
fn an_unknown_label_is_named_with_its_row() {
    let expected = |file| {
        format!(
            "{file}, row 1 (from 0): `2` in column `label` is no label here; expected 0 or `no`, 1 or `yes`; -1 or nothing for an \
             unlabelled row"
        )
    };
    assert_eq!(message("t.csv", "a,label\nx,1\ny,2\n", &schema(false, no_yes())), expected("t.csv"));
    assert_eq!(message("t.tsv", "a\tlabel\nx\t1\ny\t2\n", &schema(false, no_yes())), expected("t.tsv"));
    let lines = "{\"a\": \"x\", \"label\": 1}\n{\"a\": \"y\", \"label\": 2}";
    assert_eq!(message("t.jsonl", lines, &schema(false, no_yes())), expected("t.jsonl"));
}

#[test]
fn a_missing_column_is_named_with_those_there_are() {
    let wanted = schema(false, no_yes());
    assert_eq!(
        message("t.csv", "a,labels,idx\nx,1,0\n", &wanted),
        "t.csv has no column `label` (did you mean `labels`?); its columns are `a`, `labels`, `idx`"
    );
    assert_eq!(
        message("t.jsonl", "{\"text\": \"x\", \"label\": 1}", &wanted),
        "t.jsonl has no column `a`; its columns are `text`, `label`"
    );
}

#[test]
fn missing_texts_are_named_with_their_row() {
    let expected = |file| format!("{file}, row 1 (from 0): no text in column `a`: fill it in or leave the row out");
    let wanted = schema(false, no_yes());
    assert_eq!(message("t.csv", "a,label\nx,1\n,1\n", &wanted), expected("t.csv"));
    let null = "{\"a\": \"x\", \"label\": 1}\n{\"a\": null, \"label\": 1}";
    assert_eq!(message("t.jsonl", null, &wanted), expected("t.jsonl"));
    assert_eq!(message("t.jsonl", null.replace("\"a\": null, ", ""), &wanted), expected("t.jsonl"));
}

#[test]
fn rows_that_do_not_parse() {
    let wanted = schema(false, no_yes());
    assert_eq!(
        message("t.csv", "a,label\nx,1\none, two,1\n", &wanted),
        "t.csv, row 1 (from 0): 3 cells under 2 columns: cells are separated by `,` here (--delimiter changes that), and a text that holds them stands in quotes"
    );
    assert_eq!(
        message("t.csv", b"a,label\nx,1\n\xff\xfe,1\n", &wanted),
        "t.csv, row 1 (from 0): bytes that are not UTF-8: save the file as UTF-8"
    );
    assert!(
        message("t.jsonl", "{\"a\": \"x\", \"label\": 1}\n{\"a\": \"y", &wanted)
            .starts_with("t.jsonl, row 1 (from 0): not one JSON object a line: EOF")
    );
    assert_eq!(
        message("t.jsonl", "{\"a\": 5, \"label\": 1}", &wanted),
        "t.jsonl, row 0 (from 0): `a` holds a number, but a text is needed"
    );
    assert_eq!(
        message("t.json", "[{\"a\": \"x\", \"label\": 1}, 7]", &wanted),
        "t.json, row 1 (from 0): a number where an object is needed"
    );
    assert!(message("t.json", "[{\"a\": \"x\"}, {", &wanted).starts_with("t.json is not a whole json file: EOF"));
}

#[test]
fn files_without_rows_or_of_no_format() {
    let wanted = schema(false, no_yes());
    assert_eq!(message("t.csv", "a,label\n", &wanted), "no rows in t.csv: the split is empty");
    assert_eq!(message("t.jsonl", "\n", &wanted), "no rows in t.jsonl: the split is empty");
    assert_eq!(message("t.json", "[]", &wanted), "no rows in t.json: the split is empty");
    assert_eq!(
        message("t.csv", "", &wanted),
        "t.csv is not a whole csv file: it is empty, without even a header; download or write it again"
    );
    assert_eq!(
        message("t.xlsx", "", &wanted),
        "t.xlsx: files of a split end in .parquet, .arrow, .csv, .tsv, .jsonl or .json, and texts may be packed by gzip or zstd; convert or rename this one"
    );
    assert!(matches!(read_split(&[], &wanted), Err(DataError::NoFiles)));
    let nowhere = read_split(&[PathBuf::from("/nowhere/t.csv")], &wanted).unwrap_err();
    assert!(nowhere.to_string().starts_with("cannot read /nowhere/t.csv: "), "{nowhere}");
}

#[test]
fn packed_files_are_read() {
    let csv = "a,label\nx,1\ny,0\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, csv.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let expected = [one("x", Some(Label::Class(1))), one("y", Some(Label::Class(0)))];
    assert_eq!(examples("t.csv.gz", &gzip, &schema(false, no_yes())), expected);
    let lines = "{\"a\": \"x\", \"label\": 1}\n{\"a\": \"y\", \"label\": 0}\n";
    let zstd = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    assert_eq!(examples("t.jsonl.zst", zstd, &schema(false, no_yes())), expected);
    assert!(message("t.csv.gz", &gzip[..20], &schema(false, no_yes())).contains("t.csv.gz"));
}

#[test]
fn an_unlabelled_file_needs_no_label_column() {
    for (name, content) in [("t.csv", "a\nx\n"), ("t.tsv", "a\nx\n"), ("t.jsonl", "{\"a\": \"x\"}")] {
        let (_folder, file) = write(name, content);
        let split = read_unlabelled_split(&[file], &schema(false, no_yes())).unwrap();
        assert_eq!(split.examples, [one("x", None)]);
    }
    let (_folder, file) = write("t.csv", "a,label\nx,no such label\n");
    assert_eq!(read_unlabelled_split(&[file], &schema(false, no_yes())).unwrap().examples, [one("x", None)]);
}

#[test]
fn label_kinds_are_inferred() {
    let infer = |name, content| {
        let (_folder, file) = write(name, content);
        infer_label_kind(&[file], "label", DelimitedFormat::default())
    };
    let classes = |names: &[&str]| LabelKind::Classes(names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(infer("t.csv", "label\nspam\nham\nspam\n").unwrap(), classes(&["ham", "spam"]));
    assert_eq!(infer("t.csv", "label\n10\n9\n\"\"\n9\n").unwrap(), classes(&["9", "10"]), "an empty cell is no float");
    assert_eq!(infer("t.csv", "label\n1\n-1\n").unwrap(), classes(&["-1", "1"]));
    assert_eq!(infer("t.csv", "label\n1\n2.5\n").unwrap(), LabelKind::Score);
    assert_eq!(infer("t.csv", "label\n1\nmany\n").unwrap(), classes(&["1", "many"]));
    // One word makes all of them words as they stand.
    assert_eq!(infer("t.csv", "label\n001\n2E3\nA10\n1\n").unwrap(), classes(&["001", "1", "2E3", "A10"]));
    assert_eq!(infer("t.csv", "label\nFin\nInf\nPart\n").unwrap(), classes(&["Fin", "Inf", "Part"]));
    assert_eq!(infer("t.csv", "label\n001\n002\n").unwrap(), classes(&["1", "2"]));
    assert_eq!(infer("t.csv", "label\n1.5\nInf\n").unwrap(), LabelKind::Score, "which no number is, and so an error");
    assert_eq!(infer("t.jsonl", "{\"label\": \"001\"}\n{\"label\": \"1\"}").unwrap(), classes(&["001", "1"]));
    assert_eq!(infer("t.jsonl", "{\"label\": \"4.2\"}\n{\"label\": \"1.0\"}").unwrap(), LabelKind::Score);
    // Marks that there is no label are no class where that can be seen.
    assert_eq!(infer("t.csv", "label\n0\n1\n2\n-1\n").unwrap(), classes(&["0", "1", "2"]));
    assert_eq!(infer("t.csv", "label\n0\n1\n-1\n").unwrap(), classes(&["-1", "0", "1"]));
    assert_eq!(infer("t.csv", "label\nneutral\nentailment\n-\n").unwrap(), classes(&["entailment", "neutral"]));
    assert_eq!(infer("t.csv", "label\n+\n-\n").unwrap(), classes(&["+", "-"]));
    let lists = |names: &[&str]| LabelKind::ClassLists(names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(infer("t.jsonl", "{\"label\": [1, 0, 0]}\n{\"label\": [0, 1, 1]}").unwrap(), lists(&["0", "1", "2"]));
    assert_eq!(infer("t.jsonl", "{\"label\": [1, 3]}\n{\"label\": []}").unwrap(), lists(&["1", "3"]));
    assert_eq!(infer("t.jsonl", "{\"label\": 1}\n{\"label\": true}\n{\"label\": 0}").unwrap(), classes(&["0", "1"]));
    assert_eq!(infer("t.jsonl", "{\"label\": 1.0}").unwrap(), LabelKind::Score);
    assert!(matches!(infer("t.csv", "label,a\n,x\n"), Err(DataError::NoLabels { .. })));
    assert!(matches!(infer("t.csv", "label,a\n"), Err(DataError::EmptySplit { .. })));
    assert!(matches!(infer("t.csv", "a\nx\n"), Err(DataError::MissingColumn { .. })));
    assert!(matches!(infer("t.csv", "label,a,label\n0,x,1\n"), Err(DataError::TwoColumns { .. })));
    for rows in [
        "{\"label\": 1, \"label\": 0}",
        "{\"label\": 1}\n{\"la\\u0062el\": 1, \"label\": 0}",
        "[{\"label\": 1, \"label\": 0}]",
    ] {
        let refused = infer("t.jsonl", rows).unwrap_err().to_string();
        assert!(refused.contains("the key `label` twice"), "{refused}");
    }
    assert_eq!(infer("t.csv", "label,a,a\n0,x,1\n").unwrap(), classes(&["0"]), "which nobody asked for");
}

#[test]
fn an_object_with_a_list_of_its_own_columns_is_a_row() {
    let schema = schema(false, no_yes());
    let row = r#"{"a": "x", "label": "yes", "spans": [{"a": "y", "label": "no"}]}"#;
    assert_eq!(examples("t.json", row, &schema).iter().map(|row| row.text.as_str()).collect::<Vec<_>>(), ["x"]);
    let table = r#"{"version": 1, "data": [{"a": "y", "label": "no"}]}"#;
    assert_eq!(examples("t.json", table, &schema)[0].text, "y");
}

#[test]
fn columns_are_listed_in_order() {
    for (name, content) in
        [("t.csv", "b,a\n1,2\n"), ("t.tsv", "b\ta\n"), ("t.jsonl", "{\"b\": 1}\n{\"b\": 2, \"a\": 3}")]
    {
        let (_folder, file) = write(name, content);
        assert_eq!(column_names(&file, DelimitedFormat::default()).unwrap(), ["b", "a"], "{name}");
    }
}
