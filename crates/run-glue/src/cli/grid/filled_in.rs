//! Settings of several runs that no flag gives, in words.

use super::flag_factory::{FlagFactory, LOG_SHARE};
use crate::cli::args::RunArgs;
use crate::grid::Combination;
use trainer::error::Error;
use trainer::settings::Choice;

/// A flag that may be filled in, and its value.
type Flag = (&'static str, fn(&RunArgs) -> Option<String>);

const FLAGS: [Flag; 4] = [
    ("num_train_epochs", |args| args.training.num_train_epochs.map(|epochs| epochs.to_string())),
    ("per_device_train_batch_size", |args| args.training.per_device_train_batch_size.map(|rows| rows.to_string())),
    ("learning_rate", |args| args.training.learning_rate.map(|rate| format!("{rate:e}"))),
    ("eval_strategy", |args| args.evaluation.eval_strategy.map(|strategy| strategy.name().to_owned())),
];

/// A line for each thing that is filled in. `runs`: each combination with the flags that a search gives it.
///
/// # Errors
/// Those of a recipe that is broken.
pub(super) fn filled_in<'c>(
    factory: &FlagFactory,
    runs: impl Iterator<Item = (&'c Combination, Vec<&'c str>)>,
) -> Result<Vec<String>, Error> {
    // Of each flag the values, each with its tasks, in the order in which they come.
    let mut found: Vec<Vec<(String, Vec<&str>)>> = vec![Vec::new(); FLAGS.len()];
    let mut logs_by_default = false;
    for (combination, searched) in runs {
        let given = factory.args(combination);
        let filled = factory.filled(given.clone(), combination)?;
        logs_by_default |= given.logging.logging_steps.is_none();
        let by_steps = given.training.max_steps.is_some_and(|steps| steps > 0) || searched.contains(&"max_steps");
        for ((flag, value), values) in FLAGS.into_iter().zip(&mut found) {
            let is_moot = searched.contains(&flag) || by_steps && flag == "num_train_epochs";
            let Some(new) = value(&filled).filter(|_| !is_moot && value(&given).is_none()) else { continue };
            let task = combination.task.map_or("", |task| task.name.as_str());
            match values.iter_mut().find(|(value, _)| *value == new) {
                Some((_, tasks)) if tasks.contains(&task) => {}
                Some((_, tasks)) => tasks.push(task),
                None => values.push((new, vec![task])),
            }
        }
    }
    let flags: Vec<String> = FLAGS.iter().zip(found).filter_map(|((flag, _), values)| in_words(flag, values)).collect();
    let mut lines = Vec::new();
    if !flags.is_empty() {
        let (whose, instead) = match factory.embedded {
            true => ("the demo", ""),
            false => ("published tables", " (--recipe none: defaults)"),
        };
        lines.push(format!("no flag is given for these, so they are those of {whose}: {}{instead}", flags.join(", ")));
    }
    if logs_by_default && !factory.several.is_single_run() {
        lines.push(format!(
            "no flag is given for the log, so it has a row each tenth of the steps: --logging_steps {LOG_SHARE}"
        ));
    }
    Ok(lines)
}

/// `--num_train_epochs 3 (5 for mrpc, wnli)`: the value of most tasks, and those of the others.
fn in_words(flag: &str, mut values: Vec<(String, Vec<&str>)>) -> Option<String> {
    values.sort_by_key(|(_, tasks)| std::cmp::Reverse(tasks.len()));
    let ((usual, _), others) = values.split_first()?;
    let others: Vec<String> = others.iter().map(|(value, tasks)| format!("{value} for {}", tasks.join(", "))).collect();
    let others = others.join("; ");
    Some(if others.is_empty() { format!("--{flag} {usual}") } else { format!("--{flag} {usual} ({others})") })
}
