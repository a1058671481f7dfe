//! What stands at the top: the title and the verdict; and where the page is from.

use std::collections::BTreeSet;

use super::markup::paragraph;
use crate::compare::best::Contest;
use crate::compare::comparison::Comparison;
use crate::compare::escape::escaped;
use crate::compare::verdict::by_rows;
use records::counted;
use records::record::Program;

/// Letters of two models' names that a title has room for.
const LONGEST_NAMES: usize = 50;

/// Letters of a name that stays on one line.
const LONGEST_WHOLE: usize = 12;

/// What the runs come to, and what is to be known of it.
pub(super) fn verdict(comparison: &Comparison<'_>, contests: &[Option<Contest<'_>>]) -> String {
    let verdict = comparison.verdict(contests);
    let remarks: String =
        verdict.remarks.iter().map(|remark| format!("<p class=\"note\">{}</p>\n", escaped(remark))).collect();
    let mut sentence = escaped(&verdict.sentence);
    // A line does not end within a task's name.
    let names = comparison.columns.iter().map(|column| escaped(&column.task_title()));
    let names: BTreeSet<String> = names.filter(|name| name.contains('-') && name.len() <= LONGEST_WHOLE).collect();
    for name in names {
        sentence = sentence.replace(&name, &format!("<span class=\"whole\">{name}</span>"));
    }
    format!("<p class=\"verdict\">{sentence}</p>\n{remarks}")
}

pub(super) fn program() -> String {
    let Program { name, version, git_commit } = Program::current();
    let commit = git_commit.map_or_else(String::new, |commit| format!(" ({commit})"));
    escaped(&format!("{name} {version}{commit}"))
}

pub(super) fn title(comparison: &Comparison<'_>) -> String {
    let own: Vec<&str> =
        comparison.rows.iter().filter(|row| !row.is_published()).map(|row| row.name.as_str()).collect();
    let tasks = match comparison.columns.as_slice() {
        [column] => column.title(),
        columns => {
            let tasks = comparison.task_count();
            // Of one task several columns have other rows each.
            let sets = columns.len();
            let rows = if sets == tasks { String::new() } else { format!(", {sets} sets of rows") };
            counted(tasks, "task") + &rows
        }
    };
    let models = match own.as_slice() {
        [model] => (*model).to_owned(),
        [one, other] if one.len() + other.len() < LONGEST_NAMES => format!("{one} and {other}"),
        _ => counted(own.len(), "model"),
    };
    escaped(&format!("{models} on {tasks}"))
}

pub(super) fn introduction(comparison: &Comparison<'_>, made_at: &str) -> String {
    let own = comparison.rows.iter().filter(|row| !row.is_published()).count();
    let published = comparison.rows.len() - own;
    let mut text = format!("{} of {}", counted(comparison.run_count(), "run"), counted(own, "model"));
    if published > 0 {
        text += &format!(" beside {}", counted(published, "published row"));
    }
    text += &format!(" on {}.", by_rows(&comparison.columns.iter().collect::<Vec<_>>()));
    let mut times: Vec<&str> = comparison.found.iter().map(|(_, record)| record.started_at.as_str()).collect();
    times.sort_unstable();
    let time = |text: &str| format!("<time datetime=\"{0}\">{0}</time>", escaped(text));
    let when = match (times.first(), times.last()) {
        (Some(first), Some(last)) if first == last => format!("The run began at {}. ", time(first)),
        (Some(first), Some(last)) => format!("The runs began between {} and {}. ", time(first), time(last)),
        _ => String::new(),
    };
    format!("{}<p>{when}Page made at {} by {}.</p>\n", paragraph(&text), time(made_at), program())
}
