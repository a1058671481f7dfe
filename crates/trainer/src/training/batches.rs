//! What the steps of a run are made of, in order, and their batches prepared ahead on a thread of their own.

use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;

use models::batch::TokenBatch;
use models::encoder::architecture::Architecture;
use models::head::{SoftTargets, Targets};

use super::schedule::StepPlan;
use super::torch_dropout::{DropoutState, Masks, TorchDropout};
use super::training_data::TrainingData;
use crate::data::Padding;
use crate::sampler::{epoch_order, order_by_length};
use crate::settings::{SamplingStrategy, TrainingSettings};

/// Steps that are prepared before they are asked for: one is ready while the next is made.
const AHEAD: usize = 2;

/// The rows of one optimizer step.
#[derive(Clone, Debug)]
pub(super) struct StepRows {
    /// 0-based number of the step in its run.
    pub(super) step: usize,
    /// Rows of each micro-batch.
    pub(super) micro_batches: Vec<Vec<u32>>,
    /// Whether the step is its epoch's last.
    pub(super) ends_epoch: bool,
    /// Epochs done with it, with the fraction.
    pub(super) epoch: f64,
    /// Where masks are drawn, those of each micro-batch, and the generator after the step.
    pub(super) dropout: Option<(Vec<Masks>, DropoutState)>,
}

/// One optimizer step, ready for the model.
pub struct StepBatches<'a> {
    /// 0-based number of the step in its run, which decides its dropout.
    pub step: usize,
    pub(super) micro_batches: Vec<MicroBatch>,
    /// What the sum of the losses is divided by.
    pub(super) divisor: f64,
    /// Rows of all micro-batches together.
    pub(super) examples: usize,
    /// Whether the step is its epoch's last.
    pub(super) ends_epoch: bool,
    /// Epochs done with it, with the fraction.
    pub(super) epoch: f64,
    /// Where masks are drawn, the generator after the step.
    pub(super) dropout: Option<DropoutState>,
    /// What smaller micro-batches can be made of; without it they stay whole.
    source: Option<&'a TrainingData<'a>>,
}

impl StepBatches<'_> {
    /// Step `step` of a single micro-batch that comes from no split.
    #[must_use]
    pub fn single(step: usize, tokens: TokenBatch, targets: Targets) -> Self {
        let examples = targets.len();
        Self {
            step,
            micro_batches: vec![MicroBatch {
                rows: (0..examples as u32).collect(),
                first_example: 0,
                tokens,
                targets,
                masks: None,
                soft_targets: None,
            }],
            divisor: examples as f64,
            examples,
            ends_epoch: false,
            epoch: 0.0,
            dropout: None,
            source: None,
        }
    }

    /// The micro-batches in pieces of at most `most` rows; `None` where they are none larger.
    pub(super) fn divided(&self, most: usize) -> Option<Vec<MicroBatch>> {
        let source = self.source?;
        if self.micro_batches.iter().all(|batch| batch.rows.len() <= most) {
            return None;
        }
        Some(self.micro_batches.iter().flat_map(|batch| source.divide(batch, most, self.examples)).collect())
    }
}

/// Rows that are computed at once.
pub(super) struct MicroBatch {
    /// Of the split.
    pub(super) rows: Vec<u32>,
    /// Which example of the step the first row is.
    pub(super) first_example: usize,
    pub(super) tokens: TokenBatch,
    pub(super) targets: Targets,
    /// What is dropped, where that was drawn before; of more rows than these where a batch was divided.
    pub(super) masks: Option<Masks>,
    /// What a teacher says of these rows.
    pub(super) soft_targets: Option<SoftTargets>,
}

/// The rows of every step behind the first ones, in order.
pub(super) struct Steps<'a> {
    data: &'a TrainingData<'a>,
    settings: &'a TrainingSettings,
    plan: &'a StepPlan,
    model: Architecture,
    dropout: Option<TorchDropout<'a>>,
    /// The epoch that begins next.
    epoch: usize,
    /// What is left of the last one that began.
    of_epoch: std::vec::IntoIter<StepRows>,
    /// Steps of the first epoch that were made before.
    made: usize,
    left: usize,
}

impl<'a> Steps<'a> {
    /// Those of a run of `plan`'s steps of which `done` were made before.
    pub(super) fn new(
        data: &'a TrainingData<'a>,
        settings: &'a TrainingSettings,
        plan: &'a StepPlan,
        model: &Architecture,
        done: usize,
    ) -> Self {
        Self {
            data,
            settings,
            plan,
            model: model.clone(),
            dropout: data.dropout.clone(),
            epoch: done / plan.updates_per_epoch,
            of_epoch: Vec::new().into_iter(),
            made: done % plan.updates_per_epoch,
            left: plan.max_steps.saturating_sub(done),
        }
    }

    fn begin_epoch(&mut self) {
        let Self { settings, plan, epoch, .. } = self;
        let (rows, seed) = (self.data.split.len(), settings.data_seed.unwrap_or(settings.seed));
        let by_length = settings.train_sampling_strategy == SamplingStrategy::GroupByLength;
        let made = std::mem::take(&mut self.made);
        let shuffled =
            self.dropout.as_mut().and_then(|dropout| dropout.begin_epoch(made > 0, by_length.then_some(rows)));
        // What the Trainer orders by: of rows that are padded to one length there is no longer one.
        let length = |row: u32| match self.data.padding {
            Padding::To(length) => length,
            Padding::Packed(_) | Padding::Longest(_) => self.data.split.length(row),
        };
        let order = match shuffled {
            Some(shuffled) => order_by_length(settings, shuffled, length),
            None => epoch_order(settings, rows, length, seed.wrapping_add(*epoch as u64)),
        };
        let batches = order.chunks(settings.per_device_train_batch_size).take(plan.batches_per_epoch);
        let batches: Vec<Vec<u32>> = batches.map(<[u32]>::to_vec).collect();
        let accumulated = settings.gradient_accumulation_steps;
        let groups = batches.chunks(accumulated).enumerate().map(|(i, group)| StepRows {
            step: *epoch * plan.updates_per_epoch + i,
            micro_batches: group.to_vec(),
            ends_epoch: i + 1 == batches.len().div_ceil(accumulated),
            epoch: *epoch as f64 + (i * accumulated + group.len()) as f64 / plan.batches_per_epoch as f64,
            dropout: None,
        });
        self.of_epoch = groups.skip(made).collect::<Vec<_>>().into_iter();
        self.epoch += 1;
    }
}

