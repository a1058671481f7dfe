//! One run beside the same run of transformers' Trainer: the script and the settings that make the latter, and the two loss curves.
//!
//! With `--dropout_stream torch` a run draws PyTorch's own masks, so that the curves are the same numbers up to rounding.

mod apart;
mod arguments;
mod charts;
mod curves;
mod draws;
mod evaluations;
mod report;
mod run_of;

use std::path::{Path, PathBuf};

use records::Error;
use records::atomic::write_whole;
use records::files::trainer_state::TrainerState;
use records::record::{RunRecord, read_paths};
use serde_json::Value;

pub use self::arguments::{logging, schedule};
pub use self::curves::{Agreement, Parity};
use self::draws::Draws;

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

/// What makes a record's run by the Trainer: a script, its settings, and its data.
#[derive(Debug)]
pub struct Script {
    /// The record of the run.
    pub record: RunRecord,
    settings: Value,
    data: Value,
}

impl Script {
    /// The script of a record, or of the only one that a folder holds.
    ///
    /// # Errors
    /// A record that cannot be read, or of a run that the Trainer cannot make, with the setting that is in the way.
    pub fn of(record: &Path) -> Result<Self, Error> {
        let (path, record) = read(record)?;
        let data = arguments::data(&record, &path).map_err(|reason| at(&path, reason))?;
        let settings = arguments::of_run(&record).map_err(|reason| at(&path, reason))?;
        Ok(Self { record, settings, data })
    }

    /// Why the curve of the run is another one than that of the script, where it is.
    pub fn remarks(&self) -> impl Iterator<Item = &'static str> {
        Draws::of(&self.record).in_words()
    }

    /// Writes it into `folder`. Gives the script's path.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::Input(format!("{}: {error}", folder.display())))?;
        for (name, value) in [("run_glue.json", &self.settings), ("data.json", &self.data)] {
            write_whole(folder.join(name), format!("{value:#}\n").as_bytes())?;
        }
        let script = folder.join("trainer.py");
        write_whole(&script, SCRIPT.as_bytes())?;
        Ok(script)
    }
}

/// The two curves.
///
/// # Errors
/// Files that cannot be read, or that have no rows of the log in common.
pub fn run(options: &ParityOptions) -> Result<Parity, Error> {
    let (path, record) = read(&options.record)?;
    let state = TrainerState::read(&options.against).map_err(|error| Error::Input(error.to_string()))?;
    let parity =
        Parity::new(&record, &options.against, &state, options.tolerance).map_err(|reason| at(&path, reason))?;
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
        Some((path, record)) if trained.is_empty() => match &record.training {
            Some(training) if training.step == 0 => Err(at(&path, "its training took no step".to_owned())),
            _ => Ok((path, record)),
        },
        Some(_) => Err(at(place, format!("holds {} records of trainings; give one of them", trained.len() + 1))),
        None => Err(at(place, "holds no record of a training; give the JSON file of one".to_owned())),
    }
}
