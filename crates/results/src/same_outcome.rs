//! Runs with other seeds whose numbers are the same to the last digit: nothing in them depends on the seed, and they are one run.

use records::record::RunRecord;

/// The records of `all` without those that have the numbers of an earlier one, and what is to be said of these.
pub(crate) fn distinct<'a, T: Copy>(all: &[T], record: impl Fn(T) -> &'a RunRecord) -> (Vec<T>, Option<String>) {
    let mut counted: Vec<T> = Vec::new();
    for &one in all {
        if !counted.iter().any(|&other| record(other).has_same_outcome(record(one))) {
            counted.push(one);
        }
    }
    let repeated = all.len() - counted.len();
    let runs = if repeated == 1 { "one run has".to_owned() } else { format!("{repeated} runs have") };
    let said = format!(
        "{runs} another seed and the same numbers to the last digit: no seed changes them, and they count once"
    );
    (counted, (repeated > 0).then_some(said))
}
