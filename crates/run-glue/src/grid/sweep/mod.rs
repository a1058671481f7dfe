//! Runs a grid: what is done already is left out, one that fails does not take the others with it, and several workers
//! share one folder of results. Searches go on as their trials end.

mod advance;
mod asked_files;
mod begin;
mod ending;
mod estimate;
mod live_view;
mod lost;
mod one_run;
mod outputs;
mod page;
mod run;
mod state;
mod submission;
mod uploads;
mod whose_folder;
mod worker_pool;
mod worker_protocol;
mod workers;

pub use self::run::run;
