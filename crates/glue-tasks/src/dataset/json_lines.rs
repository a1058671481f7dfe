//! JSON lines (an object a line, or on several), a file that is one JSON array of objects, and one that is a table of another shape.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::DataError;
use super::json_tables;
use super::json_values::UniqueKeys;
use super::raw::{ListItem, RawLabel, RawRow, RowSink, WantedColumns, index_of, unpacked};

type Object = Map<String, Value>;

/// The keys of the first row, then those that only later rows have.
pub(super) fn columns(file: &Path) -> Result<Vec<String>, DataError> {
    Ok(keys(&objects(file)?))
}

/// Reads the wanted columns, row by row. A key that a row lacks is a null there.
pub(super) fn read(file: &Path, wanted: &WantedColumns, sink: &mut RowSink<'_>) -> Result<(), DataError> {
    let rows = objects(file)?;
    if rows.is_empty() {
        return Ok(());
    }
    let columns = keys(&rows);
    for column in wanted.texts.iter().chain(&wanted.label) {
        index_of(file, &columns, wanted, column)?;
    }
    for (index, row) in rows.iter().enumerate() {
        let texts: Vec<Option<&str>> =
            wanted.texts.iter().map(|column| text(file, index, row, column)).collect::<Result<_, _>>()?;
        let list;
        let label = match &wanted.label {
            Some(column) => match row.get(column) {
                Some(Value::Array(items)) => {
                    list = list_of(file, index, column, items)?;
                    RawLabel::List(&list)
                }
                _ => label(file, index, row, column)?,
            },
            None => RawLabel::Missing,
        };
        sink(RawRow { index, texts: &texts, label })?;
    }
    Ok(())
}

fn objects(file: &Path) -> Result<Vec<Object>, DataError> {
    let mut content = String::new();
    let read = unpacked(file)?.read_to_string(&mut content);
    read.map_err(|source| DataError::Read { file: file.to_owned(), source })?;
    let content = nulls_for_nan(content.trim_start_matches('\u{feff}'));
    let content = content.as_ref();
    let bad_row = |row, reason| DataError::BadRow { file: file.to_owned(), row, reason };
    let object = |(row, value): (usize, Value)| match value {
        Value::Object(object) => Ok(object),
        other => Err(bad_row(row, format!("{} where an object is needed", kind_of(&other)))),
    };
    if content.trim_start().starts_with('[') {
        let values: Vec<UniqueKeys> = serde_json::from_str(content).map_err(|error| DataError::BadFile {
            file: file.to_owned(),
            format: "json",
            reason: error.to_string(),
        })?;
        return values.into_iter().map(|UniqueKeys(value)| value).enumerate().map(object).collect();
    }
    // An object may stand on several lines.
    let values = serde_json::Deserializer::from_str(content).into_iter::<UniqueKeys>().enumerate();
    let values = values.map(|(row, value)| {
        let UniqueKeys(value) = value
            .map_err(|error| bad_row(row, format!("not one JSON object a line: {error}{}", hint(content, &error))))?;
        object((row, value))
    });
    let mut rows = values.collect::<Result<Vec<Object>, DataError>>()?;
    let of_table = match rows.as_mut_slice() {
        [one] => json_tables::rows(one),
        _ => None,
    };
    of_table.unwrap_or(Ok(rows)).map_err(|reason| bad_row(0, reason))
}

/// `NaN`, as Python's json and JavaScript write a number that is not there, becomes null.
fn nulls_for_nan(content: &str) -> Cow<'_, str> {
    let (mut out, mut copied, mut quoted, mut escaped) = (String::new(), 0, false, false);
    if content.contains("NaN") {
        for (at, byte) in content.bytes().enumerate() {
            match byte {
                b'"' if !escaped => quoted = !quoted,
                b'N' if !quoted && content[at..].starts_with("NaN") => {
                    out.push_str(&content[copied..at]);
                    out.push_str("null");
                    copied = at + "NaN".len();
                }
                _ => {}
            }
            escaped = quoted && byte == b'\\' && !escaped;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(content);
    }
    out.push_str(&content[copied..]);
    Cow::Owned(out)
}

/// What to do about a comma between lines, which a list of objects has.
fn hint(content: &str, error: &serde_json::Error) -> &'static str {
    let line = content.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    if line.as_bytes().get(error.column().saturating_sub(1)) == Some(&b',') {
        " (a comma between objects? Leave it out, or put [ ] around all)"
    } else {
        ""
    }
}

fn keys(rows: &[Object]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = rows.iter().flat_map(Object::keys);
    all.filter(|key| seen.insert(key.as_str())).cloned().collect()
}

fn text<'a>(file: &Path, row: usize, object: &'a Object, column: &str) -> Result<Option<&'a str>, DataError> {
    match object.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_type(file, row, column, other, "a text")),
    }
}

fn label<'a>(file: &Path, row: usize, object: &'a Object, column: &str) -> Result<RawLabel<'a>, DataError> {
    match object.get(column) {
        None | Some(Value::Null) => Ok(RawLabel::Missing),
        Some(Value::String(text)) => Ok(RawLabel::Text(text)),
        Some(Value::Bool(truth)) => Ok(RawLabel::Integer(i64::from(*truth))),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(integer) => Ok(RawLabel::Integer(integer)),
            // serde_json makes -0.0 of `-0`, which among fractions is one of them all the same.
            None if number.as_f64() == Some(0.0) && number.to_string().starts_with('-') => Ok(RawLabel::Integer(0)),
            None => Ok(RawLabel::Float(number.as_f64().unwrap_or(f64::NAN))),
        },
        Some(other) => Err(wrong_type(file, row, column, other, "a label: a text or a number")),
    }
}

fn list_of(file: &Path, row: usize, column: &str, items: &[Value]) -> Result<Vec<ListItem>, DataError> {
    let item = |item: &Value| match item {
        Value::String(text) => Ok(ListItem::Text(text.clone())),
        Value::Bool(truth) => Ok(ListItem::Integer(i64::from(*truth))),
        Value::Number(number) if number.is_i64() => Ok(ListItem::Integer(number.as_i64().unwrap_or_default())),
        Value::Number(number) if number.as_f64().is_some_and(|float| float == 0.0 || float == 1.0) => {
            Ok(ListItem::Integer(number.as_f64().unwrap_or_default() as i64))
        }
        other => Err(wrong_type(file, row, column, other, "in its list, a text or a whole number")),
    };
    items.iter().map(item).collect()
}

fn wrong_type(file: &Path, row: usize, column: &str, value: &Value, expected: &str) -> DataError {
    let reason = format!("`{column}` holds {}, but {expected} is needed", kind_of(value));
    DataError::BadRow { file: file.to_owned(), row, reason }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
