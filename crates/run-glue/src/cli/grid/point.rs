//! One choice of settings of a grid, as flags.

use std::collections::BTreeSet;

use glue_tasks::task::TaskSpec;

use crate::cli::args::RunArgs;
use crate::grid::search::space::Axis;

/// One choice of settings.
pub(super) struct Point {
    pub(super) args: RunArgs,
    /// The flags that were given, by their first names: a recipe says nothing of these.
    pub(super) given: BTreeSet<String>,
    pub(super) tasks: Scope,
    /// By what it differs from the others.
    pub(super) label: String,
    /// What is searched, besides the flag that says it.
    pub(super) space: Vec<Axis>,
}

/// Which tasks a choice of settings is for.
pub(super) enum Scope {
    /// All but those that have settings of their own.
    AllBut(BTreeSet<String>),
    /// One that has.
    Only(String),
}

impl Point {
    /// Whether it is for a task; `None`: data of the user's own.
    pub(super) fn is_for(&self, task: Option<&TaskSpec>) -> bool {
        match (&self.tasks, task) {
            (Scope::AllBut(_), None) => true,
            (Scope::Only(_), None) => false,
            (Scope::AllBut(others), Some(task)) => !others.contains(&task.name),
            (Scope::Only(own), Some(task)) => *own == task.name,
        }
    }
}
