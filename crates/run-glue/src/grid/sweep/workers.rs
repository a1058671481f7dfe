//! `--workers` and `--gpus`: the runs of a sweep on several processes of this program, each on its own GPU.
//!
//! A worker is the same command with [`INDEX`] set. It gets runs on standard input, one a line, and says on standard output
//! what became of each; the process that started it keeps the list, so that no run is given twice, whatever its end.
//! Where standard input ends during a run, because the user stopped the sweep or that process is gone, the worker stops after its
//! step. Runs are claimed (`claim.rs`) as by any worker: others may share the results folder.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::Cell;
use super::{State, Sweep, stop_if_asked};
use crate::backends;
use crate::cli::grid_args::{Gpus, GridArgs};
use crate::error::Error;
use crate::interrupt;
use crate::progress::{print, say, warn};
use crate::settings::BackendChoice;

/// Tells a process that it is a worker, and which one.
const INDEX: &str = "RUN_GLUE_WORKER";
/// The GPUs that CUDA shows to a process.
/// <https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#env-vars>
const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
/// A folder a GPU, where the driver is loaded.
const DRIVER: &str = "/proc/driver/nvidia/gpus";
/// How often it is looked whether the user wants to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whether this process is a worker.
pub(super) fn is_worker() -> bool {
    std::env::var_os(INDEX).is_some()
}

/// A run for a worker.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Order {
    /// Which of the grid's runs.
    cell: usize,
    /// Another one than that run's where this is one in place of it.
    seed: u64,
}

/// What a worker says of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    /// Its record is there; why it is not on the Hub, where that failed.
    Done(Option<String>),
    /// Why.
    Failed(String),
    /// It is the run of a process that does not belong to this one.
    Taken,
}

/// How many processes, and which GPU each sees.
#[derive(Debug, PartialEq)]
pub(super) struct Crew {
    gpus: Vec<Option<String>>,
}

impl Crew {
    /// The workers of the flags; `None` without them.
    ///
    /// # Errors
    /// GPUs that are not there, or a backend that uses none.
    pub(super) fn new(options: &GridArgs, backend: BackendChoice) -> Result<Option<Self>, Error> {
        let gpus = match &options.gpus {
            None => Vec::new(),
            Some(gpus) => {
                if !backends::may_use_cuda(backend) {
                    return Err(Error::usage(
                        "--gpus is for the backend cuda, which this run does not use: give --workers, or --backend cuda",
                    ));
                }
                let installed = || std::fs::read_dir(DRIVER).map_or(0, |entries| entries.flatten().count());
                chosen(gpus, std::env::var(VISIBLE).ok().as_deref(), installed)?
            }
        };
        let count = options.workers.unwrap_or(gpus.len());
        let of_worker = |i: usize| (!gpus.is_empty()).then(|| gpus[i % gpus.len()].clone());
        Ok((count > 0).then(|| Self { gpus: (0..count).map(of_worker).collect() }))
    }
}

/// What CUDA calls the GPUs that were asked for. `visible`: those that this process sees, in their order.
fn chosen(gpus: &Gpus, visible: Option<&str>, installed: impl Fn() -> usize) -> Result<Vec<String>, Error> {
    let all: Vec<String> = match visible {
        Some(names) => names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        None => (0..installed()).map(|number| number.to_string()).collect(),
    };
    if all.is_empty() {
        return Err(Error::usage("--gpus: no NVIDIA GPU is there; leave it out"));
    }
    match gpus {
        Gpus::All => Ok(all),
        Gpus::These(numbers) => numbers
            .iter()
            .map(|&number| {
                all.get(number)
                    .cloned()
                    .ok_or_else(|| Error::usage(format!("--gpus {number}: {} are there, numbered from 0", all.len())))
            })
            .collect(),
    }
}

/// A worker, seen from the process that started it.
struct Worker {
    process: Child,
    /// Closed when nothing more is to be done.
    orders: Option<ChildStdin>,
    /// The run that it has.
    at: Option<usize>,
}

