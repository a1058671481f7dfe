//! Whole runs of the demo.

mod batch_size_finder;
mod hooks;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Trainings are made one at a time, as the program makes them: the autodiff graphs (Burn 0.21) of several in one process
/// sometimes wait for each other for ever.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}
