//! What is planned, whichever the engine.

use std::path::PathBuf;

use super::limits::Limits;
use super::options::PlanOptions;

/// What is planned.
pub(super) struct ClusterPlan<'a> {
    pub(super) options: &'a PlanOptions,
    /// A name that every engine takes.
    pub(super) name: String,
    /// How many runs there are.
    pub(super) runs: usize,
    /// How many parts they are divided into.
    pub(super) parts: usize,
    /// How many of these begin only where the ones before are over, the first ones first.
    pub(super) stages: Vec<usize>,
    pub(super) limits: Limits,
    /// Where the records go.
    pub(super) results_dir: PathBuf,
    /// Whether a run that is stopped is saved.
    pub(super) saves: bool,
}
