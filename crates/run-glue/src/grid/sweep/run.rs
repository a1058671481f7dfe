//! From a grid to its results.

use std::time::Duration;

use super::lost::lost;
use super::one_run::Attempt;
use super::state::{RunState, Sweep, stop_if_asked};
use super::submission::submit;
use super::worker_pool::WorkerPool;
use super::worker_protocol::{check_role, is_worker};
use crate::grid::definition::Grid;
use crate::grid::run_spec::RunSpec;
use crate::interrupt;
use crate::mlflow::{self, Parent};
use crate::progress::{print, set_level};
use crate::run_hooks::run_hooks;
use records::counted;
use trainer::backends;
use trainer::error::Error;
use trainer::run::{output, run_task};

/// How often a run that another worker has is looked at again.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Does all runs.
///
/// # Errors
/// The error of a single run; of several, how many failed and which.
pub fn run(grid: &Grid) -> Result<(), Error> {
    let Some(settings) = grid.specs.first().map(|spec| &spec.settings) else { return Ok(()) };
    check_role()?;
    set_level(settings.logging.level, !grid.is_single());
    let dry_run = grid.options.dry_run;
    if !dry_run {
        for spec in &grid.specs {
            backends::check(spec.settings.machine.device, spec.settings.machine.precision)?;
        }
    }
    if settings.logging.mlflow && !dry_run {
        mlflow::check()?;
    }
    output::check_results_dir(settings)?;
    if let Some(repeated) = grid.repeats.as_ref().filter(|_| !is_worker()) {
        repeated.check(settings)?;
    }
    if settings.do_train && !dry_run {
        interrupt::listen();
    }
    if let [spec] = grid.specs.as_slice()
        && grid.is_single()
        && !dry_run
    {
        grid.filled_in.iter().for_each(|line| log::info!("{line}"));
        let done = run_task(&spec.settings, &run_hooks())?;
        done.upload?;
        submit(settings)?;
        if let Some(repeated) = &grid.repeats {
            repeated.compare(settings, &done.record)?;
        }
        return lost(&done.record).map_or(Ok(()), Err);
    }
    let mut sweep = Sweep::new(grid, settings, !dry_run)?;
    sweep.settle()?;
    if dry_run {
        print(&sweep.plan())?;
        return Ok(());
    }
    if is_worker() {
        return sweep.work();
    }
    let pool = WorkerPool::new(&grid.options, settings.machine.device.backend)?;
    sweep.check_folders()?;
    let any_open = !sweep.open().is_empty();
    let parent = any_open.then(|| Parent::begin(settings)).transpose()?.flatten();
    sweep.announce();
    sweep.upload_left();
    let ran = sweep.run_all(pool.as_ref());
    sweep.view.finish();
    if let Some(parent) = parent {
        parent.end(ran.is_ok());
    }
    ran?;
    sweep.finish()
}

impl Sweep<'_> {
    fn check_folders(&self) -> Result<(), Error> {
        self.open().into_iter().find_map(|at| self.outputs.refusal(&self.specs[at])).map_or(Ok(()), Err)
    }

    fn run_all(&mut self, pool: Option<&WorkerPool>) -> Result<(), Error> {
        let mut is_waiting = false;
        loop {
            // Runs that others have are waited for here, not by processes.
            if let Some(pool) = pool.filter(|_| !is_waiting) {
                self.delegate(pool)?;
            }
            let (mut taken, mut waits) = (0, 0);
            let open = self.open();
            for &at in &open {
                if self.stops() {
                    return Ok(());
                }
                match self.run_one(at)? {
                    Attempt::Over => {}
                    Attempt::Taken => taken += 1,
                    Attempt::Waits => waits += 1,
                }
            }
            let mut more = self.advance()?;
            if more.is_empty() && self.open().is_empty() {
                more = self.retries()?;
                if more.is_empty() {
                    return Ok(());
                }
            }
            // Nothing but runs of others, which are done some time, or whose worker ends without them.
            if more.is_empty() && taken + waits == open.len() {
                if !is_waiting {
                    log::info!("waiting for {} of another worker", counted(taken, "run"));
                }
                is_waiting = true;
                std::thread::sleep(POLL_INTERVAL);
                stop_if_asked()?;
            }
            is_waiting &= more.is_empty();
            self.add(more)?;
        }
    }

    /// Another seed for each collapsed run, as far as that was asked for and is not there yet.
    fn retries(&self) -> Result<Vec<RunSpec>, Error> {
        let most = self.grid.options.retry_collapsed;
        let mut more = Vec::new();
        for (first, spec) in self.specs.iter().enumerate().filter(|(_, spec)| !spec.is_trial()) {
            let same = |other: &RunSpec| other.request == spec.request && !other.is_trial();
            if self.specs[..first].iter().any(same) {
                continue;
            }
            let own: Vec<usize> = (0..self.specs.len()).filter(|&at| same(&self.specs[at])).collect();
            let collapsed =
                own.iter().filter(|&&at| matches!(&self.states[at], RunState::Done(r) if r.collapsed)).count();
            let tried = own.iter().filter(|&&at| !self.grid.seeds.contains(&self.specs[at].seed())).count();
            for again in tried..collapsed.min(most) {
                let seed = self.grid.spare_seed(again);
                log::warn!("{}, {}: a run collapsed; another one with seed {seed}", spec.model(), spec.task());
                more.push(self.grid.with_seed(spec, seed)?);
            }
        }
        Ok(more)
    }
}
