//! Settings of several runs that no flag gives, in words.

use std::collections::BTreeMap;

use super::flag_factory::{FlagFactory, LOG_SHARE};
use crate::cli::args::RunArgs;
use crate::cli::recipes::RecipeValue;
use crate::grid::Combination;
use trainer::error::Error;
use trainer::settings::Choice;

/// A flag that the demo may fill in, and its value.
type Flag = (&'static str, fn(&RunArgs) -> Option<String>);

const OF_DEMO: [Flag; 4] = [
    ("num_train_epochs", |args| args.training.num_train_epochs.map(|epochs| epochs.to_string())),
    ("per_device_train_batch_size", |args| args.training.per_device_train_batch_size.map(|rows| rows.to_string())),
    ("learning_rate", |args| args.training.learning_rate.map(|rate| format!("{rate:e}"))),
    ("eval_strategy", |args| args.evaluation.eval_strategy.map(|strategy| strategy.name().to_owned())),
];

/// Of a recipe by its name the flags, each with its values and the tasks of each, in the order in which they come.
type Found<'c> = BTreeMap<String, Vec<(String, Vec<(String, Vec<&'c str>)>)>>;

/// A line for each thing that is filled in. `runs`: each combination with the flags that a search gives it.
///
/// # Errors
/// Those of a recipe that is broken.
pub(super) fn filled_in<'c>(
    factory: &FlagFactory,
    runs: impl Iterator<Item = (&'c Combination, Vec<&'c str>)>,
) -> Result<Vec<String>, Error> {
    let mut found = Found::new();
    let mut logs_by_default = false;
    let mut lacking: Vec<String> = Vec::new();
    for (combination, searched) in runs {
        let given = factory.args(combination);
        if let Some(line) = left_open(factory, combination, &searched).filter(|line| !lacking.contains(line)) {
            lacking.push(line);
        }
        logs_by_default |= given.logging.logging_steps.is_none();
        let task = combination.task.map_or("", |task| task.name.as_str());
        for (recipe, flag, value) in values(factory, &given, combination, &searched)? {
            let flags = found.entry(recipe).or_default();
            let place = flags.iter().position(|(known, _)| *known == flag).unwrap_or_else(|| {
                flags.push((flag, Vec::new()));
                flags.len() - 1
            });
            let values = &mut flags[place].1;
            match values.iter_mut().find(|(known, _)| *known == value) {
                Some((_, tasks)) if tasks.contains(&task) => {}
                Some((_, tasks)) => tasks.push(task),
                None => values.push((value, vec![task])),
            }
        }
    }
    let mut lines = Vec::new();
    for (recipe, flags) in found {
        let flags: Vec<String> = flags.into_iter().filter_map(|(flag, values)| in_words(&flag, values)).collect();
        let (whose, instead) = match recipe.as_str() {
            DEMO => ("the demo".to_owned(), ""),
            "published" => ("published tables".to_owned(), " (--recipe none: defaults)"),
            name => (format!("the recipe {name}"), ""),
        };
        lines.push(format!("no flag is given for these, so they are those of {whose}: {}{instead}", flags.join(", ")));
    }
    lines.extend(lacking);
    if logs_by_default && !factory.several.is_single_run() {
        lines.push(format!(
            "no flag is given for the log, so it has a row each tenth of the steps: --logging_steps {LOG_SHARE}"
        ));
    }
    Ok(lines)
}

/// What a recipe leaves open for a task that it says nothing of.
fn left_open(factory: &FlagFactory, of: &Combination, searched: &[&str]) -> Option<String> {
    let (recipe, task) = (factory.recipe(of)?, of.task.map(|task| task.name.as_str()));
    let is_said = |flag: &str| factory.is_given(of, flag) || searched.contains(&flag);
    let flags: Vec<String> = recipe.lacking(task, is_said).into_iter().map(|flag| format!("--{flag}")).collect();
    (!flags.is_empty()).then(|| {
        format!(
            "the recipe {} says nothing of {}: these are defaults there: {}",
            recipe.name,
            task.unwrap_or("data of one's own"),
            flags.join(", ")
        )
    })
}

/// What stands for the name of the demo's recipe.
const DEMO: &str = "";

/// What is filled in for a combination: the recipe's name, flag and value.
fn values(
    factory: &FlagFactory,
    given: &RunArgs,
    combination: &Combination,
    searched: &[&str],
) -> Result<Vec<(String, String, String)>, Error> {
    if let Some(recipe) = factory.recipe(combination) {
        let values = factory.recipe_values(combination, searched);
        let value = |(flag, value): (String, RecipeValue)| (recipe.name.clone(), flag, value.value);
        return Ok(values.into_iter().map(value).collect());
    }
    let filled = factory.filled(given.clone(), combination, searched)?;
    let by_steps = given.training.max_steps.is_some_and(|steps| steps > 0) || searched.contains(&"max_steps");
    let is_moot = |flag: &str| searched.contains(&flag) || by_steps && flag == "num_train_epochs";
    let new = OF_DEMO.into_iter().filter(|(flag, value)| !is_moot(flag) && value(given).is_none());
    Ok(new.filter_map(|(flag, value)| Some((DEMO.to_owned(), flag.to_owned(), value(&filled)?))).collect())
}

/// `--num_train_epochs 3 (5 for mrpc, wnli)`: the value of most tasks, and those of the others.
fn in_words(flag: &str, mut values: Vec<(String, Vec<&str>)>) -> Option<String> {
    values.sort_by_key(|(_, tasks)| std::cmp::Reverse(tasks.len()));
    let ((usual, _), others) = values.split_first()?;
    let others: Vec<String> = others.iter().map(|(value, tasks)| format!("{value} for {}", tasks.join(", "))).collect();
    let others = others.join("; ");
    Some(if others.is_empty() { format!("--{flag} {usual}") } else { format!("--{flag} {usual} ({others})") })
}
