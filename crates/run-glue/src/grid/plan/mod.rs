//! The runs of a grid for the engines that people have: a Slurm array, a Kubernetes Indexed Job, a list for GNU parallel.

mod cluster_plan;
mod kubernetes;
mod limits;
mod options;
mod shell;
mod shell_words;
mod slurm;
mod tokens;
mod write;

pub use self::options::{PlanFormat, PlanOptions};
pub use self::write::write;
