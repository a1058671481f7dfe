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

/// A stage, by the place of its seconds.
type Place = fn(&mut StageSeconds) -> &mut f64;

/// Making batches.
pub const BATCH: Place = |seconds| &mut seconds.batch;
/// The forward pass.
pub const FORWARD: Place = |seconds| &mut seconds.forward;
/// The backward pass.
pub const BACKWARD: Place = |seconds| &mut seconds.backward;
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
        assert_eq!(stages.time(FORWARD, || 7), 7);
        stages.time(BACKWARD, || std::thread::sleep(Duration::from_millis(2)));
        let seconds = stages.seconds;
        assert!(seconds.backward >= 0.002 && seconds.forward < seconds.backward);
        assert_eq!((seconds.batch, seconds.optimizer, seconds.evaluate), (0.0, 0.0, 0.0));
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