impl Worker {
    fn give(&mut self, at: usize, order: Order) -> std::io::Result<()> {
        self.at = Some(at);
        let line = format!("{}\n", serde_json::to_string(&order)?);
        self.orders.as_mut().map_or(Ok(()), |orders| orders.write_all(line.as_bytes()))
    }
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
        for Order { cell, seed } in orders {
            let mut at = cell;
            if self.cells[cell].seed() != seed {
                at = self.cells.len();
                self.add(vec![self.grid.with_seed(&self.cells[cell], seed)?])?;
            }
            let mine = self.run_cell(at)?;
            let report = match &self.states[at] {
                State::Done(_) => Report::Done(self.upload_failures.pop().map(|(_, error)| error.to_string())),
                State::Failed(error) if mine => Report::Failed(error.to_string()),
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
    pub(super) fn delegate(&mut self, crew: &Crew) -> Result<(), Error> {
        let mut queue = self.open().into_iter();
        let count = crew.gpus.len().min(queue.len());
        if count == 0 {
            return Ok(());
        }
        say(&format!("{count} workers"));
        let failed = |error| Error::failure(format!("a worker could not be started: {error}"));
        let (sender, events) = channel();
        let mut workers = Vec::new();
        for (index, gpu) in crew.gpus.iter().take(count).enumerate() {
            let mut worker = start(index, count, gpu.as_deref()).map_err(failed)?;
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
            match events.recv_timeout(PATIENCE) {
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
        let open = |at: &usize| matches!(self.states[*at], State::Open) && !self.gave_up(&self.cells[*at].model());
        let order = |at: usize| {
            // What a search asks for later is no run of the grid: the process that keeps the list does it.
            let of_grid = |is: &dyn Fn(&Cell) -> bool| {
                self.grid.cells.iter().position(|cell| cell.role == self.cells[at].role && is(cell))
            };
            let cell = of_grid(&|cell| cell.request == self.cells[at].request)?;
            let same = of_grid(&|cell| cell.key() == self.cells[at].key());
            Some((at, Order { cell: same.unwrap_or(cell), seed: self.cells[at].seed() }))
        };
        let next = queue.filter(open).find_map(order);
        let Some((at, order)) = next.filter(|_| !interrupt::requested() && !self.stops()) else {
            workers[index].orders = None;
            return;
        };
        let running = workers.iter().filter(|worker| worker.at.is_some()).count();
        self.announce_cell(at, running);
        if let Err(error) = workers[index].give(at, order) {
            // Its end is seen as any other's.
            warn(&format!("worker {index}: {error}"));
        }
    }

    /// Takes up what a worker said of a run.
    fn take(&mut self, at: usize, report: Report) -> Result<(), Error> {
        self.states[at] = match report {
            Report::Done(upload) => {
                let cell = &self.cells[at];
                // A record that went away since is to be made again.
                let Some(record) = self.done.find(std::slice::from_ref(cell))?.pop().flatten() else { return Ok(()) };
                self.upload_failures.extend(upload.map(|error| (cell.name.clone(), Error::failure(error))));
                self.succeeded(at, record)
            }
            Report::Failed(error) => self.failed(at, Error::failure(error)),
            Report::Taken => State::Open,
        };
        Ok(())
    }

    /// A worker has ended. Where it had a run, that is the run's failure: it may be what ended it.
    fn ended(&mut self, worker: &mut Worker) {
        let how = worker.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        if let Some(at) = worker.at.take().filter(|_| !interrupt::requested()) {
            let error = Error::failure(format!("its process ended early ({how})"));
            crate::progress::complain(&format!("{}: {error}", self.cells[at].name));
            self.states[at] = State::Failed(error);
        }
    }
}

fn start(index: usize, count: usize, gpu: Option<&str>) -> std::io::Result<Worker> {
    let mut command = Command::new(std::env::current_exe()?);
    // Bars of several processes would overwrite each other.
    command.args(std::env::args_os().skip(1)).args(["--disable_tqdm", "true"]);
    if let Some(gpu) = gpu {
        command.env(VISIBLE, gpu);
    }
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        let threads = (rayon::current_num_threads() / count).max(1);
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    command.env(INDEX, index.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn()?;
    Ok(Worker { orders: process.stdin.take(), process, at: None })
}

/// Passes on what a worker says, and in the end that it says nothing more.
fn listen(index: usize, output: ChildStdout, events: &Sender<(usize, Option<Report>)>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(report) => {
                let _ = events.send((index, Some(report)));
            }
            // Metrics of a run, for people.
            Err(_) => print(&format!("{line}\n")),
        }
    }
    let _ = events.send((index, None));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_numbered_among_those_that_are_visible() {
        let chosen = |gpus: &Gpus, visible: Option<&str>, installed: usize| {
            chosen(gpus, visible, || installed).map_err(|error| error.to_string())
        };
        let these = Gpus::These(vec![1, 0]);
        assert_eq!(chosen(&Gpus::All, None, 3), Ok(["0", "1", "2"].map(str::to_owned).to_vec()));
        assert_eq!(chosen(&these, None, 3), Ok(["1", "0"].map(str::to_owned).to_vec()));
        assert_eq!(chosen(&these, Some("GPU-a, GPU-b"), 0), Ok(["GPU-b", "GPU-a"].map(str::to_owned).to_vec()));
        assert!(chosen(&these, Some("5"), 8).is_err_and(|error| error.contains("--gpus 1: 1 are there")));
        assert!(chosen(&Gpus::All, Some(""), 8).is_err_and(|error| error.contains("no NVIDIA GPU")));
    }
}
