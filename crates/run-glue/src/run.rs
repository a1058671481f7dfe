//! A whole invocation: every task in turn, then one table.

use std::io::IsTerminal;
use std::path::Path;

use crate::backends;
use crate::cli::settings::Settings;
use crate::error::Error;
use crate::interrupt;
use crate::progress::{complain, say, set_level};
use crate::report::record::RunRecord;
use crate::report::submission;
use crate::report::table::Table;
use crate::task_run::{output, run_task};

/// Runs all tasks of `settings`. A task that fails does not take the others with it: it is reported at the end.
///
/// # Errors
/// The task's error; of several tasks, how many failed and which.
pub fn run(settings: &Settings) -> Result<(), Error> {
    set_level(settings.log.level);
    backends::check(settings.backend, settings.precision)?;
    output::check_folders(settings)?;
    if settings.do_train {
        interrupt::listen();
    }
    let mut records: Vec<RunRecord> = Vec::new();
    let mut failures: Vec<(&str, Error)> = Vec::new();
    let mut left = settings.tasks.len();
    for task in &settings.tasks {
        left -= 1;
        // What was computed is a result, also where its upload failed.
        let done = run_task(settings, task).and_then(|done| {
            records.push(done.record);
            done.upload
        });
        match done {
            Ok(()) => {}
            Err(error) if settings.several_tasks && !interrupt::requested() => {
                complain(&format!("{}: {error}", task.name));
                let again = failures.last().is_some_and(|(_, before)| before.to_string() == error.to_string());
                failures.push((task.name, error));
                // The same words twice are about no task of its own, but about the model or the machine.
                if again {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    if settings.several_tasks && !records.is_empty() {
        let table = Table::from_records(&records);
        print(&table.render(std::io::stdout().is_terminal()));
    }
    if let Some(dir) = settings.output_dir.as_deref().filter(|_| settings.glue_submission && failures.is_empty()) {
        submit(dir)?;
    }
    match failures.first() {
        Some((_, first)) => Err(first.with_message(summary(settings.tasks.len(), left, &failures))),
        None => Ok(()),
    }
}

/// The leaderboard's zip, where the folder has all files of it by now.
fn submit(dir: &Path) -> Result<(), Error> {
    let found = submission::find(&[dir.to_owned()])?;
    let missing = submission::missing(&found);
    if missing.is_empty() {
        let zip = dir.join(submission::ZIP_NAME);
        submission::write_zip(&found, &zip)?;
        say(&format!("{}: {} files, all checked", zip.display(), found.len()));
    } else {
        say(&format!(
            "the leaderboard wants {} too; when all are there: run-glue submission DIR...",
            missing.join(", ")
        ));
    }
    Ok(())
}

/// The last line of a run in which tasks failed; each one's own error was shown when it came.
fn summary(tasks: usize, left: usize, failures: &[(&str, Error)]) -> String {
    let names = failures.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let mut text = format!("{} of {tasks} tasks failed: {names}", failures.len());
    match left {
        0 => {}
        left => text.push_str(&format!("; {left} more would fail alike and were not tried")),
    }
    text
}

/// Standard output; a reader that went away is no failure of the run.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
