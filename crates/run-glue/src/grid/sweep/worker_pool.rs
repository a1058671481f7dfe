//! How many worker processes there are, which GPU each sees, and how one is started.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::worker_protocol::{Order, role};
use crate::grid::options::{Gpus, SweepOptions};
use trainer::backends;
use trainer::error::Error;
use trainer::settings::BackendChoice;

/// The GPUs that CUDA shows to a process.
/// <https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#env-vars>
const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
/// A folder a GPU, where the driver is loaded.
const DRIVER: &str = "/proc/driver/nvidia/gpus";

/// How many processes, and which GPU each sees.
#[derive(Debug, PartialEq)]
pub(super) struct WorkerPool {
    /// Of each worker; `None`: what this process sees.
    pub(super) gpus: Vec<Option<String>>,
}

impl WorkerPool {
    /// The workers that were asked for; `None` where none were.
    ///
    /// # Errors
    /// GPUs that are not there, or a backend that uses none.
    pub(super) fn new(options: &SweepOptions, backend: BackendChoice) -> Result<Option<Self>, Error> {
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
pub(super) struct Worker {
    pub(super) process: Child,
    /// Closed when nothing more is to be done.
    pub(super) orders: Option<ChildStdin>,
    /// The run that it has.
    pub(super) at: Option<usize>,
}

impl Worker {
    /// Whether it has no run, and may get one.
    pub(super) fn is_idle(&self) -> bool {
        self.at.is_none() && self.orders.is_some()
    }

    pub(super) fn give(&mut self, at: usize, order: Order) -> std::io::Result<()> {
        self.at = Some(at);
        let line = format!("{}\n", serde_json::to_string(&order)?);
        self.orders.as_mut().map_or(Ok(()), |orders| orders.write_all(line.as_bytes()))
    }
}

/// Starts worker `index` of `count`. `arguments`: those of this process.
///
/// # Errors
/// When the system starts no process.
pub(super) fn start(index: usize, count: usize, gpu: Option<&str>, arguments: &[OsString]) -> std::io::Result<Worker> {
    let mut command = Command::new(std::env::current_exe()?);
    // Bars of several processes would overwrite each other.
    command.args(arguments).args(["--disable_tqdm", "true"]);
    if let Some(gpu) = gpu {
        command.env(VISIBLE, gpu);
    }
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        let threads = (rayon::current_num_threads() / count).max(1);
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    let (name, role) = role(index);
    command.env(name, role).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn()?;
    Ok(Worker { orders: process.stdin.take(), process, at: None })
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
