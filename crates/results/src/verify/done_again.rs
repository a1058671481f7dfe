//! Runs that are held against the same runs done again: with the same seeds and settings as many numbers come out as before, or they do
//! not, and no statistics are needed where they do. A copy of a record is no run done again.

use std::path::{Path, PathBuf};

use records::Error;
use records::record::{RecordFile, RunRecord, is_same_number};

use super::wanted::Wanted;

/// Whether two records are of one run that came out the same.
fn is_repetition(one: &RunRecord, other: &RunRecord) -> bool {
    one.run_key() == other.run_key() && one.agrees_with(other)
}

/// Whether two records of one run are of the same time that it was done. Small runs may begin in the same second.
fn is_same_time(one: &RunRecord, other: &RunRecord) -> bool {
    one.started_at == other.started_at && one.timings == other.timings
}

/// # Errors
/// When a record is among both sides, whatever its path and the name of its model say: that it reproduces itself says nothing. The same
/// run that was done again began at another time, or took another one.
pub(super) fn check_copies(found: &[RecordFile], ours: &[RecordFile]) -> Result<(), Error> {
    let is_copy = |one: &RunRecord, other: &RunRecord| is_same_time(one, other) && is_repetition(one, other);
    match found.iter().find(|(_, theirs)| ours.iter().any(|(_, own)| is_copy(own, theirs))) {
        Some((file, _)) => Err(Error::input(format!(
            "{}: this record is of one of the runs that are verified, and a run always reproduces itself; give the records of other runs",
            file.display()
        ))),
        None => Ok(()),
    }
}

/// Whether our runs are those of the reference done again, each of them, and have the same numbers.
///
/// # Errors
/// When some of the runs came out as runs of the reference did, and others have no partner there: the means would share these runs.
pub(super) fn has_same_numbers(runs: &[&RecordFile], wanted: &Wanted) -> Result<bool, String> {
    let is_again =
        |ours: &RunRecord, theirs: &RunRecord| theirs.run_key() == ours.run_key() && !is_same_time(ours, theirs);
    let partner = |ours: &RunRecord| wanted.runs.iter().find(|theirs| is_again(ours, theirs));
    let is_same = |ours: &RunRecord| {
        let number = |record: &RunRecord| record.metrics.get(&wanted.metric).copied().flatten();
        partner(ours).is_some_and(|theirs| is_same_number(number(ours), number(theirs)))
    };
    if runs.len() == wanted.runs.len() && runs.iter().all(|(_, ours)| partner(ours).is_some()) {
        return Ok(runs.iter().all(|(_, ours)| is_same(ours)));
    }
    let shared = runs.iter().filter(|(_, ours)| wanted.runs.iter().any(|theirs| is_repetition(ours, theirs)));
    let (paths, seeds): (Vec<&PathBuf>, Vec<String>) = shared.map(|(path, ours)| (path, ours.seed.to_string())).unzip();
    match paths.first() {
        Some(first) => Err(shared_seeds(first, &seeds, wanted)),
        None => Ok(false),
    }
}

fn shared_seeds(record: &Path, seeds: &[String], wanted: &Wanted) -> String {
    let of = if seeds.len() == 1 { "seed" } else { "seeds" };
    format!(
        "{}: of the runs of {} that are verified some are those of the reference ({}) done again, with the same numbers, and the seeds are \
         not the same on both sides: both have the {of} {}. A run always reproduces itself, so give the same seeds on both sides, or none \
         that both have",
        record.display(),
        wanted.task,
        wanted.source,
        seeds.join(", ")
    )
}
