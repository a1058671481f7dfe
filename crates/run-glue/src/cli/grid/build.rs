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
use crate::cli::grid_args::{GridArgs, RecipeChoice, Seeds};
use crate::cli::settings::{has_custom_data, tasks};
use crate::grid::shard::Shard;
use crate::grid::{Combination, Grid, GridParts, PageChoice, Several, SweepOptions};
use trainer::error::Error;

/// The seed where none is given, as in transformers.
const FIRST_SEED: u64 = 42;

/// Checks the flags of every run. `embedded`: the demo, whose model and data are the defaults.
///
/// # Errors
/// Names the first flag that is wrong, what was expected, and what to do.
pub fn from_flags(args: RunArgs, embedded: bool) -> Result<Grid, Error> {
    let tasks = Scope::AllBut(BTreeSet::new());
    of_points(vec![Point { args, tasks, label: String::new(), space: Vec::new() }], embedded)
}

/// The runs of a TOML file, with flags beside it.
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
    let seeds = seeds(&args)?;
    let several = Several {
        models: models.len() > 1,
        tasks: tasks.len() > 1,
        seeds: args.grid.seeds.is_some(),
        points: points.iter().any(|point| !point.label.is_empty()),
        trials: points.iter().any(|point| point.args.search.search.is_some()),
    };
    check_several(&args.grid, several)?;
    let own = tasks.first().is_some_and(Option::is_none);
    let recipe = !several.is_single_run() && !embedded && !own && args.grid.recipe != Some(RecipeChoice::None);
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
    let factory = FlagFactory { points, several, embedded, recipe };
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

fn seeds(args: &RunArgs) -> Result<Vec<u64>, Error> {
    let first = args.training.seed.unwrap_or(FIRST_SEED);
    match &args.grid.seeds {
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
        dry_run: args.dry_run.unwrap_or(false),
        arguments: std::env::args_os().skip(1).collect(),
    }
}

/// Flags that make no sense for one run.
fn check_several(options: &GridArgs, several: Several) -> Result<(), Error> {
    let only_several = [
        ("recipe", options.recipe.is_some()),
        ("retry_collapsed", options.retry_collapsed.is_some()),
        ("shard", options.shard.is_some()),
        ("stop_on_failure", options.stop_on_failure.is_some()),
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
