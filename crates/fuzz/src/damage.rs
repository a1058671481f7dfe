//! Makes a damaged file of a good one: the same one of the same number.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// What a file is made of, and so what is damaged about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Bytes alone.
    Bytes,
    /// One JSON value.
    Json,
    /// Lines of text: csv, TOML, YAML, vocabularies, lines of JSON.
    Lines,
    /// A length, a JSON header of that length, tensors.
    Safetensors,
}

/// Numbers at which readers break: none, signs, ends of types, more than any memory.
const NUMBERS: [i64; 12] =
    [0, 1, -1, 127, 255, 65_536, 1_000_000_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, i64::MAX, i64::MIN];
const TEXTS: [&str; 14] = [
    "",
    " ",
    "\0",
    "\u{feff}",
    "\"",
    "\\",
    "\r\n",
    "\t",
    "nan",
    "-inf",
    "1e999",
    "../../etc/passwd",
    "\u{202e}\u{1b}[31m",
    "\u{10ffff}",
];
/// The longest text that is put into a file.
const LONG: usize = 100_000;
/// Nesting that overflows the stack of a reader that descends by itself.
const DEEP: usize = 20_000;

/// A damaged form of `good`. `other` is a file of the same kind, pieces of which may take places.
pub(crate) fn damaged(form: Form, good: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let in_form = match form {
        // What a reader looks at first is behind a few bytes: half of the files are damaged without regard to their form.
        _ if rng.bool() => None,
        Form::Bytes => None,
        Form::Json => json_damaged(good, rng),
        Form::Lines => Some(lines_damaged(good, other, rng)),
        Form::Safetensors => header_damaged(good, rng),
    };
    in_form.unwrap_or_else(|| bytes_damaged(good, other, rng))
}

fn bytes_damaged(good: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..rng.usize(1..=6) {
        let at = rng.usize(0..=bytes.len());
        let end = (at + rng.usize(0..=64)).min(bytes.len());
        match rng.u8(0..9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => {
                let from = rng.usize(0..=other.len());
                let to = (from + rng.usize(0..=64)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            4 => {
                let number = rng.choice(NUMBERS).unwrap_or_default().to_le_bytes();
                let width = [1, 2, 4, 8][rng.usize(0..4)];
                let end = (at + width).min(bytes.len());
                bytes[at..end].copy_from_slice(&number[..end - at]);
            }
            5 => drop(bytes.splice(at..at, rng.choice(TEXTS).unwrap_or_default().bytes())),
            _ if at < bytes.len() => match rng.bool() {
                true => bytes[at] ^= 1 << rng.u8(0..8),
                false => bytes[at] = rng.u8(..),
            },
            _ => {}
        }
    }
    bytes
}

fn lines_damaged(good: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let lines_of =
        |bytes: &[u8]| -> Vec<Vec<u8>> { bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect() };
    let (mut lines, others) = (lines_of(good), lines_of(other));
    for _ in 0..rng.usize(1..=4) {
        if lines.is_empty() {
            break;
        }
        let at = rng.usize(0..lines.len());
        match rng.u8(0..8) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines.swap(at, 0),
            3 => lines.extend(others.get(rng.usize(0..others.len().max(1))).cloned()),
            4 => lines[at] = with_other_number(&lines[at], rng),
            5 => lines[at] = rng.choice(TEXTS).unwrap_or_default().repeat(rng.usize(1..=LONG / 4)).into_bytes(),
            _ => {
                let (place, text) = (rng.usize(0..=lines[at].len()), rng.choice(TEXTS).unwrap_or_default());
                lines[at].splice(place..place, text.bytes());
            }
        }
    }
    lines.concat()
}

/// The line with another number in place of one of its numbers.
fn with_other_number(line: &[u8], rng: &mut Rng) -> Vec<u8> {
    let digits: Vec<usize> = (0..line.len()).filter(|at| line[*at].is_ascii_digit()).collect();
    let Some(&start) = rng.choice(&digits) else { return line.to_vec() };
    let end = line[start..].iter().position(|byte| !byte.is_ascii_digit()).map_or(line.len(), |length| start + length);
    let number = rng.choice(NUMBERS).unwrap_or_default().to_string();
    [&line[..start], number.as_bytes(), &line[end..]].concat()
}

/// `None` where it is no JSON.
fn json_damaged(good: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(good).ok()?;
    if rng.u8(0..50) == 0 {
        return Some([b"[".repeat(DEEP), b"]".repeat(DEEP)].concat());
    }
    for _ in 0..rng.usize(1..=3) {
        let places = count(&value);
        let mut at = rng.usize(0..places);
        change(&mut value, &mut at, rng);
    }
    serde_json::to_vec(&value).ok()
}

/// Of a value itself and of all within it.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(all) => all.iter().map(count).sum(),
        Value::Object(all) => all.values().map(count).sum(),
        _ => 0_usize,
    }
}

