//! A grid as YAML: read into the fields that TOML gives, with YAML's traps refused or right.
//!
//! Words are those of YAML 1.2: `no`, `off` and the like are words and no booleans, so `eval_strategy: no` is what it looks like, and a
//! switch takes them as it does where they are typed. `1e-3` is a number.

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Parser};
use serde_saphyr::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

/// The fields of a file.
///
/// # Errors
/// What is wrong, with its line where there is one.
pub(super) fn fields(text: &str) -> Result<Map<String, Value>, String> {
    check_events(text)?;
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        // 010 is 8 to some programs and 10 to others, 1_000 a number or none: words, which a flag for numbers takes or refuses as typed.
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
    };
    let fields: Map<String, Value> = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let text = error.without_snippet().to_string();
        text.lines().next().unwrap_or_default().to_owned()
    })?;
    fields.iter().try_for_each(|(key, value)| check_value(key, value))?;
    Ok(fields)
}

/// What a grid has no use for: tags, and further documents, of which only the first would be read.
fn check_events(text: &str) -> Result<(), String> {
    let mut documents = 0;
    // What cannot be parsed is said by who reads it.
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        let line = span.start.line();
        let tag = match event {
            Event::DocumentStart(..) => {
                documents += 1;
                None
            }
            Event::Scalar(_, _, _, tag) | Event::SequenceStart(_, _, tag) | Event::MappingStart(_, _, tag) => tag,
            _ => None,
        };
        if documents > 1 {
            return Err(format!("line {line}: a second document begins here; a grid is one document"));
        }
        if let Some(tag) = tag {
            return Err(format!("line {line}: there is a tag ({tag}), and a grid has none: leave it out"));
        }
    }
    Ok(())
}

/// # Errors
/// A key without a value: in a file that people write it is forgotten.
fn check_value(key: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => Err(format!("`{key}` has no value: give one, or leave the key out")),
        Value::Array(items) => items.iter().try_for_each(|item| check_value(key, item)),
        Value::Object(fields) => {
            fields.iter().try_for_each(|(below, value)| check_value(&format!("{key}.{below}"), value))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_and_numbers_are_what_they_look_like() {
        let text = "eval_strategy: no\ndo_train: off\ndo_eval: true\nlearning_rate: [1e-3, 2e-5, 0.5]\nseed: 0x10\nmax_steps: 1_000\n\
                    logging_steps: 010\nmodel: \"1\"\nwarmup_ratio: .5\nsearch_space: {a: [1, 2]}\n";
        let expected = json!({
            "eval_strategy": "no",
            "do_train": "off",
            "do_eval": true,
            "learning_rate": [1e-3, 2e-5, 0.5],
            "seed": 16,
            "max_steps": "1_000",
            "logging_steps": "010",
            "model": "1",
            "warmup_ratio": 0.5,
            "search_space": {"a": [1, 2]},
        });
        assert_eq!(Value::Object(fields(text).expect("a grid")), expected);
    }

    #[test]
    fn anchors_stand_for_what_they_name() {
        let text = "common: &c [1, 2]\nother: *c\nbase: &b {x: 1}\ntasks:\n  rte:\n    <<: *b\n    y: 2\n";
        let read = Value::Object(fields(text).expect("a grid"));
        assert_eq!(read["other"], json!([1, 2]));
        assert_eq!(read["tasks"]["rte"], json!({"x": 1, "y": 2}));
    }

    #[test]
    fn traps_are_refused_with_their_line() {
        for (text, parts) in [
            ("a: 1\nb: 2\na: 3\n", ["duplicate", "line 3"]),
            ("a: 1\n---\na: 2\n", ["line 2", "a second document"]),
            ("a: !!str 1\n", ["line 1", "there is a tag"]),
            ("a: 1\nb: !include x\n", ["line 2", "there is a tag (!include)"]),
            ("a: !x [1]\n", ["line 1", "there is a tag"]),
            ("a:\n", ["`a` has no value", "leave the key out"]),
            ("tasks:\n  rte:\n    a: ~\n", ["`tasks.rte.a` has no value", "leave"]),
            ("a: [1, null]\n", ["`a` has no value", "leave"]),
            ("a: .inf\n", ["line 1", ""]),
            ("a: [1\n", ["line", ""]),
            ("- a\n", ["line 1", ""]),
        ] {
            let error = fields(text).expect_err(text);
            assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
            assert!(!error.contains('\n'), "{text}: {error}");
        }
    }
}
