//! A grid as a TOML file: keys are flags, lists are run in every combination, `[tasks.NAME]` holds flags of one task.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use serde_json::{Map, Value};

use super::Point;
use crate::cli::args::{Cli, RunArgs};
use crate::cli::spelling::{from_fields, given_flags, main_name, plain, take_foreign};
use crate::error::Error;
use crate::report::python_json::float_repr;

/// Lists of these are of the grid itself, and of these a flag is a list; lists of other flags are further axes.
const LISTS: [&str; 7] =
    ["task_name", "model_name_or_path", "seeds", "metric_name", "report_to", "class_weights", "text_column_names"];

type Fields = Map<String, Value>;

/// Reads a file. `typed` are the flags beside it, which go before those in it.
///
/// # Errors
/// What is wrong with the file, its keys, or their values.
pub(super) fn read(file: &Path, typed: &[OsString]) -> Result<Vec<Point>, Error> {
    let name = file.display().to_string();
    let wrong = |reason: &dyn std::fmt::Display| {
        Error::usage(format!(
            "{name}: {reason}; expected TOML whose keys are flags, such as task_name = [\"rte\", \"mrpc\"]"
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    let mut fields: Fields = toml::from_str(&text).map_err(|error: toml::de::Error| wrong(&error.message()))?;
    let of_tasks = tables_of_tasks(&mut fields, &name)?;
    let given = given_flags(typed);
    let mut base = Vec::new();
    let mut axes: Vec<(String, Vec<Value>)> = Vec::new();
    let mut single = Map::new();
    for (key, value) in fields {
        let flag = main_name(&key);
        match value {
            // Each as a flag of its own: a path may hold a comma.
            Value::Array(items) if flag == "model_name_or_path" => {
                if !given.contains(&flag) {
                    base.extend(items.iter().map(|item| format!("--{flag}={}", plain(item))));
                }
            }
            Value::Array(items) if !LISTS.contains(&flag.as_str()) => {
                if items.is_empty() {
                    return Err(wrong(&format!("`{key}` is an empty list")));
                }
                if !given.contains(&flag) {
                    axes.push((key, items));
                }
            }
            other => {
                single.insert(key, other);
            }
        }
    }
    base.extend(from_fields(&name, single, &given)?);
    let parse = |more: &[&[String]]| -> Result<RunArgs, Error> {
        let of_file = base.iter().chain(more.iter().copied().flatten()).map(OsString::from);
        let program = std::iter::once(OsString::from("run-glue"));
        let all = program.chain(of_file).chain(typed.iter().cloned()).collect();
        let parsed = Cli::try_parse_from(take_foreign(all)?.args).map_err(|error| {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            Error::usage(format!("{name}: {}", first.trim_start_matches("error: ")))
        })?;
        Ok(parsed.run)
    };
    let mut points = Vec::new();
    for combination in combinations(&axes) {
        let fields = combination.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect();
        let axis = from_fields(&name, fields, &given)?;
        let mut by_task = BTreeMap::new();
        for (task, fields) in &of_tasks {
            let own = from_fields(&name, fields.clone(), &given)?;
            by_task.insert(task.clone(), parse(&[&own, &axis])?);
        }
        let label: Vec<String> = combination.iter().map(|(key, value)| format!("{key} {}", shown(value))).collect();
        points.push(Point { args: parse(&[&axis])?, by_task, label: label.join(", ") });
    }
    Ok(points)
}

/// `[tasks.NAME]`.
fn tables_of_tasks(fields: &mut Fields, name: &str) -> Result<BTreeMap<String, Fields>, Error> {
    let Some(Value::Object(tables)) = fields.get("tasks").cloned() else { return Ok(BTreeMap::new()) };
    fields.remove("tasks");
    let mut of_tasks = BTreeMap::new();
    for (task, table) in tables {
        let known = glue_tasks::task::find_task(&task);
        known.map_err(|error| Error::usage(format!("{name}: [tasks.{task}]: {error}")))?;
        let Value::Object(own) = table else {
            return Err(Error::usage(format!(
                "{name}: tasks.{task} is {table}, expected a table: [tasks.{task}], and flags under it"
            )));
        };
        of_tasks.insert(task, own);
    }
    Ok(of_tasks)
}

/// A value for people: fractions as Python writes them.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => float_repr(number.as_f64().unwrap_or_default()),
        other => plain(other),
    }
}

/// Every choice of one value a list.
fn combinations(axes: &[(String, Vec<Value>)]) -> Vec<Vec<(&str, &Value)>> {
    let mut all: Vec<Vec<(&str, &Value)>> = vec![Vec::new()];
    for (key, values) in axes {
        let mut longer = Vec::new();
        for one in &all {
            for value in values {
                longer.push([one.as_slice(), &[(key.as_str(), value)]].concat());
            }
        }
        all = longer;
    }
    all
}
