//! The command line.

pub mod args;
pub mod bench_args;
pub mod checkpoint_args;
pub mod compare_args;
pub mod compat;
pub mod data_args;
pub mod dataset_args;
pub mod evaluation_args;
pub mod grid;
pub mod grid_args;
mod home;
pub mod logging_args;
pub mod machine_args;
pub mod model_args;
pub mod models_args;
pub mod normalize_args;
pub mod parity_args;
pub mod place_args;
pub mod plan_args;
pub mod predict_args;
pub mod publish_args;
pub mod results_commands;
pub mod search_args;
pub mod selftest_args;
pub mod settings;
pub mod training_args;
mod value_parsers;
