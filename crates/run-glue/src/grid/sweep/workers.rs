//! `--workers` and `--gpus`: the runs of a sweep on several processes of this program, each on its own GPU.
//!
//! A worker is the same command with an environment variable more (`worker_protocol.rs`). It gets runs on standard input,
//! one a line, and says on standard output what became of each; the process that started it keeps the list, so that no run
//! is given twice, whatever its end. Where standard input ends during a run, because the user stopped the sweep or that
//! process is gone, the worker stops after its step. Runs are locked (`run_lock.rs`) as by any worker: others may share the
//! results folder.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::one_run::Attempt;
use super::state::{Begin, RunState, Sweep, stop_if_asked};
use super::worker_pool::{Worker, WorkerPool, start};
use super::worker_protocol::{Order, Report, listen};
use crate::grid::run_spec::RunSpec;
use crate::interrupt;
use crate::progress::print;
use records::counted;
use trainer::error::{Error, ErrorKind};

/// How often it is looked whether the user wants to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What a worker gets next.
enum Next {
    /// A run, by its place.
    Run(usize, Order),
    /// Nothing until another run is over.
    Later,
    /// Nothing.
    None,
}

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
        // Between runs it ends by itself.
        let mut idle = Some(interrupt::keep());
        for Order { spec, seed } in orders {
            drop(idle.take());
            let mut at = spec;
            if self.specs[spec].seed() != seed {
                at = self.specs.len();
                self.add(vec![self.grid.with_seed(&self.specs[spec], seed)?])?;
            }
            let attempt = self.run_one(at)?;
            let report = match &self.states[at] {
                RunState::Done(_) => Report::Done(self.upload_failures.pop().map(|(_, error)| error.to_string())),
                RunState::Failed(error) if attempt == Attempt::Over => {
                    Report::Failed { error: error.to_string(), is_input: error.kind() == ErrorKind::Input }
                }
                _ => Report::Taken,
            };
            idle = Some(interrupt::keep());
            print(&format!("{}\n", serde_json::to_string(&report).map_err(Error::failure)?))?;
        }
        drop(idle);
        Ok(())
    }

    /// Lets workers do what is open.
    ///
    /// # Errors
    /// When they cannot be started, or the user stopped them.
    pub(super) fn delegate(&mut self, pool: &WorkerPool) -> Result<(), Error> {
        let mut queue = self.open();
        let count = pool.gpus.len().min(queue.len());
        if count == 0 {
            return Ok(());
        }
        log::info!("{}", counted(count, "worker"));
        // They are waited for.
        let _keeps = interrupt::keep();
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
            self.give_next(&mut queue, &mut workers, index)?;
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
                    // What ended may be what others wait for.
                    let idle = (0..workers.len()).filter(|&worker| worker != index && workers[worker].is_idle());
                    for worker in std::iter::once(index).chain(idle.collect::<Vec<_>>()) {
                        self.give_next(&mut queue, &mut workers, worker)?;
                    }
                }
                Ok((index, None)) => {
                    self.ended(&mut workers[index]);
                    for worker in 0..workers.len() {
                        if workers[worker].is_idle() {
                            self.give_next(&mut queue, &mut workers, worker)?;
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        stop_if_asked()
    }

    /// Gives a worker the next run; where all that are left wait for others that go on, it stays idle, else it is let go.
    fn give_next(&mut self, queue: &mut Vec<usize>, workers: &mut [Worker], index: usize) -> Result<(), Error> {
        let running = workers.iter().filter(|worker| worker.at.is_some()).count();
        let stops = interrupt::requested() || self.stops();
        let next = if stops { Next::None } else { self.next(queue)? };
        match next {
            Next::Run(at, order) => {
                self.announce_run(at, running);
                if let Err(error) = workers[index].give(at, order) {
                    // Its end is seen as any other's.
                    log::warn!("worker {index}: {error}");
                }
            }
            Next::Later if running > 0 => {}
            Next::Later | Next::None => workers[index].orders = None,
        }
        Ok(())
    }

    /// Takes the first run out of the queue that can begin.
    fn next(&mut self, queue: &mut Vec<usize>) -> Result<Next, Error> {
        let mut waits = Vec::new();
        let mut found = Next::None;
        while !queue.is_empty() && matches!(found, Next::None) {
            let at = queue.remove(0);
            if !matches!(self.states[at], RunState::Open) || self.gave_up(&self.specs[at].model()) {
                continue;
            }
            match self.begin(at)? {
                Begin::Ready => {
                    if let Some(order) = self.order(at) {
                        found = Next::Run(at, order);
                    }
                }
                Begin::Waits => waits.push(at),
                Begin::Never(error) => self.never_begins(at, error),
            }
        }
        let has_to_wait = !waits.is_empty();
        queue.splice(0..0, waits);
        Ok(if has_to_wait && matches!(found, Next::None) { Next::Later } else { found })
    }

    /// How a worker is told of a run. What a search asks for later is no run of the grid: the process that keeps the list does it.
    fn order(&self, at: usize) -> Option<Order> {
        let of_grid = |is: &dyn Fn(&RunSpec) -> bool| {
            self.grid.specs.iter().position(|spec| spec.role == self.specs[at].role && is(spec))
        };
        let spec = of_grid(&|spec| spec.request == self.specs[at].request)?;
        let same = of_grid(&|spec| spec.key() == self.specs[at].key());
        Some(Order { spec: same.unwrap_or(spec), seed: self.specs[at].seed() })
    }

    /// Takes up what a worker said of a run.
    fn take(&mut self, at: usize, report: Report) -> Result<(), Error> {
        match report {
            Report::Done(upload) => {
                let spec = self.specs[at].clone();
                // A record that went away since is to be made again.
                let records = self.done.find(std::slice::from_ref(&spec))?.pop().unwrap_or_default();
                let Some(record) = self.taken(&spec, records)? else { return Ok(()) };
                self.upload_failures.extend(upload.map(|error| (spec.name, Error::failure(error))));
                self.succeeded(at, record);
            }
            Report::Failed { error, is_input: true } => self.failed(at, Error::input(error)),
            Report::Failed { error, is_input: false } => self.failed(at, Error::failure(error)),
            Report::Taken => self.states[at] = RunState::Open,
        }
        Ok(())
    }

    /// A worker has ended. Where it had a run, that is the run's failure: it may be what ended it.
    fn ended(&mut self, worker: &mut Worker) {
        worker.orders = None;
        let how = worker.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        if let Some(at) = worker.at.take().filter(|_| !interrupt::requested()) {
            let error = Error::failure(format!("its process ended early ({how})"));
            log::error!("{}: {error}", self.specs[at].name);
            self.states[at] = RunState::Failed(error);
        }
    }
}
