//! Where the time of a training goes.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Seconds in each phase of the steps, over the whole training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseSeconds {
    /// Making batches out of rows, or waiting for the thread that makes them.
    pub batch: f64,
    /// From token ids to the loss.
    pub forward: f64,
    /// From the loss to the gradients, and their sum over micro-batches.
    pub backward: f64,
    /// The gradients' norm, clipping and the update.
    pub optimizer: f64,
    /// Evaluations between the steps.
    pub evaluate: f64,
}

impl PhaseSeconds {
    /// Adds those of other work.
    pub fn add(&mut self, other: &Self) {
        self.batch += other.batch;
        self.forward += other.forward;
        self.backward += other.backward;
        self.optimizer += other.optimizer;
        self.evaluate += other.evaluate;
    }
}

/// A phase, by the place of its seconds.
type Phase = fn(&mut PhaseSeconds) -> &mut f64;

/// The wait for a step's batches.
pub const BATCH: Phase = |seconds| &mut seconds.batch;
/// An evaluation between two steps.
pub const EVALUATE: Phase = |seconds| &mut seconds.evaluate;

/// Counts the seconds of phases: two clock readings each.
#[derive(Default)]
pub struct PhaseTimer {
    /// So far.
    pub seconds: PhaseSeconds,
    synchronize: Option<Box<dyn Fn()>>,
}

impl PhaseTimer {
    /// Ends each phase with `synchronize` from here on. A device that is given work and does it later has to be waited for,
    /// or its time is counted where something first reads from it.
    pub fn synchronize_with(&mut self, synchronize: impl Fn() + 'static) {
        self.synchronize = Some(Box::new(synchronize));
    }

    /// Whether phases end with the device's work.
    #[must_use]
    pub fn synchronizes(&self) -> bool {
        self.synchronize.is_some()
    }

    /// Counts time that was taken elsewhere.
    pub fn add(&mut self, seconds: &PhaseSeconds) {
        self.seconds.add(seconds);
    }

    /// Runs a phase and counts its time.
    pub fn time<T>(&mut self, phase: Phase, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = work();
        if let Some(synchronize) = &self.synchronize {
            synchronize();
        }
        *phase(&mut self.seconds) += started.elapsed().as_secs_f64();
        result
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_is_counted_where_it_belongs() {
        let mut phases = PhaseTimer::default();
        assert_eq!(phases.time(BATCH, || 7), 7);
        phases.time(EVALUATE, || std::thread::sleep(Duration::from_millis(2)));
        phases.add(&PhaseSeconds { forward: 3.0, ..PhaseSeconds::default() });
        let seconds = phases.seconds;
        assert!(seconds.evaluate >= 0.002 && seconds.batch < seconds.evaluate);
        assert_eq!((seconds.forward, seconds.backward, seconds.optimizer), (3.0, 0.0, 0.0));
    }

    #[test]
    fn a_device_is_waited_for_after_each_phase() {
        let waits = Rc::new(Cell::new(0));
        let mut phases = PhaseTimer::default();
        let counted = waits.clone();
        phases.synchronize_with(move || counted.set(counted.get() + 1));
        phases.time(BATCH, || assert_eq!(waits.get(), 0));
        phases.time(EVALUATE, || ());
        assert_eq!(waits.get(), 2);
    }
}
