//! Searches for settings, as flags ask for them.

use super::flag_factory::FlagFactory;
use super::searchable::parse_axis;
use crate::cli::args::RunArgs;
use crate::grid::Combination;
use crate::grid::search::options::{ETA, SEED};
use crate::grid::search::space::{Axis, EPOCHS, STEPS, usual};
use crate::grid::search::{Search, SearchKind, SearchOptions, Unit};
use trainer::error::Error;

/// The search of a combination; `None` where its flags ask for none.
///
/// # Errors
/// Flags that contradict each other, or a budget that allows no search.
pub(super) fn search(factory: &FlagFactory, combination: &Combination, seeds: &[u64]) -> Result<Option<Search>, Error> {
    let args = factory.args(combination);
    let Some(kind) = args.search.search else {
        return match args.search.stray() {
            Some(flag) => {
                Err(Error::usage(format!("--{flag} is about a search: give --search grid, random or halving too")))
            }
            None => Ok(None),
        };
    };
    check_flags(&args, kind)?;
    let seed = args.search.search_seed.unwrap_or(SEED);
    if seeds.contains(&seed) {
        return Err(Error::usage(format!(
            "--search_seed {seed} is among the seeds of the runs: the best of many trials owes a part of its score to its \
             seed, so its setting is run with others; give another --search_seed"
        )));
    }
    let of_recipe = of_recipe(factory, combination)?;
    let (space, unit) = space_of(factory.points[combination.point].space.clone(), of_recipe, &args, kind)?;
    factory.check_open(combination, &space.iter().map(Axis::flag).collect::<Vec<_>>())?;
    let options = SearchOptions {
        kind,
        space,
        unit,
        trials: args.search.search_trials,
        budget: args.search.search_budget,
        eta: args.search.search_eta.unwrap_or(ETA),
        rungs: args.search.search_rungs,
        seed,
        holdout: args.search.search_holdout.as_deref().map(holdout).transpose()?,
    };
    Search::new(options, combination, seeds, factory).map(Some)
}

/// Flags that do not go with a search, or with its kind.
fn check_flags(args: &RunArgs, kind: SearchKind) -> Result<(), Error> {
    let search = &args.search;
    let halving = [("search_eta", search.search_eta.is_some()), ("search_rungs", search.search_rungs.is_some())];
    if let Some((flag, _)) = halving.into_iter().find(|(_, given)| *given && kind != SearchKind::Halving) {
        return Err(Error::usage(format!("--{flag} is about --search halving: give that kind, or leave it out")));
    }
    if kind == SearchKind::Grid && search.search_trials.is_some() {
        return Err(Error::usage(
            "--search_trials is for --search random and halving: a grid tries all of its settings",
        ));
    }
    let excluded = [
        (
            args.evaluation.load_best_model_at_end == Some(true),
            "load_best_model_at_end",
            "trials keep no checkpoints; search num_train_epochs, or stop early by --early_stopping_patience",
        ),
        (args.checkpoints.resume_from_checkpoint.is_some(), "resume_from_checkpoint", "a checkpoint is of one run"),
    ];
    if let Some((_, flag, why)) = excluded.into_iter().find(|(given, ..)| *given) {
        return Err(Error::usage(format!("--search and --{flag} exclude each other: {why}")));
    }
    if search.search_holdout.is_some() && args.data.validation_split_percentage.is_some() {
        return Err(Error::usage(
            "--search_holdout and --validation_split_percentage exclude each other: the latter's rows are chosen on anyway",
        ));
    }
    Ok(())
}

/// What the source of a recipe tried, of flags that were not given.
fn of_recipe(factory: &FlagFactory, of: &Combination) -> Result<Vec<Axis>, Error> {
    let tried = factory.recipe(of).into_iter().flat_map(|recipe| &recipe.search);
    let open = tried.filter(|(flag, _)| !factory.is_given(of, flag));
    open.map(|(flag, values)| parse_axis(&format!("{flag}={}", values.value))).collect()
}

/// What is searched, and what training is counted in. `space`: what the file of the grid lists; `of_recipe`: what stands for it where
/// nothing is listed.
fn space_of(
    mut space: Vec<Axis>,
    of_recipe: Vec<Axis>,
    args: &RunArgs,
    kind: SearchKind,
) -> Result<(Vec<Axis>, Unit), Error> {
    let given = args.search.search_space.iter().map(|text| parse_axis(text)).collect::<Result<Vec<_>, _>>()?;
    space.extend(given);
    for (at, axis) in space.iter().enumerate() {
        if space[..at].iter().any(|other| other.flag() == axis.flag()) {
            return Err(Error::usage(format!("--search_space: {} is there twice", axis.flag())));
        }
    }
    let has = |space: &[Axis], flag: &str| space.iter().any(|axis| axis.flag() == flag);
    let training = &args.training;
    let by_steps = training.max_steps.is_some_and(|steps| steps > 0) || has(&space, STEPS);
    if by_steps && has(&space, EPOCHS) {
        return Err(Error::usage("--search_space: max_steps goes before num_train_epochs, so search one of them"));
    }
    let halving = kind == SearchKind::Halving;
    if let Some(flag) = [EPOCHS, STEPS].into_iter().find(|flag| halving && has(&space, flag)) {
        return Err(Error::usage(format!(
            "--search halving gives out {flag} itself: take it out of --search_space, and give the most of it as --{flag}"
        )));
    }
    if space.is_empty() {
        space = of_recipe;
    }
    if space.is_empty() {
        let given = [
            ("learning_rate", training.learning_rate.is_some()),
            ("per_device_train_batch_size", training.per_device_train_batch_size.is_some()),
            (EPOCHS, training.num_train_epochs.is_some() || by_steps || halving),
        ];
        let given: Vec<&str> = given.into_iter().filter_map(|(flag, given)| given.then_some(flag)).collect();
        space = usual(&given);
    }
    if space.is_empty() {
        return Err(Error::usage(
            "--search: learning_rate, per_device_train_batch_size and num_train_epochs are given, so nothing is left to search; \
             leave one out, or give --search_space",
        ));
    }
    Ok((space, if by_steps { Unit::Steps } else { Unit::Epochs }))
}

/// A share of the training rows, in percent.
fn holdout(text: &str) -> Result<f64, Error> {
    let share =
        text.trim().trim_end_matches('%').trim().parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 100.0);
    share.ok_or_else(|| {
        Error::usage(format!("--search_holdout {text}: expected a share of the training rows in percent, such as 10"))
    })
}
