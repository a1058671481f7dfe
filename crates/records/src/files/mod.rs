//! Files in the output folder: those of run_glue.py and its Trainer, the leaderboard's, and a table of this program's own.
//!
//! [`metrics_files`], [`trainer_state`] and [`console`] say what run_glue.py says, to the byte. They speak Python's JSON
//! ([`python_json`](crate::python_json)), `NaN` included.

pub mod console;
pub mod final_eval;
pub mod logits;
pub mod metrics_files;
pub mod model_card;
pub mod submission;
pub mod trainer_state;
