//! Words and names as engines and shells take them.

use std::path::Path;

use super::options::PlanOptions;
use crate::grid::shell_word::quoted;

/// Kubernetes adds to a Job's name, and takes 63 letters of all: RFC 1123.
const LONGEST_NAME: usize = 40;

/// How the program is called: as it was typed, for it may be several words.
pub(super) fn program(options: &PlanOptions) -> &str {
    options.program.as_deref().unwrap_or("run-glue").trim()
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
}
