//! What a run leaves behind: the files run_glue.py writes, one record a run that can be compared across models and
//! tasks, and the tables printed at the end.
//!
//! Families of files, kept apart on purpose:
//!
//! * [`metrics_files`], [`trainer_state`] and [`console`] say what run_glue.py says, to the byte, so that scripts which
//!   read its output keep working. They speak Python's JSON ([`python_json`]), `NaN` included.
//! * [`journal`] and [`tensorboard`] write the log as it grows.
//! * [`record`] is this program's own format: strict JSON with a schema, documented in `docs/results-format.md`.
//!
//! Everything goes to disk through [`atomic`]: whole, or not at all.

pub mod atomic;
pub mod class_table;
pub mod console;
pub mod energy;
pub mod host;
pub mod journal;
pub mod logits;
pub mod metrics_files;
pub mod model_card;
pub mod predictions_file;
pub mod python_json;
pub mod record;
pub mod record_parts;
pub mod record_path;
pub mod submission;
pub mod table;
pub mod tensorboard;
pub mod trainer_state;
pub mod utc;
