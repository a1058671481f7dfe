//! A whole invocation: every task in turn, then one table.

use std::io::IsTerminal;

use crate::cli::settings::Settings;
use crate::error::Error;
use crate::report::record::RunRecord;
use crate::report::table::Table;
use crate::task_run::{output, run_task};

/// Runs all tasks of `settings`. A task that fails does not take the others with it: it is reported at the end.
///
/// # Errors
/// The first task's error, after all tasks have had their turn.
pub fn run(settings: &Settings) -> Result<(), Error> {
    for task in &settings.tasks {
        output::check_output_dir(settings, task)?;
    }
    let mut records: Vec<RunRecord> = Vec::new();
    let mut first_error = None;
    for task in &settings.tasks {
        match run_task(settings, task) {
            Ok(record) => records.push(record),
            Err(error) if settings.several_tasks => {
                let error = error.in_context(task.name);
                eprintln!("error: {error}");
                first_error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if settings.several_tasks && !records.is_empty() {
        let table = Table::from_records(&records);
        print(&table.render(std::io::stdout().is_terminal()));
    }
    first_error.map_or(Ok(()), Err)
}

/// Standard output; a reader that went away is no failure of the run.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
