//! What a search tries: the trials that a budget allows, and with how much training.

use super::options::{SearchKind, SearchOptions};
use super::rungs::{self, Budget, Rung, amount};
use super::space::{self, Setting};
use crate::error::Error;
use crate::grid::combination::Combination;
use crate::settings::{Settings, at_least_one};

/// More drawn trials than this are a mistake.
const MOST_DRAWN: usize = 10_000;

/// Settings are compared by the scores of what they train, so runs need both.
pub(super) fn check_runs(settings: &Settings, combination: &Combination) -> Result<(), Error> {
    if !settings.do_train || !settings.do_eval {
        return Err(Error::usage(format!(
            "--search trains and evaluates{}: give --do_train and --do_eval, or neither",
            combination.task.map_or_else(String::new, |task| format!(" {}", task.name))
        )));
    }
    Ok(())
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
    options: &SearchOptions,
    training: impl Fn(&Setting) -> Result<f64, Error>,
) -> Result<Planned, Error> {
    let &SearchOptions { kind, unit, seed, eta, .. } = options;
    let space = options.space.as_slice();
    let budget = options.budget.as_deref().map(Budget::parse).transpose()?;
    let stated = options.budget.as_deref().unwrap_or_default();
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
    let wanted = options.trials.map(|n| at_least_one("search_trials", n)).transpose()?;
    let size = space::size(space);
    if let (Some(wanted), Some(size)) = (wanted, size)
        && wanted > size
    {
        return Err(Error::usage(format!(
            "--search_trials is {wanted}, and there are {size} settings; give that many at most, or ranges such as \
             learning_rate=1e-5..1e-4"
        )));
    }
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
    let most_rungs = at_least_one("search_rungs", options.rungs.unwrap_or(usize::MAX))?;
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
