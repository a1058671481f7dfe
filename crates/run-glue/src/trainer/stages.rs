//! Where the time of a training goes.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Seconds in each stage of the steps, over the whole training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// Making batches out of rows.
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

impl StageSeconds {
    /// Adds those of other work.
    pub fn add(&mut self, other: &Self) {
        self.batch += other.batch;
        self.forward += other.forward;
        self.backward += other.backward;
        self.optimizer += other.optimizer;
        self.evaluate += other.evaluate;
    }
}

/// A stage, by the place of its seconds.
type Place = fn(&mut StageSeconds) -> &mut f64;

/// Making batches.
pub const BATCH: Place = |seconds| &mut seconds.batch;
/// The update.
pub const OPTIMIZER: Place = |seconds| &mut seconds.optimizer;
/// Evaluations.
pub const EVALUATE: Place = |seconds| &mut seconds.evaluate;

/// Counts them: two clock readings a stage.
#[derive(Default)]
pub struct Stages {
    /// So far.
    pub seconds: StageSeconds,
    settle: Option<Box<dyn Fn()>>,
}

impl Stages {
    /// Ends each stage with `settle` from here on. A device that is given work and does it later has to be waited for, or
    /// its time is counted where something first reads from it.
    pub fn settle_with(&mut self, settle: impl Fn() + 'static) {
        self.settle = Some(Box::new(settle));
    }

    /// Whether stages end with the device's work.
    #[must_use]
    pub fn settles(&self) -> bool {
        self.settle.is_some()
    }

    /// Counts time that was taken elsewhere.
    pub fn add(&mut self, seconds: &StageSeconds) {
        self.seconds.add(seconds);
    }

    /// Runs a stage and counts its time.
    pub fn time<T>(&mut self, place: Place, stage: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = stage();
        if let Some(settle) = &self.settle {
            settle();
        }
        *place(&mut self.seconds) += started.elapsed().as_secs_f64();
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
        let mut stages = Stages::default();
        assert_eq!(stages.time(BATCH, || 7), 7);
        stages.time(OPTIMIZER, || std::thread::sleep(Duration::from_millis(2)));
        stages.add(&StageSeconds { forward: 3.0, ..StageSeconds::default() });
        let seconds = stages.seconds;
        assert!(seconds.optimizer >= 0.002 && seconds.batch < seconds.optimizer);
        assert_eq!((seconds.forward, seconds.backward, seconds.evaluate), (3.0, 0.0, 0.0));
    }

    #[test]
    fn a_device_is_waited_for_after_each_stage() {
        let waits = Rc::new(Cell::new(0));
        let mut stages = Stages::default();
        let counted = waits.clone();
        stages.settle_with(move || counted.set(counted.get() + 1));
        stages.time(BATCH, || assert_eq!(waits.get(), 0));
        stages.time(OPTIMIZER, || ());
        assert_eq!(waits.get(), 2);
    }
}
