//! What a run tells its caller while it goes on, and asks of it. A run knows neither terminals nor signals nor uploads.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::error::Error;
use crate::logs::tracker::Tracker;
use crate::settings::Settings;
use crate::source::TransferHooks;
use crate::training::progress::{SilentProgress, TrainingProgress};

/// Writes a text to standard output.
pub type Printer = Box<dyn Fn(&str) -> Result<(), Error>>;

/// Makes the display of a training, out of the task's name, the number of steps, and whether a live line is wanted.
pub type NewProgress = dyn Fn(&str, usize, bool) -> Box<dyn TrainingProgress>;

/// Makes the listener of one run, where one is wanted.
pub type NewListener = dyn Fn(&Settings) -> Result<Option<Box<dyn CheckpointListener>>, Error>;

/// Makes the tracker of one run, where one is wanted.
pub type NewTracker = dyn Fn(&Settings) -> Result<Option<Box<dyn TrackerStart>>, Error>;

/// A tracker that can be reached, and has been told of nothing yet.
pub trait TrackerStart {
    /// The training begins. `None`: it goes on without.
    ///
    /// # Errors
    /// What the tracker refuses: the training does not begin.
    fn begin(self: Box<Self>, run: &TrackedRun<'_>) -> Result<Option<Box<dyn Tracker>>, Error>;
}

/// What a tracker is told of a run before its first row.
pub struct TrackedRun<'a> {
    /// Its task.
    pub task: &'a str,
    /// Its model.
    pub model: &'a str,
    /// Everything that a record says about how it was made, by name.
    pub parameters: BTreeMap<String, Value>,
    /// The output folder.
    pub dir: Option<&'a Path>,
    /// Whether an earlier start left that folder unfinished, and this one goes on there, or does the same again.
    pub goes_on: bool,
}

/// Is told where a run has written its model.
pub trait CheckpointListener {
    /// A checkpoint is in `folder`; `when` says in words after which step or epoch. The training waits for this call.
    fn checkpoint(&mut self, folder: &Path, when: &str);

    /// The model and its results are in `folder`; nothing is written any more.
    ///
    /// # Errors
    /// What could not be done with them. The run itself has succeeded.
    fn finished(self: Box<Self>, folder: &Path) -> Result<(), Error>;
}

/// What a run calls. By default nothing is shown, nobody listens, and nothing stops the run.
pub struct RunHooks {
    /// Called before the first step.
    pub progress: Box<NewProgress>,
    /// Takes text for standard output: the tables of metrics.
    pub print: Printer,
    /// Asked after each step and before each batch of an evaluation: whether the run is to save what it has and stop.
    pub is_cancelled: Box<dyn Fn() -> bool>,
    /// Called when a training begins. What it returns is dropped when the run is over: until then a run that ends at once loses what it
    /// has computed.
    pub keeps: Box<dyn Fn() -> Box<dyn Any>>,
    /// Told of downloads.
    pub transfers: TransferHooks,
    /// Called once, when all input is read and checked and before the training. An error ends the run.
    pub listener: Box<NewListener>,
    /// Called then too. An error ends the run.
    pub tracker: Box<NewTracker>,
}

impl Default for RunHooks {
    fn default() -> Self {
        Self {
            progress: Box::new(|_, _, _| Box::new(SilentProgress)),
            print: Box::new(|_| Ok(())),
            is_cancelled: Box::new(|| false),
            keeps: Box::new(|| Box::new(())),
            transfers: TransferHooks::default(),
            listener: Box::new(|_| Ok(None)),
            tracker: Box::new(|_| Ok(None)),
        }
    }
}
