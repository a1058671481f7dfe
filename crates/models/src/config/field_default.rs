//! What transformers' configuration class puts where a config.json says nothing.

use serde_json::Value;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldDefault {
    /// `null`.
    Null,
    /// A switch.
    Bool(bool),
    /// A whole number.
    Count(u64),
    /// A whole number that may be negative.
    Signed(i64),
    /// A fraction.
    Number(f64),
    /// A text.
    Text(&'static str),
}

impl From<FieldDefault> for Value {
    fn from(default: FieldDefault) -> Self {
        match default {
            FieldDefault::Null => Value::Null,
            FieldDefault::Bool(value) => value.into(),
            FieldDefault::Count(value) => value.into(),
            FieldDefault::Signed(value) => value.into(),
            FieldDefault::Number(value) => value.into(),
            FieldDefault::Text(value) => value.into(),
        }
    }
}
