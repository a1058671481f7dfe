//! Fine-tuning on GLUE and on data like it, with the numbers of the Hugging Face Trainer: settings, tokenization, batches,
//! the loop, and one run from files to outcome. It knows no command line, terminal or signal: they are handed in as
//! [`run::hooks::RunHooks`].
//!
//! ```
//! use trainer::run::{hooks::RunHooks, run_task};
//! use trainer::settings::{Settings, TrainingSettings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The miniature tasks and the tiny encoder inside the crate; `settings.model` and `settings.data` name others.
//! let mut settings = Settings::of(glue_tasks::find_task("rte")?);
//! settings.training = TrainingSettings { learning_rate: 1e-3, max_steps: Some(2), ..Default::default() };
//! let results = tempfile::tempdir()?;
//! settings.places.results_dir = results.path().to_owned();
//! settings.check()?;
//! let done = run_task(&settings, &RunHooks::default())?;
//! assert!(done.record.metrics.contains_key("accuracy"));
//! # Ok(())
//! # }
//! ```

pub mod backends;
pub mod cache_folder;
pub mod data;
pub mod demo;
pub mod error;
pub mod file_hash;
pub mod file_lock;
pub mod finished_run;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
pub mod kernel_cache;
pub mod logs;
pub mod machine;
pub mod model_files;
mod model_layout;
pub mod model_places;
mod model_sizes;
mod padding;
pub mod permutation;
pub mod run;
pub mod sampler;
pub mod settings;
pub mod source;
mod token_store;
pub mod tokenize;
mod trained_weights;
pub mod training;
pub mod unfinished_mark;
pub mod upload_mark;
