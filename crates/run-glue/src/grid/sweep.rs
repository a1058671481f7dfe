//! Runs a grid: what is done already is left out, one that fails does not take the others with it, and several workers
//! share one folder of results. Searches go on as their trials end.

mod workers;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use self::workers::Crew;
use super::claim::{Claim, claim};
use super::disk::Sizes;
use super::done::Done;
use super::duration::in_words;
use super::ending::submit;
use super::search::course::Course;
use super::view::View;
use super::{Cell, Grid, Role};
use crate::backends;
use crate::error::Error;
use crate::interrupt;
use crate::progress::{complain, print, say, set_level, warn};
use crate::report::record::RunRecord;
use crate::settings::Settings;
use crate::task_run::{output, run_task};

/// How often a cell that another worker has is looked at again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs all cells.
///
/// # Errors
/// The error of a lone run; of several, how many failed and which.
pub fn run(grid: &Grid) -> Result<(), Error> {
    let Some(settings) = grid.cells.first().map(|cell| &cell.settings) else { return Ok(()) };
    set_level(settings.logging.level);
    let dry_run = grid.options.dry_run.unwrap_or(false);
    if !dry_run {
        for cell in &grid.cells {
            backends::check(cell.settings.machine.device, cell.settings.machine.precision)?;
        }
    }
    output::check_results_dir(settings)?;
    if settings.do_train && !dry_run {
        interrupt::listen();
    }
    if let [cell] = grid.cells.as_slice()
        && grid.is_lone()
        && !dry_run
    {
        output::check_output_dir(&cell.settings)?;
        return run_task(&cell.settings, cell.task()).and_then(|done| done.upload).and_then(|()| submit(settings));
    }
    let mut sweep = Sweep::new(grid, settings, !dry_run)?;
    sweep.settle()?;
    if dry_run {
        print(&sweep.plan());
        return Ok(());
    }
    if workers::is_worker() {
        return sweep.work();
    }
    let crew = Crew::new(&grid.options, settings.machine.device.backend)?;
    sweep.check_folders()?;
    sweep.announce();
    let ran = sweep.run_all(crew.as_ref());
    sweep.view.finish();
    ran?;
    sweep.finish()
}

/// What has become of a cell.
pub(super) enum State {
    Open,
    Done(Box<RunRecord>),
    /// Not this worker's.
    Elsewhere,
    Failed(Error),
    /// Not tried: its model failed twice in the same words.
    GivenUp,
}

pub(super) struct Sweep<'a> {
    pub(super) grid: &'a Grid,
    pub(super) results_dir: &'a Path,
    /// Whether anything is run or written.
    pub(super) acts: bool,
    rerun: bool,
    pub(super) cells: Vec<Cell>,
    pub(super) states: Vec<State>,
    /// How far each search is.
    pub(super) courses: Vec<Course>,
    /// Runs that searches will ask for, as far as they are known.
    pub(super) future: Vec<Cell>,
    pub(super) done: Done,
    /// Of any settings, for how long a run takes.
    pub(super) known: Vec<RunRecord>,
    pub(super) sizes: Sizes,
    /// The last error of each model.
    errors: HashMap<String, String>,
    /// Runs whose results are there, but not on the Hub.
    pub(super) upload_failures: Vec<(String, Error)>,
    view: View,
}

impl<'a> Sweep<'a> {
    fn new(grid: &'a Grid, settings: &'a Settings, acts: bool) -> Result<Self, Error> {
        let mut this = Self {
            grid,
            results_dir: &settings.places.results_dir,
            acts,
            rerun: grid.is_lone() || grid.options.rerun.unwrap_or(false),
            cells: Vec::new(),
            states: Vec::new(),
            courses: grid.searches.iter().map(|_| Course::default()).collect(),
            future: Vec::new(),
            done: Done::new(&settings.places.results_dir),
            known: Vec::new(),
            sizes: Sizes::default(),
            errors: HashMap::new(),
            upload_failures: Vec::new(),
            view: View::new(acts && settings.logging.live_line),
        };
        this.known = this.done.all(&grid.cells)?;
        this.add(grid.cells.clone())?;
        Ok(this)
    }

