//! `json.dumps(value, indent=N, sort_keys=True)`.

use super::number::float_repr;
use super::value::Value;
use std::fmt::Write as _;

/// The text of `json.dumps(value, indent=indent, sort_keys=True)`: no newline at the end, ASCII only.
#[must_use]
pub fn dumps(value: &Value, indent: usize) -> String {
    let mut text = String::new();
    write_value(&mut text, value, Some(indent), 0);
    text
}

/// The text of `json.dumps(value, sort_keys=True)`: all in one line.
#[must_use]
pub fn dumps_line(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, None, 0);
    text
}

fn write_value(text: &mut String, value: &Value, indent: Option<usize>, depth: usize) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Int(whole) => text.push_str(&whole.to_string()),
        Value::Float(float) => text.push_str(&float_repr(*float)),
        Value::String(words) => write_string(text, words),
        Value::Array(items) => {
            write_items(text, '[', ']', items.iter(), indent, depth, |text, item| {
                write_value(text, item, indent, depth + 1);
            });
        }
        Value::Object(entries) => {
            write_items(text, '{', '}', entries.iter(), indent, depth, |text, (key, item)| {
                write_string(text, key);
                text.push_str(": ");
                write_value(text, item, indent, depth + 1);
            });
        }
    }
}

/// The items of a list or object, one a line; an empty one is written as `[]` or `{}`.
fn write_items<T>(
    text: &mut String,
    open: char,
    close: char,
    items: impl ExactSizeIterator<Item = T>,
    indent: Option<usize>,
    depth: usize,
    mut write: impl FnMut(&mut String, T),
) {
    text.push(open);
    let empty = items.len() == 0;
    for (place, item) in items.enumerate() {
        if place > 0 {
            text.push_str(if indent.is_some() { "," } else { ", " });
        }
        if let Some(indent) = indent {
            new_line(text, indent * (depth + 1));
        }
        write(text, item);
    }
    if let Some(indent) = indent.filter(|_| !empty) {
        new_line(text, indent * depth);
    }
    text.push(close);
}

fn new_line(text: &mut String, spaces: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', spaces));
}

/// A string as `ensure_ascii=True` writes it: everything but printable ASCII is escaped.
fn write_string(text: &mut String, words: &str) {
    text.push('"');
    for letter in words.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(letter),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::value::{Object, Value};
    use super::dumps;

    fn sample() -> Value {
        let inner = Object::from([("z".to_owned(), Value::Array(vec![])), ("A".to_owned(), Value::from(1_u64))]);
        Value::Object(Object::from([
            ("b".to_owned(), Value::from(1e-5)),
            ("a".to_owned(), Value::from(vec![2.0, f64::NAN])),
            ("empty".to_owned(), Value::Object(Object::new())),
            ("inner".to_owned(), Value::Object(inner)),
            ("none".to_owned(), Value::Null),
            ("flag".to_owned(), Value::from(true)),
            ("é".to_owned(), Value::from("naïve \"q\" \\ \n\t\u{7f}\u{1} 😀")),
        ]))
    }

    /// Printed by CPython 3.11 for the same value.
    const PRINTED: &str = r#"{
    "a": [
        2.0,
        NaN
    ],
    "b": 1e-05,
    "empty": {},
    "flag": true,
    "inner": {
        "A": 1,
        "z": []
    },
    "none": null,
    "\u00e9": "na\u00efve \"q\" \\ \n\t\u007f\u0001 \ud83d\ude00"
}"#;

    #[test]
    fn prints_as_json_dumps() {
        assert_eq!(dumps(&sample(), 4), PRINTED);
        assert_eq!(dumps(&sample(), 2), PRINTED.replace("    ", "  "));
    }
}
