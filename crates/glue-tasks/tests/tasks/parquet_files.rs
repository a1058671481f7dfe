//! Reading parquet files of every type that occurs, and what is said of broken ones.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, FixedSizeListArray, Float32Array, Float64Array,
    Int8Array, Int16Array, Int32Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray,
    StringViewArray, UInt8Array, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field};
use glue_tasks::dataset::{DelimitedFormat, column_names, infer_label_kind};
use glue_tasks::{
    DataError, Example, Label, LabelKind, Schema, Split, Warning, find_task, read_split, read_unlabelled_split,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

fn schema(kind: LabelKind) -> Schema {
    Schema {
        text_columns: ("a".to_owned(), None),
        label_column: "label".to_owned(),
        kind,
        format: DelimitedFormat::default(),
    }
}

fn no_yes() -> LabelKind {
    LabelKind::Classes(vec!["no".to_owned(), "yes".to_owned()])
}

fn write(file: &Path, columns: Vec<(&str, ArrayRef)>, huggingface: Option<&str>) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let mut writer = ArrowWriter::try_new(File::create(file).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    if let Some(json) = huggingface {
        writer.append_key_value_metadata(KeyValue::new("huggingface".to_owned(), json.to_owned()));
    }
    writer.close().unwrap();
}

fn file_of(columns: Vec<(&str, ArrayRef)>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.parquet");
    write(&file, columns, None);
    (folder, file)
}

fn read(columns: Vec<(&str, ArrayRef)>, kind: LabelKind) -> Result<Split, DataError> {
    let (_folder, file) = file_of(columns);
    read_split(&[file], &schema(kind))
}

fn labels(array: ArrayRef, kind: LabelKind) -> Vec<Option<Label>> {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"; array.len()]));
    let split = read(vec![("label", array), ("a", texts)], kind).unwrap();
    split.examples.into_iter().map(|example| example.label).collect()
}

/// The message without the folder that the file lies in.
fn message(columns: Vec<(&str, ArrayRef)>, kind: LabelKind) -> String {
    let (folder, file) = file_of(columns);
    let message = read_split(&[file], &schema(kind)).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn every_type_of_text() {
    let values = vec!["x", "", "sïx", "x"];
    let types: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(values.clone())),
        Arc::new(LargeStringArray::from(values.clone())),
        Arc::new(StringViewArray::from(values.clone())),
        Arc::new(values.iter().copied().collect::<DictionaryArray<Int32Type>>()),
        Arc::new(values.iter().copied().collect::<DictionaryArray<Int8Type>>()),
    ];
    for array in types {
        let data_type = array.data_type().clone();
        let label: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 0, 1]));
        let split = read(vec![("label", label), ("a", array)], no_yes()).unwrap();
        let found: Vec<_> = split.examples.iter().map(|example| example.text.as_str()).collect();
        assert_eq!(found, values, "{data_type}");
    }
}

#[test]
fn every_type_of_class() {
    let types: Vec<ArrayRef> = vec![
        Arc::new(Int8Array::from(vec![Some(1), Some(0), None])),
        Arc::new(Int16Array::from(vec![Some(1), Some(0), Some(-1)])),
        Arc::new(Int32Array::from(vec![Some(1), Some(0), None])),
        Arc::new(Int64Array::from(vec![Some(1), Some(0), Some(-1)])),
        Arc::new(UInt8Array::from(vec![Some(1), Some(0), None])),
        Arc::new(UInt32Array::from(vec![Some(1), Some(0), None])),
        Arc::new(UInt64Array::from(vec![Some(1), Some(0), None])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Arc::new(Float32Array::from(vec![Some(1.0), Some(0.0), Some(-1.0)])),
        Arc::new(Float64Array::from(vec![Some(1.0), Some(0.0), None])),
        Arc::new(StringArray::from(vec![Some("yes"), Some("no"), None])),
        Arc::new(StringArray::from(vec![Some("1"), Some("0"), Some("-1")])),
        Arc::new(vec![Some("yes"), Some("no"), None].into_iter().collect::<DictionaryArray<Int32Type>>()),
    ];
    for array in types {
        let data_type = array.data_type().clone();
        let expected = [Some(Label::Class(1)), Some(Label::Class(0)), None];
        assert_eq!(labels(array, no_yes()), expected, "{data_type}");
    }
    assert_eq!(labels(Arc::new(NullArray::new(2)), no_yes()), [None, None]);
    assert_eq!(labels(Arc::new(Int32Array::from(vec![None, None])), no_yes()), [None, None]);
    let empty: DictionaryArray<Int32Type> = vec![None::<&str>, None].into_iter().collect();
    assert_eq!(labels(Arc::new(empty), no_yes()), [None, None]);
}

#[test]
fn every_type_of_score() {
    let types: Vec<ArrayRef> = vec![
        Arc::new(Float32Array::from(vec![Some(2.5), Some(-1.0), None])),
        Arc::new(Float64Array::from(vec![Some(2.5), Some(-1.0), None])),
        Arc::new(StringArray::from(vec![Some("2.5"), Some("-1"), None])),
    ];
    for array in types {
        let expected = [Some(Label::Score(2.5)), Some(Label::Score(-1.0)), None];
        assert_eq!(labels(array, LabelKind::Score), expected);
    }
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![4, 5]));
    assert_eq!(labels(whole, LabelKind::Score), [Some(Label::Score(4.0)), Some(Label::Score(5.0))]);
    let hidden: ArrayRef = Arc::new(Float32Array::from(vec![-1.0, -1.0]));
    assert_eq!(labels(hidden, LabelKind::Score), [None, None]);
}

