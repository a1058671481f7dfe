//! What a run leaves behind while it goes on: its log as it grows, and what it takes of the machine. Records, files and
//! tables are the crate `results`.
//!
//! [`journal`] and [`tensorboard`] write the log; [`host`] and [`energy`] measure.

pub mod energy;
pub mod host;
pub mod journal;
pub mod tensorboard;

pub use results::files::{console, logits, model_card, submission, trainer_state};
pub use results::record::{class_table, parts as record_parts, path as record_path, predictions as predictions_file};
pub use results::{atomic, python_json, record, table, utc};

/// The numbers of a run by run_glue.py's names, and its files of them.
pub mod metrics_files {
    pub use results::files::metrics_files::*;
    pub use results::metrics::*;
}
