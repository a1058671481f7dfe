//! Files that unpack to more than any memory holds, which are refused, and files of which the first texts are wanted.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray};
use glue_tasks::dataset::{DelimitedFormat, read_first_texts};
use glue_tasks::{DataError, Label, LabelKind, Schema, Split, read_split, read_unlabelled_split};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tempfile::TempDir;

const MIB: usize = 1 << 20;

fn schema() -> Schema {
    Schema {
        text_columns: ("a".to_owned(), None),
        label_column: "label".to_owned(),
        kind: LabelKind::Classes(vec!["no".to_owned(), "yes".to_owned()]),
        format: DelimitedFormat::default(),
    }
}

/// A parquet file of these texts and labels, `times` over.
fn parquet(texts: ArrayRef, labels: ArrayRef, times: usize, has_dictionary: bool) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.parquet");
    let columns = [("a", texts, true), ("label", labels, true)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(has_dictionary)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let mut writer = ArrowWriter::try_new(File::create(&file).unwrap(), batch.schema(), Some(properties)).unwrap();
    (0..times).for_each(|_| writer.write(&batch).unwrap());
    writer.close().unwrap();
    (folder, file)
}

/// A file that zstd packed of these pieces, one after the other.
fn zst(name: &str, pieces: &[(&[u8], usize)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    let mut writer = zstd::Encoder::new(File::create(&file).unwrap(), 1).unwrap();
    for (piece, times) in pieces {
        (0..*times).for_each(|_| writer.write_all(piece).unwrap());
    }
    writer.finish().unwrap();
    (folder, file)
}

fn ones(rows: usize) -> ArrayRef {
    Arc::new(Int64Array::from(vec![1; rows]))
}

/// The message without the folder that the file lies in.
fn message((folder, file): &(TempDir, PathBuf)) -> String {
    let message = read_split(std::slice::from_ref(file), &schema()).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn what_fills_the_memory_is_refused() {
    // 270 MiB of one letter, in pages of a MiB.
    let text = "b".repeat(MIB);
    let bomb = parquet(Arc::new(StringArray::from(vec![text.as_str(); 10])), ones(10), 27, false);
    assert!(std::fs::metadata(&bomb.1).unwrap().len() < 200_000);
    let said = message(&bomb);
    assert!(said.starts_with("t.parquet: column `a` unpacks to 2831"), "{said}");
    assert!(said.contains("expected a table of texts") && said.ends_with("write it anew without packing"), "{said}");
    // Where the column is not read, nothing is said of it.
    let labels = LabelKind::Classes(vec!["1".to_owned()]);
    let inferred = glue_tasks::dataset::infer_label_kind(&[bomb.1], "label", DelimitedFormat::default());
    assert_eq!(inferred.unwrap(), labels);

    // One text of 1,000,000 bytes, which 300 rows have: each of them counts 64 bytes more.
    let (text, keys) = ("b".repeat(1_000_000), Int32Array::from(vec![0; 10]));
    let values = Arc::new(StringArray::from(vec![text.as_str()]));
    let said = message(&parquet(Arc::new(DictionaryArray::<Int32Type>::new(keys, values)), ones(10), 30, true));
    assert!(said.starts_with("t.parquet: it unpacks to 269017216 bytes or more of "), "{said}");

    let piece = vec![b'x'; MIB];
    let said = message(&zst("t.csv.zst", &[(b"a,label\n", 1), (&piece, 270), (b",1\n", 1)]));
    assert!(said.starts_with("cannot read t.csv.zst: it unpacks to 268") && said.contains("256 MiB"), "{said}");
}

#[test]
fn a_text_of_30_mb_is_read() {
    let text = "a word ".repeat(30 * MIB / 7);
    let of_parquet = parquet(Arc::new(StringArray::from(vec![text.as_str()])), ones(1), 1, true);
    // More than a thousand times what it takes, and not much all the same.
    let of_csv = zst("t.csv.zst", &[(b"a,label\n", 1), (b"a word ", MIB), (b",1\n", 1)]);
    for ((_folder, file), words) in [(of_parquet, 30 * MIB / 7), (of_csv, MIB)] {
        let read = read_split(std::slice::from_ref(&file), &schema()).unwrap();
        assert_eq!(read.examples.len(), 1, "{}", file.display());
        assert!(read.examples[0].text == text[..7 * words] && read.examples[0].label == Some(Label::Class(1)));
    }
}

/// What is read of the first texts alone, compared with all: nothing but the other texts may differ.
fn check_first(files: &[PathBuf], labelled: bool, rows: usize) {
    let all = if labelled { read_split(files, &schema()) } else { read_unlabelled_split(files, &schema()) };
    let mut expected: Split = all.unwrap();
    for example in expected.examples.iter_mut().skip(rows) {
        (example.text, example.text_pair) = (String::new(), None);
    }
    assert_eq!(read_first_texts(files, &schema(), labelled, rows).unwrap(), expected, "{files:?}: {rows}");
}

#[test]
fn of_the_rows_behind_the_first_the_labels_are_read() {
    // More rows than a batch has.
    let texts: Vec<String> = (0..20_000).map(|row| format!("text {row}")).collect();
    let labels: Vec<Option<i64>> = (0..20_000).map(|row| (row % 7 != 0).then_some(row % 3 - 1)).collect();
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(&texts));
    let (_parquet, parquet) = parquet(texts, Arc::new(Int64Array::from(labels)), 1, true);
    let folder = tempfile::tempdir().unwrap();
    let mut files = vec![parquet];
    for (name, content) in [
        ("t.csv", "a,label\nx,1\ny,0\nz,-1\n"),
        ("t.jsonl", "{\"a\": \"x\", \"label\": 1}\n{\"a\": \"y\"}\n{\"a\": \"z\", \"label\": 0}\n"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        files.push(file);
    }
    for labelled in [true, false] {
        for rows in [0, 1, 8_192, 9_000, 19_999, 20_000, 30_000] {
            files.iter().for_each(|file| check_first(std::slice::from_ref(file), labelled, rows));
        }
        // Over files: all of the parquet file, and one or two rows of the next.
        [20_001, 20_002, 20_004].into_iter().for_each(|rows| check_first(&files, labelled, rows));
    }
}

#[test]
fn labels_of_all_rows_decide_and_texts_of_the_others_are_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    let first = |content: &str, rows| {
        std::fs::write(&file, content).unwrap();
        read_first_texts(std::slice::from_ref(&file), &schema(), true, rows).map_err(|error| error.to_string())
    };
    // A word in the last row: what looks like an index is none.
    let said = first("a,label\nx,1\ny,0\nz,yes\n", 1).unwrap_err();
    assert!(said.contains("row 0 (from 0): `1` in column `label` is no label here"), "{said}");
    assert!(first("a,label\nx,1\ny,0\nz,5\n", 1).unwrap_err().contains("row 2 (from 0): `5` in column `label`"));
    assert_eq!(first("a,label\nx,1\n,0\n", 1).unwrap().examples.len(), 2);
    assert!(first("a,label\nx,1\n,0\n", 2).unwrap_err().contains("row 1 (from 0): no text in column `a`"));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
    let (_folder, file) = parquet(texts, ones(2), 1, true);
    let of_parquet = |rows| read_first_texts(std::slice::from_ref(&file), &schema(), true, rows);
    assert_eq!(of_parquet(1).unwrap().examples[1].label, Some(Label::Class(1)));
    assert!(matches!(of_parquet(2), Err(DataError::NullText { row: 1, .. })));
}
