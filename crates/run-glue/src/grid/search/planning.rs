//! What a search tries, by its flags: whether they go together, the space, and the trials that a budget allows.

use super::rungs::{self, Budget, Rung, Unit};
use super::space::{self, Axis, EPOCHS, STEPS, Setting};
use super::{ETA, amount};
use crate::cli::args::RunArgs;
use crate::cli::search_args::SearchKind;
use crate::error::Error;
use crate::grid::{Grid, Place};
use crate::settings::{Settings, at_least_one};

/// More drawn trials than this are a mistake.
const MOST_DRAWN: usize = 10_000;

/// Flags that do not go with a search, or with its kind.
pub(super) fn check_flags(args: &RunArgs, kind: SearchKind) -> Result<(), Error> {
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
            args.watch.load_best_model_at_end == Some(true),
            "load_best_model_at_end",
            "trials keep no checkpoints; search num_train_epochs, or stop early by --early_stopping_patience",
        ),
        (args.watch.resume_from_checkpoint.is_some(), "resume_from_checkpoint", "a checkpoint is of one run"),
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

/// Settings are compared by the scores of what they train, so runs need both.
pub(super) fn check_runs(settings: &Settings, place: &Place) -> Result<(), Error> {
    if !settings.do_train || !settings.do_eval {
        return Err(Error::usage(format!(
            "--search trains and evaluates{}: give --do_train and --do_eval, or neither",
            place.task.map_or_else(String::new, |task| format!(" {}", task.name))
        )));
    }
    Ok(())
}

/// What is searched, and what training is counted in.
pub(super) fn space_of(
    grid: &Grid,
    place: &Place,
    args: &RunArgs,
    kind: SearchKind,
) -> Result<(Vec<Axis>, Unit), Error> {
    let given = args.search.search_space.iter().map(|text| Axis::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let mut space: Vec<Axis> = grid.points[place.point].space.clone();
    space.extend(given);
    for (at, axis) in space.iter().enumerate() {
        if space[..at].iter().any(|other| other.flag == axis.flag) {
            return Err(Error::usage(format!("--search_space: {} is there twice", axis.flag)));
        }
    }
    let has = |space: &[Axis], flag: &str| space.iter().any(|axis| axis.flag == flag);
    let by_steps = args.max_steps.is_some_and(|steps| steps > 0) || has(&space, STEPS);
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
        let without: &[&str] = if by_steps || halving { &[EPOCHS] } else { &[] };
        space = space::usual(args, without);
    }
    if space.is_empty() {
        return Err(Error::usage(
            "--search: learning_rate, per_device_train_batch_size and num_train_epochs are given, so nothing is left to search; \
             leave one out, or give --search_space",
        ));
    }
    Ok((space, if by_steps { Unit::Steps } else { Unit::Epochs }))
}

/// What a search runs.
pub(super) struct Planned {
    pub(super) trials: Vec<Setting>,
    pub(super) rungs: Vec<Rung>,
    /// All training of the trials.
    pub(super) cost: f64,
}

/// The trials that a budget allows. `training`: epochs or steps of a setting.
pub(super) fn planned(
    args: &RunArgs,
    kind: SearchKind,
    space: &[Axis],
    unit: Unit,
    seed: u64,
    training: impl Fn(&Setting) -> Result<f64, Error>,
) -> Result<Planned, Error> {
    let search = &args.search;
    let budget = search.search_budget.as_deref().map(Budget::parse).transpose()?;
    let stated = search.search_budget.as_deref().unwrap_or_default();
    let allows = |amount: f64| budget.map_or(Ok(true), |budget| budget.allows(amount, unit));
    let too_little = |least: String| {
        Error::usage(format!("--search_budget {stated} is too little: {least}; give more, or a smaller --search_space"))
    };
    let most_by_budget = budget.map_or(usize::MAX, Budget::most_trials);
    if kind == SearchKind::Grid {
        let trials = space::all(space)?;
        let cost = trials.iter().map(&training).sum::<Result<f64, _>>()?;
        if trials.len() > most_by_budget || !allows(cost)? {
            let what = format!("the grid has {} trials of {} {} in all", trials.len(), amount(cost), unit.name());
            return Err(Error::usage(format!(
                "--search_budget {stated} is too little: {what}; give more, a smaller --search_space, or --search random"
            )));
        }
        return Ok(Planned { rungs: vec![Rung { trials: trials.len(), training: None }], trials, cost });
    }
    let wanted = search.search_trials.map(|n| at_least_one("search_trials", n)).transpose()?;
    let size = space::size(space);
    if let (Some(wanted), Some(size)) = (wanted, size)
        && wanted > size
    {
        return Err(Error::usage(format!(
            "--search_trials is {wanted}, and there are {size} settings; give that many at most, or ranges such as \
             learning_rate=1e-5..1e-4"
        )));
    }
    let eta = search.search_eta.unwrap_or(ETA);
    let halving = kind == SearchKind::Halving;
    // Where nothing says how many: all that training's budget allows, or the usual number.
    let open = match (budget, size) {
        (Some(Budget::Trials(most)), _) => most,
        (Some(Budget::Training(..)), _) => MOST_DRAWN,
        (None, Some(size)) if halving => size,
        (None, _) => rungs::usual_trials(halving.then_some(eta)),
    };
    let most = wanted.unwrap_or(open).min(most_by_budget).min(size.unwrap_or(usize::MAX));
    if !halving {
        let mut trials = space::drawn(space, most, seed)?;
        let mut cost = 0.0;
        let mut count = 0;
        for setting in &trials {
            let with = cost + training(setting)?;
            if !allows(with)? {
                break;
            }
            (cost, count) = (with, count + 1);
        }
        if count == 0 {
            return Err(too_little("it allows no trial".to_owned()));
        }
        trials.truncate(count);
        return Ok(Planned { rungs: vec![Rung { trials: count, training: None }], trials, cost });
    }
    if eta < 2 {
        return Err(Error::usage(format!("--search_eta is {eta}, expected at least 2")));
    }
    let most_rungs = at_least_one("search_rungs", search.search_rungs.unwrap_or(usize::MAX))?;
    if most < eta {
        return Err(Error::usage(format!(
            "--search halving keeps one trial in {eta} (--search_eta), so it needs {eta} at least, and there are {most}"
        )));
    }
    let whole = training(&Vec::new())?;
    let ladder = |trials: usize| rungs::ladder(trials, eta, most_rungs, whole, unit);
    let mut fitting = None;
    for trials in (eta..=most).rev() {
        if allows(rungs::cost(&ladder(trials)))? {
            fitting = Some(trials);
            break;
        }
    }
    let Some(count) = fitting else {
        let least = (eta..=most).map(|trials| rungs::cost(&ladder(trials))).fold(f64::INFINITY, f64::min);
        return Err(too_little(format!("halving takes {} {} at least", amount(least), unit.name())));
    };
    // All of a list stand in their order.
    let trials = if Some(count) == size { space::all(space)? } else { space::drawn(space, count, seed)? };
    let rungs = ladder(trials.len());
    Ok(Planned { cost: rungs::cost(&rungs), rungs, trials })
}
