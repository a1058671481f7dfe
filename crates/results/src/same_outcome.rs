//! Which records are of one outcome, and which have none. Runs with other seeds whose numbers are the same to the last digit are one run,
//! since nothing in them depends on the seed. Predictions of a saved model are no evaluation of it.

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

/// The records of `all` without those of predictions alone that a saved model made, and these: of other files each, with no number that
/// could be one number twice. Beside evaluations they say nothing, and there are none of them then.
pub(crate) fn without_predictions<'a, T: Copy>(all: &[T], record: impl Fn(T) -> &'a RunRecord) -> (Vec<T>, Vec<T>) {
    let is_alone = |one: &T| record(*one).seed_that_counts().is_none() && record(*one).metrics.is_empty();
    let (predicted, others): (Vec<T>, Vec<T>) = all.iter().copied().partition(is_alone);
    if others.is_empty() { (others, predicted) } else { (others, Vec::new()) }
}
