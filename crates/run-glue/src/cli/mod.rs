//! The command line.

pub mod args;
pub mod bench_args;
pub mod compare_args;
pub mod compat;
pub mod data_args;
pub mod grid;
pub mod grid_args;
pub mod machine_args;
pub mod memory_args;
mod model_choice;
pub mod models_args;
pub mod normalize_args;
pub mod optimizer_args;
pub mod plan_args;
pub mod predict_args;
pub mod publish_args;
pub mod search_args;
pub mod selftest_args;
pub mod settings;
mod value_parsers;
pub mod watch_args;
