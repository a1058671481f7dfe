//! `--init_from`: which runs of a grid those of another task begin from.

use glue_tasks::find_task;
use models::peft::Method;

use super::flag_factory::FlagFactory;
use crate::cli::args::RunArgs;
use crate::cli::value_parsers::is_none;
use crate::grid::{Combination, SettingsFactory};
use trainer::error::Error;
use trainer::settings::{InitFromSettings, PeftSettings, Settings, plain_request_hash};

fn wrong(name: &str, what: &str) -> Error {
    Error::usage(format!("--init_from {name}: {what}"))
}

/// Whether an adapter of the first task can go on as the second one's.
///
/// # Errors
/// Names the first setting that is another one.
fn check_adapters(task: &str, source: &Settings, settings: &Settings) -> Result<(), Error> {
    const OF_LAYERS: [&str; 3] = ["feedforward_modules", "modules_to_save", "target_modules"];
    let left = source.peft.method().filter(|method| method.is_adapter() && !source.peft.merge_adapter);
    let (Some(left), Some(own)) = (left, settings.peft.method()) else { return Ok(()) };
    // Layers may be named in several ways; they are looked at when the model is there.
    let numbers =
        |method: &Method| PeftSettings::of(method).values().into_iter().filter(|(name, _)| !OF_LAYERS.contains(name));
    match numbers(&left).zip(numbers(&own)).find(|((_, theirs), (_, own))| theirs != own) {
        None => Ok(()),
        Some(((name, theirs), (_, own))) => Err(wrong(
            task,
            &format!(
                "its runs leave adapters, which are trained on as they are, and --{name} is {theirs} there and {own} here: give the same, or \
                 --merge_adapter for {task}"
            ),
        )),
    }
}

impl FlagFactory {
    /// The runs that those of a combination begin from. `args`: its flags, with what a recipe fills in.
    ///
    /// # Errors
    /// When the name is no task's, there are no such runs, or several of which one could be meant.
    pub(super) fn source(&self, args: &RunArgs, of: &Combination) -> Result<Option<Combination>, Error> {
        let Some(name) = args.model.init_from.as_deref().filter(|name| !is_none(name)) else { return Ok(None) };
        let task = find_task(name).map_err(|error| wrong(name, &error.to_string()))?;
        let Some(own) = of.task else {
            return Err(wrong(
                name,
                "it names a task of the same command, and data of one's own are none; give the folder of a trained model as --model",
            ));
        };
        // It is given for all tasks, and the one that is named begins with the model.
        if own.name == task.name {
            return Ok(None);
        }
        if args.search.search.is_some() {
            return Err(wrong(
                name,
                &format!("the settings of {} are searched (--search), and a search begins with the model", own.name),
            ));
        }
        let is_source =
            |other: &&Combination| other.model == of.model && other.task.is_some_and(|t| t.name == task.name);
        let all: Vec<&Combination> = self.combinations.iter().filter(is_source).collect();
        let same = |is: &dyn Fn(&Combination) -> bool| all.iter().copied().find(|other| is(other));
        let found = match all.as_slice() {
            [] => {
                return Err(wrong(
                    name,
                    &format!(
                        "{} would begin where {} ended, which is not among the tasks: name it in --task too, or give the folder of a trained \
                         model as --model",
                        own.name, task.name
                    ),
                ));
            }
            [only] => Some(*only),
            _ => same(&|other| other.point == of.point),
        };
        let Some(found) = found else {
            return Err(wrong(
                name,
                &format!(
                    "there are runs of {} with {} choices of settings, and which of them {} begins from is not known: give one",
                    task.name,
                    all.len(),
                    own.name
                ),
            ));
        };
        if self.points[found.point].args.search.search.is_some() {
            return Err(wrong(
                name,
                &format!(
                    "the settings of {} are searched (--search): search them first, and give what was chosen",
                    task.name
                ),
            ));
        }
        Ok(Some(found.clone()))
    }

    /// Puts what a run begins from into its settings. `args`: its flags, with what a recipe fills in.
    ///
    /// # Errors
    /// As [`Self::source`]; runs that leave no model, or do not train.
    pub(super) fn begin(&self, settings: &mut Settings, args: &RunArgs, of: &Combination) -> Result<(), Error> {
        let Some(source) = self.source(args, of)? else { return Ok(()) };
        let task = source.task.map_or_else(String::new, |task| task.name.clone());
        if !settings.do_train {
            return Err(wrong(&task, "it is for a training, and --do_train is false"));
        }
        let which = args.model.init_from_seed.unwrap_or_default();
        let of_source = self.settings_of(&source, settings.training.seed)?;
        if !of_source.do_train || of_source.places.output_dir.is_none() {
            let flag = if of_source.do_train { "--output_dir" } else { "--do_train" };
            return Err(wrong(&task, &format!("the runs of {task} must leave a model to begin with: give {flag}")));
        }
        check_adapters(&task, &of_source, settings)?;
        if args.grid.retry_collapsed.is_some_and(|most| most > 0) && which == Default::default() {
            return Err(wrong(
                &task,
                "--retry_collapsed runs other seeds, of which there is no run to begin from: give --init_from_seed best, or leave it out",
            ));
        }
        settings.model.init_from =
            Some(InitFromSettings { task, which, request: plain_request_hash(&of_source), run: None });
        Ok(())
    }

    /// # Errors
    /// When tasks begin from each other.
    pub(super) fn check_chain(&self, of: &Combination) -> Result<(), Error> {
        let name = |of: &Combination| of.task.map_or_else(String::new, |task| task.name.clone());
        let (mut chain, mut at) = (vec![name(of)], of.clone());
        while let Some(before) = self.begins_from(&at)? {
            if chain.contains(&name(&before)) {
                chain.push(name(&before));
                return Err(wrong(&chain[1], &format!("tasks begin from each other: {}", chain.join(", from "))));
            }
            chain.push(name(&before));
            at = before;
        }
        Ok(())
    }
}
