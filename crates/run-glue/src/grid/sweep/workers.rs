//! `--workers` and `--gpus`: the runs of a sweep on several processes of this program, each on its own GPU.
//!
//! A worker is the same command with an environment variable more (`worker_protocol.rs`). It gets runs on standard input,
//! one a line, and says on standard output what became of each; the process that started it keeps the list, so that no run
//! is given twice, whatever its end. Where standard input ends during a run, because the user stopped the sweep or that
//! process is gone, the worker stops after its step. Runs are locked (`run_lock.rs`) as by any worker: others may share the
//! results folder.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::state::{RunState, Sweep, stop_if_asked};
use super::worker_pool::{Worker, WorkerPool, start};
use super::worker_protocol::{Order, Report, listen};
use crate::grid::run_spec::RunSpec;
use crate::interrupt;
use crate::progress::print;
use trainer::error::Error;

/// How often it is looked whether the user wants to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl Sweep<'_> {
    /// The part of a worker.
    ///
    /// # Errors
    /// The user's wish to stop, or results that cannot be written.
    pub(super) fn work(&mut self) -> Result<(), Error> {
        let (sender, orders) = channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                let _ = serde_json::from_str::<Order>(&line).map(|order| sender.send(order));
            }
            interrupt::request();
        });
        for Order { spec, seed } in orders {
            let mut at = spec;
            if self.specs[spec].seed() != seed {
                at = self.specs.len();
                self.add(vec![self.grid.with_seed(&self.specs[spec], seed)?])?;
            }
            let mine = self.run_one(at)?;
            let report = match &self.states[at] {
                RunState::Done(_) => Report::Done(self.upload_failures.pop().map(|(_, error)| error.to_string())),
                RunState::Failed(error) if mine => Report::Failed(error.to_string()),
                _ => Report::Taken,
            };
            print(&format!("{}\n", serde_json::to_string(&report).map_err(Error::failure)?));
        }
        Ok(())
    }

    /// Lets workers do what is open.
    ///
    /// # Errors
    /// When they cannot be started, or the user stopped them.
    pub(super) fn delegate(&mut self, pool: &WorkerPool) -> Result<(), Error> {
        let mut queue = self.open().into_iter();
        let count = pool.gpus.len().min(queue.len());
        if count == 0 {
            return Ok(());
        }
        log::info!("{count} workers");
        let failed = |error| Error::failure(format!("a worker could not be started: {error}"));
        let (sender, events) = channel();
        let mut workers = Vec::new();
        for (index, gpu) in pool.gpus.iter().take(count).enumerate() {
            let mut worker = start(index, count, gpu.as_deref(), &self.grid.options.arguments).map_err(failed)?;
            if let Some(output) = worker.process.stdout.take() {
                let sender = sender.clone();
                std::thread::spawn(move || listen(index, output, &sender));
            }
            workers.push(worker);
            self.give_next(&mut queue, &mut workers, index);
        }
        drop(sender);
        loop {
            if interrupt::requested() {
                workers.iter_mut().for_each(|worker| worker.orders = None);
            }
            match events.recv_timeout(POLL_INTERVAL) {
                Ok((index, Some(report))) => {
                    if let Some(at) = workers[index].at.take() {
                        self.take(at, report)?;
                    }
                    self.give_next(&mut queue, &mut workers, index);
                }
                Ok((index, None)) => self.ended(&mut workers[index]),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        stop_if_asked()
    }

    /// Gives a worker the next run, or lets it go.
    fn give_next(&mut self, queue: &mut impl Iterator<Item = usize>, workers: &mut [Worker], index: usize) {
        let open = |at: &usize| matches!(self.states[*at], RunState::Open) && !self.gave_up(&self.specs[*at].model());
        let order = |at: usize| {
            // What a search asks for later is no run of the grid: the process that keeps the list does it.
            let of_grid = |is: &dyn Fn(&RunSpec) -> bool| {
                self.grid.specs.iter().position(|spec| spec.role == self.specs[at].role && is(spec))
            };
            let spec = of_grid(&|spec| spec.request == self.specs[at].request)?;
            let same = of_grid(&|spec| spec.key() == self.specs[at].key());
            Some((at, Order { spec: same.unwrap_or(spec), seed: self.specs[at].seed() }))
        };
        let next = queue.filter(open).find_map(order);
        let Some((at, order)) = next.filter(|_| !interrupt::requested() && !self.stops()) else {
            workers[index].orders = None;
            return;
        };
        let running = workers.iter().filter(|worker| worker.at.is_some()).count();
        self.announce_run(at, running);
        if let Err(error) = workers[index].give(at, order) {
            // Its end is seen as any other's.
            log::warn!("worker {index}: {error}");
        }
    }

    /// Takes up what a worker said of a run.
    fn take(&mut self, at: usize, report: Report) -> Result<(), Error> {
        self.states[at] = match report {
            Report::Done(upload) => {
                let spec = self.specs[at].clone();
                // A record that went away since is to be made again.
                let records = self.done.find(std::slice::from_ref(&spec))?.pop().unwrap_or_default();
                let Some(record) = self.taken(&spec, records)? else { return Ok(()) };
                self.upload_failures.extend(upload.map(|error| (spec.name, Error::failure(error))));
                self.succeeded(at, record)
            }
            Report::Failed(error) => self.failed(at, Error::failure(error)),
            Report::Taken => RunState::Open,
        };
        Ok(())
    }

    /// A worker has ended. Where it had a run, that is the run's failure: it may be what ended it.
    fn ended(&mut self, worker: &mut Worker) {
        let how = worker.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        if let Some(at) = worker.at.take().filter(|_| !interrupt::requested()) {
            let error = Error::failure(format!("its process ended early ({how})"));
            log::error!("{}: {error}", self.specs[at].name);
            self.states[at] = RunState::Failed(error);
        }
    }
}
