//! run-glue: the GLUE benchmark on Burn, with run_glue.py's numbers. The binary is a thin shell around this library.

pub mod backends;
pub mod bench;
pub mod cli;
pub mod data;
pub mod demo;
pub mod error;
pub mod file_hash;
pub mod grid;
pub mod interrupt;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod kernel_cache;
pub mod memory;
pub mod model_files;
pub mod models_list;
pub mod predict;
pub mod progress;
#[cfg(feature = "hub")]
pub mod publish;
#[cfg(not(feature = "hub"))]
#[path = "publish_absent.rs"]
pub mod publish;
pub mod report;
pub mod results_commands;
pub mod run_hooks;
pub mod sampler;
pub mod selftest;
pub mod settings;
pub mod source;
pub mod synthetic;
pub mod task_run;
pub mod tokenize;
pub mod trainer;
#[cfg(feature = "hub")]
pub mod transfer_bars;

#[cfg(feature = "hub")]
pub use ::hub;
pub use results::{compare, verify};
