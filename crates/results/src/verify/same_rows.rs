//! Whether a run was scored on the rows of the number that it is held against.

use std::collections::BTreeSet;

use glue_tasks::task_named;
use records::record::{RecordFile, RunRecord, SplitRows};

use super::wanted::Wanted;
use crate::scored_rows::{self, class_names, evaluated, is_split_trained_on, is_whole, spec_of};

/// Whether the number is of another split than the one that runs of its task are scored on.
pub(super) fn is_of_other_split(wanted: &Wanted) -> bool {
    let (Some(theirs), Some(ours)) = (&wanted.theirs.made.split, scored_split(wanted)) else { return false };
    // MNLI's matched and mismatched development sets are both its validation split.
    ours != theirs && !ours.strip_prefix(theirs.as_str()).is_some_and(|rest| rest.starts_with('_'))
}

/// The split of a task of a benchmark that the number is of.
fn scored_split(wanted: &Wanted) -> Option<&'static str> {
    expected(wanted).map(|(split, _)| split)
}

/// The name of that split, and how many rows it has.
fn expected(wanted: &Wanted) -> Option<(&'static str, Option<u64>)> {
    let splits = &task_named(&wanted.task)?.eval_splits;
    let split = splits.iter().find(|split| split.key_suffix == wanted.key_suffix())?;
    Some((&split.name, split.rows.map(|rows| rows as u64)))
}

/// The rows that a number of a run was scored on.
fn scored<'a>(record: &'a RunRecord, wanted: &Wanted) -> Vec<&'a SplitRows> {
    let is_of_number = |used: &&SplitRows| match used.used_for {
        Some(_) => used.key_suffix == wanted.key_suffix(),
        // Format 1 knows splits by their names.
        None => expected(wanted).is_none_or(|(split, _)| used.split.starts_with(split)),
    };
    evaluated(record).into_iter().filter(is_of_number).collect()
}

/// How many rows a number of a run was scored on; `None` where the record does not say.
pub(super) fn row_count(record: &RunRecord, wanted: &Wanted) -> Option<u64> {
    let rows = scored(record, wanted).iter().map(|used| used.rows).sum();
    (rows > 0).then_some(rows)
}

/// The hash of those rows, where the record has it.
pub(super) fn row_hash(record: &RunRecord, wanted: &Wanted) -> Option<String> {
    match scored(record, wanted).as_slice() {
        [one] => one.sha256.clone(),
        _ => None,
    }
}

/// Whose rows are not known, so that it stays open whether both are of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnknownRows {
    /// The reference does not say of which rows it is.
    OfReference,
    /// It says their content, and a record does not have it.
    OfRuns,
    /// Runs are of several contents, each of as many rows as the benchmark's.
    SeveralContents,
}

/// Of what is not known that the rows are the same: the reference names them by their content or their number, or the benchmark's split
/// has so many and no runs in `found` are of another content, and the records have the content where the reference has it.
pub(super) fn unknown(wanted: &Wanted, runs: &[&RecordFile], found: &[RecordFile]) -> Option<UnknownRows> {
    let theirs = &wanted.theirs;
    let has_hash = |record: &RunRecord| row_hash(record, wanted).is_some();
    match &theirs.rows_sha256 {
        Some(_) => (!runs.iter().all(|(_, record)| has_hash(record))).then_some(UnknownRows::OfRuns),
        None if has_several_contents(&wanted.task, found) => Some(UnknownRows::SeveralContents),
        None if theirs.rows.is_some() || expected(wanted).is_some_and(|(_, rows)| rows.is_some()) => None,
        None => Some(UnknownRows::OfReference),
    }
}

