//! Words and names as engines and shells take them.

use std::path::Path;

use super::options::PlanOptions;

/// Kubernetes adds to a Job's name, and takes 63 letters of all: RFC 1123.
const LONGEST_NAME: usize = 40;

/// How the program is called: as it was typed, for it may be several words.
pub(super) fn program(options: &PlanOptions) -> &str {
    options.program.as_deref().unwrap_or("run-glue").trim()
}

/// A word for a shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

pub(super) fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A name that every engine takes, after the file: lower-case letters, digits and dashes.
pub(super) fn name(grid: &Path) -> String {
    let stem = grid.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    name.truncate(LONGEST_NAME);
    format!("run-glue-{name}").trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels() {
        for (file, expected) in [
            ("a/My Grid_2.toml", "run-glue-my-grid-2"),
            ("ödev.toml", "run-glue--dev"),
            ("--.toml", "run-glue"),
            (".toml", "run-glue--toml"),
        ] {
            assert_eq!(name(Path::new(file)), expected);
        }
        let long = name(Path::new(&format!("{}.toml", "ab".repeat(60))));
        assert!(long.len() < 50 && long.starts_with("run-glue-ab"), "{long}");
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        assert_eq!(quoted("--lr=2e-5"), "--lr=2e-5");
        for word in ["", "a b", "$HOME", "*", "~", "it's", "a;b", "é", "a\nb"] {
            assert!(quoted(word).starts_with('\''), "{word}");
        }
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
