//! The fields of the files that people write: one of another name would count for nothing without a word.

use glue_tasks::near_enough;
use serde_json::{Map, Value};

/// Of a number.
const OF_NUMBER: [&str; 13] = [
    "value",
    "statistic",
    "runs",
    "standard_deviation",
    "values",
    "plus_minus",
    "tolerance",
    "initialisation",
    "recipe",
    "split",
    "source",
    "rows",
    "rows_sha256",
];

/// Of a model in a table.
const OF_ROW: [&str; 8] = ["model", "tasks", "statistic", "runs", "initialisation", "recipe", "split", "source"];

/// Of a table.
const OF_TABLE: [&str; 9] = ["format", "name", "source", "protocol", "split", "statistic", "runs", "recipe", "rows"];

/// Of a reference.
const OF_REFERENCE: [&str; 3] = ["what", "model", "runs"];

/// Of a number in a reference of the first version, as a note: of how many epochs it was.
const OF_FIRST_VERSION: &str = "epochs";

/// What editors read.
const OF_EVERY_FILE: &str = "$schema";

/// # Errors
/// The first field of a published table that is none, with where it stands and what was expected.
pub(super) fn check_table(table: &Value) -> Result<(), String> {
    check_file(table, &OF_TABLE)?;
    for row in table.get("rows").and_then(Value::as_array).into_iter().flatten() {
        let model = row.get("model").and_then(Value::as_str).unwrap_or("a row without a model");
        check(row, &OF_ROW, &format!(" of {model}"))?;
        for (task, metrics) in fields(row.get("tasks")) {
            for (metric, number) in fields(Some(metrics)) {
                check(number, &OF_NUMBER, &format!(" of {metric} of {task} of {model}"))?;
            }
        }
    }
    Ok(())
}

/// # Errors
/// The same of a reference.
pub(crate) fn check_reference(reference: &Value) -> Result<(), String> {
    check_file(reference, &OF_REFERENCE)?;
    let of_run: Vec<&str> = ["metric"].into_iter().chain(OF_NUMBER).chain([OF_FIRST_VERSION]).collect();
    fields(reference.get("runs")).try_for_each(|(task, run)| check(run, &of_run, &format!(" of {task}")))
}

fn check_file(file: &Value, known: &[&str]) -> Result<(), String> {
    match fields(Some(file)).find(|(name, _)| !known.contains(&name.as_str()) && *name != OF_EVERY_FILE) {
        Some((name, _)) => Err(unknown(name, known, "")),
        None => Ok(()),
    }
}

fn check(object: &Value, known: &[&str], place: &str) -> Result<(), String> {
    match fields(Some(object)).find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(unknown(name, known, place)),
        None => Ok(()),
    }
}

/// Those of an object; whatever is none has none here, and is refused where it is read.
fn fields(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn unknown(name: &str, known: &[&str], place: &str) -> String {
    let meant =
        near_enough(name, known.iter().copied()).map_or_else(String::new, |near| format!(" (is {near} meant?)"));
    format!("there is no field {name}{place}{meant}: the fields are {}", known.join(", "))
}
