//! Patterns of file names, as the Hub has them: `data/*.csv`, `**/train-*`.

use glob::MatchOptions;

/// A pattern of paths with `/` between. `*` and `?` stand for no `/`; `**` for any folders.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pattern: glob::Pattern,
    /// How many hidden parts it names.
    hidden: usize,
}

impl Pattern {
    /// # Errors
    /// Why it is none.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        let hidden = hidden_parts(pattern);
        let pattern = glob::Pattern::new(pattern).map_err(|error| error.to_string())?;
        Ok(Self { pattern, hidden })
    }

    /// Whether a path is one of its. Hidden files and folders have to be named: <https://huggingface.co/docs/datasets/loading>.
    pub(super) fn matches(&self, path: &str) -> bool {
        let options =
            MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };
        hidden_parts(path) == self.hidden && self.pattern.matches_with(path, options)
    }

    /// Whether it stands for one path alone.
    pub(super) fn is_literal(pattern: &str) -> bool {
        !pattern.contains(['*', '?', '['])
    }
}

/// Whether a path or a folder of it begins with a dot, or a folder with two underscores.
pub(super) fn is_hidden(path: &str) -> bool {
    hidden_parts(path) > 0
}

fn hidden_parts(path: &str) -> usize {
    let parts: Vec<&str> = path.split('/').collect();
    let is_last = |at: usize| at + 1 == parts.len();
    let is_hidden = |(at, part): (usize, &&str)| {
        part.starts_with('.') && !part.trim_start_matches('.').is_empty() || part.starts_with("__") && !is_last(at)
    };
    parts.iter().enumerate().filter(|&(at, part)| is_hidden((at, part))).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_datasets() {
        let fits = |pattern: &str, path: &str| Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(path));
        assert!(fits("data/*.csv", "data/a.csv") && !fits("data/*.csv", "data/b/a.csv"));
        assert!(fits("**/a.csv", "a.csv") && fits("**/a.csv", "b/c/a.csv") && fits("b/**", "b/c/a.csv"));
        assert!(fits("part-[0-3]?.csv", "part-1x.csv") && !fits("part-[0-3]?.csv", "part-4x.csv"));
        assert!(!fits("**", ".git/a.csv") && fits(".git/*", ".git/a.csv") && !fits("**", "__pycache__/a.csv"));
        assert!(fits("**", "__a.csv") && fits("./a.csv", "a.csv"));
        assert!(Pattern::new("a**.csv").is_err() && Pattern::new("[").is_err());
    }
}
