//! What came of all numbers together.

use super::checked::{Checked, Verdict};
use super::outcome::Outcome;

/// The outcome of all, and a sentence that says it. `complete`: numbers of tasks that were not run are not reproduced.
pub(super) fn sum_up(checked: &[Checked], complete: bool) -> (Outcome, String) {
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
    (outcome, text + ".")
}
