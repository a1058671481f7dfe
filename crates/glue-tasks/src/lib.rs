//! Benchmarks and their tasks as data, readers for their files, their metrics and their scores.
//!
//! Nothing here knows about tensors, models or the network, so the crate builds and tests in seconds. The way through
//! it: [`find_task`] gives a task of a [benchmark](mod@benchmarks), and [`TaskSpec::new`] describes one of one's own;
//! a [`Layout`] says which files of a folder or of a repository's listing hold a split; [`read_split`] turns them into [`Example`]s; [`evaluate`] compares predictions with references; [`task_score`] and
//! [`benchmark_score`] make the benchmark's numbers of them.
//!
//! ```
//! use glue_tasks::{Predictions, References, evaluate, find_task, task_score};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let task = find_task("MRPC")?;
//! let (said, right) = (Predictions::Classes(vec![1, 1, 0, 1]), References::Classes(vec![1, 0, 0, 1]));
//! let metrics = evaluate(&task.metrics, &said, &right)?;
//! assert_eq!(metrics[0], ("accuracy".to_owned(), 0.75));
//! // Accuracy 0.75 and F1 0.8 count as their mean.
//! let score = task_score(task, |key| metrics.iter().find(|(name, _)| name == key).map(|(_, value)| *value))?;
//! assert!((score - 0.775).abs() < 1e-12);
//! # Ok(())
//! # }
//! ```

pub mod benchmark;
pub mod benchmarks;
pub mod dataset;
pub mod features;
pub mod find;
pub mod layout;
pub mod library_panic;
pub mod metrics;
pub mod other_sets;
pub mod packed;
pub mod score;
pub mod slices;
pub mod task;
pub mod task_kind;

mod near;

pub use benchmark::{AverageSpec, Benchmark};
pub use benchmarks::{GLUE, benchmarks};
pub use dataset::{DataError, Example, Label, LabelKind, Schema, Split, Warning, read_split, read_unlabelled_split};
pub use features::DeclaredType;
pub use find::{UnknownTask, benchmark_of, find_task, find_tasks, plain_key, task_named, task_order};
pub use layout::Layout;
pub use metrics::{Metric, MetricError, Predictions, References, argmax, evaluate};
pub use near::near_enough;
pub use other_sets::{OtherPart, OtherSet, SharedClasses, other_sets, shared_classes};
pub use score::{BenchmarkScore, ScoreError, benchmark_score, task_score};
pub use slices::{BadSlice, Slice};
pub use task::{SplitSpec, TaskSpec};
pub use task_kind::TaskKind;
