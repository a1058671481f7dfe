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
use super::stages::StageSeconds;
use super::step::Computed;
use crate::error::Error;
use crate::progress::warn;

/// Devices beside the first, and a thread for each. The threads stay: CubeCL keeps memory by the thread it was used from.
pub(super) struct Replicas<B: Backend> {
    others: Vec<B::Device>,
    threads: Option<ThreadPool>,
}

impl<B> Replicas<B>
where
    B: AutodiffBackend<InnerBackend: EncoderOps> + EncoderOps,
{
    /// `count` devices, of which `first` is one.
    ///
    /// # Errors
    /// When no threads can be started.
    pub(super) fn new(first: &B::Device, count: usize) -> Result<Self, Error> {
        if count < 2 {
            return Ok(Self { others: Vec::new(), threads: None });
        }
        let DeviceId { type_id, index_id } = first.to_id();
        let there = B::device_count(type_id).max(1);
        warn(&format!(
            "--experimental_data_parallel {count} on {there} devices: it was tried on CPUs alone; compare with a run on one \
             device before you rely on it"
        ));
        let device =
            |i: usize| B::Device::from_id(DeviceId { type_id, index_id: ((usize::from(index_id) + i) % there) as u16 });
        let threads = ThreadPoolBuilder::new().num_threads(count - 1).build().map_err(Error::failure)?;
        Ok(Self { others: (1..count).map(device).collect(), threads: Some(threads) })
    }

    /// How many devices.
    pub(super) fn count(&self) -> usize {
        self.others.len() + 1
    }

    /// Computes the parts of a step, each device some of them in their order; what they came to, in the devices' order.
    pub(super) fn compute(
        &self,
        model: &SequenceClassifier<B>,
        parts: &[MicroBatch],
        compute: impl Fn(&SequenceClassifier<B>, &[MicroBatch]) -> Computed<B> + Sync,
    ) -> Computed<B> {
        let (Some(threads), first) = (&self.threads, model.classifier.weight.device()) else {
            return compute(model, parts);
        };
        let mut shares = parts.chunks(parts.len().div_ceil(self.count()).max(1));
        let own = shares.next().unwrap_or_default();
        let mut others: Vec<Option<Computed<B>>> = self.others.iter().map(|_| None).collect();
        let compute = &compute;
        let mut sum = threads.in_place_scope(|scope| {
            for ((device, share), slot) in self.others.iter().zip(shares).zip(&mut others) {
                let replica = model.clone().fork(device);
                scope.spawn(move |_| *slot = Some(compute(&replica, share)));
            }
            compute(model, own)
        });
        for other in others.into_iter().flatten() {
            // Their time is within that of the first.
            sum.add(Computed { seconds: StageSeconds::default(), ..other.moved_to(&first) });
        }
        sum
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these functions only serve tests")]
mod tests {
    use glue_tasks::task::find_task;

    use crate::report::record::RunRecord;
    use crate::settings::{Settings, TrainingSettings};
    use crate::task_run::run_task;

    /// Six steps of the demo, each of 7 examples in batches of 5 and 2, on so many replicas.
    fn run(replicas: usize, checkpointing: bool) -> RunRecord {
        let results = tempfile::tempdir().unwrap();
        let mut settings = Settings::of(find_task("cola").unwrap());
        settings.data.max_train_samples = Some(7);
        settings.logging.steps = 1.0;
        settings.places.results_dir = results.path().to_owned();
        settings.training = TrainingSettings {
            max_steps: Some(6),
            per_device_train_batch_size: 5,
            gradient_accumulation_steps: 2,
            data_parallel: replicas,
            gradient_checkpointing: checkpointing,
            ..TrainingSettings::default()
        };
        run_task(&settings, settings.task).map(|done| done.record).unwrap()
    }

    fn steps(record: &RunRecord) -> Vec<[f64; 2]> {
        let rows = record.log_history.as_ref().unwrap().iter();
        rows.filter_map(|row| Some([row.get("loss")?.as_f64()?, row.get("grad_norm")?.as_f64()?])).collect()
    }

    #[test]
    fn any_number_of_replicas_has_the_numbers_of_one() {
        let alone = run(1, false);
        assert_eq!(steps(&alone), steps(&run(1, true)), "layers computed again: the same bits");
        for replicas in [2, 3, 9] {
            let several = run(replicas, replicas == 3);
            assert_eq!(steps(&several).len(), 6);
            let near = |a: f64, b: f64| (a - b).abs() <= 2e-5 * b.abs();
            let pairs = steps(&several).into_iter().zip(steps(&alone));
            for (step, (a, b)) in pairs.enumerate() {
                assert!(near(a[0], b[0]) && near(a[1], b[1]), "{replicas} replicas, step {step}: {a:?} and {b:?}");
            }
            // The same again, bit for bit: the order of the sums does not depend on which thread was first.
            assert_eq!(steps(&several), steps(&run(replicas, replicas == 3)));
        }
    }
}
