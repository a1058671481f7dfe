//! The grid of flags, or of a file of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use super::file;
use super::filled_in::filled_in;
use super::flag_factory::FlagFactory;
use super::point::{Point, Scope};
use super::search::search;
use crate::cli::args::RunArgs;
use crate::cli::grid_args::{GridArgs, Seeds, parse_seeds};
use crate::cli::normalize_args::given_flags;
use crate::cli::recipes::{RecipeFlag, Recipes};
use crate::cli::settings::{has_custom_data, tasks};
use crate::cli::value_parsers::is_none;
use crate::grid::shard::Shard;
use crate::grid::{Combination, Grid, GridParts, PageChoice, SettingsFactory, Several, SweepOptions};
use trainer::error::Error;

/// The seed where none is given, as in transformers.
const FIRST_SEED: u64 = 42;

/// Checks the flags of every run. `typed`: the words that they were made of; `embedded`: the demo, whose model and data are the defaults.
///
/// # Errors
/// Names the first flag that is wrong, what was expected, and what to do.
pub fn from_flags(args: RunArgs, typed: &[OsString], embedded: bool) -> Result<Grid, Error> {
    let (tasks, given) = (Scope::AllBut(BTreeSet::new()), given_flags(typed).into_iter().collect());
    of_points(vec![Point { args, given, tasks, label: String::new(), space: Vec::new() }], embedded)
}

/// The runs of a TOML or YAML file, with flags beside it.
///
/// # Errors
/// As [`from_flags`], and what is wrong with the file.
pub fn from_file(file: &Path, typed: &[OsString]) -> Result<Grid, Error> {
    of_points(file::read(file, typed)?, false)
}

fn of_points(mut points: Vec<Point>, embedded: bool) -> Result<Grid, Error> {
    let nothing = || Error::usage("there is nothing to run");
    let args = points.first().map(|point| point.args.clone()).ok_or_else(nothing)?;
    let tasks = if has_custom_data(&args)? {
        vec![None]
    } else {
        tasks(&args.task_name, embedded)?.into_iter().map(Some).collect()
    };
    points.retain(|point| tasks.iter().any(|task| point.is_for(*task)));
    let mut models: Vec<Option<String>> = Vec::new();
    for model in &args.model_name_or_path {
        if !models.iter().flatten().any(|known| known == model) {
            models.push(Some(model.clone()));
        }
    }
    if models.is_empty() {
        models.push(None);
    }
    let own = tasks.first().is_some_and(Option::is_none);
    let is_usual = !embedded && !own;
    let flag = RecipeFlag::of(args.grid.recipe.as_deref());
    if embedded && flag != RecipeFlag::NotGiven {
        return Err(Error::usage(
            "--recipe is for other models and data than the demo's, which has a recipe of its own: leave it out",
        ));
    }
    let recipes = Recipes::of(&flag, &models, is_usual)?;
    let counted = match &args.grid.seeds {
        Some(seeds) => Some(seeds.clone()),
        None => recipes
            .seeds()?
            .map(|text| parse_seeds(&text).map_err(|error| Error::usage(format!("--recipe: seeds {error}"))))
            .transpose()?,
    };
    let seeds = seeds(&args, counted.as_ref())?;
    let several = Several {
        models: models.len() > 1,
        tasks: tasks.len() > 1,
        seeds: counted.is_some(),
        points: points.iter().any(|point| !point.label.is_empty()),
        trials: points.iter().any(|point| point.args.search.search.is_some()),
    };
    check_several(&args.grid, several)?;
    // Of one run it is asked for, or there is none.
    let is_unasked = flag == RecipeFlag::NotGiven && several.is_single_run();
    let recipes = if is_unasked { Recipes::default() } else { recipes };
    let shard = args.grid.shard.as_deref();
    let shard = shard.map(|text| Shard::parse(text, |name| std::env::var(name).ok())).transpose()?;
    let mut combinations = Vec::new();
    for (at, point) in points.iter().enumerate() {
        for model in &models {
            let of_point = tasks.iter().filter(|task| point.is_for(**task));
            combinations.extend(of_point.map(|&task| Combination {
                point: at,
                label: point.label.clone(),
                model: model.clone(),
                task,
            }));
        }
    }
    let factory = FlagFactory { points, combinations: combinations.clone(), several, embedded, recipes };
    let mut begin_elsewhere = Vec::new();
    for combination in &combinations {
        factory.check_chain(combination)?;
        begin_elsewhere.extend(factory.begins_from(combination)?);
    }
    let named = factory.points.iter().find_map(|point| point.args.model.init_from.as_deref().filter(|n| !is_none(n)));
    if let Some(name) = named.filter(|_| begin_elsewhere.is_empty()) {
        return Err(Error::usage(format!(
            "--init_from {name}: no run begins there: {name} is the only task, and begins with the model itself"
        )));
    }
    if begin_elsewhere.is_empty() && factory.points.iter().any(|point| point.args.model.init_from_seed.is_some()) {
        return Err(Error::usage(
            "--init_from_seed says which of the runs of --init_from is meant, and no run begins where another one ended",
        ));
    }
    if !begin_elsewhere.is_empty() && shard.is_some() && args.grid.rerun == Some(true) {
        return Err(Error::usage(
            "--rerun and --shard exclude each other where runs begin from others (--init_from): each part would run those again; give \
             another --results_dir and --output_dir",
        ));
    }
    let (mut asked, mut searches) = (Vec::new(), Vec::new());
    for combination in combinations {
        match search(&factory, &combination, &seeds)? {
            Some(search) => searches.push(search),
            None => asked.push(combination),
        }
    }
    let with_flags = searches.iter().map(|search| (search.combination(), search.flags()));
    let filled_in = filled_in(&factory, asked.iter().map(|combination| (combination, Vec::new())).chain(with_flags))?;
    Grid::new(GridParts {
        asked,
        searches,
        seeds,
        several,
        options: options(&args.grid),
        filled_in,
        shard,
        factory: Box::new(factory),
    })
}

