//! One JSON object that is a whole table, as programs write it.

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The rows of an object that is a table: `{"data": [{..}, {..}]}` with whatever beside it that is no list, `{"text": [..], "label":
/// [..]}`, or `{"text": {"0": .., "1": ..}, ..}` as pandas' `to_json` writes it. `None`: it is a row.
///
/// # Errors
/// Columns that have not the same rows.
pub(super) fn rows(table: &mut Object) -> Option<Result<Vec<Object>, String>> {
    of_field(table).map(Ok).or_else(|| of_lists(table)).or_else(|| of_maps(table))
}

fn of_field(table: &mut Object) -> Option<Vec<Object>> {
    let is_rows =
        |value: &Value| matches!(value, Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object));
    let fields: Vec<&Value> = table.values().filter(|value| is_rows(value)).collect();
    // An object that has columns of its rows beside them is a row itself, with a list in it.
    let is_row = |rows: &Value| {
        let first = rows.as_array().and_then(|rows| rows.first()?.as_object());
        first.is_some_and(|first| first.keys().any(|key| table.get(key).is_some_and(|value| !is_rows(value))))
    };
    if !matches!(fields.as_slice(), [rows] if !is_row(rows)) {
        return None;
    }
    let rows = table.values_mut().find(|value| is_rows(value))?;
    let Value::Array(rows) = rows.take() else { return None };
    let object = |row| match row {
        Value::Object(object) => Some(object),
        _ => None,
    };
    rows.into_iter().map(object).collect()
}

fn of_lists(table: &Object) -> Option<Result<Vec<Object>, String>> {
    let columns: Option<Vec<(&String, &Vec<Value>)>> =
        table.iter().map(|(name, value)| Some((name, value.as_array()?))).collect();
    let columns = columns.filter(|columns| !columns.is_empty())?;
    let length = columns[0].1.len();
    if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != length) {
        return Some(Err(format!(
            "`{name}` has {} values and `{}` {length}, expected a list of objects, an object a line, or columns of one length",
            values.len(),
            columns[0].0
        )));
    }
    let row = |at: usize| columns.iter().map(|(name, values)| ((*name).clone(), values[at].clone())).collect();
    Some(Ok((0..length).map(row).collect()))
}

fn of_maps(table: &Object) -> Option<Result<Vec<Object>, String>> {
    let columns: Option<Vec<(&String, &Object)>> =
        table.iter().map(|(name, value)| Some((name, value.as_object()?))).collect();
    let columns = columns.filter(|columns| !columns.is_empty())?;
    let (_, first) = columns[0];
    if first.is_empty() || !columns.iter().all(|(_, column)| column.keys().eq(first.keys())) {
        return None;
    }
    let row = |key: &String| columns.iter().map(|(name, column)| ((*name).clone(), column[key].clone())).collect();
    Some(Ok(first.keys().map(row).collect()))
}
