//! A grid as a TOML or YAML file: keys are flags, lists are run in every combination (or searched), `[tasks.NAME]` holds flags of one
//! task.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Parser};
use serde_json::{Map, Value};

use super::ending::is_yaml;
use super::point::{Point, Scope};
use super::searchable::{is_searchable, parse_axis};
use super::yaml;
use crate::cli::args::{Cli, RunArgs};
use crate::cli::grid_args::GridArgs;
use crate::cli::normalize_args::{from_fields, given_flags, main_name, plain, replace_compat_flags};
use records::python_json::float_repr;
use trainer::error::Error;

/// Lists of these are of the grid itself, and of these a flag is a list; lists of other flags are further axes.
const LISTS: [&str; 12] = [
    "task_name",
    "gpus",
    "seeds",
    "metric_name",
    "report_to",
    "class_weights",
    "text_column_names",
    "label_names",
    "final_eval",
    "target_modules",
    "feedforward_modules",
    "modules_to_save",
];
/// Flags that may be given several times.
const REPEATED: [&str; 2] = ["model_name_or_path", SPACE];
/// What is searched; a table of flags does too.
const SPACE: &str = "search_space";

/// Flags of the whole grid, besides those of [`GridArgs`]: what is under a task's name would have no effect, nor would a list's further
/// values.
const OF_GRID: [&str; 5] = ["seed", "model_name_or_path", "task_name", "results_dir", "log_level"];

fn is_of_grid(flag: &str) -> bool {
    let grid = GridArgs::augment_args(clap::Command::new("grid"));
    OF_GRID.contains(&flag) || grid.get_arguments().any(|arg| arg.get_long() == Some(flag))
}

/// What a file of the usual kind is like.
const TOML: &str = "TOML whose keys are flags, such as task_name = [\"rte\", \"mrpc\"]";

type Fields = Map<String, Value>;

/// A flag that has several values.
type Listed = (String, Vec<Value>);

/// Reads a file. `typed` are the flags beside it, which go before those in it.
///
/// # Errors
/// What is wrong with the file, its keys, or their values.
pub(super) fn read(file: &Path, typed: &[OsString]) -> Result<Vec<Point>, Error> {
    let name = file.display().to_string();
    let is_yaml = is_yaml(&name);
    let expected = if is_yaml { "YAML whose keys are flags, such as task_name: [rte, mrpc]" } else { TOML };
    let wrong = |reason: &dyn std::fmt::Display| Error::usage(format!("{name}: {reason}; expected {expected}"));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    let fields = match is_yaml {
        true => yaml::fields(&text),
        false => toml::from_str(&text).map_err(|error: toml::de::Error| error.message().to_owned()),
    };
    let mut fields: Fields = fields.map_err(|reason| wrong(&reason))?;
    let of_tasks = tables_of_tasks(&mut fields, &name)?;
    let reader = Reader { given: given_flags(typed), name, typed };
    let others = of_tasks.keys().cloned().collect();
    let mut points = reader.points(fields.clone(), Scope::AllBut, others)?;
    for (task, own) in of_tasks {
        // A task's own settings stand in the place of the common ones, lists too.
        let own_flags: BTreeSet<String> = own.keys().map(|key| main_name(key)).collect();
        let common = fields.iter().filter(|(key, _)| !own_flags.contains(&main_name(key)));
        let fields = common.map(|(key, value)| (key.clone(), value.clone())).chain(own).collect();
        points.extend(reader.points(fields, Scope::Only, task)?);
    }
    Ok(points)
}

struct Reader<'a> {
    name: String,
    typed: &'a [OsString],
    /// The flags among them.
    given: Vec<String>,
}

