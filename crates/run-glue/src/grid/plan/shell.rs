//! One command a line, as GNU parallel and xargs take them.

use super::cluster_plan::ClusterPlan;
use super::shell_words::{line, program};

impl ClusterPlan<'_> {
    pub(super) fn shell(&self) -> String {
        let words = [self.options.grid.display().to_string()].into_iter().chain(self.options.flags.iter().cloned());
        let command = format!("{} {}", program(self.options), line(&words.collect::<Vec<_>>()));
        (0..self.parts).map(|part| format!("{command} --shard {part}/{}\n", self.parts)).collect()
    }
}
