//! The bridge to `serde`: a [`Value`] inside a serde structure, and serde structures out of a [`Value`].
//!
//! Going through `serde_json::Value` instead would lose `NaN`.

use super::value::{Object, Value};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// A value that does not have the shape of the wanted structure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConvertError(String);

impl serde::de::Error for ConvertError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Build a structure from a value; whole floats (`500.0`) are taken where whole numbers are wanted.
///
/// # Errors
/// [`ConvertError`] where a field is missing or has another type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ConvertError> {
    T::deserialize(value)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(whole) => serializer.serialize_i64(*whole),
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::String(words) => serializer.serialize_str(words),
            Self::Array(items) => items.serialize(serializer),
            Self::Object(entries) => entries.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        Value::deserialize(inner)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, whole: i64) -> Result<Value, E> {
        Ok(Value::Int(whole))
    }

    fn visit_u64<E>(self, whole: u64) -> Result<Value, E> {
        Ok(Value::from(whole))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E>(self, words: &str) -> Result<Value, E> {
        Ok(Value::from(words))
    }

    fn visit_string<E>(self, words: String) -> Result<Value, E> {
        Ok(Value::String(words))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Object::new();
        while let Some((key, value)) = entries.next_entry()? {
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

impl<'de> IntoDeserializer<'de, ConvertError> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = ConvertError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(flag) => visitor.visit_bool(flag),
            Self::Int(whole) => visitor.visit_i64(whole),
            Self::Float(float) => visitor.visit_f64(float),
            Self::String(words) => visitor.visit_string(words),
            Self::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Self::Object(entries) => visitor.visit_map(MapDeserializer::new(entries.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match self {
            Self::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    /// Some versions of the Trainer keep step counts as floats (`500.0`), which name the same number.
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConvertError> {
        match self {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the range")]
            Self::Float(float) if float.fract() == 0.0 && float.abs() < 9e15 => visitor.visit_i64(float as i64),
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::parse;
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Shape {
        steps: u64,
        score: Option<f64>,
        rest: Value,
    }

    #[test]
    fn builds_structures_and_keeps_nan() {
        let shape: Shape =
            from_value(parse("{\"steps\": 500.0, \"score\": NaN, \"rest\": {\"a\": [1, 2.0]}}").unwrap()).unwrap();
        assert_eq!(shape.steps, 500);
        assert!(shape.score.unwrap().is_nan());
        assert_eq!(shape.rest, parse("{\"a\": [1, 2.0]}").unwrap());
        let error = from_value::<Shape>(parse("{\"steps\": 0.5, \"score\": null, \"rest\": 1}").unwrap()).unwrap_err();
        assert!(error.to_string().contains("0.5"), "{error}");
    }

    #[test]
    fn passes_through_serde_json() {
        let value = parse("{\"a\": [1, 2.5, null, true, \"x\"]}").unwrap();
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
