//! How a training shows how far it is. The caller decides where: on a terminal, in a file, or nowhere.

use super::totals::Totals;

/// Is told of the steps of one training as they end.
pub trait TrainingProgress {
    /// Whether [`Self::live`] is to be called after this step. The loss is read from the device for it, which takes time.
    fn wants_update(&self) -> bool;

    /// Shows step `totals.steps` of `max_steps`; `loss` is the mean of the steps since the last row of the log.
    fn live(&mut self, totals: &Totals, max_steps: usize, loss: f64, learning_rate: f64);

    /// Shows a row that went to the log; `grad_norm` is the norm before clipping.
    fn logged(&mut self, totals: &Totals, max_steps: usize, loss: f64, grad_norm: f64, learning_rate: f64);

    /// Shows a line that stays.
    fn note(&mut self, text: &str);

    /// The training has ended: nothing that moves is left on the screen.
    fn finish(&mut self);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentProgress;

impl TrainingProgress for SilentProgress {
    fn wants_update(&self) -> bool {
        false
    }

    fn live(&mut self, _: &Totals, _: usize, _: f64, _: f64) {}

    fn logged(&mut self, _: &Totals, _: usize, _: f64, _: f64, _: f64) {}

    fn note(&mut self, _: &str) {}

    fn finish(&mut self) {}
}
