//! Fine-tuning: the loop of transformers' `Trainer`, with its order of rows, steps and log.

mod batch_size_finder;
mod batches;
pub mod best;
pub mod evaluate;
pub mod log;
pub mod loss_scale;
#[cfg(test)]
pub(crate) mod memory_fault;
pub mod optimizer;
pub mod phases;
pub mod progress;
mod replicas;
pub mod schedule;
pub mod step;
mod step_gradients;
pub mod torch_dropout;
pub mod totals;
mod training_data;
mod training_loop;

pub use self::batches::StepBatches;
pub use self::training_data::{TeacherLogits, TrainingData};
pub use self::training_loop::{Flow, StepEnd, train};
