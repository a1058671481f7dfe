//! `--report_to mlflow`: the log of each training to an MLflow server, by its REST API.
//!
//! The environment says where (`environment.rs`), as it does for MLflow's own client and transformers' callback. Before a
//! training the server is asked whether it is there; an error then is one of the run. From there on a thread does what is to be
//! done (`sender.rs`), so that a server that is slow or dies holds nothing up and ends nothing. What a start after a kill sends again
//! is held against what the server has (`known_rows.rs`). Runs of a sweep lie below one of their own (`parent.rs`).

mod api;
mod client;
mod environment;
mod kept_run;
mod known_rows;
mod parent;
mod points;
mod sender;
mod tags;
mod tracker;

pub use self::environment::{check, is_server_named};
pub use self::parent::Parent;
pub use self::tracker::tracker;
