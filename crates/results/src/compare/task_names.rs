//! Names of tasks that numbers of others are of: one that is spelled otherwise than in the records would stand beside its own task, or
//! be held against nothing.

use std::collections::BTreeSet;

use glue_tasks::{find_task, task_named};
use records::Error;
use records::record::RecordFile;

/// # Errors
/// The first of some numbers' tasks that was run, by a name that runs do not have: `RTE`, `glue/rte`. Of tasks that were not run there
/// is nothing to mistake, nor where both tasks of one's own that differ in capitals are named. `named`: of each number its task, and the
/// file or table that it is from.
pub(crate) fn check_task_names<'a>(
    named: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    found: &[RecordFile],
) -> Result<(), Error> {
    let run: BTreeSet<&str> = found.iter().map(|(_, record)| record.task.as_str()).collect();
    let all: BTreeSet<&str> = named.clone().map(|(task, _)| task).collect();
    for (task, source) in named.filter(|(task, _)| !run.contains(task)) {
        // A benchmark's task is no other spelling of data of one's own that are called almost like it.
        if task_named(task).is_some() {
            continue;
        }
        let spelled = find_task(task).ok().map(|spec| spec.name.as_str());
        let is_own = |own: &&str| own.eq_ignore_ascii_case(task) && !all.contains(own);
        let own = || run.iter().copied().find(is_own);
        if let Some(meant) = spelled.filter(|spelled| run.contains(spelled)).or_else(own) {
            return Err(Error::input(format!(
                "{source}: {task} is not the name of a task of the runs, expected {meant}: tasks have the names that they have in records"
            )));
        }
    }
    Ok(())
}