/// Whether runs of a benchmark's task are of several contents, each of as many rows as the benchmark's: which are its own is not known.
fn has_several_contents(task: &str, found: &[RecordFile]) -> bool {
    let of_task = found.iter().map(|(_, record)| record).filter(|record| record.task == task);
    let whole = of_task.filter(|record| is_whole(record) == Some(true));
    let content =
        |record| -> Option<Vec<_>> { scored_rows::scored(record).iter().map(|split| split.sha256.clone()).collect() };
    let contents: BTreeSet<Vec<String>> = whole.filter_map(content).collect();
    contents.len() > 1
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// # Errors
/// Why the run's number is not one of the rows that the reference's is of, with the record, its rows and what was expected.
pub(super) fn check(found: &RecordFile, wanted: &Wanted) -> Result<(), String> {
    let (path, record) = found;
    let used = scored(record, wanted);
    let rows: u64 = used.iter().map(|used| used.rows).sum();
    let names = used.iter().map(|used| used.split.as_str()).collect::<Vec<_>>().join(", ");
    let was = if used.is_empty() { "rows that it does not name".to_owned() } else { format!("{rows} rows of {names}") };
    let failed = |expected: &str| {
        Err(format!(
            "{}: {} of {} was scored on {was}, expected {expected} ({}); run it on those, or give --allow_partial to compare all the same",
            path.display(),
            wanted.metric,
            wanted.task,
            wanted.source
        ))
    };
    if used.iter().any(|used| is_split_trained_on(used) == Some(true)) {
        let trained_on: u64 = used.iter().filter_map(|used| used.trained_on).sum();
        return failed(&format!("rows that it was not trained on, and it was trained on {trained_on} of them"));
    }
    // What the reference says of its rows decides, before what a benchmark has.
    match (&wanted.theirs.rows_sha256, row_hash(record, wanted)) {
        (Some(theirs), Some(ours)) if theirs.eq_ignore_ascii_case(&ours) => return Ok(()),
        (Some(theirs), Some(ours)) => {
            return failed(&format!("the rows with SHA-256 {theirs}, and these have {ours}"));
        }
        (Some(_), None) | (None, _) => {}
    }
    if spec_of(record).is_none() && task_named(&wanted.task).is_some() {
        return failed(
            "the benchmark's own rows, and these are data of one's own, which need a name of their own (--task_name)",
        );
    }
    // Nor are data of one's own with other classes the same, whose content is not known.
    let classes = |record: &RunRecord| if spec_of(record).is_none() { class_names(record) } else { None };
    if let (Some(ours), Some(theirs)) = (classes(record), wanted.one_of_the_runs().and_then(classes))
        && ours != theirs
    {
        return failed(&format!("rows with the classes {}, and these have {}", listed(&theirs), listed(&ours)));
    }
    // Of data of one's own nothing else tells splits apart that have as many rows. Rows that are not named are of no split.
    let is_of = |used: &SplitRows, theirs: &str| used.split == theirs || used.split.split('[').next() == Some(theirs);
    let is_split = |theirs: &str| !used.is_empty() && used.iter().all(|used| is_of(used, theirs));
    let theirs = wanted.theirs.made.split.as_deref().filter(|_| expected(wanted).is_none());
    if let Some(theirs) = theirs.filter(|theirs| !is_split(theirs)) {
        return failed(&format!("rows of {theirs}"));
    }
    if let Some(theirs) = wanted.theirs.rows {
        return if theirs == rows { Ok(()) } else { failed(&format!("the {theirs} rows of the reference")) };
    }
    if let Some((split, all)) = expected(wanted) {
        let words = all.map_or_else(|| format!("all rows of {split}"), |all| format!("the {all} rows of {split}"));
        let [one] = used.as_slice() else { return failed(&words) };
        let is_all = all.is_none_or(|all| all == rows) && one.is_whole() != Some(false);
        return if one.split == split && is_all { Ok(()) } else { failed(&words) };
    }
    if used.iter().any(|used| used.is_whole() == Some(false)) {
        return failed("all rows of the split, or as many as the reference says it has (its field rows)");
    }
    Ok(())
}
