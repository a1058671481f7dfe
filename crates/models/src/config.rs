//! Hugging Face's config.json.

mod field_default;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use self::field_default::FieldDefault;

/// What cannot be read or cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file, as it was asked for.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not a JSON object.
    #[error("{} is not a JSON object: {reason}; is the file whole?", path.display())]
    Json {
        /// The file, as it was asked for.
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// A field is absent.
    #[error("config.json has no field `{field}`, which a `{model_type}` model needs")]
    Missing {
        /// Its name in config.json.
        field: &'static str,
        /// `model_type` of the same file.
        model_type: String,
    },
    /// A field has a value of the wrong kind or out of range.
    #[error("config.json: `{field}` is {value}, expected {expected}")]
    Value {
        /// Its name in config.json.
        field: String,
        /// What it holds, as JSON.
        value: String,
        /// What it should hold, in words.
        expected: String,
    },
    /// A part of an architecture does not fit the others: a mistake in the family's own file, or in a caller's.
    #[error("the architecture's `{part}` is {value}, expected {expected}")]
    Architecture {
        /// The field of [`crate::encoder::architecture::Architecture`].
        part: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: String,
    },
    /// A model or a switch that is not implemented; running it anyway would give wrong numbers.
    #[error("config.json: `{field}` is \"{value}\", which is not supported (supported: {supported})")]
    Unsupported {
        /// Its name in config.json.
        field: &'static str,
        /// What it holds, texts without quotes.
        value: String,
        /// What it may hold, separated by commas.
        supported: String,
    },
}

/// Far more than any encoder has, and few enough that a list of them takes no time.
pub(crate) const MOST_LAYERS: usize = 10_000;

/// Far more classes than any classifier has, and few enough that names and logits of them take little.
const MOST_LABELS: usize = 1_000_000;

