//! Settings where no flag says otherwise: those of a recipe, and the demo's.

use super::flag_factory::FlagFactory;
use super::searchable::apply;
use crate::cli::args::RunArgs;
use crate::cli::recipes::{Recipe, RecipeValues};
use crate::grid::Combination;
use trainer::demo;
use trainer::error::Error;
use trainer::settings::{Choice, IntervalStrategy, PeftSettings};

/// The flag that says the method of which others say more.
const PEFT: &str = "peft";

/// The flag of a recipe that is not of one run.
const OF_COMMAND: &str = "seeds";

impl FlagFactory {
    /// The recipe of a combination.
    pub(super) fn recipe(&self, of: &Combination) -> Option<&Recipe> {
        self.recipes.get(of.model.as_ref())
    }

    /// Whether a flag was given for a combination.
    pub(super) fn is_given(&self, of: &Combination, flag: &str) -> bool {
        let point = &self.points[of.point];
        // -1 is Python's way to leave it out.
        let is_left_out = flag == "max_steps" && point.args.training.max_steps.is_some_and(|steps| steps < 0);
        point.given.contains(flag) && !is_left_out
    }

    /// What a recipe says for a combination, beside the flags that were given and those that a search tries.
    pub(super) fn recipe_values(&self, of: &Combination, searched: &[&str]) -> RecipeValues {
        let Some(recipe) = self.recipe(of) else { return RecipeValues::new() };
        let is_said = |flag: &str| self.is_given(of, flag) || searched.contains(&flag);
        let task = of.task.map(|task| task.name.as_str());
        let mut values = recipe.values(task, is_said);
        values.remove(OF_COMMAND);
        // What it says of its own method is not for another one that is typed.
        let own = recipe.values(task, |_| false).remove(PEFT).map(|method| method.value);
        let typed = self.points[of.point].args.peft.peft.map(|method| method.name().to_owned());
        if typed.is_some() && typed != own {
            let of_methods = PeftSettings::default().values();
            values.retain(|flag, _| !of_methods.iter().any(|(name, _)| name == flag));
        }
        values
    }

    /// Of a flag that a recipe's source chose by trying, a default would be nobody's choice.
    ///
    /// # Errors
    /// When there is such a flag, which is neither given nor searched.
    pub(super) fn check_open(&self, of: &Combination, searched: &[&str]) -> Result<(), Error> {
        let Some(recipe) = self.recipe(of) else { return Ok(()) };
        let values = self.recipe_values(of, searched);
        let is_open = |flag: &str| !values.contains_key(flag) && !self.is_given(of, flag) && !searched.contains(&flag);
        let Some((flag, tried)) = recipe.search.iter().find(|(flag, _)| is_open(flag)) else { return Ok(()) };
        let task = of.task.map_or_else(String::new, |task| format!(" of {}", task.name));
        Err(Error::usage(format!(
            "--recipe {}: its source chose the {flag}{task} among {}: give --{flag}, or let --search choose it",
            recipe.name, tried.value
        )))
    }

    /// The flags of a combination with what a recipe says where neither they nor a search says it.
    ///
    /// # Errors
    /// As [`Self::check_open`], and a value that a flag does not take.
    pub(super) fn filled(&self, mut args: RunArgs, of: &Combination, searched: &[&str]) -> Result<RunArgs, Error> {
        if self.embedded {
            return fill_demo(args);
        }
        if args.search.search.is_none() {
            self.check_open(of, searched)?;
        }
        let values = self.recipe_values(of, searched).into_iter().map(|(flag, value)| (flag, value.value));
        apply(&mut args, &values.collect::<Vec<_>>(), "--recipe")?;
        Ok(args)
    }
}

/// Where the demo writes records.
const DEMO_RESULTS: &str = "run-glue-demo";

/// Fills in the demo's recipe. A model or data of the user's own keep the usual defaults.
fn fill_demo(mut args: RunArgs) -> Result<RunArgs, Error> {
    // Not among results that somebody keeps, such as those of a clone of this repository.
    args.places.results_dir.get_or_insert_with(|| DEMO_RESULTS.into());
    let dataset = &args.dataset;
    if !args.model_name_or_path.is_empty() || dataset.dataset_dir.is_some() || dataset.dataset_revision.is_some() {
        return Ok(args);
    }
    let (recipe, training) = (demo::recipe()?, &mut args.training);
    training.num_train_epochs.get_or_insert(recipe.num_train_epochs);
    training.per_device_train_batch_size.get_or_insert(recipe.per_device_train_batch_size);
    training.learning_rate.get_or_insert(recipe.learning_rate);
    // The miniature splits are evaluated in no time, and the page of a sweep shows how the scores grow.
    args.evaluation.eval_strategy.get_or_insert(IntervalStrategy::Epoch);
    Ok(args)
}
