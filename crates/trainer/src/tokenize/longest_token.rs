//! Tokens so long that nothing is called so: the tokenizers library keeps those of Unigram in a tree of a level a byte, and takes it down by as many
//! calls within each other, which ends the program where its stack is too small for them.

use std::path::Path;

use super::TokenizeError;

/// Bytes of the longest token that is taken. Those of SentencePiece have 16 characters unless it is told otherwise.
const MOST_BYTES: usize = 4096;

/// The one text of a `tokenizer.json` that is long: a normalizer's table.
const TABLE: &str = "precompiled_charsmap";

/// # Errors
/// Names the file where a text in it, but for that table, is longer than a token may be.
pub(super) fn check_json(path: &Path, bytes: &[u8]) -> Result<(), TokenizeError> {
    let (mut at, mut before) = (0, 0..0);
    while let Some(start) = memchr::memchr(b'"', bytes.get(at..).unwrap_or_default()).map(|found| at + found + 1) {
        let text = start..end_of_text(bytes, start);
        if text.len() > MOST_BYTES && bytes.get(before.clone()) != Some(TABLE.as_bytes()) {
            return Err(too_long(path, text.len()));
        }
        (at, before) = (text.end + 1, text);
    }
    Ok(())
}

/// # Errors
/// As [`check_json`], of the pieces of a vocabulary.
pub(super) fn check<'a>(path: &Path, mut pieces: impl Iterator<Item = &'a str>) -> Result<(), TokenizeError> {
    pieces.find(|piece| piece.len() > MOST_BYTES).map_or(Ok(()), |piece| Err(too_long(path, piece.len())))
}

/// Where the text that begins there has its closing mark; the file's end where it has none.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        if bytes[at + found] == b'"' {
            return at + found;
        }
        at += found + 2;
    }
    bytes.len()
}

fn too_long(path: &Path, bytes: usize) -> TokenizeError {
    let reason = format!("a token of {bytes} bytes, expected {MOST_BYTES} at most");
    TokenizeError::Tokenizer { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_a_book_is_refused_and_the_table_is_not() {
        let long = "a".repeat(MOST_BYTES + 1);
        let check = |text: String| check_json(Path::new("t.json"), text.as_bytes());
        for taken in [
            format!(r#"{{"normalizer": {{"precompiled_charsmap": "{long}"}}, "vocab": [["a\"", 1], ["\\", 2]]}}"#),
            format!(r#"{{"vocab": [["{}", 1.0]]}}"#, &long[1..]),
            "\"no end".to_owned(),
            "\"\\".to_owned(),
        ] {
            assert!(check(taken).is_ok());
        }
        for refused in [
            format!(r#"{{"vocab": [["a\"\\", 1.0], ["{long}", 1.0]]}}"#),
            format!(r#"{{"a": "precompiled_charsmap", "b": "c", "d": "{long}"}}"#),
        ] {
            let error = check(refused).unwrap_err().to_string();
            assert!(
                error.contains("t.json") && error.contains("a token of 4097 bytes, expected 4096 at most"),
                "{error}"
            );
        }
        let pieces = ["a", long.as_str()];
        assert!(super::check(Path::new("t.model"), pieces.into_iter()).is_err());
        assert!(super::check(Path::new("t.model"), pieces[..1].iter().copied()).is_ok());
    }
}