#[test]
fn labels_of_rarer_types() {
    let class = |class| Some(Label::Class(class));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![0, 1]));
    let keys = Int8Array::from(vec![Some(1), None, Some(0)]);
    let dictionary: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, numbers));
    assert_eq!(labels(dictionary, no_yes()), [class(1), None, class(0)]);
    let decimal = |scale| -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![Some(1), None, Some(0)]).with_precision_and_scale(9, scale).unwrap())
    };
    assert_eq!(labels(decimal(0), no_yes()), [class(1), None, class(0)]);
    assert_eq!(labels(decimal(1), LabelKind::Score), [Some(Label::Score(0.1)), None, Some(Label::Score(0.0))]);
    // NaN is what pandas has in place of nothing.
    let floats: ArrayRef = Arc::new(Float32Array::from(vec![1.0, f32::NAN]));
    assert_eq!(labels(floats.clone(), no_yes()), [class(1), None]);
    assert_eq!(labels(floats, LabelKind::Score), [Some(Label::Score(1.0)), None]);
    let items = Arc::new(Field::new_list_field(DataType::Float32, true));
    let values: ArrayRef = Arc::new(Float32Array::from(vec![1.0, 0.0, 1.0, 0.0, 0.0, 0.0]));
    let fixed: ArrayRef = Arc::new(FixedSizeListArray::new(items, 3, values, None));
    let three = LabelKind::ClassLists(["a", "b", "c"].map(str::to_owned).to_vec());
    assert_eq!(labels(fixed, three), [Some(Label::Classes(vec![0, 2])), Some(Label::Classes(vec![]))]);
}

#[test]
fn rows_are_counted_over_batches() {
    let n = 20_000;
    let all: Vec<String> = (0..n).map(|row| format!("text {row}")).collect();
    let mut classes = vec![0_i64; n];
    classes[17_123] = 5;
    let columns = || -> Vec<(&str, ArrayRef)> {
        vec![("a", Arc::new(StringArray::from(all.clone()))), ("label", Arc::new(Int64Array::from(classes.clone())))]
    };
    assert!(
        message(columns(), no_yes())
            .starts_with("t.parquet, row 17123 (from 0): `5` in column `label` is no label here")
    );
    let (_folder, file) = file_of(columns());
    let split = read_unlabelled_split(&[file], &schema(no_yes())).unwrap();
    assert_eq!(split.examples.len(), n);
    assert_eq!(split.examples[17_123], Example { text: "text 17123".to_owned(), text_pair: None, label: None });
}

#[test]
fn a_pair_is_read_by_name_and_not_by_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("validation-00000-of-00001.parquet");
    let idx: ArrayRef = Arc::new(Int32Array::from(vec![0]));
    let label: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    write(
        &file,
        vec![("sentence2", texts(&["two"])), ("idx", idx), ("label", label), ("sentence1", texts(&["one"]))],
        None,
    );
    let split = read_split(&[file], &find_task("rte").unwrap().schema()).unwrap();
    let expected = Example { text: "one".to_owned(), text_pair: Some("two".to_owned()), label: Some(Label::Class(1)) };
    assert_eq!(split.examples, [expected]);
}

