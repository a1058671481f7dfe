//! Every command in the README and the pages of docs is one that the program takes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use run_glue::cli::args::Cli;
use run_glue::cli::normalize_args::normalize_args;

pub(super) fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    pages.push(root.join("README.md"));
    pages
}

/// The lines of a page's blocks of shell, continued ones in one.
pub(super) fn shell_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut is_shell, mut open) = (false, String::new());
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            is_shell = matches!(language, "sh" | "bash");
        } else if is_shell {
            match line.strip_suffix('\\') {
                Some(begun) => open.push_str(begun),
                None => lines.push(std::mem::take(&mut open) + line),
            }
        }
    }
    lines
}

/// The words of a command up to a comment, a pipe or another command; `None` where it stands for many.
pub(super) fn words(command: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in command.chars() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '#') if words.last().is_some_and(String::is_empty) => break,
            (None, '|' | '>' | ';' | '&' | '<') => break,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    let stands_for_many = |word: &String| word.contains("...") || word.starts_with('$') || word.starts_with('[');
    (!words.iter().any(stands_for_many)).then_some(words)
}

#[test]
fn commands_of_the_pages_are_taken() {
    let mut count = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let commands = shell_lines(&text);
        for command in commands.iter().filter(|line| line.trim_start().starts_with("run-glue ")) {
            let Some(words) = words(command.trim_start()) else { continue };
            // A file of flags is not there.
            if words.get(1).is_some_and(|word| word.ends_with(".json")) {
                continue;
            }
            let taken = normalize_args(words.iter().map(OsString::from)).map_err(|error| error.to_string());
            let parsed = taken.and_then(|normalized| {
                let parsed = Cli::parser(false).try_get_matches_from(normalized.args);
                parsed.map_err(|error| error.to_string())
            });
            assert!(parsed.is_ok(), "{}: {command}\n{}", page.display(), parsed.err().unwrap_or_default());
            count += 1;
        }
    }
    assert!(count > 60, "{count} commands");
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !heading.is_empty() && target.extension().is_some_and(|ending| ending == "md") {
                let headings = std::fs::read_to_string(&target).unwrap();
                let mut slugs = headings.lines().filter(|line| line.starts_with('#')).map(slug);
                assert!(slugs.any(|slug| slug == heading), "{}: {link}", page.display());
            }
        }
    }
}

/// A heading's anchor as GitHub makes it.
fn slug(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-")
}
