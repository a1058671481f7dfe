//! What came of all numbers together.

use super::checked::{Checked, Verdict};
use super::outcome::Outcome;
use crate::statistics::DEFAULT_LEVEL;

/// The outcome of all, and a sentence that says it. `complete`: numbers of tasks that were not run are not reproduced.
pub(super) fn sum_up(checked: &[Checked], complete: bool, level: f64) -> (Outcome, String) {
    let count = |outcome| checked.iter().filter(|checked| checked.verdict.outcome() == Some(outcome)).count();
    let (reproduced, not, unsure) =
        (count(Outcome::Reproduced), count(Outcome::NotReproduced), count(Outcome::CannotTell));
    let missing = checked.iter().filter(|checked| matches!(checked.verdict, Verdict::NotRun)).count();
    let outcome = match (not, unsure) {
        (1.., _) => Outcome::NotReproduced,
        _ if complete && missing > 0 => Outcome::NotReproduced,
        (0, 1..) => Outcome::CannotTell,
        (0, 0) => Outcome::Reproduced,
    };
    let is = |count: usize| if count == 1 { "1 is".to_owned() } else { format!("{count} are") };
    let tasks = if missing == 1 {
        "1 number is of a task that was"
    } else {
        &format!("{missing} numbers are of tasks that were")
    };
    let verdict = match outcome {
        Outcome::Reproduced => "Reproduced",
        Outcome::NotReproduced if not == 0 => &format!("Not reproduced, since {tasks} not run (--complete)"),
        Outcome::NotReproduced => "Not reproduced",
        Outcome::CannotTell => "Cannot tell",
    };
    let all = reproduced + not + unsure;
    let of = if all == 1 { "1 number".to_owned() } else { format!("{all} numbers") };
    let mut text = format!(
        "{verdict}: of {of} compared {} reproduced, {} not, and {unsure} cannot be told",
        is(reproduced),
        is(not)
    );
    if complete && missing > 0 && not > 0 {
        text += &format!("; {tasks} not run");
    }
    // The usual one goes without saying.
    let level = if level == DEFAULT_LEVEL { String::new() } else { format!("; at --level {level}") };
    (outcome, text + &like_with_unlike(checked) + &level + ".")
}

/// Of how many numbers that were compared the runs are no plain repetition.
fn like_with_unlike(checked: &[Checked]) -> String {
    let count = |is: fn(&Checked) -> bool| {
        checked.iter().filter(|checked| checked.verdict.outcome().is_some() && is(checked)).count()
    };
    let kinds = [
        (count(|checked| checked.other_rows), "on other rows than the reference's"),
        (count(|checked| checked.origin.is_other()), "of other weights, or trained on other rows"),
        (count(|checked| !checked.origin.settings.is_empty()), "of runs with other settings"),
    ];
    let said = kinds.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let said = said.collect::<Vec<_>>().join(", ");
    if said.is_empty() { said } else { format!("; among them {said}") }
}
