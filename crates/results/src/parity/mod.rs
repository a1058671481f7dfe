//! One run beside the same run of transformers' Trainer: the script and the settings that make the latter, and the two loss curves.
//!
//! With `--dropout_stream torch` a run draws PyTorch's own masks, so that the curves are the same numbers up to rounding.

mod arguments;
mod charts;
mod curves;
mod report;
mod run_of;

use std::path::{Path, PathBuf};

use records::Error;
use records::atomic::write_whole;
use records::record::{RunRecord, read_paths};

pub use self::curves::{Agreement, Parity};

/// The script, which needs nothing of the run but the two files beside it.
const SCRIPT: &str = include_str!("trainer.py");

/// What is compared with what, and how closely.
#[derive(Clone, Debug)]
pub struct ParityOptions {
    /// The record of a training, or a folder that holds one.
    pub record: PathBuf,
    /// The trainer_state.json of the Trainer.
    pub against: PathBuf,
    /// The relative difference of a loss or a gradient's norm up to which curves are one.
    pub tolerance: f64,
    /// A folder to write the charts into.
    pub charts: Option<PathBuf>,
}

/// Writes into `folder` what runs the record's training by the Trainer: a script, its settings, and its data. Gives the script's path.
///
/// # Errors
/// A record that cannot be read, or of a run that the Trainer cannot make, with the setting that is in the way.
pub fn write(record: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let (path, record) = read(record)?;
    let settings = arguments::of_run(&record).map_err(|reason| at(&path, reason))?;
    let data = arguments::data(&record, &path).map_err(|reason| at(&path, reason))?;
    std::fs::create_dir_all(folder).map_err(|error| Error::failure(format!("{}: {error}", folder.display())))?;
    for (name, value) in [("run_glue.json", settings), ("data.json", data)] {
        write_whole(folder.join(name), format!("{value:#}\n").as_bytes())?;
    }
    let script = folder.join("trainer.py");
    write_whole(&script, SCRIPT.as_bytes())?;
    Ok(script)
}

/// The two curves.
///
/// # Errors
/// Files that cannot be read, or that have no rows of the log in common.
pub fn run(options: &ParityOptions) -> Result<Parity, Error> {
    let (path, record) = read(&options.record)?;
    let parity = Parity::new(&record, &options.against, options.tolerance).map_err(|reason| at(&path, reason))?;
    if let Some(folder) = &options.charts {
        charts::write(&parity, folder)?;
    }
    Ok(parity)
}

fn at(path: &Path, reason: String) -> Error {
    Error::Input(format!("{}: {reason}", path.display()))
}

/// The one record that is meant.
fn read(place: &Path) -> Result<(PathBuf, RunRecord), Error> {
    let found = read_paths(&[place.to_owned()])?;
    let mut trained: Vec<(PathBuf, RunRecord)> = found.warned().into_iter().filter(|(_, r)| r.is_trained()).collect();
    match trained.pop() {
        Some(record) if trained.is_empty() => Ok(record),
        Some(_) => Err(at(place, format!("holds {} records of trainings; give one of them", trained.len() + 1))),
        None => Err(at(place, "holds no record of a training; give the JSON file of one".to_owned())),
    }
}
