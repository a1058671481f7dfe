//! What the program does while a run goes on: lines and bars on the terminal, signals, uploads, trackers.

use crate::interrupt;
use crate::mlflow;
use crate::progress::{Progress, print};
use crate::publish::Publisher;
use crate::transfer_hooks::transfer_hooks;
use trainer::run::hooks::{CheckpointListener, RunHooks};

/// The hooks of a run of this program.
#[must_use]
pub fn run_hooks() -> RunHooks {
    RunHooks {
        progress: Box::new(|task, steps, live_line| Box::new(Progress::new(task, steps, live_line))),
        print: Box::new(print),
        is_cancelled: Box::new(interrupt::requested),
        keeps: Box::new(|| Box::new(interrupt::keep())),
        transfers: transfer_hooks(),
        listener: Box::new(|settings| {
            let publisher = Publisher::open(settings)?;
            Ok(publisher.map(|publisher| Box::new(publisher) as Box<dyn CheckpointListener>))
        }),
        tracker: Box::new(mlflow::tracker),
    }
}
