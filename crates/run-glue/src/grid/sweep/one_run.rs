//! One run of a sweep, done by this process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::state::{Begin, RunState, Sweep, stop_if_asked};
use super::worker_protocol::is_worker;
use crate::grid::duration::in_words;
use crate::grid::run_lock::{RunLock, lock_run};
use crate::interrupt;
use crate::progress::set_current_run;
use crate::run_hooks::run_hooks;
use records::record::RunRecord;
use records::shown;
use results::table::Table;
use trainer::error::Error;
use trainer::run::{CompletedRun, run_task};
use trainer::settings::Settings;

/// What came of trying to do a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Whatever came of it, it is over.
    Over,
    /// Another worker is at it.
    Taken,
    /// One that it begins from is not over.
    Waits,
}

impl Sweep<'_> {
    /// Does a run, where it can begin and nobody else is at it.
    pub(super) fn run_one(&mut self, at: usize) -> Result<Attempt, Error> {
        stop_if_asked()?;
        let model = self.specs[at].model();
        if self.gave_up(&model) {
            self.states[at] = RunState::GivenUp;
            return Ok(Attempt::Over);
        }
        match self.begin(at)? {
            Begin::Ready => {}
            Begin::Waits => return Ok(Attempt::Waits),
            Begin::Never(error) => {
                self.never_begins(at, error);
                return Ok(Attempt::Over);
            }
        }
        let Some(lock) = lock_run(self.results_dir, &self.specs[at].key())? else { return Ok(Attempt::Taken) };
        // Another worker may have done it since.
        if !self.rerun {
            let spec = self.specs[at].clone();
            let records = self.done.find(std::slice::from_ref(&spec))?.pop().unwrap_or_default();
            if let Some(record) = self.taken(&spec, records)? {
                self.states[at] = RunState::Done(Box::new(record));
                return Ok(Attempt::Over);
            }
        }
        // A worker's runs are announced by the one who gives them.
        if !is_worker() {
            self.announce_run(at, 0);
        }
        let spec = &self.specs[at];
        set_current_run(Some(&spec.name));
        let result = run_guarded(&spec.settings, &lock);
        set_current_run(None);
        drop(lock);
        let name = self.specs[at].name.clone();
        match result {
            Ok(done) => {
                if let Err(error) = done.upload {
                    log::error!("{name}: {error}");
                    self.upload_failures.push((name, error));
                }
                self.succeeded(at, done.record);
            }
            Err(error) if interrupt::requested() => return Err(error),
            Err(error) => {
                log::error!("{name}: {error}");
                self.failed(at, error);
            }
        }
        self.view.update(self.counts(), self.seconds_left());
        Ok(Attempt::Over)
    }

    /// Shows which run begins, while `running` others go on.
    pub(super) fn announce_run(&self, at: usize, running: usize) {
        let seconds = self.seconds_left();
        self.view.update(self.counts(), seconds);
        let left = seconds.filter(|seconds| *seconds >= 1.0);
        let left = left.map_or_else(String::new, |seconds| format!(", about {} left", in_words(seconds)));
        let place = self.specs.len() - self.open().len() + running + 1;
        log::debug!("[{place}/{}] {}{left}", self.specs.len() + self.future.len(), self.specs[at].name);
    }

    /// Says what a run came to.
    fn announce_result(&self, at: usize, record: &RunRecord) {
        let (all, open) = (self.specs.len() + self.future.len(), self.open().len() + self.future.len());
        // The live line says it already.
        let left = self.seconds_left().filter(|seconds| *seconds >= 1.0 && !self.view.is_seen());
        let left = left.map_or_else(String::new, |seconds| format!("; about {} left", in_words(seconds)));
        log::info!("[{}/{all}] {}: {}{left}", all - open, self.specs[at].name, in_one_line(record));
    }

    pub(super) fn succeeded(&mut self, at: usize, record: RunRecord) {
        self.errors.remove(&self.specs[at].model());
        self.known.push(record.clone());
        // It is said with what is left after it.
        self.states[at] = RunState::Done(Box::new(record.clone()));
        if !is_worker() {
            self.announce_result(at, &record);
        }
    }

    pub(super) fn failed(&mut self, at: usize, error: Error) {
        // The same words twice are about no task of its own, but about the model or the machine.
        let (model, words) = (self.specs[at].model(), error.to_string());
        let again = self.errors.get(&model) == Some(&words);
        self.errors.insert(model, if again { String::new() } else { words });
        self.states[at] = RunState::Failed(error);
    }

    /// A run that cannot begin has failed; it says nothing of its model.
    pub(super) fn never_begins(&mut self, at: usize, error: Error) {
        log::error!("{}: {error}", self.specs[at].name);
        self.states[at] = RunState::Failed(error);
    }

    pub(super) fn gave_up(&self, model: &str) -> bool {
        self.errors.get(model).is_some_and(String::is_empty)
    }
}

/// Its metrics, its score beside that of the most frequent class, and its time.
fn in_one_line(record: &RunRecord) -> String {
    let time = format!("{:.1} s", record.timings.total_seconds);
    // Of predictions alone there is no row.
    let Some(row) = Table::from_records([record]).rows.pop() else { return format!("done, {time}") };
    let number = |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |value| format!("{value:.4}"));
    let mut scores: Vec<String> =
        row.metrics.iter().map(|(name, value)| format!("{} {}", shown(name), number(*value))).collect();
    if scores.len() > 1 {
        scores.push(format!("score {}", number(row.score)));
    }
    let baseline = row.baseline.map_or_else(String::new, |score| format!(" (most frequent class {score:.4})"));
    format!("{}{baseline}, {time}", scores.join(", "))
}

/// A run whose failure, of whatever kind, is its own.
fn run_guarded(settings: &Settings, _: &RunLock) -> Result<CompletedRun, Error> {
    catch_unwind(AssertUnwindSafe(|| run_task(settings, &run_hooks())))
        .unwrap_or_else(|_| Err(Error::failure("the program itself failed in this run, with the message above")))
}
