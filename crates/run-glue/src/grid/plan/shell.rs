//! One command a line, as GNU parallel and xargs take them.

use super::cluster_plan::ClusterPlan;
use super::shell_words::{line, program};

/// Makes the variable `newline` in any shell of POSIX: a substitution loses line breaks at its end, so a mark stands there first.
const NEWLINE: &str = r"newline=$(printf '\n.'); newline=${newline%.}; ";

impl ClusterPlan<'_> {
    /// Lines that a shell reads, each of which stays one though a word of it has line breaks.
    pub(super) fn shell(&self) -> String {
        let words = [self.options.grid.display().to_string()].into_iter().chain(self.options.flags.iter().cloned());
        let mut command = format!("{} {}", program(self.options), line(&words.collect::<Vec<_>>()));
        if command.contains('\n') {
            // All of them stand between single quotes.
            command = format!("{NEWLINE}{}", command.replace('\n', "'\"$newline\"'"));
        }
        (0..self.parts).map(|part| format!("{command} --shard {part}/{}\n", self.parts)).collect()
    }
}
