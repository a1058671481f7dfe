//! Names of tasks that numbers of others are of: one that is spelled otherwise than in the records would stand beside its own task, or
//! be held against nothing.

use std::collections::BTreeSet;

use glue_tasks::{find_task, task_named};
use records::Error;
use records::record::RecordFile;

/// # Errors
/// The first of some numbers' tasks that was run, by a name that runs do not have: `RTE`, `glue/rte`. Of tasks that were not run there
/// is nothing to mistake. `named`: of each number its task, and the file or table that it is from.
pub(crate) fn check_task_names<'a>(
    named: impl Iterator<Item = (&'a str, &'a str)>,
    found: &[RecordFile],
) -> Result<(), Error> {
    let run: BTreeSet<&str> = found.iter().map(|(_, record)| record.task.as_str()).collect();
    for (task, source) in named.filter(|(task, _)| !run.contains(task)) {
        let spelled = find_task(task).ok().filter(|_| task_named(task).is_none()).map(|spec| spec.name.as_str());
        let own = || run.iter().copied().find(|own| own.eq_ignore_ascii_case(task));
        if let Some(meant) = spelled.filter(|spelled| run.contains(spelled)).or_else(own) {
            return Err(Error::input(format!(
                "{source}: {task} is not the name of a task of the runs, expected {meant}: tasks have the names that they have in records"
            )));
        }
    }
    Ok(())
}