/// Changes the value that comes `at`-th, counted from the outermost one.
fn change(value: &mut Value, at: &mut usize, rng: &mut Rng) -> bool {
    if *at == 0 {
        *value = other_value(value, rng);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(all) => all.iter_mut().any(|inner| change(inner, at, rng)),
        Value::Object(all) => all.values_mut().any(|inner| change(inner, at, rng)),
        _ => false,
    }
}

fn other_value(value: &Value, rng: &mut Rng) -> Value {
    match (rng.u8(0..12), value) {
        (0, _) => Value::Null,
        (1, _) => json!(rng.bool()),
        (2..=4, _) => json!(rng.choice(NUMBERS)),
        (5, _) => json!(rng.f64() * 1e3),
        (6, _) => json!(rng.choice(TEXTS)),
        (7, _) => json!(rng.choice(TEXTS).unwrap_or_default().repeat(LONG / 4)),
        (8, Value::Array(all)) => Value::Array(all.iter().chain(all).cloned().collect()),
        (8, inner) => json!([inner]),
        (9, Value::Object(all)) => without_one(all, rng),
        (9, Value::Array(all)) if !all.is_empty() => Value::Array(all[1..].to_vec()),
        (10, Value::Number(number)) => json!(number.as_f64().map(|number| -number)),
        (11, Value::Number(number)) => json!(number.as_f64().map(|number| number * 2.0 + 0.5)),
        (_, Value::Object(_)) => json!({}),
        (_, Value::Array(_)) => json!([]),
        _ => json!({"a": value}),
    }
}

fn without_one(all: &Map<String, Value>, rng: &mut Rng) -> Value {
    let left_out = rng.usize(0..all.len().max(1));
    Value::Object(
        all.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, (k, v))| (k.clone(), v.clone())).collect(),
    )
}

/// A damaged header, and its length as it is then. `None` where there is none.
fn header_damaged(good: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let (length, rest) = good.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, tensors) = rest.split_at_checked(length)?;
    let header = json_damaged(header, rng)?;
    Some([&(header.len() as u64).to_le_bytes(), header.as_slice(), tensors].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_makes_the_same_file_and_most_are_damaged() {
        let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let tensors = [&(header.len() as u64).to_le_bytes(), header.as_slice(), &[0; 4]].concat();
        let goods: [(Form, &[u8]); 4] = [
            (Form::Bytes, b"PAR1 and more"),
            (Form::Json, br#"{"a": [1, 2, {"b": null}], "c": "d"}"#),
            (Form::Lines, b"a,b\n1,2\n3,4\n"),
            (Form::Safetensors, &tensors),
        ];
        for (form, good) in goods {
            let make = |number| damaged(form, good, good, &mut Rng::with_seed(number));
            let changed = (0..200).filter(|number| make(*number) != good).count();
            assert!(changed > 150, "{form:?}: {changed}");
            assert!((0..200).all(|number| make(number) == make(number)), "{form:?}");
        }
    }

    #[test]
    fn a_damaged_header_has_its_own_length() {
        let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let good = [&(header.len() as u64).to_le_bytes(), header.as_slice(), &[7; 4]].concat();
        for number in 0..50 {
            let made = header_damaged(&good, &mut Rng::with_seed(number)).expect("it has one");
            let length = usize::try_from(u64::from_le_bytes(made[..8].try_into().expect("eight"))).expect("small");
            assert_eq!(&made[8 + length..], [7; 4]);
            assert!(serde_json::from_slice::<Value>(&made[8..8 + length]).is_ok() || length == 2 * DEEP);
        }
    }
}
