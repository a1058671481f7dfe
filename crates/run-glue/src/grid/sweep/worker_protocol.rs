//! What a sweep and its worker processes say to each other: lines of JSON, orders on a worker's standard input, reports on its
//! standard output.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;
use std::sync::mpsc::Sender;

use serde::{Deserialize, Serialize};

use crate::progress::print;
use trainer::error::Error;

/// Tells a process that it is a worker: which one, and of which process.
const INDEX: &str = "RUN_GLUE_WORKER";

/// What a process tells its worker `index` in its environment.
pub(super) fn role(index: usize) -> (&'static str, String) {
    (INDEX, format!("{index} of {}", std::process::id()))
}

/// Whether this process is a worker.
pub(super) fn is_worker() -> bool {
    std::env::var_os(INDEX).is_some()
}

/// Whether whoever started this process meant it to be a worker, where its environment says so.
///
/// # Errors
/// When another process did: it would wait for orders that nobody gives.
pub(super) fn check_role() -> Result<(), Error> {
    let Some(role) = std::env::var_os(INDEX) else { return Ok(()) };
    if parent().is_none_or(|parent| role.to_str().and_then(|role| role.split(' ').next_back()) == Some(parent.as_str()))
    {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{INDEX} is set in the environment, and is only for workers that run-glue starts: unset it"
    )))
}

#[cfg(unix)]
fn parent() -> Option<String> {
    Some(std::os::unix::process::parent_id().to_string())
}

#[cfg(not(unix))]
fn parent() -> Option<String> {
    None
}

/// A run for a worker.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    /// Which of the grid's runs.
    pub(super) spec: usize,
    /// Another one than that run's where this is one in place of it.
    pub(super) seed: u64,
}

/// What a worker says of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// Its record is there; why it is not on the Hub, where that failed.
    Done(Option<String>),
    /// Why, and whether its input is to blame.
    Failed { error: String, is_input: bool },
    /// It is the run of a process that does not belong to this one.
    Taken,
}

/// Passes on what a worker says, and in the end that it says nothing more.
pub(super) fn listen(index: usize, output: ChildStdout, events: &Sender<(usize, Option<Report>)>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(report) => {
                let _ = events.send((index, Some(report)));
            }
            // Metrics of a run, for people.
            Err(_) => print(&format!("{line}\n")).unwrap_or_else(|error| log::error!("{error}")),
        }
    }
    let _ = events.send((index, None));
}
