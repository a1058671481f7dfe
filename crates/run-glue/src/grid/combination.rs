//! What the runs of one place in a grid share.

use glue_tasks::task::TaskSpec;

/// Runs that differ by nothing but their seed and what a search tries.
#[derive(Clone, Debug)]
pub struct Combination {
    /// Which choice of settings it has, by its number in the grid.
    pub point: usize,
    /// By what that choice differs from the grid's others; empty where there is one.
    pub label: String,
    /// Checkpoint; `None`: the one inside the program.
    pub model: Option<String>,
    /// Task; `None` where data of the user's own are used.
    pub task: Option<&'static TaskSpec>,
}

impl Combination {
    /// Whether it is the same place of the grid.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let name = |of: &Self| of.task.map(|task| task.name.as_str());
        self.point == other.point && self.model == other.model && name(self) == name(other)
    }
}