impl Iterator for Steps<'_> {
    type Item = StepRows;

    fn next(&mut self) -> Option<StepRows> {
        self.left = self.left.checked_sub(1)?;
        let mut rows = match self.of_epoch.next() {
            Some(rows) => rows,
            None => {
                self.begin_epoch();
                self.of_epoch.next()?
            }
        };
        if let Some(dropout) = &mut self.dropout {
            let mut first_example = 0;
            let masks = rows.micro_batches.iter().map(|batch| {
                let masks = dropout.draw(&self.model, batch.len(), self.data.padded_len(batch), first_example);
                first_example += batch.len();
                masks
            });
            let masks = masks.collect();
            let state = dropout.end_step(rows.step + 1, self.plan.max_steps, rows.epoch, rows.ends_epoch);
            rows.dropout = Some((masks, state));
        }
        Some(rows)
    }
}

impl TrainingData<'_> {
    /// The batches of a step, of at most `most` rows each.
    pub(super) fn prepare(&self, rows: StepRows, most: usize) -> StepBatches<'_> {
        let StepRows { step, micro_batches: groups, ends_epoch, epoch, dropout } = rows;
        let divisor = self.divisor(&groups);
        let (masks, dropout) = dropout.unzip();
        let mut first_example = 0;
        let examples = groups.iter().map(Vec::len).sum();
        let mut micro_batches = Vec::new();
        for (i, group) in groups.iter().enumerate() {
            for rows in group.chunks(most) {
                let masks = masks.as_ref().map(|masks| masks[i].clone());
                micro_batches.push(self.micro_batch(rows.to_vec(), first_example, masks, examples));
                first_example += rows.len();
            }
        }
        let source = Some(self);
        StepBatches { step, micro_batches, divisor, examples, ends_epoch, epoch, dropout, source }
    }

    /// `examples`: of the whole step.
    fn micro_batch(&self, rows: Vec<u32>, first_example: usize, masks: Option<Masks>, examples: usize) -> MicroBatch {
        let tokens = self.split.batch(&rows, self.padding, first_example);
        let targets = self.split.targets(&rows, self.class_order);
        let soft_targets = self.teacher.as_ref().map(|teacher| teacher.soft_targets(&rows, examples));
        MicroBatch { rows, first_example, tokens, targets, masks, soft_targets }
    }

    /// Tokens that transformers pads a batch of these rows to.
    fn padded_len(&self, rows: &[u32]) -> usize {
        match self.padding {
            Padding::To(len) => len,
            Padding::Packed(_) | Padding::Longest(_) => {
                rows.iter().map(|&row| self.split.length(row)).max().unwrap_or(0)
            }
        }
    }

    /// The same rows in batches of at most `most`.
    fn divide(&self, whole: &MicroBatch, most: usize, examples: usize) -> Vec<MicroBatch> {
        let pieces = whole.rows.chunks(most).enumerate();
        pieces
            .map(|(i, rows)| {
                self.micro_batch(rows.to_vec(), whole.first_example + i * most, whole.masks.clone(), examples)
            })
            .collect()
    }
}

/// Gives `body` the items in their order. `ahead`: another thread makes them meanwhile, up to [`AHEAD`] of them before they are
/// asked for; it ends when `body` does, and a panic of its own goes on here.
pub(super) fn ahead<T: Send, R>(
    ahead: bool,
    mut items: impl Iterator<Item = T> + Send,
    body: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
) -> R {
    if !ahead {
        return body(&mut items);
    }
    std::thread::scope(|scope| {
        // The item that waits to be sent counts too.
        let (sender, receiver) = sync_channel(AHEAD - 1);
        let maker = scope.spawn(move || {
            for item in items {
                if sender.send(item).is_err() {
                    break;
                }
            }
        });
        let result = body(&mut receiver.into_iter());
        match maker.join() {
            Ok(()) => result,
            Err(panic) => resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn items_come_in_their_order_and_not_too_far_ahead() {
        for on_thread in [false, true] {
            let made = AtomicUsize::new(0);
            let items = (0..50).inspect(|_| {
                made.fetch_add(1, Ordering::SeqCst);
            });
            let seen = ahead(on_thread, items, |items| {
                let mut seen = Vec::new();
                for item in items {
                    seen.push(item);
                    // The one in hand, one in the channel, and one that waits for room.
                    assert!(made.load(Ordering::SeqCst) <= seen.len() + AHEAD, "{on_thread}");
                }
                seen
            });
            assert_eq!(seen, (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_body_that_stops_early_ends_the_thread() {
        let value = ahead(true, 0.., |items| items.nth(3));
        assert_eq!(value, Some(3));
    }

    #[test]
    fn a_panic_of_the_thread_is_not_an_end_of_the_items() {
        let items = (0..5).map(|i| if i == 3 { panic!("row 3") } else { i });
        let result = catch_unwind(AssertUnwindSafe(|| ahead(true, items, |items| items.count())));
        assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"row 3"));
    }
}