#[test]
fn other_label_names_in_the_file_are_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let read_with = |json: &str| {
        let file = folder.path().join("t.parquet");
        let label: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        write(&file, vec![("a", texts(&["x"])), ("label", label)], Some(json));
        let kind = infer_label_kind(std::slice::from_ref(&file), "label", DelimitedFormat::default()).unwrap();
        (file.clone(), read_split(&[file], &schema(no_yes())).unwrap().warnings, kind)
    };
    let names = |names| {
        format!(
            r#"{{"info": {{"features": {{"label": {{"names": {names}, "_type": "ClassLabel"}}, "a": {{"dtype": "string"}}}}}}}}"#
        )
    };
    assert_eq!(read_with(&names(r#"["no", "yes"]"#)).1, []);
    let (file, warnings, kind) = read_with(&names(r#"["yes", "no"]"#));
    let in_file = vec!["yes".to_owned(), "no".to_owned()];
    let expected = vec!["no".to_owned(), "yes".to_owned()];
    assert_eq!(warnings, [Warning::LabelNames { file, in_file: in_file.clone(), expected }]);
    assert!(
        warnings[0]
            .to_string()
            .ends_with("numbers its labels `yes`, `no`, but `no`, `yes` is expected: an index may mean another class")
    );
    assert_eq!(kind, LabelKind::Classes(in_file));
    for odd in ["not json", "{}", r#"{"info": {"features": {"label": {"dtype": "int64"}}}}"#] {
        let (_, warnings, kind) = read_with(odd);
        assert_eq!(warnings, [], "{odd}");
        assert_eq!(kind, LabelKind::Classes(vec!["1".to_owned()]), "{odd}");
    }
}

#[test]
fn broken_rows_are_named() {
    let label = || -> ArrayRef { Arc::new(Int64Array::from(vec![0, 1])) };
    let null: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
    assert_eq!(
        message(vec![("a", null), ("label", label())], no_yes()),
        "t.parquet, row 1 (from 0): no text in column `a`: fill it in or leave the row out"
    );
    let null: ArrayRef = Arc::new(vec![Some("x"), None].into_iter().collect::<DictionaryArray<Int32Type>>());
    assert!(message(vec![("a", null), ("label", label())], no_yes()).starts_with("t.parquet, row 1 (from 0): no text"));
    let huge: ArrayRef = Arc::new(UInt64Array::from(vec![0, u64::MAX]));
    assert!(
        message(vec![("a", texts(&["x", "y"])), ("label", huge)], no_yes())
            .starts_with("t.parquet, row 1 (from 0): `18446744073709552000`")
    );
}

#[test]
fn columns_of_the_wrong_type_or_name() {
    let numbers = || -> ArrayRef { Arc::new(Int64Array::from(vec![0])) };
    assert_eq!(
        message(vec![("a", numbers()), ("label", numbers())], no_yes()),
        "t.parquet: column `a` holds Int64, but text is needed: name another column or convert it"
    );
    assert_eq!(
        message(vec![("sentence", texts(&["x"])), ("lable", numbers()), ("a", texts(&["x"]))], no_yes()),
        "t.parquet has no column `label` (did you mean `lable`?); its columns are `sentence`, `lable`, `a`"
    );
}

#[test]
fn files_that_are_cut_short_or_no_parquet() {
    let (folder, file) = file_of(vec![("a", texts(&["x"])), ("label", Arc::new(Int64Array::from(vec![0])))]);
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(column_names(&file, DelimitedFormat::default()).unwrap(), ["a", "label"]);
    // The footer is at the end, so any cut is seen at once; so is the pointer that stands in for a large file.
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    for content in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], b"", &pointer[..]] {
        std::fs::write(&file, content).unwrap();
        let error = read_split(std::slice::from_ref(&file), &schema(no_yes())).unwrap_err();
        assert!(matches!(error, DataError::BadFile { format: "parquet", .. }), "{error}");
        let message = error.to_string();
        assert!(message.starts_with(&format!("{}/t.parquet is not a whole parquet file: ", folder.path().display())));
        assert!(message.ends_with("; download or write it again"), "{message}");
    }
    // A damaged page, with the footer intact.
    let mut damaged = whole;
    damaged[4..20].fill(0xff);
    std::fs::write(&file, &damaged).unwrap();
    assert!(matches!(read_split(&[file], &schema(no_yes())), Err(DataError::BadFile { .. })));
}

#[test]
fn a_file_without_rows() {
    let none: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
    let columns = vec![("a", none), ("label", Arc::new(Int64Array::from(Vec::<i64>::new())) as ArrayRef)];
    assert_eq!(message(columns, no_yes()), "no rows in t.parquet: the split is empty");
}

/// However a byte of the footer is changed, the file is read or refused; where the library panics on it, the refusal names the file too.
#[test]
fn no_damage_makes_the_reader_panic() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("label", Arc::new(Int64Array::from(vec![0, 1, 1]))),
        ("a", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
    ];
    let (_folder, file) = file_of(columns);
    let sound = std::fs::read(&file).unwrap();
    let mut stopped = 0;
    for at in sound.len() - 600..sound.len() {
        for flipped in [0x01, 0x7f, 0x80, 0xff] {
            let mut bytes = sound.clone();
            bytes[at] ^= flipped;
            std::fs::write(&file, bytes).unwrap();
            if let Err(error) = read_split(std::slice::from_ref(&file), &schema(no_yes())) {
                let said = error.to_string();
                assert!(said.contains(file.to_str().unwrap()), "byte {at}: {said}");
                stopped += usize::from(said.contains("the reader stopped at it"));
            }
        }
    }
    assert!(stopped > 0, "no damage made the library panic: this test shows nothing");
}

#[test]
fn every_compression_is_read() {
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4_RAW,
        Compression::LZ4,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.parquet");
        let texts = vec!["the same text, again and again"; 50];
        let columns: [(&str, ArrayRef); 2] =
            [("label", Arc::new(Int64Array::from(vec![1; 50]))), ("a", Arc::new(StringArray::from(texts)))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut writer = ArrowWriter::try_new(File::create(&file).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let split = read_split(&[file], &schema(no_yes())).unwrap_or_else(|error| panic!("{compression}: {error}"));
        assert_eq!(split.examples.len(), 50, "{compression}");
    }
}
