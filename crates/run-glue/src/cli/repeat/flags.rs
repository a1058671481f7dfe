//! Flags on their way from a record to the parser.

use serde_json::Value;

/// Flags with their values; one that has several values stands there several times.
#[derive(Debug, Default)]
pub(super) struct Flags(Vec<(String, String)>);

/// A value as it is typed.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Flags {
    pub(super) fn add(&mut self, flag: &str, value: impl Into<String>) {
        self.0.push((flag.to_owned(), value.into()));
    }

    /// A value of a record: `null` is none, and a list is one with commas.
    pub(super) fn add_value(&mut self, flag: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Array(items) => self.add(flag, items.iter().map(plain).collect::<Vec<_>>().join(",")),
            other => self.add(flag, plain(other)),
        }
    }

    /// As they are typed, without some.
    pub(super) fn without(self, is_out: impl Fn(&str) -> bool) -> Vec<String> {
        let left = self.0.into_iter().filter(|(flag, _)| !is_out(flag));
        left.map(|(flag, value)| format!("--{flag}={value}")).collect()
    }
}