    /// Takes cells in, with what is known of them.
    fn add(&mut self, cells: Vec<Cell>) -> Result<(), Error> {
        let found = if self.rerun { cells.iter().map(|_| None).collect() } else { self.done.find(&cells)? };
        for (cell, record) in cells.into_iter().zip(found) {
            let mine = self.grid.shard.is_none_or(|shard| shard.has(cell.part));
            let record = record.filter(|_| has_outputs(&cell));
            self.states.push(match record {
                Some(record) => State::Done(Box::new(record)),
                None if mine => State::Open,
                None => State::Elsewhere,
            });
            if let Role::Trial { search, rung, trial } = cell.role {
                self.courses[search].add(rung, trial, self.cells.len());
            }
            self.cells.push(cell);
        }
        self.future = self.expected();
        Ok(())
    }

    /// Takes searches as far as the records that are there lead.
    fn settle(&mut self) -> Result<(), Error> {
        loop {
            let more = self.advance()?;
            if more.is_empty() {
                return Ok(());
            }
            self.add(more)?;
        }
    }

    pub(super) fn open(&self) -> Vec<usize> {
        (0..self.cells.len()).filter(|&at| matches!(self.states[at], State::Open)).collect()
    }

    pub(super) fn count(&self, is: impl Fn(&State) -> bool) -> usize {
        self.states.iter().filter(|state| is(state)).count()
    }

    fn check_folders(&self) -> Result<(), Error> {
        self.open().into_iter().try_for_each(|at| output::check_output_dir(&self.cells[at].settings))
    }

    fn run_all(&mut self, crew: Option<&Crew>) -> Result<(), Error> {
        let mut is_waiting = false;
        loop {
            // Runs that others have are waited for here, not by processes.
            if let Some(crew) = crew.filter(|_| !is_waiting) {
                self.delegate(crew)?;
            }
            let mut taken = 0;
            let open = self.open();
            for &at in &open {
                if self.stops() {
                    return Ok(());
                }
                if !self.run_cell(at)? {
                    taken += 1;
                }
            }
            let mut more = self.advance()?;
            if more.is_empty() && self.open().is_empty() {
                more = self.retries()?;
                if more.is_empty() {
                    return Ok(());
                }
            }
            // Nothing but cells of others, which are done some time, or whose worker ends without them.
            if more.is_empty() && taken == open.len() {
                if !is_waiting {
                    say(&format!("{taken} runs are another worker's; waiting for them"));
                }
                is_waiting = true;
                std::thread::sleep(PATIENCE);
                stop_if_asked()?;
            }
            is_waiting &= more.is_empty();
            self.add(more)?;
        }
    }

    /// Whether a failure ends it all.
    pub(super) fn stops(&self) -> bool {
        self.grid.options.stop_on_failure.unwrap_or(false) && self.count(|s| matches!(s, State::Failed(_))) > 0
    }

    /// Runs a cell; false where another worker is at it.
    fn run_cell(&mut self, at: usize) -> Result<bool, Error> {
        stop_if_asked()?;
        let model = self.cells[at].model();
        if self.gave_up(&model) {
            self.states[at] = State::GivenUp;
            return Ok(true);
        }
        let Some(claim) = claim(self.results_dir, &self.cells[at].key())? else { return Ok(false) };
        // Another worker may have done it since.
        if !self.rerun
            && let Some(record) = self.done.find(std::slice::from_ref(&self.cells[at]))?.pop().flatten()
            && has_outputs(&self.cells[at])
        {
            self.states[at] = State::Done(Box::new(record));
            return Ok(true);
        }
        // A worker's runs are announced by the one who gives them.
        if !workers::is_worker() {
            self.announce_cell(at, 0);
        }
        let cell = &self.cells[at];
        let result = run_guarded(&cell.settings, cell, &claim);
        drop(claim);
        let name = self.cells[at].name.clone();
        self.states[at] = match result {
            Ok(done) => {
                if let Err(error) = done.upload {
                    complain(&format!("{name}: {error}"));
                    self.upload_failures.push((name, error));
                }
                self.succeeded(at, done.record)
            }
            Err(error) if interrupt::requested() => return Err(error),
            Err(error) => {
                complain(&format!("{name}: {error}"));
                self.failed(at, error)
            }
        };
        self.view.update(self.counts(), self.seconds_left());
        Ok(true)
    }

