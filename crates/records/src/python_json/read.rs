//! `json.loads`: strict JSON plus the bare words `NaN`, `Infinity` and `-Infinity`.

use super::value::{Object, Value};

/// Lists and objects deeper than this are refused, so that a hostile file cannot exhaust the stack.
const MAX_DEPTH: usize = 128;

/// Text that is no JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// Line of the first wrong character, from 1.
    pub line: usize,
    /// Column of the first wrong character in bytes, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
}

/// Read one JSON value as Python's `json.loads` does; of a key that is given twice the last value counts.
///
/// # Errors
/// [`ParseError`] where the text is no JSON.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.error("text after the end of the value"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, problem: impl Into<String>) -> ParseError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        ParseError { line, column, problem: problem.into() }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Take `word` if the text goes on with it.
    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, ParseError> {
        if depth > MAX_DEPTH {
            return Err(self.error("lists and objects are nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            _ => self.word_or_number(),
        }
    }

    fn word_or_number(&mut self) -> Result<Value, ParseError> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        for (word, value) in words {
            if self.take(word) {
                return Ok(value);
            }
        }
        self.number()
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        self.take("-");
        let leading_zero = self.peek() == Some(b'0');
        let whole_digits = self.digits();
        if whole_digits == 0 {
            self.at = start;
            return Err(self.error("a value is expected"));
        }
        if leading_zero && whole_digits > 1 {
            self.at = start;
            return Err(self.error("a number starts with a needless 0"));
        }
        let mut float = false;
        if self.take(".") {
            float = true;
            if self.digits() == 0 {
                return Err(self.error("a digit is expected after the point"));
            }
        }
        if self.take("e") || self.take("E") {
            float = true;
            if !self.take("-") {
                self.take("+");
            }
            if self.digits() == 0 {
                return Err(self.error("a digit is expected in the exponent"));
            }
        }
        let digits = self.text.get(start..self.at).unwrap_or("");
        // Python's integers have no limit; one beyond 64 bits is kept as the nearest float.
        if !float && let Ok(whole) = digits.parse::<i64>() {
            return Ok(Value::Int(whole));
        }
        digits.parse::<f64>().map(Value::Float).map_err(|_| self.error("this is no number"))
    }

    fn array(&mut self, depth: usize) -> Result<Value, ParseError> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take("]") {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take("]") {
                return Ok(Value::Array(items));
            }
            if !self.take(",") {
                return Err(self.error("',' or ']' is expected"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, ParseError> {
        let mut entries = Object::new();
        self.at += 1;
        self.skip_space();
        if self.take("}") {
            return Ok(Value::Object(entries));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a key in double quotes is expected"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.error("':' is expected after a key"));
            }
            self.skip_space();
            entries.insert(key, self.value(depth + 1)?);
            self.skip_space();
            if self.take("}") {
                return Ok(Value::Object(entries));
            }
            if !self.take(",") {
                return Err(self.error("',' or '}' is expected"));
            }
        }
    }

    fn string(&mut self) -> Result<String, ParseError> {
        let mut words = String::new();
        self.at += 1;
        loop {
            let Some(letter) = self.rest().chars().next() else {
                return Err(self.error("the text ends inside a string"));
            };
            match letter {
                '"' => {
                    self.at += 1;
                    return Ok(words);
                }
                '\\' => words.push(self.escape()?),
                control if control < ' ' => {
                    return Err(self.error("a control character inside a string must be escaped"));
                }
                other => {
                    self.at += other.len_utf8();
                    words.push(other);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        self.at += 1;
        let letter = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("this escape is unknown")),
        };
        self.at += 1;
        Ok(letter)
    }

    /// `\uXXXX`, or two of them for a letter outside the first plane. A lone half, which Python lets through, has no
    /// place in a Rust string and becomes the replacement character.
    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        self.at += 1;
        let first = self.hex_unit()?;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex_unit()?;
            if let Some(Ok(letter)) = char::decode_utf16([first, second]).next() {
                return Ok(letter);
            }
            self.at = back;
        }
        Ok(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex_unit(&mut self) -> Result<u16, ParseError> {
        let digits = self.rest().get(..4).unwrap_or("");
        // `from_str_radix` alone would let a sign through.
        let valid = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let Some(unit) = valid.then(|| u16::from_str_radix(digits, 16).ok()).flatten() else {
            return Err(self.error("four hexadecimal digits are expected after \\u"));
        };
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::write::dumps;
    use super::*;

    #[test]
    fn reads_what_python_writes() {
        let text = "{\n  \"a\": [NaN, Infinity, -Infinity, 1, -2.0, 1e-05, 1E+16],\n  \"b\\u00e9\\ud83d\\ude00\": null, \"c\": {}}\n";
        let value = parse(text).unwrap();
        let Value::Object(entries) = &value else { panic!("{value:?}") };
        let Value::Array(items) = &entries["a"] else { panic!("{value:?}") };
        assert!(matches!(items[0], Value::Float(nan) if nan.is_nan()));
        assert_eq!(
            items[1..],
            [
                Value::Float(f64::INFINITY),
                Value::Float(f64::NEG_INFINITY),
                Value::Int(1),
                Value::Float(-2.0),
                Value::Float(1e-5),
                Value::Float(1e16)
            ]
        );
        assert_eq!(entries["bé😀"], Value::Null);
        assert_eq!(entries["c"], Value::Object(Object::new()));
    }

    #[test]
    fn ints_and_floats_stay_apart_through_a_round_trip() {
        let text = "{\n    \"float\": 2.0,\n    \"int\": 2\n}";
        assert_eq!(dumps(&parse(text).unwrap(), 4), text);
    }

    #[test]
    fn says_where_the_text_goes_wrong() {
        let error = parse("{\n  \"a\": 1\n  \"b\": 2}").unwrap_err();
        assert_eq!((error.line, error.column), (3, 3));
        for broken in
            ["", "{", "[1,", "{\"a\"}", "01", "1.", "1e", "nan", "\"a", "\"\\x\"", "\"\\u12\"", "[1] 2", "{\"a\":1,}"]
        {
            assert!(parse(broken).is_err(), "{broken}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
