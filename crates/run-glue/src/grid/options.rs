//! How the runs of a grid are run.

use std::ffi::OsString;
use std::path::PathBuf;

use trainer::settings::Choice;

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
    /// Of the tables at the end.
    pub format: TableFormat,
    /// Nothing is run or written; what would be is said.
    pub dry_run: bool,
    /// The words behind the program's name, with which it starts its worker processes.
    pub arguments: Vec<OsString>,
}

/// The form of tables on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableFormat {
    /// Aligned columns, in percent.
    #[default]
    Text,
    /// A line a task with tabs between its fields, and all digits.
    Tsv,
}

impl Choice for TableFormat {
    const NAMES: &'static [(&'static str, Self)] = &[("text", Self::Text), ("tsv", Self::Tsv)];
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
