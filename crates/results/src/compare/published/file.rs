//! Files of published tables: `published-results-2`, and `published-results-1`, whose numbers stand alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glue_tasks::{Metric, plain_key};
use serde::Deserialize;
use serde_json::Value;

use super::fields::check_table;
use super::value::{Circumstances, PublishedValue};
use records::Error;
use records::record::without_mark;

/// The versions of the format, the present one last.
const FORMATS: [&str; 2] = ["published-results-1", "published-results-2"];

/// A table and where it comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Published {
    /// A short name, which stands behind the models'.
    pub name: String,
    /// Address of whoever published it.
    pub source: String,
    /// What was done: runs, settings, choice.
    pub protocol: String,
    /// The split that was scored, where a number does not say another.
    pub split: String,
    /// One row a model.
    pub rows: Vec<PublishedRow>,
}

/// What a table says of one model.
#[derive(Clone, Debug)]
pub struct PublishedRow {
    /// Its name, on the Hub where it is there.
    pub model: String,
    /// Numbers by task and metric; of two splits the second's names end in `_mm`. Each has what holds of its row and its table.
    pub tasks: BTreeMap<String, BTreeMap<String, PublishedValue>>,
}

/// A table as it is written.
#[derive(Deserialize)]
struct Fields {
    format: String,
    name: String,
    source: String,
    protocol: String,
    split: String,
    statistic: Option<super::Statistic>,
    runs: Option<u64>,
    recipe: Option<String>,
    rows: Vec<RowFields>,
}

#[derive(Deserialize)]
struct RowFields {
    model: String,
    tasks: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(flatten)]
    made: Circumstances,
}

impl TryFrom<Fields> for Published {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let Fields { format, name, source, protocol, split, statistic, runs, recipe, rows } = fields;
        if !FORMATS.contains(&format.as_str()) {
            return Err(format!("format is {format}"));
        }
        let whole = Circumstances {
            statistic,
            runs,
            initialisation: None,
            recipe,
            split: Some(split.clone()),
            source: Some(source.clone()),
        };
        let rows = rows.into_iter().map(|row| row.filled(&whole)).collect::<Result<_, _>>()?;
        Ok(Self { name, source, protocol, split, rows })
    }
}

impl RowFields {
    /// With what holds of the whole table.
    fn filled(self, table: &Circumstances) -> Result<PublishedRow, String> {
        let Self { model, tasks, made } = self;
        let of_row = made.or(table);
        let read = |task: &str, metric: &str, written: Value| {
            let at = |what: &dyn std::fmt::Display| format!("{metric} of {task} of {model}: {what}");
            let mut value = match written.as_f64() {
                Some(number) => PublishedValue::bare(number),
                None => serde_json::from_value(written).map_err(|error| at(&error))?,
            };
            value.made = value.made.or(&of_row);
            value.check().and_then(|()| value.check_rows()).map_err(|what| at(&what))?;
            let is_fraction = Metric::from_key(plain_key(metric)).is_some_and(Metric::higher_is_better);
            if is_fraction && value.value.abs() > 1.0 {
                return Err(at(&format!(
                    "{} is beyond 1; expected a fraction, as {} for {} percent",
                    value.value,
                    value.value / 100.0,
                    value.value
                )));
            }
            value.check_range(metric).map_err(|what| at(&what))?;
            value.check_tolerance(metric).map_err(|what| at(&format!("tolerance {what}")))?;
            Ok::<_, String>(value)
        };
        let of_task = |(task, metrics): (String, BTreeMap<String, Value>)| {
            let values = metrics.into_iter().map(|(metric, value)| {
                let value = read(&task, &metric, value)?;
                Ok((metric, value))
            });
            let values = values.collect::<Result<_, String>>()?;
            Ok((task, values))
        };
        let tasks = tasks.into_iter().map(of_task).collect::<Result<_, String>>()?;
        Ok(PublishedRow { model, tasks })
    }
}

/// Reads a file, or all files of a folder.
///
/// # Errors
/// When one cannot be read or is something else.
pub fn read(path: &Path) -> Result<Vec<Published>, Error> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        let formats = FORMATS.join(" or ");
        let path = path.display();
        Error::input(format!("{path}: {error}; expected a file of format {formats}, see docs/verify.md"))
    };
    let mut files: Vec<PathBuf> = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| failed(path, &error))?;
        files = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|p| p.extension().is_some_and(|e| e == "json"))
            .collect();
        files.sort();
    }
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).map_err(|error| failed(file, &error))?;
        let json: Value = serde_json::from_str(without_mark(&text)).map_err(|error| failed(file, &error))?;
        check_table(&json).map_err(|what| failed(file, &what))?;
        serde_json::from_value(json).map_err(|error| failed(file, &error))
    };
    files.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_are_no_fractions() {
        let table = |metric: &str, value: f64| {
            let row = serde_json::json!({"model": "m", "tasks": {"stsb": {metric: value}}});
            serde_json::from_value::<Published>(serde_json::json!({
                "format": "published-results-1", "name": "n", "source": "s", "protocol": "p", "split": "validation", "rows": [row],
            }))
        };
        assert!(table("pearson", 0.88).is_ok() && table("mse", 2.5).is_ok());
        let error = table("pearson", 88.0).unwrap_err().to_string();
        assert!(error.contains("88 is beyond 1; expected a fraction, as 0.88 for 88 percent"), "{error}");
    }

    #[test]
    fn rows_that_cannot_be_are_refused() {
        let table = |rows: u64, hash: &str| {
            let number = serde_json::json!({"value": 0.6, "rows": rows, "rows_sha256": hash});
            let row = serde_json::json!({"model": "m", "tasks": {"rte": {"accuracy": number}}});
            serde_json::from_value::<Published>(serde_json::json!({
                "format": "published-results-2", "name": "n", "source": "s", "protocol": "p", "split": "validation", "rows": [row],
            }))
        };
        let error = |rows: u64, hash: &str| table(rows, hash).unwrap_err().to_string();
        assert!(error(0, &"ab".repeat(32)).contains("accuracy of rte of m: rows is 0"));
        assert!(error(277, "ab").contains("accuracy of rte of m: rows_sha256 is \"ab\""));
        assert!(table(277, &"ab".repeat(32)).is_ok());
    }

    #[test]
    fn a_tolerance_is_a_fraction_where_its_number_is_one() {
        let table = |metric: &str, tolerance: f64| {
            let number = serde_json::json!({"value": 0.6, "tolerance": tolerance});
            let row = serde_json::json!({"model": "m", "tasks": {"stsb": {metric: number}}});
            serde_json::from_value::<Published>(serde_json::json!({
                "format": "published-results-2", "name": "n", "source": "s", "protocol": "p", "split": "validation", "rows": [row],
            }))
        };
        let error = |metric: &str, tolerance: f64| table(metric, tolerance).unwrap_err().to_string();
        let said = "pearson of stsb of m: tolerance is 1.5, expected 0 to 1, such as 0.03 for three points";
        assert!(error("pearson", 1.5).contains(said), "{}", error("pearson", 1.5));
        assert!(error("mse", -0.5).contains("tolerance is -0.5, expected 0 or more"), "{}", error("mse", -0.5));
        assert!(table("pearson", 0.03).is_ok() && table("mse", 1.5).is_ok());
    }
}