/// A config.json: its fields as they are, so that unknown ones survive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    fields: Map<String, Value>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is not a JSON object.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = std::fs::read(path).map_err(|source| ConfigError::Io { path: path.into(), source })?;
        let json = |reason: String| ConfigError::Json { path: path.into(), reason };
        match serde_json::from_slice(&bytes).map_err(|e| json(e.to_string()))? {
            Value::Object(fields) => Ok(Self { fields }),
            other => Err(json(format!("it holds {other}"))),
        }
    }

    /// A configuration of `fields` alone: what they lack has the defaults of the family.
    #[must_use]
    pub fn from_fields(fields: Map<String, Value>) -> Self {
        Self { fields }
    }

    /// The fields as the file has them, unknown ones included.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The same with a number in a field.
    #[must_use]
    pub fn with_number(mut self, field: &str, value: f64) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// The same with `defaults` where it has no such field: one that is null stays so.
    #[must_use]
    pub fn with_defaults(&self, defaults: &[(&str, FieldDefault)]) -> Self {
        let defaults = defaults.iter().map(|(field, default)| ((*field).to_owned(), (*default).into()));
        Self { fields: defaults.chain(self.fields.clone()).collect() }
    }

    /// The same with what it calls by another name where it belongs, each of `aliases` a name and its field. What stands there itself gives
    /// way, as it does in transformers (`attribute_map`).
    #[must_use]
    pub fn with_aliases(&self, aliases: &[(&str, &str)]) -> Self {
        let of_aliases =
            aliases.iter().filter_map(|(alias, field)| Some(((*field).to_owned(), self.fields.get(*alias)?.clone())));
        Self { fields: self.fields.clone().into_iter().chain(of_aliases).collect() }
    }

    /// The same without a field.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        self.fields.remove(field);
        self
    }

    /// A field that is there and not null.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|v| !v.is_null())
    }

    /// The architecture's name, such as `bert`.
    #[must_use]
    pub fn model_type(&self) -> &str {
        self.get("model_type").and_then(Value::as_str).unwrap_or("")
    }

    /// A count of at least 1.
    ///
    /// # Errors
    /// When the field is absent or something else.
    pub fn count(&self, field: &'static str) -> Result<usize, ConfigError> {
        let value =
            self.get(field).ok_or_else(|| ConfigError::Missing { field, model_type: self.model_type().to_owned() })?;
        match value.as_u64() {
            Some(n) if n > 0 => Ok(n as usize),
            _ => Err(wrong(field, value, "a whole number of at least 1")),
        }
    }

    /// A number of layers.
    ///
    /// # Errors
    /// When the field is absent, something else, or more than 10,000.
    pub fn layers(&self, field: &'static str) -> Result<usize, ConfigError> {
        let layers = self.count(field)?;
        if layers > MOST_LAYERS {
            return Err(wrong(field, &layers.into(), &format!("1 to {MOST_LAYERS}")));
        }
        Ok(layers)
    }

    /// A whole number, 0 included, with the architecture's default.
    ///
    /// # Errors
    /// When the field holds something else: `null` too, which transformers refuses in what it does not declare as optional.
    pub fn whole(&self, field: &str, default: usize) -> Result<usize, ConfigError> {
        match self.fields.get(field) {
            None => Ok(default),
            Some(value) => {
                value.as_u64().map(|n| n as usize).ok_or_else(|| wrong(field, value, "a whole number of at least 0"))
            }
        }
    }

    /// A switch, with the architecture's default.
    ///
    /// # Errors
    /// When the field holds something else.
    pub fn switch(&self, field: &str, default: bool) -> Result<bool, ConfigError> {
        match self.fields.get(field) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| wrong(field, value, "true or false")),
        }
    }

    /// A switch that transformers does not declare, off where it is absent: Python takes `null` and 0 for off too, and other numbers for on.
    ///
    /// # Errors
    /// When the field holds something else.
    pub fn undeclared_switch(&self, field: &str) -> Result<bool, ConfigError> {
        match self.get(field) {
            None => Ok(false),
            Some(Value::Number(number)) => Ok(number.as_f64() != Some(0.0)),
            Some(_) => self.switch(field, false),
        }
    }

    /// A number, with the architecture's default.
    ///
    /// # Errors
    /// When the field holds something else.
    pub fn number(&self, field: &str, default: f64) -> Result<f64, ConfigError> {
        match self.fields.get(field) {
            None => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| wrong(field, value, "a number")),
        }
    }

    /// A number that is not negative, with the architecture's default.
    ///
    /// # Errors
    /// When the field holds something else.
    pub fn at_least_zero(&self, field: &str, default: f64) -> Result<f64, ConfigError> {
        let number = self.number(field, default)?;
        if number >= 0.0 { Ok(number) } else { Err(wrong(field, &Value::from(number), "0 or more")) }
    }

    /// A probability below 1, with the architecture's default.
    ///
    /// # Errors
    /// When the field holds something else.
    pub fn probability(&self, field: &str, default: f64) -> Result<f64, ConfigError> {
        let p = self.number(field, default)?;
        if (0.0..1.0).contains(&p) {
            Ok(p)
        } else {
            Err(wrong(field, &Value::from(p), "a probability from 0 to below 1"))
        }
    }

    /// A probability below 1 which may be `null`, as transformers declares it; the default stands for that too.
    ///
    /// # Errors
    /// When the field holds something else.
    pub fn optional_probability(&self, field: &str, default: f64) -> Result<f64, ConfigError> {
        if self.get(field).is_some() { self.probability(field, default) } else { Ok(default) }
    }

    /// A text, with the architecture's default.
    ///
    /// # Errors
    /// When the field holds something else.
    pub fn text<'a>(&'a self, field: &str, default: &'a str) -> Result<&'a str, ConfigError> {
        match self.fields.get(field) {
            None => Ok(default),
            Some(value) => value.as_str().ok_or_else(|| wrong(field, value, "a text")),
        }
    }

    /// Labels of the checkpoint's head: the size of `id2label`, else `num_labels`, else transformers' 2.
    #[must_use]
    pub fn num_labels(&self) -> usize {
        let named = self.get("id2label").and_then(Value::as_object).map(serde_json::Map::len);
        let counted = || self.get("num_labels").and_then(Value::as_u64).map(|n| n as usize);
        named.filter(|&n| n > 0).or_else(counted).unwrap_or(2)
    }

    /// `id2label` in index order, where the checkpoint names its classes itself (not `LABEL_0`, ...).
    #[must_use]
    pub fn label_names(&self) -> Option<Vec<String>> {
        let names = self.get("id2label")?.as_object()?;
        let mut labels: Vec<(usize, String)> =
            names.iter().filter_map(|(index, name)| Some((index.parse().ok()?, label_name(name)?))).collect();
        labels.sort();
        let in_order = labels.iter().enumerate().all(|(i, (index, _))| i == *index);
        let own = !labels.iter().all(|(i, name)| *name == format!("LABEL_{i}"));
        (in_order && own && !labels.is_empty()).then(|| labels.into_iter().map(|(_, name)| name).collect())
    }
}

impl Config {
    /// # Errors
    /// An `id2label` whose labels are not numbered from 0 on, so that which logit is which is unknown, or more labels than memory.
    pub fn check_label_names(&self) -> Result<(), ConfigError> {
        if self.num_labels() > MOST_LABELS {
            return Err(wrong("num_labels", &self.num_labels().into(), &format!("at most {MOST_LABELS}")));
        }
        let names = match self.get("id2label") {
            None | Some(Value::Null) => return Ok(()),
            Some(names) => names,
        };
        let numbered = |names: &serde_json::Map<String, Value>| {
            (0..names.len()).all(|index| names.get(&index.to_string()).and_then(label_name).is_some())
        };
        match names.as_object() {
            Some(names) if numbered(names) => Ok(()),
            _ => Err(wrong("id2label", names, "a name for each of 0, 1, 2 and on, the places of the logits")),
        }
    }
}