impl Reader<'_> {
    /// All combinations of the lists.
    fn points<T: Clone>(&self, fields: Fields, scope: impl Fn(T) -> Scope, tasks: T) -> Result<Vec<Point>, Error> {
        let in_file =
            fields.keys().map(|key| main_name(key)).chain(self.given.iter().cloned()).collect::<BTreeSet<_>>();
        let (base, axes) = self.split(fields)?;
        let args = self.parse(&base)?;
        // A search tries the values of lists itself.
        let (searched, axes): (Vec<Listed>, Vec<Listed>) =
            axes.into_iter().partition(|(key, _)| args.search.search.is_some() && is_searchable(&main_name(key)));
        let axis = |(key, values): &Listed| {
            let values: Vec<String> = values.iter().map(shown).collect();
            parse_axis(&format!("{key}={}", values.join(","))).map_err(|error| error.in_context(&self.name))
        };
        let space = searched.iter().map(axis).collect::<Result<Vec<_>, _>>()?;
        let mut points = Vec::new();
        for combination in combinations(&axes) {
            let fields = combination.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect();
            let args = self.parse(&[base.clone(), from_fields(&self.name, fields, &self.given)?].concat())?;
            let several = combination.iter().zip(&axes).filter(|(_, (_, values))| values.len() > 1);
            let label: Vec<String> = several.map(|((key, value), _)| format!("{key} {}", shown(value))).collect();
            let (tasks, label) = (scope(tasks.clone()), label.join(", "));
            points.push(Point { args, given: in_file.clone(), tasks, label, space: space.clone() });
        }
        Ok(points)
    }

    /// Flags with one value, as they are typed, and those with several.
    fn split(&self, fields: Fields) -> Result<(Vec<String>, Vec<Listed>), Error> {
        let mut base = Vec::new();
        let mut axes: Vec<Listed> = Vec::new();
        let mut single = Map::new();
        for (key, value) in fields {
            let flag = main_name(&key);
            let is_given = self.given.contains(&flag);
            match value {
                // Each as a flag of its own: a path or a space may hold a comma.
                Value::Array(items) if REPEATED.contains(&flag.as_str()) => {
                    if !is_given {
                        base.extend(items.iter().map(|item| format!("--{flag}={}", plain(item))));
                    }
                }
                Value::Object(axes) if flag == SPACE => {
                    if !is_given {
                        base.extend(axes.iter().map(|(key, value)| format!("--{SPACE}={key}={}", values(value))));
                    }
                }
                Value::Array(items) if !LISTS.contains(&flag.as_str()) => {
                    if items.is_empty() {
                        return Err(Error::usage(format!(
                            "{}: `{key}` is an empty list; give its values, or leave it out",
                            self.name
                        )));
                    }
                    if !is_given && is_of_grid(&flag) && items.len() > 1 {
                        let how = if flag == "seed" { "; seeds = [1, 2] runs several" } else { "" };
                        return Err(Error::usage(format!(
                            "{}: `{key}` is a list, and is one for the whole grid: give one value{how}",
                            self.name
                        )));
                    }
                    if !is_given {
                        axes.push((key, items));
                    }
                }
                other => {
                    check_names(&self.name, &key, &other)?;
                    single.insert(key, other);
                }
            }
        }
        base.extend(from_fields(&self.name, single, &self.given)?);
        Ok((base, axes))
    }

    fn parse(&self, of_file: &[String]) -> Result<RunArgs, Error> {
        let program = std::iter::once(OsString::from("run-glue"));
        let all = program.chain(of_file.iter().map(OsString::from)).chain(self.typed.iter().cloned()).collect();
        let parsed = Cli::try_parse_from(replace_compat_flags(all)?.args).map_err(|error| {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            Error::usage(format!("{}: {}", self.name, first.trim_start_matches("error: ")))
        })?;
        Ok(parsed.run)
    }
}

/// # Errors
/// A name in a list that has a comma, which stands between names where they are typed.
fn check_names(file: &str, key: &str, value: &Value) -> Result<(), Error> {
    let with_comma = |item: &Value| item.as_str().is_some_and(|name| name.contains(','));
    match value.as_array().and_then(|items| items.iter().find(|item| with_comma(item))) {
        Some(item) => Err(Error::usage(format!(
            "{file}: `{key}` is one list of names, and {item} has a comma: give the names one by one; a grid has one such list"
        ))),
        None => Ok(()),
    }
}

/// `[tasks.NAME]`.
fn tables_of_tasks(fields: &mut Fields, name: &str) -> Result<BTreeMap<String, Fields>, Error> {
    let Some(Value::Object(tables)) = fields.get("tasks").cloned() else { return Ok(BTreeMap::new()) };
    fields.remove("tasks");
    let mut of_tasks = BTreeMap::new();
    for (task, table) in tables {
        let known = glue_tasks::find_task(&task);
        let known = known.map_err(|error| Error::usage(format!("{name}: [tasks.{task}]: {error}")))?;
        let Value::Object(own) = table else {
            return Err(Error::usage(format!(
                "{name}: tasks.{task} is {table}, expected a table: [tasks.{task}], and flags under it"
            )));
        };
        if let Some(key) = own.keys().find(|key| is_of_grid(&main_name(key))) {
            return Err(Error::usage(format!(
                "{name}: [tasks.{task}]: `{key}` is one for the whole grid: give it above the tables"
            )));
        }
        if of_tasks.insert(known.name.clone(), own).is_some() {
            return Err(Error::usage(format!("{name}: there are two tables of the task {}", known.name)));
        }
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

/// What a flag of a space may be, as it is typed.
fn values(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        other => shown(other),
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
