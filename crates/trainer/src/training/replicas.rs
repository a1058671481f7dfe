//! `--experimental_data_parallel`: the rows of each step on several devices of this machine, each with the model's weights.
//!
//! The effective batch is that of one device, divided; so are the numbers, up to rounding, since a micro-batch's loss is a sum
//! over the whole step's divisor. Gradients come to the first device and are added in the devices' order; the optimizer
//! makes its step there, and the next step's weights are copied from there.
//!
//! Burn's own layer (burn-autodiff's feature `distributed`, NCCL by CubeCL) is not used: with it only backends that have
//! `all_reduce` can be differentiated, which the CPU's have not; its order of summation is NCCL's; and it knows no
//! gradient of some rows of a table.

use burn::module::Module;
use burn::tensor::backend::{AutodiffBackend, Backend, Device as _, DeviceId};
use models::head::SequenceClassifier;
use models::ops::EncoderOps;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::batches::MicroBatch;
use super::phases::PhaseSeconds;
use super::step_gradients::StepGradients;
use crate::error::Error;

/// Devices beside the first, and a thread for each where they work by themselves. The threads stay: CubeCL keeps memory by the thread it was used from.
pub(super) struct Replicas<B: Backend> {
    others: Vec<B::Device>,
    threads: Option<ThreadPool>,
}

impl<B> Replicas<B>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    /// The model's device alone.
    pub(super) fn none() -> Self {
        Self { others: Vec::new(), threads: None }
    }

    /// `count` devices, of which `first` is one.
    ///
    /// # Errors
    /// When no threads can be started.
    pub(super) fn new(first: &B::Device, count: usize) -> Result<Self, Error> {
        if count < 2 {
            return Ok(Self::none());
        }
        let DeviceId { type_id, index_id } = first.to_id();
        let there = B::device_count(type_id).max(1);
        log::warn!(
            "--experimental_data_parallel {count} on {there} devices: it was tried on CPUs alone; compare with a run on one \
             device before you rely on it"
        );
        let device =
            |i: usize| B::Device::from_id(DeviceId { type_id, index_id: ((usize::from(index_id) + i) % there) as u16 });
        // Where a call returns only when its work is done, threads would only share the same cores; and two backward passes
        // at once sometimes wait for each other for ever (the locks of burn-autodiff 0.21).
        let threads = if B::InnerBackend::capabilities().synchronous {
            None
        } else {
            Some(ThreadPoolBuilder::new().num_threads(count - 1).build().map_err(Error::failure)?)
        };
        Ok(Self { others: (1..count).map(device).collect(), threads })
    }

    /// How many devices, the first included.
    pub(super) fn count(&self) -> usize {
        self.others.len() + 1
    }

    /// Computes the parts of a step, each device some of them in their order; what they came to, in the devices' order.
    pub(super) fn compute(
        &self,
        model: &SequenceClassifier<B>,
        parts: &[MicroBatch],
        compute: impl Fn(&SequenceClassifier<B>, &[MicroBatch]) -> StepGradients<B> + Sync,
    ) -> StepGradients<B> {
        let first = model.classifier.weight.device();
        let mut shares = parts.chunks(parts.len().div_ceil(self.count()).max(1));
        let own = shares.next().unwrap_or_default();
        let mut others: Vec<Option<StepGradients<B>>> = self.others.iter().map(|_| None).collect();
        let compute = &compute;
        let shared = self.others.iter().zip(shares).zip(&mut others);
        let mut sum = match &self.threads {
            None => {
                let sum = compute(model, own);
                shared.for_each(|((device, share), slot)| *slot = Some(compute(&model.clone().fork(device), share)));
                sum
            }
            Some(threads) => threads.in_place_scope(|scope| {
                for ((device, share), slot) in shared {
                    let replica = model.clone().fork(device);
                    scope.spawn(move |_| *slot = Some(compute(&replica, share)));
                }
                compute(model, own)
            }),
        };
        for other in others.into_iter().flatten() {
            // On threads, their time is within that of the first.
            let seconds = if self.threads.is_some() { PhaseSeconds::default() } else { other.seconds };
            sum.add(StepGradients { seconds, ..other.moved_to(&first) });
        }
        sum
    }
}
