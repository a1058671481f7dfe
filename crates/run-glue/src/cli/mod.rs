//! The command line.

pub mod args;
pub mod compare_args;
pub mod data_args;
pub mod foreign;
pub mod grid_args;
pub mod memory_args;
pub mod models_args;
pub mod optimizer_args;
pub mod plan_args;
pub mod predict_args;
pub mod publish_args;
pub mod search_args;
pub mod settings;
pub mod spelling;
pub mod watch_args;
