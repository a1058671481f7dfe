//! Which records are of one outcome, and which have none. Runs with other seeds whose numbers are the same to the last digit are one run,
//! since nothing in them depends on the seed. Predictions of a saved model are no evaluation of it.

use std::collections::HashMap;

use records::record::RunRecord;

/// The records of `all` without those that have the numbers of an earlier one, and what is to be said of these.
pub(crate) fn distinct<'a, T: Copy>(all: &[T], record: impl Fn(T) -> &'a RunRecord) -> (Vec<T>, Option<String>) {
    let (mut counted, mut known): (Vec<T>, HashMap<_, Vec<T>>) = (Vec::new(), HashMap::new());
    for &one in all {
        let this = record(one);
        let same = known.entry(numbers(this)).or_default();
        if !same.iter().any(|&other| record(other).has_same_outcome(this)) {
            counted.push(one);
            // What lacks a loss is the outcome of no other one.
            if this.has_same_outcome(this) {
                same.push(one);
            }
        }
    }
    let repeated = all.len() - counted.len();
    let runs = if repeated == 1 { "one run has".to_owned() } else { format!("{repeated} runs have") };
    let said = format!(
        "{runs} another seed and the same numbers to the last digit: no seed changes them, and they count once"
    );
    (counted, (repeated > 0).then_some(said))
}

/// What records of one outcome have in common, to find them by.
fn numbers(record: &RunRecord) -> Vec<Option<u64>> {
    // Minus zero is zero.
    record.metrics.values().chain([&record.score]).map(|number| number.map(|number| (number + 0.0).to_bits())).collect()
}

/// The records of `all` without those of predictions alone that a saved model made, and these: of other files each, with no number that
/// could be one number twice. Beside evaluations they say nothing, and there are none of them then.
pub(crate) fn without_predictions<'a, T: Copy>(all: &[T], record: impl Fn(T) -> &'a RunRecord) -> (Vec<T>, Vec<T>) {
    let is_alone = |one: &T| record(*one).seed_that_counts().is_none() && record(*one).metrics.is_empty();
    let (predicted, others): (Vec<T>, Vec<T>) = all.iter().copied().partition(is_alone);
    if others.is_empty() { (others, predicted) } else { (others, Vec::new()) }
}