fn seeds(args: &RunArgs, asked: Option<&Seeds>) -> Result<Vec<u64>, Error> {
    let first = args.training.seed.unwrap_or(FIRST_SEED);
    match asked {
        None => Ok(vec![first]),
        Some(Seeds::Count(count)) => Ok((first..).take(*count).collect()),
        Some(Seeds::These(_)) if args.training.seed.is_some() => {
            Err(Error::usage("--seed and a list of --seeds exclude each other: leave one out"))
        }
        Some(Seeds::These(seeds)) => Ok(seeds.clone()),
    }
}

fn options(args: &GridArgs) -> SweepOptions {
    SweepOptions {
        rerun: args.rerun.unwrap_or(false),
        retry_collapsed: args.retry_collapsed.unwrap_or(0),
        workers: args.workers,
        gpus: args.gpus.clone(),
        page: match &args.report_html {
            None => PageChoice::InResults,
            Some(path) if path == Path::new("none") => PageChoice::Off,
            Some(path) => PageChoice::File(path.clone()),
        },
        stop_on_failure: args.stop_on_failure.unwrap_or(false),
        format: args.format.unwrap_or_default(),
        dry_run: args.dry_run.unwrap_or(false),
        arguments: std::env::args_os().skip(1).collect(),
    }
}

/// Flags that make no sense for one run.
fn check_several(options: &GridArgs, several: Several) -> Result<(), Error> {
    let only_several = [
        ("retry_collapsed", options.retry_collapsed.is_some()),
        ("shard", options.shard.is_some()),
        ("stop_on_failure", options.stop_on_failure.is_some()),
        ("format", options.format.is_some()),
        ("report_html", options.report_html.is_some()),
        ("workers", options.workers.is_some()),
        ("gpus", options.gpus.is_some()),
    ];
    match only_several.into_iter().find(|(_, given)| *given && several.is_single_run()) {
        Some((flag, _)) => {
            Err(Error::usage(format!("--{flag} is for several runs: give several --task, --model, or --seeds")))
        }
        None => Ok(()),
    }
}
