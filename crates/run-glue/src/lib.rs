//! run-glue: the GLUE benchmark on Burn, with run_glue.py's numbers. The binary is a thin shell around this library.

pub mod bench;
pub mod cli;
pub mod evaluate;
pub mod grid;
pub mod interrupt;
pub mod memory;
#[cfg(feature = "hub")]
pub mod mlflow;
#[cfg(not(feature = "hub"))]
#[path = "mlflow_absent.rs"]
pub mod mlflow;
pub mod models_list;
pub mod predict;
pub mod progress;
#[cfg(feature = "hub")]
pub mod publish;
#[cfg(not(feature = "hub"))]
#[path = "publish_absent.rs"]
pub mod publish;
pub mod run_hooks;
pub mod selftest;
pub mod synthetic;
#[cfg(feature = "hub")]
pub mod transfer_bars;
pub mod transfer_hooks;
