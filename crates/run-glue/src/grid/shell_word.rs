//! A word as a shell takes it.

/// A word for a shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        assert_eq!(quoted("--lr=2e-5"), "--lr=2e-5");
        for word in ["", "a b", "$HOME", "*", "~", "it's", "a;b", "é", "a\nb"] {
            assert!(quoted(word).starts_with('\''), "{word}");
        }
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
