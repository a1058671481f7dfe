//! Runs a grid: what is done already is left out, one that fails does not take the others with it, and several workers
//! share one folder of results.

mod workers;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use self::workers::Crew;
use super::claim::{Claim, claim};
use super::done::Done;
use super::duration::{in_words, seconds};
use super::{Cell, Grid, recipe};
use crate::backends;
use crate::cli::settings::Settings;
use crate::error::Error;
use crate::interrupt;
use crate::progress::{complain, say, set_level, warn};
use crate::report::record::RunRecord;
use crate::report::submission;
use crate::report::table::Table;
use crate::task_run::{output, run_task};

/// How often a cell that another worker has is looked at again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs all cells.
///
/// # Errors
/// The error of a lone run; of several, how many failed and which.
pub fn run(grid: &Grid) -> Result<(), Error> {
    let Some(settings) = grid.cells.first().map(|cell| &cell.settings) else { return Ok(()) };
    set_level(settings.log.level);
    let dry_run = grid.options.dry_run.unwrap_or(false);
    if !dry_run {
        for cell in &grid.cells {
            backends::check(cell.settings.backend, cell.settings.precision)?;
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
    let mut sweep = Sweep::new(grid, settings)?;
    if dry_run {
        print(&sweep.plan());
        return Ok(());
    }
    if workers::is_worker() {
        return sweep.work();
    }
    let crew = Crew::new(&grid.options, settings.backend)?;
    sweep.check_folders()?;
    sweep.announce();
    sweep.run_all(crew.as_ref())?;
    sweep.finish()
}

/// What has become of a cell.
enum State {
    Open,
    Done(Box<RunRecord>),
    /// Not this worker's.
    Elsewhere,
    Failed(Error),
    /// Not tried: its model failed twice in the same words.
    GivenUp,
}

struct Sweep<'a> {
    grid: &'a Grid,
    results_dir: &'a Path,
    rerun: bool,
    cells: Vec<Cell>,
    states: Vec<State>,
    done: Done,
    /// Of any settings, for how long a run takes.
    known: Vec<RunRecord>,
    /// The last error of each model.
    errors: HashMap<String, String>,
    /// Runs whose results are there, but not on the Hub.
    upload_failures: Vec<(String, Error)>,
}

impl<'a> Sweep<'a> {
    fn new(grid: &'a Grid, settings: &'a Settings) -> Result<Self, Error> {
        let mut this = Self {
            grid,
            results_dir: &settings.results_dir,
            rerun: grid.is_lone() || grid.options.rerun.unwrap_or(false),
            cells: Vec::new(),
            states: Vec::new(),
            done: Done::new(&settings.results_dir),
            known: Vec::new(),
            errors: HashMap::new(),
            upload_failures: Vec::new(),
        };
        this.known = this.done.all(&grid.cells)?;
        this.add(grid.cells.clone())?;
        Ok(this)
    }

    /// Takes cells in, with what is known of them.
    fn add(&mut self, cells: Vec<Cell>) -> Result<(), Error> {
        let found = if self.rerun { cells.iter().map(|_| None).collect() } else { self.done.find(&cells)? };
        for (cell, record) in cells.into_iter().zip(found) {
            let mine = self.grid.shard.is_none_or(|shard| shard.has(self.cells.len()));
            let record = record.filter(|_| has_outputs(&cell));
            self.states.push(match record {
                Some(record) => State::Done(Box::new(record)),
                None if mine => State::Open,
                None => State::Elsewhere,
            });
            self.cells.push(cell);
        }
        Ok(())
    }

    fn open(&self) -> Vec<usize> {
        (0..self.cells.len()).filter(|&at| matches!(self.states[at], State::Open)).collect()
    }

    fn count(&self, is: impl Fn(&State) -> bool) -> usize {
        self.states.iter().filter(|state| is(state)).count()
    }

    fn check_folders(&self) -> Result<(), Error> {
        self.open().into_iter().try_for_each(|at| output::check_output_dir(&self.cells[at].settings))
    }

    fn seconds_left(&self) -> Option<f64> {
        seconds(self.open().into_iter().map(|at| &self.cells[at]), &self.known)
    }

    /// The list of all cells.
    fn plan(&self) -> String {
        let mut text = String::new();
        for (cell, state) in self.cells.iter().zip(&self.states) {
            let state = match state {
                State::Done(record) if record.collapsed => "done, collapsed".to_owned(),
                State::Done(_) => "done".to_owned(),
                State::Elsewhere => "of another part".to_owned(),
                _ => seconds(std::iter::once(cell), &self.known)
                    .map_or_else(|| "to do".to_owned(), |seconds| format!("to do, about {}", in_words(seconds))),
            };
            let of_cell =
                [cell.model(), cell.task().name.to_owned(), format!("seed {}", cell.seed()), cell.label.clone(), state];
            text.push_str(&of_cell.into_iter().filter(|column| !column.is_empty()).collect::<Vec<_>>().join("\t"));
            text.push('\n');
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    fn summary(&self) -> String {
        let open = self.open();
        let mut text =
            format!("{} runs, {} done already", self.cells.len(), self.count(|s| matches!(s, State::Done(_))));
        let elsewhere = self.count(|s| matches!(s, State::Elsewhere));
        if elsewhere > 0 {
            text.push_str(&format!(", {elsewhere} of other parts"));
        }
        text.push_str(&format!(", {} to do", open.len()));
        if let Some(seconds) = self.seconds_left().filter(|_| !open.is_empty()) {
            text.push_str(&format!(", about {}", in_words(seconds)));
        }
        if let Some(bytes) = self.disk().filter(|bytes| *bytes > 0) {
            text.push_str(&format!(", {:.1} GB of models", bytes as f64 / 1e9));
        }
        text
    }

    /// Bytes of the models that will be saved, as far as they are known before: those of folders.
    fn disk(&self) -> Option<u64> {
        let saved = self.open().into_iter().map(|at| &self.cells[at].settings);
        saved
            .filter(|settings| settings.output_dir.is_some() && settings.do_train)
            .map(|settings| match &settings.model {
                crate::cli::settings::ModelChoice::Folder(folder) => weights_bytes(folder),
                _ => None,
            })
            .sum()
    }

    fn announce(&self) {
        if self.grid.recipe {
            say(&recipe::describe());
        }
        say(&self.summary());
        let done = self.count(|s| matches!(s, State::Done(_)));
        if done > 0 {
            say(&format!(
                "{done} are left out: their results are in {} (--rerun runs them again)",
                self.results_dir.display()
            ));
        }
    }

    fn run_all(&mut self, crew: Option<&Crew>) -> Result<(), Error> {
        loop {
            if let Some(crew) = crew {
                self.delegate(crew)?;
            }
            let mut taken = Vec::new();
            for at in self.open() {
                if !self.run_cell(at)? {
                    taken.push(at);
                }
            }
            // The others' cells: they are done, or their worker ends without them.
            let mut waiting = !taken.is_empty();
            if waiting {
                say(&format!("{} runs are another worker's; waiting for them", taken.len()));
            }
            while waiting {
                std::thread::sleep(PATIENCE);
                stop_if_asked()?;
                taken.retain(|&at| matches!(self.states[at], State::Open));
                for &at in &taken {
                    self.run_cell(at)?;
                }
                waiting = taken.iter().any(|&at| matches!(self.states[at], State::Open));
            }
            let more = self.retries()?;
            if more.is_empty() {
                return Ok(());
            }
            self.add(more)?;
        }
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
        Ok(true)
    }

    /// Says which run begins, while `running` others go on.
    fn announce_cell(&self, at: usize, running: usize) {
        let left =
            self.seconds_left().map_or_else(String::new, |seconds| format!(", about {} left", in_words(seconds)));
        let place = self.cells.len() - self.open().len() + running + 1;
        say(&format!("[{place}/{}] {}{left}", self.cells.len(), self.cells[at].name));
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
        let last = self.grid.seeds.iter().max().copied().unwrap_or_default();
        let mut more = Vec::new();
        for (first, cell) in self.grid.cells.iter().enumerate() {
            let same = |other: &Cell| other.request == cell.request;
            if self.grid.cells[..first].iter().any(same) {
                continue;
            }
            let own: Vec<usize> = (0..self.cells.len()).filter(|&at| same(&self.cells[at])).collect();
            let collapsed = own.iter().filter(|&&at| matches!(&self.states[at], State::Done(r) if r.collapsed)).count();
            let tried = own.len() - self.grid.cells.iter().filter(|other| same(other)).count();
            for again in tried..collapsed.min(most) {
                let seed = last + 1 + again as u64;
                warn(&format!("{}, {}: a run collapsed; another one with seed {seed}", cell.model(), cell.task().name));
                more.push(self.grid.with_seed(cell, seed)?);
            }
        }
        Ok(more)
    }

    /// The table, the leaderboard's files, and what failed.
    fn finish(mut self) -> Result<(), Error> {
        let states = std::mem::take(&mut self.states);
        let mut records: Vec<RunRecord> = Vec::new();
        let mut failures: Vec<(String, Error)> = std::mem::take(&mut self.upload_failures);
        let mut left = 0;
        for (cell, state) in self.cells.iter().zip(states) {
            match state {
                State::Done(record) => records.push(*record),
                State::Failed(error) => failures.push((cell.name.clone(), error)),
                State::GivenUp => left += 1,
                State::Open | State::Elsewhere => {}
            }
        }
        let mut models: Vec<&str> = records.iter().map(|record| record.model.id.as_str()).collect();
        models.sort_unstable();
        models.dedup();
        for model in &models {
            if models.len() > 1 {
                print(&format!("{model}\n"));
            }
            let table = Table::from_records(records.iter().filter(|record| record.model.id == *model));
            print(&table.render(std::io::stdout().is_terminal()));
        }
        // Of one model and one seed: the leaderboard takes one file a task.
        if failures.is_empty()
            && models.len() == 1
            && !self.grid.several.seeds
            && let Some(cell) = self.cells.first()
        {
            submit(&cell.settings)?;
        }
        match failures.first() {
            Some((_, first)) => Err(first.with_message(failed(self.cells.len(), left, &failures))),
            None => Ok(()),
        }
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
    catch_unwind(AssertUnwindSafe(|| run_task(settings, cell.task())))
        .unwrap_or_else(|_| Err(Error::failure("the program itself failed in this run, with the message above")))
}

/// Whether the files that were asked for beside the record are there.
fn has_outputs(cell: &Cell) -> bool {
    output::output_dir(&cell.settings).is_none_or(|dir| dir.join("all_results.json").is_file())
}

fn weights_bytes(folder: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let weights = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.ends_with(".safetensors") || name.ends_with(".bin")
    });
    Some(weights.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum())
}

/// The leaderboard's zip, where it was asked for and the folder has all files of it by now.
fn submit(settings: &Settings) -> Result<(), Error> {
    let Some(dir) = settings.output_dir.as_deref().filter(|_| settings.glue_submission) else { return Ok(()) };
    let found = submission::find(&[dir.to_owned()])?;
    let missing = submission::missing(&found);
    if missing.is_empty() {
        let zip = dir.join(submission::ZIP_NAME);
        submission::write_zip(&found, &zip)?;
        say(&format!("{}: {} files, all checked", zip.display(), found.len()));
    } else {
        say(&format!(
            "the leaderboard wants {} too; when all are there: run-glue submission DIR...",
            missing.join(", ")
        ));
    }
    Ok(())
}

/// The last line where runs failed; each one's own error was shown when it came.
fn failed(runs: usize, left: usize, failures: &[(String, Error)]) -> String {
    let names = failures.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("; ");
    let mut text = format!("{} of {runs} runs failed: {names}", failures.len());
    match left {
        0 => {}
        left => text.push_str(&format!("; {left} more would fail alike and were not tried")),
    }
    text
}

/// Standard output; a reader that went away is no failure of the run.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