    /// Says which run begins, while `running` others go on.
    fn announce_cell(&self, at: usize, running: usize) {
        let seconds = self.seconds_left();
        self.view.update(self.counts(), seconds);
        let left = seconds.filter(|seconds| *seconds >= 1.0);
        let left = left.map_or_else(String::new, |seconds| format!(", about {} left", in_words(seconds)));
        let place = self.cells.len() - self.open().len() + running + 1;
        say(&format!("[{place}/{}] {}{left}", self.cells.len() + self.future.len(), self.cells[at].name));
    }

    fn succeeded(&mut self, at: usize, record: RunRecord) -> State {
        self.errors.remove(&self.cells[at].model());
        self.known.push(record.clone());
        State::Done(Box::new(record))
    }

    fn failed(&mut self, at: usize, error: Error) -> State {
        // The same words twice are about no task of its own, but about the model or the machine.
        let (model, words) = (self.cells[at].model(), error.to_string());
        let again = self.errors.get(&model) == Some(&words);
        self.errors.insert(model, if again { String::new() } else { words });
        State::Failed(error)
    }

    fn gave_up(&self, model: &str) -> bool {
        self.errors.get(model).is_some_and(String::is_empty)
    }

    /// Another seed for each collapsed run, as far as that was asked for and is not there yet.
    fn retries(&self) -> Result<Vec<Cell>, Error> {
        let most = self.grid.options.retry_collapsed.unwrap_or(0);
        let is_trial = |cell: &Cell| matches!(cell.role, Role::Trial { .. });
        let mut more = Vec::new();
        for (first, cell) in self.cells.iter().enumerate().filter(|(_, cell)| !is_trial(cell)) {
            let same = |other: &Cell| other.request == cell.request && !is_trial(other);
            if self.cells[..first].iter().any(same) {
                continue;
            }
            let own: Vec<usize> = (0..self.cells.len()).filter(|&at| same(&self.cells[at])).collect();
            let collapsed = own.iter().filter(|&&at| matches!(&self.states[at], State::Done(r) if r.collapsed)).count();
            let tried = own.iter().filter(|&&at| !self.grid.seeds.contains(&self.cells[at].seed())).count();
            for again in tried..collapsed.min(most) {
                let seed = self.grid.spare_seed(again);
                warn(&format!("{}, {}: a run collapsed; another one with seed {seed}", cell.model(), cell.task().name));
                more.push(self.grid.with_seed(cell, seed)?);
            }
        }
        Ok(more)
    }
}

fn stop_if_asked() -> Result<(), Error> {
    if interrupt::requested() {
        return Err(Error::interrupted("stopped; the same command goes on with the runs that are left"));
    }
    Ok(())
}

/// A run whose failure, of whatever kind, is its own.
fn run_guarded(settings: &Settings, cell: &Cell, _: &Claim) -> Result<crate::task_run::Done, Error> {
    let run = || {
        // What a search asks for later was not looked at before.
        output::check_output_dir(settings)?;
        run_task(settings, cell.task())
    };
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Error::failure("the program itself failed in this run, with the message above")))
}

/// Whether the files that were asked for beside the record are there. The model is written after the record, its card last.
fn has_outputs(cell: &Cell) -> bool {
    let last = if cell.settings.do_train { "README.md" } else { "all_results.json" };
    output::output_dir(&cell.settings).is_none_or(|dir| dir.join(last).is_file())
}
