//! A recipe as plain data.

use std::collections::{BTreeMap, BTreeSet};

/// A value of a flag, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct RecipeValue {
    /// As it would be typed.
    pub(in crate::cli) value: String,
    /// The words of the source; empty in files of one's own.
    pub(in crate::cli) source: String,
    /// How the value follows from these words, where they do not have it: `8 x 16`.
    pub(in crate::cli) converted: String,
}

/// Values by flag.
pub(in crate::cli) type RecipeValues = BTreeMap<String, RecipeValue>;

/// Settings of each task.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Recipe {
    /// As `--recipe` has it.
    pub(in crate::cli) name: String,
    /// What it is called.
    pub(in crate::cli) title: String,
    /// One sentence.
    pub(in crate::cli) about: String,
    /// The address that the words of the sources are of.
    pub(in crate::cli) source: String,
    /// What is to be known: what of the source has no flag, what it leaves open.
    pub(in crate::cli) notes: Vec<String>,
    /// Beginnings of the last part of a checkpoint's name, in lower case.
    pub(in crate::cli) models: Vec<String>,
    /// `model_type` in config.json.
    pub(in crate::cli) model_type: String,
    /// Of every task.
    pub(in crate::cli) all: RecipeValues,
    /// Of one task, by its name; they go over those of every task.
    pub(in crate::cli) tasks: BTreeMap<String, RecipeValues>,
    /// Values that the source tried, of a flag that it chose so: `V,V`.
    pub(in crate::cli) search: RecipeValues,
}

/// Flags of which one makes the others moot.
const ALTERNATIVES: [[&str; 2]; 2] = [["max_steps", "num_train_epochs"], ["warmup_steps", "warmup_ratio"]];

/// Whether a flag says what another one says too.
fn replaces(flag: &str, other: &str) -> bool {
    flag == other || ALTERNATIVES.iter().any(|pair| pair.contains(&flag) && pair.contains(&other))
}

impl Recipe {
    /// What it says of other tasks, and neither of every task nor of this one, beside what `given` flags say: defaults that are nobody's choice.
    pub(in crate::cli) fn lacking(&self, task: Option<&str>, given: impl Fn(&str) -> bool) -> Vec<&str> {
        let own = self.values(task, |_| false);
        let has = |flag: &str| own.keys().any(|own| replaces(own, flag)) || given(flag);
        let others: BTreeSet<&String> = self.tasks.values().flat_map(BTreeMap::keys).collect();
        let is_beginning = |flag: &str| ["init_from", "init_from_seed"].contains(&flag);
        others.into_iter().map(String::as_str).filter(|flag| !is_beginning(flag) && !has(flag)).collect()
    }

    /// The values for a task (`None`: of no benchmark), but for what `given` flags say.
    pub(in crate::cli) fn values(&self, task: Option<&str>, given: impl Fn(&str) -> bool) -> RecipeValues {
        let own = task.and_then(|task| self.tasks.get(task)).cloned().unwrap_or_default();
        let is_said = |flag: &str| {
            let alternatives = ALTERNATIVES.iter().filter(|pair| pair.contains(&flag)).flatten();
            given(flag) || alternatives.into_iter().any(|other| given(other))
        };
        let common = self.all.iter().filter(|(flag, _)| !own.keys().any(|own| replaces(own, flag)));
        let all = common.map(|(flag, value)| (flag.clone(), value.clone())).chain(own.clone());
        all.filter(|(flag, _)| !is_said(flag)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> RecipeValues {
        let value =
            |value: &str| RecipeValue { value: value.to_owned(), source: String::new(), converted: String::new() };
        pairs.iter().map(|(flag, text)| ((*flag).to_owned(), value(text))).collect()
    }

    #[test]
    fn a_task_s_own_values_and_flags_go_before() {
        let recipe = Recipe {
            all: values(&[("num_train_epochs", "3"), ("learning_rate", "2e-5"), ("warmup_ratio", "0.1")]),
            tasks: BTreeMap::from([("rte".to_owned(), values(&[("max_steps", "100"), ("learning_rate", "1e-5")]))]),
            ..Recipe::default()
        };
        let of = |task, given: &[&str]| {
            let values = recipe.values(task, |flag| given.contains(&flag));
            values.into_iter().map(|(flag, value)| format!("{flag} {}", value.value)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(of(Some("mrpc"), &[]), "learning_rate 2e-5, num_train_epochs 3, warmup_ratio 0.1");
        assert_eq!(of(None, &["learning_rate"]), "num_train_epochs 3, warmup_ratio 0.1");
        assert_eq!(of(Some("rte"), &[]), "learning_rate 1e-5, max_steps 100, warmup_ratio 0.1");
        assert_eq!(recipe.lacking(Some("mrpc"), |_| false), [""; 0], "what all tasks have is enough");
        let of_rte = Recipe { all: RecipeValues::new(), ..recipe.clone() };
        assert_eq!(of_rte.lacking(Some("wnli"), |flag| flag == "max_steps"), ["learning_rate"]);
        assert_eq!(of_rte.lacking(Some("rte"), |_| false), [""; 0]);
        // Steps that were typed leave no epochs of the recipe, and epochs no steps.
        assert_eq!(of(Some("rte"), &["num_train_epochs", "warmup_steps"]), "learning_rate 1e-5");
    }
}
