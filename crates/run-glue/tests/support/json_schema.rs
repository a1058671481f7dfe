//! JSON Schema, as far as the schemas here go.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]

use serde_json::Value;

/// What is wrong with `value`, by place.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "", &mut found);
    found
}

/// Follow `$ref`s, and take the one alternative of an `anyOf` that is not null.
pub(crate) fn resolved<'a>(root: &'a Value, mut part: &'a Value) -> &'a Value {
    loop {
        if let Some(name) = part["$ref"].as_str() {
            part = &root["$defs"][name.strip_prefix("#/$defs/").unwrap()];
        } else if let Some(ways) = part["anyOf"].as_array() {
            part = ways.iter().find(|way| way["type"] != "null").unwrap();
        } else {
            return part;
        }
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the check does not know the type {other}"),
    }
}

/// The two patterns of the records' schema, by hand.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    match pattern {
        "^[0-9a-f]{64}$" => {
            text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
        }
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" => {
            let shape = "dddd-dd-ddTdd:dd:ddZ";
            text.len() == shape.len()
                && text.bytes().zip(shape.bytes()).all(|(got, want)| match want {
                    b'd' => got.is_ascii_digit(),
                    mark => got == mark,
                })
        }
        other => panic!("the check does not know the pattern {other}"),
    }
}

/// What is wrong with `value` by the words of JSON Schema that the schemas here use; a word the check does not know stops
/// the test, so that a schema cannot outgrow it unseen.
fn check(root: &Value, part: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if *part == Value::Bool(false) {
        found.push(format!("{at}: there is no such field"));
        return;
    }
    for (word, rule) in part.as_object().unwrap() {
        let holds = match word.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                check(root, resolved(root, part), value, at, found);
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|way| {
                let mut inner = Vec::new();
                check(root, way, value, at, &mut inner);
                inner.is_empty()
            }),
            "oneOf" => {
                let ways = rule.as_array().unwrap().iter().filter(|way| {
                    let mut inner = Vec::new();
                    check(root, way, value, at, &mut inner);
                    inner.is_empty()
                });
                ways.count() == 1
            }
            "format" => match rule.as_str().unwrap() {
                "int32" => value.as_i64().is_none_or(|number| i32::try_from(number).is_ok()),
                "int64" => value.as_number().is_none_or(|number| number.is_i64()),
                "date-time" => true,
                other => panic!("the check does not know the format {other}"),
            },
            "type" => match rule {
                Value::String(name) => has_type(value, name),
                names => names.as_array().unwrap().iter().any(|name| has_type(value, name.as_str().unwrap())),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches_pattern(text, rule.as_str().unwrap())),
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}[{place}]"), found);
                }
                true
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(inner) = value.get(name) {
                        check(root, rule, inner, &format!("{at}.{name}"), found);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = part.get("properties").and_then(Value::as_object);
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if !known.is_some_and(|known| known.contains_key(name)) && *rule != Value::Bool(true) {
                        check(root, rule, inner, &format!("{at}.{name}"), found);
                    }
                }
                true
            }
            other => panic!("the check does not know the word {other}"),
        };
        if !holds {
            found.push(format!("{at}: {word} {rule} does not hold for {value}"));
        }
    }
}
