//! What came of all numbers together.

use super::checked::{Checked, Verdict};
use super::outcome::Outcome;
use crate::statistics::DEFAULT_LEVEL;

/// So many numbers that no run answers are named.
const NAMED: usize = 4;

/// The outcome of all, and a sentence that says it. `complete`: numbers that no run answers are not reproduced.
pub(super) fn sum_up(checked: &[Checked], complete: bool, level: f64) -> (Outcome, String) {
    let count = |outcome| checked.iter().filter(|checked| checked.verdict.outcome() == Some(outcome)).count();
    let (reproduced, not, unsure) =
        (count(Outcome::Reproduced), count(Outcome::NotReproduced), count(Outcome::CannotTell));
    let unanswered = if complete { unanswered(checked) } else { None };
    let outcome = match (not, unsure) {
        (1.., _) => Outcome::NotReproduced,
        _ if unanswered.is_some() => Outcome::NotReproduced,
        (0, 1..) => Outcome::CannotTell,
        (0, 0) => Outcome::Reproduced,
    };
    let is = |count: usize| if count == 1 { "1 is".to_owned() } else { format!("{count} are") };
    let verdict = match (outcome, &unanswered) {
        (Outcome::Reproduced, _) => "Reproduced",
        (Outcome::NotReproduced, Some(which)) if not == 0 => {
            &format!("Not reproduced, since {which}, and --complete asks for all")
        }
        (Outcome::NotReproduced, _) => "Not reproduced",
        (Outcome::CannotTell, _) => "Cannot tell",
    };
    let all = reproduced + not + unsure;
    let of = if all == 1 { "1 number".to_owned() } else { format!("{all} numbers") };
    let mut text = format!(
        "{verdict}: of {of} compared {} reproduced, {} not, and {unsure} cannot be told",
        is(reproduced),
        is(not)
    );
    if let Some(which) = unanswered.filter(|_| not > 0) {
        text += &format!("; {which}");
    }
    // The usual one goes without saying.
    let level = if level == DEFAULT_LEVEL { String::new() } else { format!("; at --level {level}") };
    (outcome, text + &like_with_unlike(checked) + &level + ".")
}

/// `no run answers 2 numbers (accuracy of qnli: not run; accuracy of rte of bert: model not run)`.
fn unanswered(checked: &[Checked]) -> Option<String> {
    let all: Vec<&Checked> = checked.iter().filter(|checked| checked.verdict.outcome().is_none()).collect();
    let name = |checked: &&Checked| {
        let model = match checked.verdict {
            Verdict::ModelNotRun => format!(" of {}", checked.row),
            _ => String::new(),
        };
        format!("{} of {}{model}: {}", checked.wanted.metric, checked.wanted.task, checked.verdict.words())
    };
    let named = all.iter().take(NAMED).map(name).collect::<Vec<_>>().join("; ");
    let more = all.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let numbers = if all.len() == 1 { "1 number".to_owned() } else { format!("{} numbers", all.len()) };
    (!all.is_empty()).then(|| format!("no run answers {numbers} ({named}{more})"))
}

/// Of how many numbers that were compared the runs are no plain repetition.
fn like_with_unlike(checked: &[Checked]) -> String {
    let count = |is: fn(&Checked) -> bool| {
        checked.iter().filter(|checked| checked.verdict.outcome().is_some() && is(checked)).count()
    };
    let kinds = [
        (count(|checked| checked.wanted.lacking.is_some()), "without a number in some of the reference's runs"),
        (count(|checked| checked.other_rows), "on other rows than the reference's"),
        (count(|checked| checked.other_start.is_some()), "of trainings that began from something else"),
        (count(|checked| checked.origin.is_other()), "of other weights, or trained on other rows or in another way"),
        (count(|checked| !checked.origin.settings.is_empty()), "of runs with other settings"),
        (count(|checked| checked.of_ours.chosen_on.is_some()), "with settings chosen on the split that is scored"),
        (count(|checked| checked.of_theirs.chosen_on.is_some()), "of a reference with settings chosen so"),
    ];
    let said = kinds.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let said = said.collect::<Vec<_>>().join(", ");
    if said.is_empty() { said } else { format!("; among them {said}") }
}