/// A name as Python's `str` gives it: people number their classes, and call them true and false.
fn label_name(name: &Value) -> Option<String> {
    match name {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        _ => None,
    }
}

fn wrong(field: &str, value: &Value, expected: &str) -> ConfigError {
    ConfigError::Value { field: field.to_owned(), value: value.to_string(), expected: expected.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        let Ok(Value::Object(fields)) = serde_json::from_str(json) else { panic!("{json}") };
        Config::from_fields(fields)
    }

    /// As `BertConfig(hidden_dropout_prob=None)` is refused by transformers 5.23, and `classifier_dropout=None` is not.
    #[test]
    fn null_is_a_value_only_where_transformers_declares_it() {
        let nulls = config(r#"{"hidden_dropout_prob":null,"classifier_dropout":null,"hidden_act":null,"is_it":null}"#);
        assert_eq!(nulls.optional_probability("classifier_dropout", 0.1).unwrap(), 0.1);
        for (refused, expected) in [
            (nulls.probability("hidden_dropout_prob", 0.1).unwrap_err(), "a number"),
            (nulls.whole("is_it", 1).unwrap_err(), "a whole number"),
            (nulls.text("hidden_act", "gelu").map(drop).unwrap_err(), "a text"),
            (nulls.switch("is_it", true).map(drop).unwrap_err(), "true or false"),
        ] {
            let said = refused.to_string();
            assert!(said.contains("null") && said.contains(expected), "{said}");
        }
        let undeclared = |json: &str| config(json).undeclared_switch("is_it").map_err(|error| error.to_string());
        for (value, is_on) in
            [("null", false), ("true", true), ("false", false), ("0", false), ("1", true), ("0.5", true)]
        {
            assert_eq!(undeclared(&format!(r#"{{"is_it":{value}}}"#)), Ok(is_on), "{value}");
        }
        assert_eq!(undeclared("{}"), Ok(false));
        assert!(undeclared(r#"{"is_it":"no"}"#).unwrap_err().contains("`is_it` is \"no\", expected true or false"));
        assert_eq!(nulls.probability("absent", 0.1).unwrap(), 0.1);
    }

    #[test]
    fn what_is_said_goes_before_defaults_and_aliases_before_what_is_said() {
        let said = config(r#"{"dim":4,"width":null,"layers":2}"#);
        let found = said.with_defaults(&[("width", FieldDefault::Count(8)), ("depth", FieldDefault::Count(3))]);
        assert_eq!(found, config(r#"{"dim":4,"width":null,"layers":2,"depth":3}"#));
        let found = found.with_aliases(&[("dim", "width"), ("layers", "depth"), ("heads", "n_heads")]);
        assert_eq!(found, config(r#"{"dim":4,"width":4,"layers":2,"depth":2}"#));
    }

    #[test]
    fn label_names_are_sorted_by_index_and_defaults_are_none() {
        let own = config(r#"{"id2label":{"1":"NEUTRAL","0":"CONTRADICTION","2":"ENTAILMENT"}}"#);
        assert_eq!(own.label_names().unwrap(), ["CONTRADICTION", "NEUTRAL", "ENTAILMENT"]);
        assert_eq!(config(r#"{"id2label":{"0":"LABEL_0","1":"LABEL_1"}}"#).label_names(), None);
        assert_eq!(config("{}").label_names(), None);
        for fine in ["{}", r#"{"id2label":null}"#, r#"{"id2label":{"1":"b","0":"a"}}"#] {
            assert!(config(fine).check_label_names().is_ok(), "{fine}");
        }
        for odd in [r#"{"1":"a","2":"b"}"#, r#"{"0":"a","2":"b"}"#, r#"["a","b"]"#, r#"{"0":null}"#] {
            let error = config(&format!("{{\"id2label\":{odd}}}")).check_label_names().unwrap_err().to_string();
            assert!(error.contains("`id2label` is"), "{error}");
        }
    }

    #[test]
    fn labels_are_no_more_than_a_million() {
        assert!(config(r#"{"num_labels":1000000}"#).check_label_names().is_ok());
        for many in ["1000001", "4000000000", "18446744073709551615"] {
            let said = config(&format!("{{\"num_labels\":{many}}}")).check_label_names().unwrap_err().to_string();
            assert_eq!(said, format!("config.json: `num_labels` is {many}, expected at most 1000000"));
        }
    }

    #[test]
    fn errors_name_the_field() {
        let c = config(r#"{"model_type":"bert","hidden_size":0,"hidden_dropout_prob":1.0}"#);
        assert!(c.count("hidden_size").unwrap_err().to_string().contains("`hidden_size` is 0"));
        assert!(c.count("vocab_size").unwrap_err().to_string().contains("no field `vocab_size`"));
        assert!(c.probability("hidden_dropout_prob", 0.1).is_err());
    }
}
