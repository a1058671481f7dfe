//! The masks of dropout that PyTorch draws in a run of transformers' `Trainer` on a CPU, step for step.
//!
//! All of them come from one generator, in the order of the program. The Trainer seeds it when it is made. From there on, as was found with
//! torch 2.15, transformers 5.23 and accelerate 1.15 (`scripts/fixtures/dropout_stream.py` holds the generator's state against this):
//! each pass over a data loader, of training and of evaluation, draws a seed for its workers, two words, whether it has any or not; rows that are
//! grouped by length are shuffled by it; and each forward pass draws its masks. Nothing else does.

use std::sync::Arc;

use models::encoder::architecture::Architecture;
use models::ops::{Mask, MaskShape, Place};
use models::torch_rng::TorchRng;

use crate::settings::EvaluationSettings;

/// The masks of one forward pass, in the order of the draws.
pub(super) type Masks = Arc<[(Place, Arc<Mask>)]>;

/// The generator at the end of a step, and of the evaluation that follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DropoutState {
    /// Now.
    pub now: TorchRng,
    /// Before the epoch's first draw: a run that goes on in the midst of the epoch finds the order of its rows by it.
    pub epoch: TorchRng,
}

/// Where PyTorch's masks come from.
#[derive(Clone, Debug)]
pub struct TorchDropout<'a> {
    state: DropoutState,
    /// Those during the training; `None`: there are no rows for them.
    evaluation: Option<&'a EvaluationSettings>,
}

/// What a data loader draws for its workers.
fn draw_base_seed(rng: &mut TorchRng) {
    rng.next_u64();
}

impl<'a> TorchDropout<'a> {
    /// The stream of a run with `seed` that begins.
    #[must_use]
    pub fn new(seed: u64, evaluation: Option<&'a EvaluationSettings>) -> Self {
        let mut now = TorchRng::new(seed);
        if evaluation.is_some_and(|evaluation| evaluation.on_start) {
            draw_base_seed(&mut now);
        }
        Self { state: DropoutState { epoch: now.clone(), now }, evaluation }
    }

    /// As it is now.
    #[must_use]
    pub fn state(&self) -> &DropoutState {
        &self.state
    }

    /// The same after a step of an earlier start.
    pub fn restore(&mut self, state: DropoutState) {
        self.state = state;
    }

    /// Begins an epoch, or goes on in the midst of it; gives the generator that an order by length is drawn from, of so many rows.
    pub(super) fn begin_epoch(&mut self, is_begun: bool, rows_by_length: Option<usize>) -> Option<Vec<u32>> {
        if !is_begun {
            self.state.epoch = self.state.now.clone();
        }
        let mut rng = self.state.epoch.clone();
        draw_base_seed(&mut rng);
        let order = rows_by_length.map(|rows| rng.randperm(rows));
        if !is_begun {
            self.state.now = rng;
        }
        order
    }

    /// The masks of a forward pass over `batch` rows, padded to `len` tokens, of which the first is example `first_example` of its step.
    pub(super) fn draw(&mut self, model: &Architecture, batch: usize, len: usize, first_example: usize) -> Masks {
        let shapes = model.masks(batch, len).into_iter();
        let draw = |shape: MaskShape| {
            // A table that all examples share is none's.
            let first_example = if shape.place == Place::RelativeTable { 0 } else { first_example };
            (shape.place, Arc::new(Mask::draw(&mut self.state.now, shape, first_example)))
        };
        shapes.map(draw).collect()
    }

    /// Ends step `step`, counted from 1, with the evaluation that follows it.
    pub(super) fn end_step(&mut self, step: usize, max_steps: usize, epoch: f64, ends_epoch: bool) -> DropoutState {
        let ends_epoch = ends_epoch || step == max_steps;
        if self.evaluation.is_some_and(|evaluation| evaluation.is_due(step, max_steps, epoch, ends_epoch)) {
            draw_base_seed(&mut self.state.now);
        }
        self.state.clone()
    }
}
