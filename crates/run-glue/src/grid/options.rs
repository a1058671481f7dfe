//! How the runs of a grid are run.

use std::ffi::OsString;
use std::path::PathBuf;

/// How the runs of a grid are run; nothing of it changes a number.
#[derive(Clone, Debug, Default)]
pub struct SweepOptions {
    /// Runs whose results are there are run again.
    pub rerun: bool,
    /// Most runs with other seeds in place of collapsed ones, for each model and task.
    pub retry_collapsed: usize,
    /// Processes that share the runs; `None`: one for each of `gpus`, or this one alone.
    pub workers: Option<usize>,
    /// GPUs that the processes are spread over; `None`: each sees all of them.
    pub gpus: Option<Gpus>,
    /// The page of all runs at the end.
    pub page: PageChoice,
    /// No further run is begun after one that fails.
    pub stop_on_failure: bool,
    /// Nothing is run or written; what would be is said.
    pub dry_run: bool,
    /// The words behind the program's name, with which it starts its worker processes.
    pub arguments: Vec<OsString>,
}

/// Which GPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gpus {
    /// All that are there.
    All,
    /// By number, from 0, among those that the process sees.
    These(Vec<usize>),
}

/// Where the page of all runs is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PageChoice {
    /// Into the folder of the records.
    #[default]
    InResults,
    /// Into this file.
    File(PathBuf),
    /// Nowhere.
    Off,
}
