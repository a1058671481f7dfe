//! What GLUE is: the nine tasks as data, readers for their files, their metrics and their scores.
//!
//! Nothing here knows about tensors, models or the network, so the crate builds and tests in seconds. The way through
//! it: [`find_task`] gives a row of the task table; [`find_split_files`] (a folder) or [`select_split_files`] (a
//! repository's listing) says which files hold a split; [`read_split`] turns them into [`Example`]s;
//! [`evaluate`] compares predictions with references; [`task_score`] and [`glue_score`] make the benchmark's
//! numbers of them.

pub mod dataset;
pub mod metrics;
pub mod score;
pub mod slices;
pub mod split_files;
pub mod task;

mod near;

pub use dataset::{DataError, Example, Label, LabelKind, Schema, Split, Warning, read_split, read_unlabelled_split};
pub use metrics::{Metric, MetricError, Predictions, References, argmax, evaluate};
pub use score::{GlueScore, ScoreError, glue_score, task_score};
pub use slices::{BadSlice, Slice};
pub use split_files::{find_split_files, select_split_files};
pub use task::{AX, OwnTask, TASKS, TaskKind, TaskSpec, UnknownTask, find_task};
